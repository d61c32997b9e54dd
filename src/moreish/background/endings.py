"""What a list's items end in: the classes of symbols that come last in them, and the symbols that close them.

Quoted lines all end with a quote, sentences with a full stop. A model that holds a wrong end improbable at each of
fifty places still ends most of its items wrongly, and one that is asked to end does so before the quote is closed.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Integer

CLOSING = 0.75  # of the times that a symbol comes, not being the first: it is one of the last two
UNSEEN = 1  # times that it may come elsewhere, which are added


class Endings(NamedTuple):
    """Of a list's items.

    last : (V,) whether some item ends in a symbol of the class of each id
    closing : (V,) whether an item nearly always ends where each id comes, but for one symbol more
    """

    last: Bool[np.ndarray, " V"]
    closing: Bool[np.ndarray, " V"]

    @classmethod
    def of(cls, class_of: Integer[np.ndarray, " V"], items: Sequence[Integer[np.ndarray, " _"]]) -> "Endings":
        """Of these items, with the class of each id."""
        size = len(class_of)
        ends = np.isin(class_of, [class_of[item[-1]] for item in items if len(item)])
        later = np.concatenate([item[1:] for item in items]).astype(np.int64)
        final = np.concatenate([item[1:][-2:] for item in items]).astype(np.int64)
        share = np.bincount(final, minlength=size) / (np.bincount(later, minlength=size) + UNSEEN)
        return cls(ends, share >= CLOSING)
