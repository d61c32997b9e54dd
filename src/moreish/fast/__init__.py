"""Training steps without autograd, for the nets where it pays: same parameters, same losses, same gradients."""

from moreish.fast.gru import GRUGradients

FUSED = {"GRU": GRUGradients}
"""Name of the network -> class (model, label_smoothing) whose instances fill `.grad` and return the loss."""

__all__ = ["FUSED", "GRUGradients"]
