"""The models that a blend is made of, made from the items of one list. numpy only."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Integer

from moreish import ngram
from moreish.background.endings import Endings
from moreish.background.lengths import Lengths
from moreish.background.reader import Cell, ListReader, read_list
from moreish.background.shape import ListShape, ShapeModel, end_odds, flat, frequencies
from moreish.rng import rng_for

HIGHEST_ORDER, USUAL_ORDER = 12, 6
LONGER = 0.2  # share of its loss that an order above the usual must gain: long phrases in common do (docs/log.md)
FOLDS = 5
MOST_MEASURED = 2_000  # symbols that are foretold in one fold
MOST_READ = 3_000  # symbols of a list that are read, a random part of a longer one

Items = Sequence[Integer[np.ndarray, " _"]]


@dataclass(frozen=True)
class Fold:
    """A part of the items that is measured on what is made from the others."""

    kept: list[Integer[np.ndarray, " _"]]
    held_out: list[Integer[np.ndarray, " _"]]


def folds_of(items: Items, seed: int, count: int = FOLDS) -> list[Fold]:
    """`count` folds, of sizes that differ by one at most; of long items as many are held out as can be measured.

    Of equal items, as one name of several kinds is, one is held out and none is kept: what is measured was never
    seen, and counts once.
    """
    places: dict[bytes, list[int]] = {}
    for i, item in enumerate(items):
        places.setdefault(item.tobytes(), []).append(i)
    different = [*places.values()]
    order = [different[k] for k in rng_for(seed, "folds").permutation(len(different))]
    found = []
    for k in range(min(count, len(different))):
        held_out = [equal[0] for equal in order[k::count]]
        rest = np.setdiff1d(np.arange(len(items)), np.concatenate(order[k::count]))
        sizes = np.cumsum([len(items[i]) + 1 for i in held_out])
        measured = held_out[: max(1, int(np.searchsorted(sizes, MOST_MEASURED)))]
        found.append(Fold([items[i] for i in rest], [items[i] for i in measured]))
    return found


def best_order(folds: Sequence[Fold], vocab_size: int) -> int:
    """The order of Kneser-Ney that loses least in cross-validation."""
    losses = []
    for order in range(1, HIGHEST_ORDER + 1):
        loss = 0.0
        for fold in folds:
            model = ngram.KneserNey.fit(*flat(fold.kept), vocab_size, order)
            loss -= float(model.score(*flat(fold.held_out)).sum())
        losses.append(loss)
        if len(losses) > 2 and losses[-1] > losses[-2] > losses[-3]:
            break
    best, usual = int(np.argmin(losses)), int(np.argmin(losses[:USUAL_ORDER]))
    return (best if losses[best] < (1 - LONGER) * losses[usual] else usual) + 1


def absent_from(items: Items, vocab_size: int) -> Integer[np.ndarray, " absent"]:
    """The ids that no item has, as those of other kinds of a list; the boundary is in all."""
    return np.flatnonzero(np.bincount(flat(items)[0], minlength=vocab_size) == 0)


def shape_of(symbols: Sequence[str], items: Items) -> ListShape:
    """The shape of these items."""
    lengths = np.array([len(item) for item in items])
    size = sum(len(item) + 1 for item in items)
    frequency = frequencies(items, len(symbols) + 1)
    classes = ShapeModel.fit(symbols, items)
    endings = Endings.of(classes.class_of, items)
    return ListShape(classes, frequency, end_odds(lengths), size, Lengths.of(lengths), endings)


def reader_of(cell: Cell, items: Items, orders: int, seed: int, first: int = 0) -> ListReader:
    """The net after it read the items in so many orders, of which `first` is the number of the first."""
    return readers_of(cell, [items], orders, seed, first)[0]


def readers_of(cell: Cell, lists: Sequence[Items], orders: int, seed: int, first: int = 0) -> list[ListReader]:
    """The net after it read each of these lists; all are read side by side, which takes hardly longer than one."""
    streams = []
    for items in lists:
        for k in range(first, first + orders):
            order = rng_for(seed, "reading", k).permutation(len(items))
            streams.append(_from_a_boundary(flat([items[i] for i in order])[0][-MOST_READ:]))
    memory = read_list(cell, streams)
    rows = np.arange(len(streams)).reshape(-1, orders)
    return [ListReader(cell, memory.take(own)) for own in rows]


def _from_a_boundary(stream: Integer[np.ndarray, " N"]) -> Integer[np.ndarray, " M"]:
    return stream[int(np.argmax(stream == 0)) :]
