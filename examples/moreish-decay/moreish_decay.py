"""A network for moreish from outside: what was read fades, each channel at a rate of its own that is learned."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from moreish.models.net import Net
from moreish.options import option


@dataclass(frozen=True)
class DecayOptions:
    """Sizes of the network; the ranges are checked wherever an option comes from."""

    n_embd: int = option(32, "channels of the memory", low=1, high=4096)


class Decay(Net):
    """h' = a h + embedding, with a in (0, 1) learned; logits = W tanh(h)."""

    Options = DecayOptions
    windowed = False  # reads whole items: ids (B, T) to logits (B, T, V)
    block_size = None  # and looks back without a limit

    def __init__(self, options: DecayOptions, vocab_size: int) -> None:
        super().__init__(options, vocab_size)
        self.wte = nn.Embedding(vocab_size, options.n_embd)
        self.rate = nn.Parameter(torch.linspace(-2.0, 2.0, options.n_embd))
        self.head = nn.Linear(options.n_embd, vocab_size)

    def forward(self, idx: Tensor) -> Tensor:
        """Logits of the next symbol at every position."""
        return self.read(idx, None)[0]

    def read(self, idx: Tensor, state: Tensor | None) -> tuple[Tensor, Tensor]:
        """Logits at every position and the memory (B, C) after the last, going on from `state`."""
        x, keep, memories = self.wte(idx), torch.sigmoid(self.rate), []
        h = x.new_zeros(len(x), x.shape[2]) if state is None else state
        for embedding in x.unbind(1):
            h = keep * h + embedding
            memories.append(h)
        return self.head(torch.tanh(torch.stack(memories, 1))), h

    def step(self, idx: Tensor, state: Tensor | None) -> tuple[Tensor, Tensor]:
        """Logits after reading one id a row, and the new memory: with it sampling reads every symbol once."""
        logits, state = self.read(idx[:, None], state)
        return logits[:, -1], state
