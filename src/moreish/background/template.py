"""What all items of a list do alike: how long they are, what they begin with, which classes stand at each place.

Product numbers, number plates, times and colours are made by a rule, and whoever gives thirty of them that all have
seven symbols means that. A model of chances lets a part of what it makes be shorter or longer all the same.
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Integer

ENOUGH = 30  # items that do alike, so that it is a rule and no chance
SURE = 12.0  # nats by which what no item does is made less likely
MOST_PLACES = 256  # symbols of items that are all of one length


class Template:
    """allowed : (T, V) whether some item may have this id at this place, the end included; all is allowed behind."""

    def __init__(self, allowed: Bool[np.ndarray, "T V"]) -> None:
        self.allowed = allowed
        self._strays = np.concatenate([~allowed, np.zeros((1, allowed.shape[1]), bool)]).astype(np.float32)

    @classmethod
    def of(cls, class_of: Integer[np.ndarray, " V"], items: Sequence[Integer[np.ndarray, " _"]]) -> "Template | None":
        """Of these items, with the class of each id; None where they are too few, or do nothing alike."""
        if len(items) < ENOUGH:
            return None
        shortest, longest = min(map(len, items)), max(map(len, items))
        heads = np.array([item[: min(shortest, MOST_PLACES)] for item in items], np.int64)
        same = (heads == heads[0]).all(0)
        opening = int(same.argmin()) if not same.all() else len(same)
        even = shortest == longest <= MOST_PLACES
        allowed = np.ones((shortest + 1 if even else opening, len(class_of)), bool)
        if even:
            allowed[:shortest, 0], allowed[shortest, 1:] = False, False
            for place, kinds in enumerate(class_of[heads].T):
                allowed[place] &= np.isin(class_of, kinds)
        allowed[np.arange(opening)] &= np.arange(len(class_of)) == heads[0, :opening, None]
        return cls(allowed) if len(allowed) else None

    def strays(self, place: Integer[np.ndarray, " rows"]) -> np.ndarray:
        """(rows, V) 1 for what no item has after so many symbols."""
        return self._strays[np.minimum(place, len(self.allowed))]
