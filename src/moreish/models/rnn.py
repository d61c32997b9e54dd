"""The simple recurrent net of Elman 1990: the memory is a tanh of the symbol and of the memory before."""

from itertools import pairwise

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from moreish.models.recurrent import Recurrent, RecurrentOptions


class Elman(nn.Module):
    """h' = tanh(W x + U h + b), with a memory before the first symbol that is learned."""

    def __init__(self, fan_in: int, size: int) -> None:
        super().__init__()
        self.start = nn.Parameter(torch.zeros(size))
        self.input = nn.Linear(fan_in, size)
        self.recurrent = nn.Linear(size, size, bias=False)
        nn.init.orthogonal_(self.recurrent.weight)  # keeps the memory's size through many steps (Saxe et al. 2013)

    def forward(self, x: Float[Tensor, "B T C"], h: Float[Tensor, "B H"] | None) -> Float[Tensor, "B T H"]:
        """The memory after every position."""
        h = self.start.expand(len(x), -1) if h is None else h
        memories = []
        for a in self.input(x).unbind(1):
            h = torch.tanh(a + F.linear(h, self.recurrent.weight))
            memories.append(h)
        return torch.stack(memories, 1)


class RNN(Recurrent[Elman]):
    """Elman layers on top of one another. https://doi.org/10.1207/s15516709cog1402_1"""

    Options = RecurrentOptions

    def __init__(self, options: RecurrentOptions, vocab_size: int) -> None:
        super().__init__(options, vocab_size, [Elman(i, o) for i, o in pairwise(options.sizes)])

    def read_layer(
        self, layer: Elman, x: Float[Tensor, "B T C"], state: Float[Tensor, "B S"] | None
    ) -> tuple[Float[Tensor, "B T H"], Float[Tensor, "B S"]]:
        """One layer over all positions."""
        h = layer(x, state)
        return h, h[:, -1]
