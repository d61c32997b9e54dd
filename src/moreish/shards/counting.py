"""n-grams of a list of any length, counted in bounded memory: sorted runs, merged.

Every place of the list is the beginning of one path: the `order` symbols from there on, up to the end of the item and
filled up with boundaries. A path is a few bits a symbol in one or more 64-bit words, so that sorting numbers sorts
paths; sorted and counted they are the n-grams of all orders at once, since an n-gram begins as many paths as it
occurs. Where there are few possible paths they are counted in a table instead.

What is found in a stretch is merged into what was found before; where that grows too large it goes to the disk as one
run, and at the end the runs are merged, a stretch of paths at a time.
"""

import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Int64, Integer, UInt64

from moreish.ngram.counts import Counts
from moreish.shards.corpus import ShardedSplit

STRETCH = 2**22  # places at a time
MOST_IN_MEMORY = 2**23  # different paths
LARGEST_TABLE = 2**24  # possible paths
STRETCH_OF_TABLE = 2**24


@dataclass(frozen=True)
class Packing:
    """How a path lies in words: the first symbols in the high bits of the first word."""

    order: int
    bits: int

    @classmethod
    def of(cls, vocab_size: int, order: int) -> "Packing":
        """For ids below vocab_size."""
        return cls(order, max(1, (vocab_size - 1).bit_length()))

    @property
    def in_a_word(self) -> int:
        """How many symbols."""
        return min(self.order, 64 // self.bits)

    @property
    def words(self) -> int:
        """Of a path."""
        return -(-self.order // self.in_a_word)

    def shift(self, k: int) -> tuple[int, int]:
        """(word, low bits below it) of the k-th symbol."""
        word, place = divmod(k, self.in_a_word)
        return word, self.bits * (self.in_a_word - 1 - place)

    def symbol(self, paths: UInt64[np.ndarray, "words n"], k: int) -> Int64[np.ndarray, " n"]:
        """The k-th symbol of each path."""
        word, shift = self.shift(k)
        return (paths[word] >> np.uint64(shift) & np.uint64((1 << self.bits) - 1)).astype(np.int64)

    def paths(self, ids: Integer[np.ndarray, " n_and_order"]) -> UInt64[np.ndarray, "words n"]:
        """The path from each place of `ids` on but the last order - 1."""
        n = len(ids) - self.order + 1
        found = np.zeros((self.words, n), np.uint64)
        inside = np.ones(n, np.bool_)
        for k in range(self.order):
            symbol = np.where(inside, ids[k : k + n], ids.dtype.type(0))
            if k:
                inside &= symbol != 0
            word, shift = self.shift(k)
            found[word] |= symbol.astype(np.uint64) << np.uint64(shift)
        return found


@dataclass(frozen=True)
class Run:
    """Different paths, ascending, and how often each occurs."""

    paths: UInt64[np.ndarray, "words n"]
    counts: Int64[np.ndarray, " n"]

    def __len__(self) -> int:
        return self.paths.shape[1]

    @classmethod
    def sorted(cls, paths: UInt64[np.ndarray, "words n"], counts: Int64[np.ndarray, " n"] | None = None) -> "Run":
        """Of paths in any order; each counts once where no counts are given."""
        if len(paths) == 1 and counts is None:
            found, often = np.unique(paths[0], return_counts=True)
            return cls(found[None], often.astype(np.int64))
        order = np.argsort(paths[0], kind="stable") if len(paths) == 1 else np.lexsort(paths[::-1])
        paths = paths[:, order]
        starts = np.flatnonzero(_differs(paths))
        often = np.diff(np.append(starts, paths.shape[1])) if counts is None else None
        if counts is not None:
            often = np.add.reduceat(counts[order], starts) if len(starts) else counts
        assert often is not None
        return cls(paths[:, starts], often.astype(np.int64))

    def merged(self, other: "Run") -> "Run":
        """Both together."""
        return Run.sorted(np.concatenate([self.paths, other.paths], 1), np.concatenate([self.counts, other.counts]))

    def keep(self, folder: Path, number: int) -> "Run":
        """The same on the disk."""
        for name, array in (("paths", self.paths), ("counts", self.counts)):
            np.save(folder / f"{number}.{name}.npy", array)
        paths, counts = (np.load(folder / f"{number}.{name}.npy", mmap_mode="r") for name in ("paths", "counts"))
        return Run(paths, counts)


def count_sharded(split: ShardedSplit, vocab_size: int, order: int, most: int = MOST_IN_MEMORY) -> Counts:
    """`ngram.count_ngrams` of a sharded split; `most` paths are held in memory besides a stretch of the list."""
    if not len(split):
        raise ValueError("there are no items to count")
    packing = Packing.of(vocab_size, max(order, 1))
    if order and vocab_size**order <= LARGEST_TABLE:
        run = _by_table(split, vocab_size, packing)
        return trie(run, packing, vocab_size, order)
    where = split.folder if os.access(split.folder, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="counting-", dir=where) as folder:
        run = _by_runs(split, packing, most, Path(folder))
        return trie(run, packing, vocab_size, order)


def _stretches(split: ShardedSplit, order: int, size: int) -> Iterator[np.ndarray]:
    """The ids with those after them that their paths reach, each place once but the last boundary."""
    n = len(split.flat)
    for start in range(0, n - 1, size):
        stop = min(start + size, n - 1)
        ids = split.flat.between(start, min(stop + order - 1, n))
        yield np.append(ids, np.zeros(stop - start + order - 1 - len(ids), ids.dtype))


def _by_table(split: ShardedSplit, vocab_size: int, packing: Packing) -> Run:
    table = np.zeros(vocab_size**packing.order, np.int64)
    for ids in _stretches(split, packing.order, STRETCH_OF_TABLE):
        n = len(ids) - packing.order + 1
        number, inside = ids[:n].astype(np.intp), np.ones(n, np.bool_)
        for k in range(1, packing.order):
            symbol = np.where(inside, ids[k : k + n], ids.dtype.type(0))
            inside &= symbol != 0
            number *= vocab_size
            number += symbol
        table += np.bincount(number, minlength=len(table))
    found = np.flatnonzero(table)
    paths, left = np.zeros((packing.words, len(found)), np.uint64), found
    for k in reversed(range(packing.order)):
        left, symbol = np.divmod(left, vocab_size)
        word, shift = packing.shift(k)
        paths[word] |= symbol.astype(np.uint64) << np.uint64(shift)
    return Run(paths, table[found])


def _by_runs(split: ShardedSplit, packing: Packing, most: int, folder: Path) -> Run:
    kept: list[Run] = []
    now = Run(np.zeros((packing.words, 0), np.uint64), np.zeros(0, np.int64))
    for ids in _stretches(split, packing.order, min(STRETCH, most)):
        now = now.merged(Run.sorted(packing.paths(ids)))
        if len(now) > most:
            kept.append(now.keep(folder, len(kept)))
            now = Run(now.paths[:, :0], now.counts[:0])
    if not kept:
        return now
    return _merged([*kept, now.keep(folder, len(kept))], most, folder)


def _merged(runs: Sequence[Run], most: int, folder: Path) -> Run:
    """Of runs on the disk, to the disk: as many of the paths at a time as fit."""
    words, total = len(runs[0].paths), sum(map(len, runs))
    sample = max(1, most // (4 * len(runs)))
    firsts = np.sort(np.concatenate([run.paths[0, ::sample] for run in runs]))
    bounds = np.unique(firsts[2 * len(runs) :: 2 * len(runs)])
    ends = [[0, *run.paths[0].searchsorted(bounds).tolist(), len(run)] for run in runs]
    files = [open(folder / name, "wb") for name in (*(f"{k}.merged" for k in range(words)), "counts.merged")]  # noqa: SIM115
    written = 0
    for k in range(len(bounds) + 1):
        cuts = [slice(end[k], end[k + 1]) for end in ends]
        piece = Run.sorted(
            np.concatenate([run.paths[:, cut] for run, cut in zip(runs, cuts, strict=True)], 1),
            np.concatenate([run.counts[cut] for run, cut in zip(runs, cuts, strict=True)]),
        )
        for file, row in zip(files, (*piece.paths, piece.counts), strict=True):
            file.write(np.ascontiguousarray(row).tobytes())
        written += len(piece)
    for file in files:
        file.close()
    assert written <= total
    paths = np.stack([np.fromfile(folder / f"{k}.merged", np.uint64) for k in range(words)])
    return Run(paths, np.fromfile(folder / "counts.merged", np.int64))


def trie(run: Run, packing: Packing, vocab_size: int, order: int) -> Counts:
    """The n-grams of all orders: those of order k are the different beginnings of paths, k symbols long."""
    keys, counts, levels = [np.array([-1])], [np.array([int(run.counts.sum())])], [0, 1]
    new, alive, node = np.zeros(len(run), np.bool_), np.ones(len(run), np.bool_), np.zeros(len(run), np.int64)
    new[:1] = True
    symbol = np.zeros(0, np.int64)
    for level in range(1, order + 1):
        if level > 2:
            alive &= symbol != 0  # what ended has no children
        symbol = packing.symbol(run.paths, level - 1)
        new[1:] |= symbol[1:] != symbol[:-1]
        rows = np.flatnonzero(alive)
        begins = np.flatnonzero(new[rows])
        first = rows[begins]
        keys.append((levels[-2] + node[first]) * vocab_size + symbol[first])
        counts.append(np.add.reduceat(run.counts[rows], begins))
        node[rows] = np.cumsum(new[rows]) - 1
        levels.append(levels[-1] + len(begins))
    return Counts(vocab_size, np.array(levels), np.concatenate(keys), np.concatenate(counts))


def _differs(paths: UInt64[np.ndarray, "words n"]) -> Bool[np.ndarray, " n"]:
    """Whether each path is another than the one before it."""
    differs = np.ones(paths.shape[1], np.bool_)
    differs[1:] = (paths[:, 1:] != paths[:, :-1]).any(0)
    return differs
