"""The gated recurrent unit of Cho et al. 2014: a memory that each symbol may keep, reset or overwrite."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import torch
from jaxtyping import Float, Integer
from torch import Tensor, nn

from moreish.config import option


@dataclass(frozen=True)
class GRUOptions:
    """Sizes of the network."""

    n_embd: int = option(32, "size of a symbol's vector", low=1, high=4096)
    n_hidden: int = option(128, "units of the memory", low=1, high=8192)
    n_layer: int = option(1, "recurrent layers on top of one another", low=1, high=16)
    dropout: float = option(0.0, "share of units left out after each layer while training", low=0, below=1)


class GRU(nn.Module):
    """h' = (1 - z) n + z h, with reset gate r, update gate z and candidate n = tanh(W x + b + r (U h + c)).

    https://arxiv.org/abs/1406.1078; the form with r after the product is torch's and cuDNN's.
    """

    Options = GRUOptions
    windowed = False
    block_size = None

    def __init__(self, options: GRUOptions, vocab_size: int) -> None:
        super().__init__()
        self.vocab_size = vocab_size
        self.wte = nn.Embedding(vocab_size, options.n_embd)
        sizes = [options.n_embd] + [options.n_hidden] * options.n_layer
        self.layers: Any = nn.ModuleList(nn.GRU(i, o, batch_first=True) for i, o in pairwise(sizes))
        self.dropout = nn.Dropout(options.dropout)
        self.head = nn.Linear(options.n_hidden, vocab_size)
        nn.init.normal_(self.head.weight, std=0.1 / options.n_hidden**0.5)
        nn.init.zeros_(self.head.bias)
        for layer in self.layers:
            for block in layer.weight_hh_l0.chunk(3):
                nn.init.orthogonal_(block)  # keeps the memory's size through many steps (Saxe et al. 2013)

    def forward(self, idx: Integer[Tensor, "B T"]) -> Float[Tensor, "B T V"]:
        """Logits of the next symbol at every position."""
        return self.read(idx, None)[0]

    def read(
        self, idx: Integer[Tensor, "B T"], state: Float[Tensor, "B layers H"] | None
    ) -> tuple[Float[Tensor, "B T V"], Float[Tensor, "B layers H"]]:
        """Logits at every position and the memory after the last, going on from `state` (None: a blank memory)."""
        x, last = self.wte(idx), []
        for i, layer in enumerate(self.layers):
            h0 = None if state is None else state[None, :, i].contiguous()
            x, h = layer(x, h0)  # (B, T, H), (1, B, H)
            x = self.dropout(x)
            last.append(h[0])
        return self.head(x), torch.stack(last, 1)

    def step(
        self, idx: Integer[Tensor, " B"], state: Float[Tensor, "B layers H"] | None
    ) -> tuple[Float[Tensor, "B V"], Float[Tensor, "B layers H"]]:
        """Logits after reading one id a row, and the new memory."""
        logits, state = self.read(idx[:, None], state)
        return logits[:, -1], state
