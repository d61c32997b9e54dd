"""Drawn: many sampled items as arrays, so that nothing is made into text before it is known to be wanted."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Integer


@dataclass(frozen=True)
class Drawn:
    """Items in the order in which they were drawn, in the layout of `data.corpus.Split`.

    ids     : (N,) flat, id 0 before, between and after the items
    offsets : (items + 1,) where the boundaries stand
    logprob : (items,) of each whole item under the untouched model (temperature 1), its end included where it ended
    ended   : (items,) whether it ended; the others were cut at `max_length`
    effort  : how many beginnings were followed to draw them, symbol by symbol, where they were drawn by weights
    """

    ids: Integer[np.ndarray, " N"]
    offsets: Integer[np.ndarray, " items_and_one"]
    logprob: Float[np.ndarray, " items"]
    ended: Bool[np.ndarray, " items"]
    effort: int = 0

    def __len__(self) -> int:
        """How many items."""
        return len(self.offsets) - 1

    def item(self, i: int) -> Integer[np.ndarray, " T"]:
        """The ids of item i, without boundaries."""
        return self.ids[self.offsets[i] + 1 : self.offsets[i + 1]]
