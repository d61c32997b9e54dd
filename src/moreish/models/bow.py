"""A bag of words that looks back: the plain mean of everything so far, added to the symbol at hand."""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Integer
from torch import Tensor, nn

from moreish.models.net import Net
from moreish.options import option


@dataclass(frozen=True)
class BagOfWordsOptions:
    """Sizes of the network."""

    block_size: int = option(16, "longest stretch that it reads, the opening boundary included", low=2, high=65536)
    n_embd: int = option(64, "size of a symbol's vector", low=1, high=4096)
    n_hidden: int = option(64, "units of the hidden layer", low=1, high=65536)
    dropout: float = option(0.0, "share of hidden units left out while training", low=0, below=1)


class BagOfWords(Net):
    """Attention with equal weights: x + mean(x up to here), then x + MLP(x), then logits, as in makemore."""

    Options = BagOfWordsOptions
    windowed = False

    def __init__(self, options: BagOfWordsOptions, vocab_size: int) -> None:
        super().__init__(options, vocab_size)
        self.block_size = options.block_size
        self.wte = nn.Embedding(vocab_size, options.n_embd)
        self.wpe = nn.Embedding(options.block_size, options.n_embd)
        self.hidden = nn.Linear(options.n_embd, options.n_hidden)
        self.out = nn.Linear(options.n_hidden, options.n_embd)
        self.dropout = nn.Dropout(options.dropout)
        self.head = nn.Linear(options.n_embd, vocab_size)
        nn.init.normal_(self.head.weight, std=0.1 / options.n_embd**0.5)  # no opinion yet: loss near ln V
        nn.init.zeros_(self.head.bias)

    def forward(self, idx: Integer[Tensor, "B T"]) -> Float[Tensor, "B T V"]:
        """Logits of the next symbol at every position; T is at most block_size."""
        positions = torch.arange(idx.shape[1], device=idx.device)
        x = self.wte(idx) + self.wpe(positions)
        x = x + x.cumsum(1) / (positions[:, None] + 1)
        x = x + self.out(self.dropout(torch.tanh(self.hidden(x))))
        return self.head(x)
