"""The bigram net: a table of logits, the row chosen by the last symbol and nothing before it."""

from dataclasses import dataclass

from jaxtyping import Float, Integer
from torch import Tensor, nn

from moreish.models.net import Net


@dataclass(frozen=True)
class BigramOptions:
    """The table has V x V entries and no settings."""


class Bigram(Net):
    """One-hot times a weight matrix is a row of it: an embedding of size V read as logits.

    Trained to the end it reaches what counting pairs gives in closed form.
    """

    Options = BigramOptions
    windowed = False
    block_size = None

    def __init__(self, options: BigramOptions, vocab_size: int) -> None:
        super().__init__(options, vocab_size)
        self.logits = nn.Embedding(vocab_size, vocab_size)
        nn.init.zeros_(self.logits.weight)  # every symbol equally likely: the loss starts at ln V

    def forward(self, idx: Integer[Tensor, "B T"]) -> Float[Tensor, "B T V"]:
        """Logits of the next symbol at every position."""
        return self.logits(idx)

    def step(self, idx: Integer[Tensor, " B"], state: None) -> tuple[Float[Tensor, "B V"], None]:
        """Logits after reading one id a row; there is nothing to remember."""
        return self.logits(idx), None
