"""Ragged: items of different lengths that lie end to end in one flat array, handled without a loop over the items.

The layout is that of a `Split`: one boundary before, between and after the items; `offsets[i]` is where the boundary
before item i stands, the last offset where the last boundary stands.
"""

from collections.abc import Iterator

import numpy as np
from jaxtyping import Bool, Integer, UInt

ITEMS, CODES = 2**15, 2**18  # handled at once: bounds what is needed besides the arrays themselves


class GrowingArray:
    """An array that grows at its end without being copied, and widens its type when a larger number comes."""

    def __init__(self, dtype: np.dtype | type[np.unsignedinteger], first: tuple[int, ...] = ()) -> None:
        self.dtype = np.dtype(dtype)
        self.bytes = bytearray(np.array(first, self.dtype).tobytes())  # grows in place, unlike an array

    def __len__(self) -> int:
        return len(self.bytes) // self.dtype.itemsize

    def extend(self, values: Integer[np.ndarray, " more"]) -> None:
        """Put these at the end; none may be negative."""
        if values.dtype.itemsize > self.dtype.itemsize and len(values):
            wide = np.dtype(f"u{np.min_scalar_type(values.max()).itemsize}")
            if wide.itemsize > self.dtype.itemsize:
                self.bytes = bytearray(self.finish().astype(wide).tobytes())
                self.dtype = wide
        self.bytes += values.astype(self.dtype, copy=False).data

    def finish(self) -> UInt[np.ndarray, " n"]:
        """The array, which may be written to; nothing can be put in any more."""
        return np.frombuffer(self.bytes, self.dtype)


def slices(n: int, most: int = ITEMS) -> Iterator[slice]:
    """0..n in slices of at most so many."""
    return (slice(a, min(a + most, n)) for a in range(0, n, most))


def bounded(offsets: Integer[np.ndarray, " items_and_one"]) -> Iterator[slice]:
    """All items in slices that hold at most CODES codes, or one item."""
    a, n = 0, len(offsets) - 1
    while a < n:
        reach = offsets[a : a + ITEMS + 1].astype(np.int64)
        b = a + max(1, int(np.searchsorted(reach, int(reach[0]) + CODES, side="right")) - 1)
        yield slice(a, b)
        a = b


def gather(
    codes: UInt[np.ndarray, " n"],
    offsets: Integer[np.ndarray, " items_and_one"],
    which: Integer[np.ndarray, " some"],
) -> UInt[np.ndarray, " m"]:
    """These items end to end, a boundary after each."""
    starts = offsets[which].astype(np.int64)
    lengths = offsets[which + 1].astype(np.int64) - starts
    stops = np.cumsum(lengths)
    index = np.repeat(starts - stops + lengths + 1, lengths)
    index += np.arange(len(index))
    return codes.take(index)


def equal(
    codes: UInt[np.ndarray, " n"],
    offsets: Integer[np.ndarray, " items_and_one"],
    a: Integer[np.ndarray, " pairs"],
    b: Integer[np.ndarray, " pairs"],
) -> Bool[np.ndarray, " pairs"]:
    """Whether the items a[k] and b[k] are the same."""
    return equal_across(codes, offsets, a, codes, offsets, b)


def equal_across(
    codes: UInt[np.ndarray, " n"],
    offsets: Integer[np.ndarray, " items_and_one"],
    a: Integer[np.ndarray, " pairs"],
    other_codes: UInt[np.ndarray, " m"],
    other_offsets: Integer[np.ndarray, " others_and_one"],
    b: Integer[np.ndarray, " pairs"],
) -> Bool[np.ndarray, " pairs"]:
    """Whether the item a[k] of one array and the item b[k] of another are the same."""
    lengths = offsets[a + 1] - offsets[a]
    same = lengths == other_offsets[b + 1] - other_offsets[b]
    alike = np.flatnonzero(same)
    reach = np.concatenate([[0], np.cumsum(lengths[alike], dtype=np.int64)])
    for part in bounded(reach):
        pairs = alike[part]
        differ = np.flatnonzero(gather(codes, offsets, a[pairs]) != gather(other_codes, other_offsets, b[pairs]))
        same[pairs[np.searchsorted(reach[part] - reach[part.start], differ, side="right") - 1]] = False
    return same
