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
    orders, seconds = ([chunk.array(name) for chunk in chunks] for name in ("order", "second"))
    total = sum(map(len, hashes))
    bounds = [(2**64 * k // max(1, -(-total // AT_A_TIME))) for k in range(1, -(-total // AT_A_TIME))]
    ends = [[0, *h.searchsorted(np.array(bounds, np.uint64)).tolist(), len(h)] for h in hashes]
    for k in range(len(bounds) + 1):
        pieces = [slice(end[k], end[k + 1]) for end in ends]
        first = np.concatenate([h[piece] for h, piece in zip(hashes, pieces, strict=True)])
        order = np.argsort(first, kind="stable")
        chunk = np.repeat(np.arange(len(chunks)), [piece.stop - piece.start for piece in pieces])
        item = np.concatenate([o[piece] for o, piece in zip(orders, pieces, strict=True)]).astype(np.int64)
        second = np.concatenate([s[piece] for s, piece in zip(seconds, pieces, strict=True)])
        yield Merged(first[order], chunk[order], item[order], second[order])


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
