"""Duplicates: which items occurred before. Hashes point to candidates; what counts is that the items are equal."""

import numpy as np
from jaxtyping import Bool, Integer, UInt, UInt64

from moreish.data.ragged import equal, slices


def first_occurrences(
    hashes: UInt64[np.ndarray, " items"],
    codes: UInt[np.ndarray, " n"],
    offsets: Integer[np.ndarray, " items_and_one"],
) -> Bool[np.ndarray, " items"]:
    """True for every item that is not equal to an earlier one. Destroys `hashes`, which saves a copy of them.

    The number of the item takes the place of the low bits of its hash, so that one sort in place brings equal items
    together, in the order of the list.
    """
    bits = len(hashes).bit_length()
    number = np.uint64((1 << bits) - 1)
    for part in slices(len(hashes)):
        hashes[part] &= ~number
        hashes[part] |= np.arange(part.start, part.stop, dtype=np.uint64)
    hashes.sort()
    first = np.ones(len(hashes), np.bool_)
    groups = set()
    for part in slices(len(hashes) - 1):
        keys = hashes[part.start : part.stop + 1]
        close = np.flatnonzero(keys[1:] ^ keys[:-1] <= number)
        if len(close):
            a, b = ((keys[close + k] & number).astype(np.int64) for k in (0, 1))
            same = equal(codes, offsets, a, b)
            first[b[same]] = False
            groups.update(np.unique(keys[close[~same]] & ~number).tolist())
    for group in groups:  # different items of one hash, a few among millions
        members = slice(*np.searchsorted(hashes, np.array([group, group | int(number)], np.uint64)))
        seen = set()
        for i in (hashes[members] & number).tolist():
            item = codes[offsets[i] + 1 : offsets[i + 1]].tobytes()
            first[i] = item not in seen
            seen.add(item)
    return first
