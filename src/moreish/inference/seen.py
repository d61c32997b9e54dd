"""Seen: which sampled items came before, told by their hashes, many at a time."""

import numpy as np
from jaxtyping import Bool, Integer, UInt64

from moreish.data.hashing import ItemHash
from moreish.data.known import hashes_of

SMALLEST = 2**13


class Seen:
    """A set of items that holds 128 bits of hash for each and not the items.

    The hashes lie in a table with open addressing that is at most half full: 32 to 64 bytes an item. Two different
    items are taken for one with odds of about n**2 / 2**129 among n items: 1 in 10**24 for ten million. Both halves
    are needed: swapping two symbols that stand far apart leaves up to log2(length) low bits of a half as they were.
    """

    def __init__(self) -> None:
        self._hashers = ItemHash(1, end=0), ItemHash(2, end=0)
        self._table = np.zeros((2, SMALLEST), np.uint64)  # a first half of 0 marks an empty place
        self._count = 0

    def __len__(self) -> int:
        """How many different items."""
        return self._count

    def add(
        self, ids: Integer[np.ndarray, " N"], offsets: Integer[np.ndarray, " items_and_one"]
    ) -> Bool[np.ndarray, " items"]:
        """Put these items in; True for each that is equal to none before it, here or in an earlier call."""
        halves = np.stack([hashes_of(ids, offsets, hasher) for hasher in self._hashers])
        halves[0][halves[0] == 0] = 1
        order = np.lexsort(halves)  # equal ones together, in the order in which they came
        ranked = halves[:, order]
        differs = np.ones(len(order), bool)
        differs[1:] = (ranked[:, 1:] != ranked[:, :-1]).any(0)
        while 2 * (self._count + len(order)) > self._table.shape[1]:
            self._grow()
        new = np.zeros(len(order), bool)
        new[order[differs]] = self._insert(ranked[:, differs])
        return new

    def _grow(self) -> None:
        held = self._table[:, self._table[0] > 0]
        self._table, self._count = np.zeros((2, 2 * self._table.shape[1]), np.uint64), 0
        self._insert(held)

    def _insert(self, halves: UInt64[np.ndarray, "2 n"]) -> Bool[np.ndarray, " n"]:
        """Put in hashes that differ from one another; True for those that were not there."""
        first, second = halves
        table, last = self._table, np.uint64(self._table.shape[1] - 1)
        place, new = (first & last).astype(np.int64), np.zeros(len(first), bool)
        rest = np.arange(len(first))  # those whose place is not found yet
        while len(rest):
            at = place[rest]
            claims = table[0, at] == 0
            table[:, at[claims]] = halves[:, rest[claims]]  # of several at one place the last gets it
            found = (table[0, at] == first[rest]) & (table[1, at] == second[rest])
            new[rest[claims & found]] = True
            rest = rest[~found]
            place[rest] = (place[rest] + 1) & int(last)
        self._count += int(new.sum())
        return new
