"""What a Transformer remembers of the rows that it reads: keys and values of every layer, and the last ids."""

from typing import NamedTuple

import torch
from jaxtyping import Float, Integer
from torch import Tensor

LARGEST_CACHE = 2**30  # bytes; while a place is added there are two of them


class Cache(NamedTuple):
    """The state of B rows after T ids each; indexing it takes rows.

    ids  : (B, T) read so far, at most block_size of them
    kept : (T, layers, 2, rows, C) keys and values at every place, or None where they are of no use: once the window
        slides every id stands at another place, and all keys and values are others
    rows : (B,) which of the rows of `kept` each row is, so that taking rows copies nothing yet
    """

    ids: Integer[Tensor, "B T"]
    kept: Float[Tensor, "T layers 2 rows C"] | None
    rows: Integer[Tensor, " B"]

    def take(self, rows: Integer[Tensor, " kept"]) -> "Cache":
        """The state of these rows."""
        return Cache(self.ids[rows], self.kept, self.rows[rows])

    def longer(self) -> Float[Tensor, "T_and_one layers 2 B C"]:
        """Keys and values with a place more, which is to be filled."""
        assert self.kept is not None
        length, layers, pair, _, size = self.kept.shape
        longer = self.kept.new_empty(length + 1, layers, pair, len(self.rows), size)
        torch.index_select(self.kept, 3, self.rows, out=longer[:-1])
        return longer
