"""WaveNet as in the lectures: a window is read pair by pair, then pairs of pairs, instead of all at once.

`WaveNet` reads windows. `SlidingWaveNet` has the same parameters and gives the same logits at every position of
whole sequences, as convolutions: what neighbouring windows have in common is computed once.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import torch
from jaxtyping import Float, Integer
from torch import Tensor, nn

from moreish.models.batch_norm import BatchNorm1d, batch_norms
from moreish.models.net import Layers, Net, with_kinds
from moreish.options import option

MANY_SYMBOLS = 64
"""Symbols from which on multiplications take longer than to go from one operation to the next."""


@dataclass(frozen=True)
class WaveNetOptions:
    """Sizes of the network; it looks back on group ** n_layer symbols."""

    n_embd: int = option(24, "size of a symbol's vector", low=1, high=4096)
    n_hidden: int = option(128, "units of a layer", low=1, high=8192)
    n_layer: int = option(3, "layers; it looks back on group ** n_layer symbols", low=1, high=12)
    group: int = option(2, "neighbours that a layer joins", low=2, high=16)
    dropout: float = option(0.0, "share of units left out after each layer while training", low=0, below=1)
    norm: Literal["batch", "position", "none"] = option(
        "batch", "BatchNorm over batch and time, of every position by itself (the lectures' first try), or none"
    )
    correction: int = option(1, "BatchNorm: 1 divides the batch's variance by n - 1 (Bessel), 0 by n", low=0, high=1)


class FlattenConsecutive(nn.Module):
    """`group` neighbours side by side: (B, T, C) > (B, T / group, group C), and (B, group C) where one is left."""

    def __init__(self, group: int) -> None:
        super().__init__()
        self.group = group

    def forward(self, x: Float[Tensor, "B T C"]) -> Float[Tensor, "B *grouped"]:
        """T must be a multiple of `group`."""
        x = x.unflatten(1, (-1, self.group)).flatten(2)
        return x.squeeze(1) if x.shape[1] == 1 else x


class PositionNorm(nn.Module):
    """BatchNorm with statistics of its own for each of `positions` places; gain and bias are shared.

    What a BatchNorm made for (B, C) does to (B, T, C) by broadcasting: each mean is over fewer numbers than there
    are, and so noisier. The lectures find it by printing shapes.
    """

    def __init__(self, channels: int, positions: int, correction: int) -> None:
        super().__init__()
        self.normal = BatchNorm1d(channels * positions, correction=correction)
        self.normal.weight.requires_grad_(False)
        self.normal.bias.requires_grad_(False)
        self.weight, self.bias = nn.Parameter(torch.ones(channels)), nn.Parameter(torch.zeros(channels))

    def forward(self, x: Float[Tensor, "B *T C"]) -> Float[Tensor, "B *T C"]:
        """The same shape."""
        return self.normal(x.flatten(1)).view_as(x) * self.weight + self.bias


class WaveNet(Net):
    """Embeddings, then n_layer times: join `group` neighbours, Linear, BatchNorm, tanh; then logits."""

    Options = WaveNetOptions
    windowed = True

    def __init__(self, options: WaveNetOptions, vocab_size: int) -> None:
        super().__init__(options, vocab_size)
        self.group = options.group
        self.block_size = self.span = options.group**options.n_layer
        self.norms_by_position = options.norm == "position"
        self.wte = nn.Embedding(vocab_size, options.n_embd)
        self.join = FlattenConsecutive(options.group)
        sizes = [options.n_embd] + [options.n_hidden] * options.n_layer
        self.layers = Layers(_layer(options, i, c, h) for i, (c, h) in enumerate(pairwise(sizes)))
        self.head = nn.Linear(options.n_hidden, vocab_size)
        nn.init.normal_(self.head.weight, std=0.1 / options.n_hidden**0.5)  # no opinion yet: loss near ln V
        nn.init.zeros_(self.head.bias)

    def forward(self, idx: Integer[Tensor, "B block_size"]) -> Float[Tensor, "B V"]:
        """Logits of the symbol after each window."""
        x = self.wte(idx)  # (B, T, C)
        for layer in self.layers:
            x = layer(self.join(x))  # (B, T / group, H), at last (B, H)
        return self.head(x)


class SlidingWaveNet(WaveNet):
    """The same net over whole sequences; layer i joins symbols that are group ** i apart: a dilated convolution.

    The parameters have the names and shapes of `WaveNet`, so either loads what the other learned.
    """

    windowed = False
    block_size = None  # sequences of any length; it looks back on `span` ids of them

    def __init__(self, options: WaveNetOptions, vocab_size: int) -> None:
        if options.norm == "position":
            raise ValueError("a sliding window has no places to normalise by themselves: take norm batch or none")
        super().__init__(options, vocab_size)
        self.block_size = None
        self._norms = tuple(batch_norms(self))

    @classmethod
    def of(cls, net: WaveNet, options: WaveNetOptions) -> "SlidingWaveNet":
        """The convolutional form of a trained net; `options` are those that it was made with."""
        sliding = cls(options, net.vocab_size)
        with_kinds(sliding, net.kinds).to(net.head.weight.device)
        sliding.load_state_dict(net.state_dict())
        return sliding.train(net.training)

    def forward(self, idx: Integer[Tensor, "B T"]) -> Float[Tensor, "B T V"]:
        """Logits of the next symbol at every position."""
        return self.read(idx, None)[0]

    def read(
        self, idx: Integer[Tensor, "B T"], state: Integer[Tensor, "B span_less_one"] | None
    ) -> tuple[Float[Tensor, "B T V"], Integer[Tensor, "B span_less_one"]]:
        """Logits at every position and the last ids, which are all that it remembers (None: only boundaries)."""
        boundary = idx[:, :1] // self.vocab_size * self.vocab_size  # of the kind of the item
        before = boundary.expand(-1, self.span - 1) if state is None else state
        seen = torch.cat([before, idx], 1)
        last = seen[:, seen.shape[1] - self.span + 1 :]
        many = state is None and self._symbols(idx) >= MANY_SYMBOLS and self.kinds == 1
        for norm in self._norms:
            norm.shared_rows = int(many)
        return self._logits(idx) if many else self._convolved(seen), last

    def _symbols(self, idx: Integer[Tensor, "B T"]) -> int:
        """How many there are in the whole batch, of which `idx` may be one process's part."""
        over = self._norms[0].sum_over if self.training and self._norms else None
        return idx.numel() if over is None else over.symbols

    def _convolved(self, idx: Integer[Tensor, "B T_and_before"]) -> Float[Tensor, "B T V"]:
        """Logits of those positions that have all that they look back on before them."""
        x, dilation = self.wte(idx), 1
        for layer in self.layers:
            length = x.shape[1] - (self.group - 1) * dilation
            x = layer(torch.cat([x[:, i * dilation : i * dilation + length] for i in range(self.group)], 2))
            dilation *= self.group
        return self.head(x)

    def _logits(self, idx: Integer[Tensor, "B T"]) -> Float[Tensor, "B T V"]:
        """As after boundaries without end, which all look alike: what a layer makes of them is one row, the last.

        More operations than `_convolved` and fewer multiplications.
        """
        rows, length = idx.shape
        x, dilation = torch.cat([self.wte(idx).flatten(0, 1), self.wte.weight[:1]]), 1  # (B T + 1, C)
        for layer in self.layers:
            blank, x = x[-1], x[:-1].view(rows, length, -1)
            columns = []
            for i in reversed(range(self.group)):  # the symbol this far back, for every position
                lag = min(i * dilation, length)
                columns.append(torch.cat([blank.expand(rows, lag, -1), x[:, : length - lag]], 1))
            joined = torch.cat(columns, 2).flatten(0, 1)
            x = layer(torch.cat([joined, blank.repeat(1, self.group)]))
            dilation *= self.group
        return self.head(x[:-1]).view(rows, length, -1)

    def step(
        self, idx: Integer[Tensor, " B"], state: Integer[Tensor, "B span_less_one"] | None
    ) -> tuple[Float[Tensor, "B V"], Integer[Tensor, "B span_less_one"]]:
        """Logits after reading one id a row, and the last ids."""
        logits, state = self.read(idx[:, None], state)
        return logits[:, -1], state


def _layer(options: WaveNetOptions, i: int, fan_in: int, size: int) -> nn.Sequential:
    fan_in *= options.group
    linear = nn.Linear(fan_in, size, bias=options.norm == "none")
    nn.init.normal_(linear.weight, std=fan_in**-0.5)
    norms: list[nn.Module] = []
    if options.norm == "none":
        nn.init.zeros_(linear.bias)
    elif options.norm == "batch":
        norms = [BatchNorm1d(size, correction=options.correction)]
    else:
        norms = [PositionNorm(size, options.group ** (options.n_layer - 1 - i), options.correction)]
    return nn.Sequential(linear, *norms, nn.Tanh(), nn.Dropout(options.dropout))
