"""The neural probabilistic language model of Bengio et al. 2003: embeddings side by side, hidden layers, logits."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import torch.nn.functional as F
from jaxtyping import Float, Integer
from torch import Tensor, nn

from moreish.models.activations import ACTIVATIONS
from moreish.models.batch_norm import BatchNorm1d
from moreish.models.net import Net
from moreish.options import option


@dataclass(frozen=True)
class MLPOptions:
    """Sizes of the network, what stands between its layers, and how large its numbers are at the start."""

    block_size: int = option(3, "symbols that it looks back on", low=1, high=1024)
    n_embd: int = option(10, "size of a symbol's vector", low=1, high=4096)
    n_hidden: int = option(200, "units of a hidden layer", low=1, high=65536)
    n_layer: int = option(1, "hidden layers", low=1, high=64)
    activation: Literal["tanh", "relu", "leaky-relu", "elu", "sigmoid", "gelu", "identity"] = option(
        "tanh", "what makes a layer more than a matrix"
    )
    dropout: float = option(0.0, "share of hidden units left out while training", low=0, below=1)
    batch_norm: bool = option(False, "a BatchNorm before every activation")
    correction: int = option(1, "BatchNorm: 1 divides the batch's variance by n - 1 (Bessel), 0 by n", low=0, high=1)
    momentum: float = option(0.1, "BatchNorm: share of a batch in the running statistics", above=0, high=1)
    head_norm: bool = option(False, "a BatchNorm on the logits too")
    bias: bool | None = option(None, "biases in the hidden layers; none: where no BatchNorm takes them away")
    direct: bool = option(False, "connections from the embeddings straight to the logits")
    blank: bool = option(False, "a vector of its own for the places before an item's beginning")
    hidden_gain: float | None = option(
        None, "spread of hidden weights at the start, times sqrt(fan_in); none: Kaiming's for the activation", low=0
    )
    hidden_std: float | None = option(None, "that spread itself, instead of a gain", low=0)
    hidden_bias_std: float = option(0.0, "spread of hidden biases at the start", low=0)
    head_std: float | None = option(None, "spread of the last matrix at the start; none: 0.1 / sqrt(fan_in)", low=0)
    head_bias_std: float = option(0.0, "spread of the last biases at the start", low=0)


class MLP(Net):
    """y = b2 + W2 tanh(b1 + W1 x) + D x, x the block_size embeddings side by side (Bengio et al. 2003, equation 1).

    https://www.jmlr.org/papers/volume3/bengio03a/bengio03a.pdf. D is there with `direct`; more hidden layers,
    BatchNorm and other activations are the lectures'.
    """

    Options = MLPOptions
    windowed = True

    def __init__(self, options: MLPOptions, vocab_size: int) -> None:
        super().__init__(options, vocab_size)
        self.block_size, self.blank = options.block_size, options.blank
        fan_in = options.block_size * options.n_embd
        self.wte = nn.Embedding(vocab_size + options.blank, options.n_embd)
        self.hidden = nn.Sequential(*_hidden_layers(options, fan_in))
        self.head = _head(options, vocab_size)
        self.direct = nn.Linear(fan_in, vocab_size, bias=False) if options.direct else None
        if self.direct is not None:
            nn.init.zeros_(self.direct.weight)

    def forward(self, idx: Integer[Tensor, "B block_size"]) -> Float[Tensor, "B V"]:
        """Logits of the symbol after each window."""
        if self.blank:
            before = F.pad((idx[:, :-1] == 0) & (idx[:, 1:] == 0), (0, 1))  # boundaries before the item's own
            idx = idx.masked_fill(before, self.vocab_size)
        x = self.wte(idx).flatten(1)  # (B, block_size * C)
        logits = self.head(self.hidden(x))
        return logits if self.direct is None else logits + self.direct(x)


def _hidden_layers(options: MLPOptions, fan_in: int) -> Iterator[nn.Module]:
    module, gain = ACTIVATIONS[options.activation]
    gain = gain if options.hidden_gain is None else options.hidden_gain
    for _ in range(options.n_layer):
        bias = not options.batch_norm if options.bias is None else options.bias
        linear = nn.Linear(fan_in, options.n_hidden, bias)
        nn.init.normal_(linear.weight, std=gain / fan_in**0.5 if options.hidden_std is None else options.hidden_std)
        if bias:
            nn.init.normal_(linear.bias, std=options.hidden_bias_std)
        yield linear
        if options.batch_norm:
            yield BatchNorm1d(options.n_hidden, momentum=options.momentum, correction=options.correction)
        yield module()
        yield nn.Dropout(options.dropout)
        fan_in = options.n_hidden


def _head(options: MLPOptions, vocab_size: int) -> nn.Sequential:
    """The last matrix; where a BatchNorm follows, its gain says how sure the net is at the start."""
    linear = nn.Linear(options.n_hidden, vocab_size, bias=not options.head_norm)
    small = (1.0 if options.head_norm else 0.1) / options.n_hidden**0.5  # no opinion yet: loss near ln V
    nn.init.normal_(linear.weight, std=small if options.head_std is None else options.head_std)
    if not options.head_norm:
        nn.init.normal_(linear.bias, std=options.head_bias_std)
        return nn.Sequential(linear)
    norm = BatchNorm1d(vocab_size, momentum=options.momentum, correction=options.correction)
    nn.init.constant_(norm.weight, 0.1)
    return nn.Sequential(linear, norm)
