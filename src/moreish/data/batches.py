"""From flat ids to batches: fixed windows for models that look at the last few symbols, whole sequences for the rest.

Both are built from the flat array and its offsets, vectorised and in its own small dtype. Sequences are grouped by
length, so no padding is ever computed.
"""

import copy
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Bool, Float, Integer, Num

from moreish.data.corpus import Split
from moreish.rng import rng_for


class Batch(NamedTuple):
    """x and y as arrays of ids; `weight` is the batch's tokens over the mean tokens of a batch; the kind of each row.

    x is (B, block_size) and y (B,) for windows; both are (B, T) for sequences. Multiplying the mean loss by
    `weight` before backward makes an epoch's sum of gradients the gradient of the token-weighted loss.
    """

    x: np.ndarray
    y: np.ndarray
    weight: float
    kinds: np.ndarray | None = None


class Draws(NamedTuple):
    """The batches of some steps as places in the flat ids: where a row begins, or where its window ends.

    Step s reads the next `rows[s]` of the `places`, `steps[s]` ids each (1 for windows), and its batch has
    `weights[s]`. The kind of each row, where the list has kinds.
    """

    places: Integer[np.ndarray, " rows"]
    kinds: Integer[np.ndarray, " rows"] | None
    rows: Integer[np.ndarray, " S"]
    steps: Integer[np.ndarray, " S"]
    weights: Float[np.ndarray, " S"]


def windows(split: Split, block_size: int) -> tuple[Integer[np.ndarray, "N block_size"], Integer[np.ndarray, " N"]]:
    """Every predicted symbol with the `block_size` ids before it, the boundary repeated before an item's start.

    For "emma" and block 3: ...>e ..e>m .em>m emm>a mma>. ; N is `split.n_predicted`.
    """
    ids = split.ids
    x = np.zeros((len(ids) - 1, block_size), ids.dtype)
    inside = ids[:-1] != 0  # is the symbol just before still in the same item as the prediction?
    column = ids[:-1]
    for lag in range(1, block_size + 1):
        x[:, block_size - lag] = column
        shifted = np.zeros_like(column)
        np.multiply(column[:-1], inside[1:], out=shifted[1:])
        column = shifted
    return x, ids[1:]


class WindowBatches:
    """Shuffled batches of windows, the same for the same seed, reachable by step.

    Without replacement; where the list has weights each is drawn as often as its item's weight says.
    """

    def __init__(self, split: Split, block_size: int, batch_size: int, seed: int) -> None:
        self.x, self.y = windows(split, block_size)
        spans = np.diff(split.offsets)
        self.kinds = None if split.kinds is None else np.repeat(split.kinds, spans)
        self.drawn = None if split.weights is None else Weighted(np.repeat(split.weights, spans))
        self.seed = seed
        self.batch_size = min(batch_size, len(self.y))
        self.per_epoch = len(self.y) // self.batch_size
        self._order = lru_cache(1)(self._drawn)

    def of_seed(self, seed: int) -> "WindowBatches":
        """The batches of another seed, of the same windows in memory."""
        other = copy.copy(self)
        other.seed, other._order = seed, lru_cache(1)(other._drawn)
        return other

    def _drawn(self, index: int) -> Integer[np.ndarray, " N"]:
        """The windows in the order of this pass."""
        rng = rng_for(self.seed, "batches", index)
        return rng.permutation(len(self.y)) if self.drawn is None else self.drawn(len(self.y), rng)

    def epoch(self, index: int, skip: int = 0) -> Iterator[Batch]:
        """The batches of one pass but the first `skip`; a remainder smaller than a batch waits for the next pass."""
        order = self._order(index)
        for b in range(skip, self.per_epoch):
            rows = order[b * self.batch_size : (b + 1) * self.batch_size]
            yield Batch(self.x[rows], self.y[rows], 1.0, None if self.kinds is None else self.kinds[rows])

    def draws(self, step: int, count: int) -> Draws:
        """The same batches from this step on, as places."""
        size, pieces = self.batch_size, []
        while count:
            epoch, skip = divmod(step, self.per_epoch)
            now = min(count, self.per_epoch - skip)
            pieces.append(self._order(epoch)[skip * size : (skip + now) * size])
            step, count = step + now, count - now
        places = pieces[0] if len(pieces) == 1 else np.concatenate(pieces)
        ones = np.ones(len(places) // size, np.int64)
        kinds = None if self.kinds is None else self.kinds[places]
        return Draws(places, kinds, ones * size, ones, np.ones(len(ones)))


class Weighted:
    """Places drawn with replacement, each as often as its weight says, by inverting the cumulative sum."""

    def __init__(self, weights: Num[np.ndarray, " N"]) -> None:
        self.ends = np.cumsum(weights, dtype=np.float64)

    def __call__(self, count: int, rng: np.random.Generator) -> Integer[np.ndarray, " count"]:
        """So many places."""
        return np.searchsorted(self.ends, rng.random(count) * self.ends[-1], side="right").clip(
            max=len(self.ends) - 1
        )


@dataclass(frozen=True)
class Pieces:
    """Stretches of the flat array to be read as sequences: `ids[start : start + length]` predicts the next each.

    `items` says of which item each is. An item no longer than `block_size` symbols and its end is one piece; a longer
    one is cut.
    """

    starts: Integer[np.ndarray, " M"]
    lengths: Integer[np.ndarray, " M"]
    items: Integer[np.ndarray, " M"]

    @classmethod
    def of(cls, split: Split, block_size: int) -> "Pieces":
        """Cut every item of the split into pieces of at most `block_size` predicted ids."""
        spans = np.diff(split.offsets)
        counts = -(-spans // block_size)
        first = np.repeat(split.offsets[:-1], counts)
        nth = np.arange(len(first)) - np.repeat(np.cumsum(counts) - counts, counts)
        lengths = np.minimum(np.repeat(spans, counts) - nth * block_size, block_size)
        return cls(first + nth * block_size, lengths, np.repeat(np.arange(len(split)), counts))

    def chosen(self, which: Bool[np.ndarray, " M"]) -> "Pieces":
        """Those of them."""
        return Pieces(self.starts[which], self.lengths[which], self.items[which])

    def grouped(self, order: Integer[np.ndarray, " M"], rows: int = 0, tokens: int = 0) -> list[np.ndarray]:
        """Groups of one length in this order, of at most `rows` rows and `tokens` predictions (0: no limit)."""
        if not len(order):
            return []
        by_length = order[np.argsort(self.lengths[order], kind="stable")]
        edges = np.flatnonzero(np.diff(self.lengths[by_length])) + 1
        groups = []
        for same_length in np.split(by_length, edges):
            size = rows or len(same_length)
            if tokens:
                size = min(size, max(1, tokens // int(self.lengths[same_length[0]])))
            groups += [same_length[i : i + size] for i in range(0, len(same_length), size)]
        return groups

    def read(self, ids: Integer[np.ndarray, " N"], rows: Integer[np.ndarray, " B"]) -> np.ndarray:
        """The ids of these rows, which have one length T: (B, T + 1)."""
        return ids[self.starts[rows, None] + np.arange(int(self.lengths[rows[0]]) + 1)]


class SequenceBatches:
    """Shuffled batches of whole items, each batch of one length, the same for the same seed, reachable by step.

    Where every piece is a cut of a longer text, the cuts move from epoch to epoch, so that each symbol is seen
    with contexts of every length. Where the list has weights, a length and then items of that length are drawn, each
    as often as its weight says.
    """

    def __init__(self, split: Split, block_size: int, batch_size: int, seed: int) -> None:
        self.ids, self.seed, self.batch_size = split.ids, seed, batch_size
        self.block_size = block_size
        self.pieces = Pieces.of(split, block_size)
        can_move = self.pieces.starts + 2 * block_size <= len(
            split.ids
        )  # for the cuts to move by up to a block less one
        self.one_text = len(split.offsets) == 2 and bool(can_move.any())
        if self.one_text:
            self.pieces = self.pieces.chosen(can_move)
        groups = self.pieces.grouped(np.arange(len(self.pieces.starts)), batch_size)
        self.per_epoch = len(groups)
        self.mean_tokens = float(self.pieces.lengths.sum()) / self.per_epoch
        self.kinds = None if split.kinds is None else split.kinds[self.pieces.items]
        self._weights = None if split.weights is None else split.weights[self.pieces.items]
        self._epoch = lru_cache(1)(self._drawn)

    def of_seed(self, seed: int) -> "SequenceBatches":
        """The batches of another seed, of the same pieces in memory."""
        other = copy.copy(self)
        other.seed, other._epoch = seed, lru_cache(1)(other._drawn)
        return other

    def _drawn(self, index: int) -> tuple[Pieces, list[Integer[np.ndarray, " B"]]]:
        """The pieces of this pass, and which of them make each batch."""
        rng = rng_for(self.seed, "batches", index)
        pieces = self.pieces
        if self.one_text:
            pieces = replace(pieces, starts=pieces.starts + rng.integers(self.block_size))
        return pieces, list(self._rows(pieces, rng))

    def draws(self, step: int, count: int) -> Draws:
        """The batches from this step on, as places."""
        places, steps, which = [], [], []
        for at in range(step, step + count):
            epoch, b = divmod(at, self.per_epoch)
            pieces, batches = self._epoch(epoch)
            places.append(pieces.starts[batches[b]])
            steps.append(pieces.lengths[batches[b][0]])
            which.append(batches[b])
        rows = np.array([len(each) for each in which], np.int64)
        lengths = np.array(steps, np.int64)
        kinds = None if self.kinds is None else self.kinds[np.concatenate(which)]
        return Draws(np.concatenate(places), kinds, rows, lengths, rows * lengths / self.mean_tokens)

    def epoch(self, index: int, skip: int = 0) -> Iterator[Batch]:
        """The batches of one pass over all pieces but the first `skip`."""
        pieces, batches = self._epoch(index)
        for rows in batches[skip:]:
            block = pieces.read(self.ids, rows)
            kinds = None if self.kinds is None else self.kinds[rows]
            yield Batch(block[:, :-1], block[:, 1:], block[:, 1:].size / self.mean_tokens, kinds)

    def _rows(self, pieces: Pieces, rng: np.random.Generator) -> Iterator[Integer[np.ndarray, " B"]]:
        """The pieces of each batch."""
        if self._weights is None:
            groups = pieces.grouped(rng.permutation(len(pieces.starts)), self.batch_size)
            yield from (groups[g] for g in rng.permutation(len(groups)))
            return
        lengths, length_of = np.unique(pieces.lengths, return_inverse=True)
        by_length = [np.flatnonzero(length_of == i) for i in range(len(lengths))]
        drawn = [Weighted(self._weights[rows]) for rows in by_length]
        for i in Weighted(np.bincount(length_of, self._weights))(self.per_epoch, rng):
            yield by_length[i][drawn[i](min(self.batch_size, len(by_length[i])), rng)]


@runtime_checkable
class Batches(Protocol):
    """Batches in the order that a seed gives, epoch after epoch."""

    @property
    def per_epoch(self) -> int:
        """How many there are in an epoch."""
        ...

    def epoch(self, index: int, skip: int = 0) -> Iterator[Batch]:
        """Those of one epoch but the first `skip`."""
        ...


def batches_from(source: Batches, step: int) -> Iterator[Batch]:
    """Batches without end, beginning with the one that belongs to `step`."""
    epoch, skip = divmod(step, source.per_epoch)
    while True:
        yield from source.epoch(epoch, skip)
        epoch, skip = epoch + 1, 0
