"""The neural probabilistic language model of Bengio et al. 2003: embeddings side by side, a hidden layer, logits."""

from dataclasses import dataclass

from jaxtyping import Float, Integer
from torch import Tensor, nn

from moreish.config import option


@dataclass(frozen=True)
class MLPOptions:
    """Sizes of the network."""

    block_size: int = option(3, "symbols that it looks back on", low=1, high=1024)
    n_embd: int = option(10, "size of a symbol's vector", low=1, high=4096)
    n_hidden: int = option(200, "units of the hidden layer", low=1, high=65536)
    dropout: float = option(0.0, "share of hidden units left out while training", low=0, below=1)


class MLP(nn.Module):
    """y = b2 + W2 tanh(b1 + W1 x), x the block_size embeddings side by side (Bengio et al. 2003, equation 1).

    https://www.jmlr.org/papers/volume3/bengio03a/bengio03a.pdf
    """

    Options = MLPOptions
    windowed = True

    def __init__(self, options: MLPOptions, vocab_size: int) -> None:
        super().__init__()
        self.vocab_size, self.block_size = vocab_size, options.block_size
        fan_in = options.block_size * options.n_embd
        self.wte = nn.Embedding(vocab_size, options.n_embd)
        self.hidden = nn.Linear(fan_in, options.n_hidden)
        self.dropout = nn.Dropout(options.dropout)
        self.head = nn.Linear(options.n_hidden, vocab_size)
        nn.init.normal_(self.hidden.weight, std=(5 / 3) / fan_in**0.5)  # Kaiming, with the gain of tanh
        nn.init.zeros_(self.hidden.bias)
        nn.init.normal_(self.head.weight, std=0.1 / options.n_hidden**0.5)  # no opinion yet: loss near ln V
        nn.init.zeros_(self.head.bias)

    def forward(self, idx: Integer[Tensor, "B block_size"]) -> Float[Tensor, "B V"]:
        """Logits of the symbol after each window."""
        x = self.wte(idx).flatten(1)  # (B, block_size * C)
        h = self.hidden(x).tanh()  # (B, H)
        return self.head(self.dropout(h))
