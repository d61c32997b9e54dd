"""What every net with a memory shares: embeddings, layers that carry a state from symbol to symbol, logits."""

from abc import abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Generic

import torch
from jaxtyping import Float, Integer
from torch import Tensor, nn

from moreish.models.net import Layer, Layers, Net
from moreish.options import option


@dataclass(frozen=True)
class RecurrentOptions:
    """Sizes of the network."""

    n_embd: int = option(32, "size of a symbol's vector", low=1, high=4096)
    n_hidden: int = option(128, "units of the memory", low=1, high=8192)
    n_layer: int = option(1, "recurrent layers on top of one another", low=1, high=16)
    dropout: float = option(0.0, "share of units left out after each layer while training", low=0, below=1)

    @property
    def sizes(self) -> list[int]:
        """The width of what enters the first layer, then of what leaves each."""
        return [self.n_embd] + [self.n_hidden] * self.n_layer


class Recurrent(Net, Generic[Layer]):
    """A stack of recurrent layers; a family says what its layers are and how one of them reads."""

    windowed = False
    block_size = None

    def __init__(self, options: RecurrentOptions, vocab_size: int, layers: Iterable[Layer]) -> None:
        super().__init__(options, vocab_size)
        self.wte = nn.Embedding(vocab_size, options.n_embd)
        self.layers = Layers(layers)
        self.dropout = nn.Dropout(options.dropout)
        self.head = nn.Linear(options.n_hidden, vocab_size)
        nn.init.normal_(self.head.weight, std=0.1 / options.n_hidden**0.5)  # no opinion yet: loss near ln V
        nn.init.zeros_(self.head.bias)

    @abstractmethod
    def read_layer(
        self, layer: Layer, x: Float[Tensor, "B T C"], state: Float[Tensor, "B S"] | None
    ) -> tuple[Float[Tensor, "B T H"], Float[Tensor, "B S"]]:
        """What one layer gives at every position and its state after the last; None is the state before the first."""

    def forward(self, idx: Integer[Tensor, "B T"]) -> Float[Tensor, "B T V"]:
        """Logits of the next symbol at every position."""
        return self.read(idx, None)[0]

    def read(
        self, idx: Integer[Tensor, "B T"], state: Float[Tensor, "B layers S"] | None
    ) -> tuple[Float[Tensor, "B T V"], Float[Tensor, "B layers S"]]:
        """Logits at every position and the state after the last, going on from `state` (None: nothing was read)."""
        x, last = self.wte(idx), []
        for i, layer in enumerate(self.layers):
            x, h = self.read_layer(layer, x, None if state is None else state[:, i])
            x = self.dropout(x)
            last.append(h)
        return self.head(x), torch.stack(last, 1)

    def step(
        self, idx: Integer[Tensor, " B"], state: Float[Tensor, "B layers S"] | None
    ) -> tuple[Float[Tensor, "B V"], Float[Tensor, "B layers S"]]:
        """Logits after reading one id a row, and the new state."""
        logits, state = self.read(idx[:, None], state)
        return logits[:, -1], state
