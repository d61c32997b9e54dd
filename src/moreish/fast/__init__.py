"""Training steps without autograd, for the nets where it pays: same parameters, same losses, same gradients."""

from moreish.fast.gru import GRUGradients
from moreish.fast.lstm import LSTMGradients
from moreish.fast.transformer import TransformerGradients

FUSED = {"GRU": GRUGradients, "LSTM": LSTMGradients, "Transformer": TransformerGradients}
"""Name of the network -> class (model, label_smoothing, operand_dtype); a call fills `.grad`, returns the loss."""

__all__ = ["FUSED", "GRUGradients", "LSTMGradients", "TransformerGradients"]
