"""Training steps without autograd, for the nets where it pays: same parameters, same losses, same gradients."""

from moreish.fast.compiled import CompiledStep
from moreish.fast.gru import GRUGradients
from moreish.fast.layers import NETS
from moreish.fast.lstm import LSTMGradients
from moreish.fast.transformer import TransformerGradients

COMPILED = {net.__name__: CompiledStep for net in NETS}
"""The same for the nets whose steps are compiled; making one raises Uncompiled where that cannot be."""

FUSED = {"GRU": GRUGradients, "LSTM": LSTMGradients, "Transformer": TransformerGradients}
"""Name of the network -> class (model, label_smoothing, operand_dtype); a call fills `.grad`, returns the loss."""
