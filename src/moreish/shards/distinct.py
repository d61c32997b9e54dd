"""Which items occurred before, in memory that does not grow with the list: a stretch of hashes at a time.

Every chunk has its hashes sorted. A stretch of hashes, from all chunks, is merged by a stable sort, so that equal
items come together in the order of the list; the first of each stays.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Int64, UInt64

from moreish.shards.chunks import Chunk

AT_A_TIME = 2**21  # hashes


@dataclass(frozen=True)
class Merged:
    """Items of a stretch of hashes: their hashes ascending, and of each its chunk and its number in the chunk."""

    hashes: UInt64[np.ndarray, " n"]
    chunk: Int64[np.ndarray, " n"]
    item: Int64[np.ndarray, " n"]
    second: UInt64[np.ndarray, " n"]


def merged(chunks: Sequence[Chunk]) -> Iterator[Merged]:
    """All items in the order of their hashes; of one hash in the order of the list."""
    hashes = [chunk.array("sorted") for chunk in chunks]
    total = sum(map(len, hashes))
    count = max(1, -(-total // AT_A_TIME))
    bounds = np.array([2**64 * k // count for k in range(1, count)], np.uint64)
    ends = [[0, *h.searchsorted(bounds).tolist(), len(h)] for h in hashes]
    del hashes
    for k in range(count):
        cuts = [slice(end[k], end[k + 1]) for end in ends]
        first, item, second = (
            np.concatenate([chunk.piece(name, cut) for chunk, cut in zip(chunks, cuts, strict=True)])
            for name in ("sorted", "order", "second")
        )
        order = np.argsort(first, kind="stable")
        chunk = np.repeat(np.arange(len(chunks)), [cut.stop - cut.start for cut in cuts])
        yield Merged(first[order], chunk[order], item[order].astype(np.int64), second[order])


def first_of_each(found: Merged) -> Bool[np.ndarray, " n"]:
    """True for every item that is not equal to an earlier one."""
    hashes, second = found.hashes, found.second
    begins = np.append(True, hashes[1:] != hashes[:-1])
    first = begins.copy()
    group_first = np.maximum.accumulate(np.where(begins, np.arange(len(hashes)), 0))
    unlike = np.flatnonzero(second != second[group_first])  # other items of the same hash, hardly ever any
    first[unlike] = True
    for group in np.unique(group_first[unlike]).tolist():
        seen: set[int] = set()
        for i in range(group, len(hashes)):
            if hashes[i] != hashes[group]:
                break
            first[i] = int(second[i]) not in seen
            seen.add(int(second[i]))
    return first
