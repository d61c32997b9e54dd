"""Known: where in a flat array an item stands, without holding the items as text."""

from collections.abc import Iterator

import numpy as np
from jaxtyping import Int64, Integer, UInt, UInt64

from moreish.data.hashing import ItemHash
from moreish.data.ragged import bounded, equal_across, slices


class Known:
    """An index of items by their hash; eight bytes an item.

    Each key holds the high bits of an item's hash and, in its low bits, the item's number; the keys are sorted. What
    the hash points to is compared, so the answer is exact.
    """

    def __init__(
        self,
        ids: UInt[np.ndarray, " N"],
        offsets: Int64[np.ndarray, " items_and_one"],
        hashes: UInt64[np.ndarray, " items"],
    ) -> None:
        """`hashes` becomes the index."""
        self.ids, self.offsets = ids, offsets
        self.keys, self.mask = number_in_low_bits(hashes)
        self.keys.sort()

    def find(self, item: UInt[np.ndarray, " T"], item_hash: int) -> int | None:
        """The first item with these ids and this hash."""
        return next(self.all(item, item_hash), None)

    def all(self, item: UInt[np.ndarray, " T"], item_hash: int) -> Iterator[int]:
        """All items with these ids and this hash, in order."""
        group, item_bytes = item_hash & ~self.mask, item.tobytes()
        first = int(self.keys.searchsorted(np.uint64(group)))
        for k in range(first, len(self.keys)):
            key = int(self.keys[k])
            i = key & self.mask
            if key ^ i != group:
                break
            if self.ids[self.offsets[i] + 1 : self.offsets[i + 1]].tobytes() == item_bytes:
                yield i

    def find_all(
        self,
        ids: UInt[np.ndarray, " M"],
        offsets: Integer[np.ndarray, " others_and_one"],
        hashes: UInt64[np.ndarray, " others"],
    ) -> Int64[np.ndarray, " others"]:
        """`find` for many items, which lie end to end as in a `Split`; -1 where it would say None."""
        mask = np.uint64(self.mask)
        group = hashes & ~mask
        at = self.keys.searchsorted(group)
        found = np.full(len(hashes), -1)
        rest = np.arange(len(hashes))
        while len(rest):
            rest = rest[at[rest] < len(self.keys)]
            keys = self.keys[at[rest]]
            close = keys & ~mask == group[rest]
            rest, number = rest[close], (keys[close] & mask).astype(np.int64)
            same = equal_across(ids, offsets, rest, self.ids, self.offsets, number)
            found[rest[same]] = number[same]
            rest = rest[~same]
            at[rest] += 1
        return found


def number_in_low_bits(hashes: UInt64[np.ndarray, " items"]) -> tuple[UInt64[np.ndarray, " items"], int]:
    """Hashes with the item's number in their low bits, made in place, and the mask of those bits."""
    mask = number_mask(len(hashes))
    for part in slices(len(hashes)):
        hashes[part] &= np.uint64(~mask & (2**64 - 1))
        hashes[part] |= np.arange(part.start, part.stop, dtype=np.uint64)
    return hashes, mask


def number_mask(items: int) -> int:
    """The low bits that hold the number of one of so many items."""
    return (1 << items.bit_length()) - 1


def hashes_of(
    ids: UInt[np.ndarray, " N"], offsets: Int64[np.ndarray, " items_and_one"], item_hash: ItemHash
) -> UInt64[np.ndarray, " items"]:
    """The hash of every item's ids."""
    hashes = np.empty(len(offsets) - 1, np.uint64)
    for part in bounded(offsets):
        first, last = int(offsets[part.start]) + 1, int(offsets[part.stop]) + 1
        hashes[part] = item_hash(ids[first:last], offsets[part.start + 1 : part.stop + 1] - first)
    return hashes
