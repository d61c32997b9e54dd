"""Duplicates: which items occurred before. Hashes point to candidates; what counts is that the items are equal."""

import numpy as np
from jaxtyping import Bool, Integer, UInt, UInt64

from moreish.data.known import number_in_low_bits
from moreish.data.ragged import equal, slices


def first_occurrences(
    hashes: UInt64[np.ndarray, " items"],
    codes: UInt[np.ndarray, " n"],
    offsets: Integer[np.ndarray, " items_and_one"],
) -> Bool[np.ndarray, " items"]:
    """True for every item that is not equal to an earlier one. Overwrites `hashes`, to save a copy of them.

    The number of the item takes the place of the low bits of its hash, so that one sort in place brings equal items
    together, in the order of the list.
    """
    keys, mask = number_in_low_bits(hashes)
    number = np.uint64(mask)
    keys.sort()
    first = np.ones(len(keys), np.bool_)
    groups = set()
    for part in slices(len(keys) - 1):
        here = keys[part.start : part.stop + 1]
        close = np.flatnonzero(here[1:] ^ here[:-1] <= number)
        if len(close):
            a, b = ((here[close + k] & number).astype(np.int64) for k in (0, 1))
            same = equal(codes, offsets, a, b)
            first[b[same]] = False
            groups.update((here[close[~same]] & ~number).tolist())
    for group in groups:  # different items of one hash, a few among millions
        members = slice(*np.searchsorted(keys, np.array([group, group | mask], np.uint64)).tolist())
        seen = set()
        for i in (keys[members] & number).tolist():
            item = codes[offsets[i] + 1 : offsets[i + 1]].tobytes()
            first[i] = item not in seen
            seen.add(item)
    return first
