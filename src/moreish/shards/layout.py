"""Where things stand in a sharded list.

A split is one row of ids, as in `data.corpus.Split` but without the first boundary: each item and the boundary after
it. Its items stand in the order of their length, and those of one length in the order of the list. So no offsets are
kept: for each length one number says how many items have it, and where an item stands follows.

The row is cut anywhere into files of `SHARD` bytes, train-00000.ids and so on.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Int64, Integer

SHARD = 2**28  # bytes of a file of ids


@dataclass(frozen=True)
class Groups:
    """The items of a split by their span, which is their length in symbols and 1 for the boundary.

    spans  : (G,) ascending
    counts : (G,) how many items have it
    """

    spans: Int64[np.ndarray, " G"]
    counts: Int64[np.ndarray, " G"]

    @cached_property
    def items(self) -> Int64[np.ndarray, " G_and_one"]:
        """The number of the first item of each group, and of all."""
        return np.append(0, np.cumsum(self.counts))

    @cached_property
    def places(self) -> Int64[np.ndarray, " G_and_one"]:
        """Where each group begins, and the last ends."""
        return np.append(0, np.cumsum(self.counts * self.spans))

    def starts(self, items: Integer[np.ndarray, " B"]) -> Int64[np.ndarray, " B"]:
        """Where these items begin."""
        group = self.items.searchsorted(items, side="right") - 1
        return self.places[group] + (items - self.items[group]) * self.spans[group]

    def offsets(self, first: int, last: int) -> Int64[np.ndarray, " items_and_one"]:
        """Where the items first, ..., last - 1 begin, and where the last of them ends."""
        pieces = [
            start + np.arange(max(first, low) - low, min(last, high) - low) * span
            for span, start, low, high in zip(
                self.spans.tolist(), self.places.tolist(), self.items.tolist(), self.items[1:].tolist(), strict=False
            )
            if max(first, low) < min(last, high)
        ]
        end = self.places[-1] if last >= self.items[-1] else self.starts(np.array([last]))[0]
        return np.concatenate([*pieces, [end]]).astype(np.int64)

    def bounded(self, symbols: int) -> Iterator[tuple[int, int]]:
        """All items in stretches first .. last - 1 that hold at most so many symbols, or one item."""
        first, n = 0, int(self.items[-1])
        while first < n:
            start = int(self.starts(np.array([first]))[0])
            group = int(self.places.searchsorted(start + symbols, side="right")) - 1
            last = n
            if group < len(self.spans):
                last = int(self.items[group] + (start + symbols - self.places[group]) // self.spans[group])
            yield first, max(last, first + 1)
            first = max(last, first + 1)
