"""The gated recurrent unit as Cho et al. 2014 wrote it: the reset gate acts before the product, not after it."""

from itertools import pairwise

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from moreish.models.recurrent import Recurrent, RecurrentOptions


class ChoUnit(nn.Module):
    """h' = (1 - z) h + z n, n = tanh(W x + U (r h) + b), with one bias a gate and a learned memory at the start."""

    def __init__(self, fan_in: int, size: int) -> None:
        super().__init__()
        self.start = nn.Parameter(torch.zeros(size))
        self.input = nn.Linear(fan_in, 3 * size)
        self.gates = nn.Linear(size, 2 * size, bias=False)
        self.candidate = nn.Linear(size, size, bias=False)
        for block in (*self.gates.weight.chunk(2), self.candidate.weight):
            nn.init.orthogonal_(block)

    def forward(self, x: Float[Tensor, "B T C"], h: Float[Tensor, "B H"] | None) -> Float[Tensor, "B T H"]:
        """The memory after every position."""
        h = self.start.expand(len(x), -1) if h is None else h
        size = h.shape[1]
        memories = []
        for a in self.input(x).unbind(1):
            r, z = torch.sigmoid(a[:, : 2 * size] + F.linear(h, self.gates.weight)).chunk(2, 1)
            n = torch.tanh(a[:, 2 * size :] + F.linear(r * h, self.candidate.weight))
            h = (1 - z) * h + z * n
            memories.append(h)
        return torch.stack(memories, 1)


class ChoGRU(Recurrent[ChoUnit]):
    """Layers of the original unit, https://arxiv.org/abs/1406.1078; `GRU` is the form of torch and cuDNN."""

    Options = RecurrentOptions

    def __init__(self, options: RecurrentOptions, vocab_size: int) -> None:
        super().__init__(options, vocab_size, [ChoUnit(i, o) for i, o in pairwise(options.sizes)])

    def read_layer(
        self, layer: ChoUnit, x: Float[Tensor, "B T C"], state: Float[Tensor, "B S"] | None
    ) -> tuple[Float[Tensor, "B T H"], Float[Tensor, "B S"]]:
        """One layer over all positions."""
        h = layer(x, state)
        return h, h[:, -1]
