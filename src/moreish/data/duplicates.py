"""Duplicates: which items occurred before. Hashes point to candidates; what counts is that the items are equal."""

import numpy as np
from jaxtyping import Bool, Int64, Integer, UInt, UInt64

from moreish.data.known import number_in_low_bits
from moreish.data.ragged import equal, slices


def first_occurrences(
    hashes: UInt64[np.ndarray, " items"],
    codes: UInt[np.ndarray, " n"],
    offsets: Integer[np.ndarray, " items_and_one"],
    kinds: UInt[np.ndarray, " items"] | None = None,
    earlier: Int64[np.ndarray, " items"] | None = None,
) -> Bool[np.ndarray, " items"]:
    """True for every item that is not equal to an earlier one. Overwrites `hashes`, to save a copy of them.

    kinds : items of different kinds are not equal; `hashes` are then those of item and kind
    earlier : filled, where it is given, with the first item that each is equal to

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
            if kinds is not None:
                same &= kinds[a] == kinds[b]
            first[b[same]] = False
            if earlier is not None:
                earlier[b[same]] = a[same]
            groups.update((here[close[~same]] & ~number).tolist())
    for group in groups:  # different items of one hash, a few among millions
        members = slice(*np.searchsorted(keys, np.array([group, group | mask], np.uint64)).tolist())
        seen: dict[tuple[bytes, int], int] = {}
        for i in (keys[members] & number).tolist():
            item = codes[offsets[i] + 1 : offsets[i + 1]].tobytes(), 0 if kinds is None else int(kinds[i])
            first[i] = item not in seen
            seen.setdefault(item, i)
            if earlier is not None:
                earlier[i] = seen[item]
    while earlier is not None and not first[earlier].all():
        earlier[:] = earlier[earlier]
    return first
