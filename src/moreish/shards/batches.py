"""Batches straight from the map: any step's batch without the ones before it, in memory of one batch.

The order of an epoch is a permutation that is computed and not kept: a Feistel network over the numbers below a power
of four, walked on until it comes to one of the numbers that are wanted (Black and Rogaway 2002, cycle walking).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Int64, Integer

from moreish.data.batches import Batch
from moreish.data.hashing import GOLDEN, MASK, mix
from moreish.rng import rng_for
from moreish.shards.corpus import ShardedSplit
from moreish.shards.layout import Groups

ROUNDS = 6


class Permutation:
    """The numbers 0 .. n - 1 in an order that the key gives: `permutation(places)` says which stand there."""

    def __init__(self, n: int, key: int) -> None:
        self.n, self.half = n, max(1, -(-max(n - 1, 1).bit_length() // 2))
        self.keys = [np.uint64(mix(key + GOLDEN * (i + 1) & MASK)) for i in range(ROUNDS)]

    def __call__(self, places: Integer[np.ndarray, " B"]) -> Int64[np.ndarray, " B"]:
        """The numbers at these places, which are below n."""
        found = self._shuffled(places.astype(np.uint64))
        while (outside := np.flatnonzero(found >= self.n)).size:
            found[outside] = self._shuffled(found[outside])
        return found.astype(np.int64)

    def _shuffled(self, x: np.ndarray) -> np.ndarray:
        half, mask = np.uint64(self.half), np.uint64((1 << self.half) - 1)
        left, right = x >> half, x & mask
        for key in self.keys:
            left, right = right, left ^ (mix(right ^ key) & mask)
        return left << half | right


@dataclass(frozen=True)
class _Cuts:
    """Pieces of one length: of each group of items `each` an item, all but the last in the item `block` apart.

    first : (G_and_one,) the number of the first piece of each group, and of all
    """

    length: int
    start: Int64[np.ndarray, " G"]
    span: Int64[np.ndarray, " G"]
    each: Int64[np.ndarray, " G"]
    first: Int64[np.ndarray, " G_and_one"]
    block: int

    def starts(self, pieces: Integer[np.ndarray, " B"]) -> Int64[np.ndarray, " B"]:
        """Where these pieces begin."""
        group = self.first.searchsorted(pieces, side="right") - 1
        item, nth = np.divmod(pieces - self.first[group], self.each[group])
        return self.start[group] + item * self.span[group] + nth * self.block


class ShardedSequences:
    """As `data.batches.SequenceBatches`: whole items, cut where longer than a block, each batch of one length."""

    def __init__(self, split: ShardedSplit, block_size: int, batch_size: int, seed: int) -> None:
        self.split, self.block_size, self.batch_size, self.seed = split, block_size, batch_size, seed
        self.one_text = len(split) == 1 and split.n_predicted >= 2 * block_size
        self.cuts = self._text_cuts() if self.one_text else self._item_cuts(split.groups)
        self.batches = np.append(0, np.cumsum([-(-int(cut.first[-1]) // batch_size) for cut in self.cuts]))
        self.per_epoch = int(self.batches[-1])
        tokens = sum(cut.length * int(cut.first[-1]) for cut in self.cuts)
        self.mean_tokens = tokens / self.per_epoch

    def _text_cuts(self) -> list[_Cuts]:
        """Of a running text: as many whole blocks as can be moved by up to a block less one."""
        size = self.block_size
        each = (self.split.n_predicted + 1 - 2 * size) // size + 1
        whole = np.array([self.split.n_predicted])
        return [_Cuts(size, np.zeros(1, np.int64), whole, np.array([each]), np.array([0, each]), size)]

    def _item_cuts(self, groups: Groups) -> list[_Cuts]:
        spans, counts, places, size = groups.spans, groups.counts, groups.places, self.block_size
        found = []
        rests = spans % size
        for length in np.unique(np.append(rests[rests > 0], size if (spans >= size).any() else 0)).tolist():
            if not length:
                continue
            whole = length == size
            which = np.flatnonzero(spans >= size if whole else rests == length)
            each = spans[which] // size if whole else np.ones(len(which), np.int64)
            start = places[:-1][which] + (0 if whole else spans[which] - length)
            first = np.append(0, np.cumsum(counts[which] * each))
            found.append(_Cuts(length, start, spans[which], each, first, size))
        return found

    def epoch(self, index: int, skip: int = 0) -> Iterator[Batch]:
        """The batches of one pass over all pieces, from the one after the first `skip`."""
        key = int(rng_for(self.seed, "batches", index).integers(2**63))
        order = Permutation(self.per_epoch, key)
        within = [Permutation(int(cut.first[-1]), key + cut.length) for cut in self.cuts]
        shift = int(rng_for(self.seed, "shift", index).integers(self.block_size)) if self.one_text else 0
        for place in range(skip, self.per_epoch):
            batch = int(order(np.array([place]))[0])
            group = int(self.batches.searchsorted(batch, side="right")) - 1
            cut, low = self.cuts[group], (batch - int(self.batches[group])) * self.batch_size
            rows = within[group](np.arange(low, min(low + self.batch_size, int(cut.first[-1]))))
            block = self.split.flat.take((cut.starts(rows) + shift)[:, None] + np.arange(cut.length + 1))
            yield Batch(block[:, :-1], block[:, 1:], block[:, 1:].size / self.mean_tokens)


class ShardedWindows:
    """As `data.batches.WindowBatches`: every predicted symbol with the ids before it."""

    def __init__(self, split: ShardedSplit, block_size: int, batch_size: int, seed: int) -> None:
        self.split, self.block_size, self.seed = split, block_size, seed
        self.batch_size = min(batch_size, split.n_predicted)
        self.per_epoch = split.n_predicted // self.batch_size

    @cached_property
    def _back(self) -> Int64[np.ndarray, " block_and_one"]:
        return np.arange(-self.block_size, 1)

    def epoch(self, index: int, skip: int = 0) -> Iterator[Batch]:
        """The batches of one pass, from the one after the first `skip`; a remainder waits for the next pass."""
        key = int(rng_for(self.seed, "batches", index).integers(2**63))
        order = Permutation(self.split.n_predicted, key)
        for batch in range(skip, self.per_epoch):
            rows = order(np.arange(batch * self.batch_size, (batch + 1) * self.batch_size)) + 1
            ids = self.split.flat.take(np.maximum(rows[:, None] + self._back, 0))
            x = ids[:, :-1]
            outside = np.logical_or.accumulate(x[:, ::-1] == 0, axis=1)[:, ::-1]
            yield Batch(np.where(outside, x.dtype.type(0), x), ids[:, -1], 1.0)
