"""More items like those of the list, from whatever draws them: told apart from the known ones, each once."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Integer

from moreish.cancellation import check_cancelled
from moreish.data import Corpus, Vocab
from moreish.data.corpus import WHERE, Where, codes_of
from moreish.data.ragged import gather
from moreish.data.reader import LF
from moreish.inference.drawn import Drawn
from moreish.inference.nearest import Nearest
from moreish.inference.ranking import Apart
from moreish.inference.seen import Seen

TIRED = 1_000  # the same before what is drawn from leaves less out, where it can
FRUITLESS = 20_000  # items drawn in a row without a wanted one before giving up
FRUITLESS_EFFORT = 200_000  # beginnings followed, each symbol of each, before the same
FIRST_BATCH, LARGEST_BATCH = 32, 4096  # items drawn at a time, each time twice as many


class Item(NamedTuple):
    """An item that was made.

    logprob : of the whole item under the model, in nats
    known : where the list has it already
    nearest, distance : the nearest known item, and how many edits of a symbol it is away; None where nobody asked
    """

    text: str
    logprob: float
    known: Where
    nearest: str | None = None
    distance: int | None = None

    @property
    def is_new(self) -> bool:
        """Whether the list does not have it."""
        return self.known == "new"


class Batches(NamedTuple):
    """What draws so many items, and how many at a time: at first, and at most, doubling in between.

    bolder : what draws instead once TIRED draws in a row gave nothing that is wanted
    fits : which of what was drawn is given; until then, or, where it is `firm`, always
    """

    draw: Callable[[int], Drawn]
    first: int = FIRST_BATCH
    largest: int = LARGEST_BATCH
    bolder: Callable[[int], Drawn] | None = None
    fits: Callable[[Drawn], Bool[np.ndarray, " items"]] | None = None
    firm: bool = True

    def emboldened(self) -> "Batches":
        """Once they gave nothing that is wanted."""
        assert self.bolder is not None
        return Batches(self.bolder, self.first, self.largest, fits=self.fits if self.firm else None)


class Wanted(NamedTuple):
    """Which of the items that are drawn are given.

    unique : each once
    new_by : at least so many edits away from every known one; 0: known ones too
    apart : no two that are given are within so many edits of each other
    ended : whole items only, none that was cut off
    """

    unique: bool = True
    new_by: int = 0
    apart: int = 0
    ended: bool = False


def more(
    batches: Batches, corpus: Corpus, count: int, wanted: Wanted, nearest: Nearest | None = None
) -> Iterator[Item]:
    """Up to `count` items, one at a time; how many are asked for does not change which come first.

    Empty items are passed over. Ends early after FRUITLESS draws without a wanted item: there may be no more of them.

    nearest : of the known items, to say of each that is given which of them is nearest; needed where `new_by` > 1
    """
    seen, apart = Seen(), Apart(wanted.apart)
    given, fruitless, effort, batch = 0, 0, 0, batches.first
    while given < count and fruitless < FRUITLESS and effort < FRUITLESS_EFFORT:
        check_cancelled()
        if batches.bolder is not None and fruitless >= TIRED:
            batches = batches.emboldened()
            fruitless = effort = 0
        drawn = batches.draw(batch)
        drawn = replace(drawn, ids=drawn.ids.astype(corpus.vocab.dtype, copy=False))
        where = corpus.where_ids(drawn.ids, drawn.offsets)
        fits = np.diff(drawn.offsets) > 1
        if batches.fits is not None:
            fits &= batches.fits(drawn)
        if wanted.ended:
            fits &= drawn.ended
        if wanted.new_by:
            fits &= where == 0
        if wanted.new_by > 1:
            assert nearest is not None
            fits[fits] = nearest.new_by(_some(drawn, np.flatnonzero(fits)), wanted.new_by)
        chosen = np.flatnonzero(fits)
        if wanted.unique:
            chosen = chosen[_first_time(seen, corpus.vocab, drawn, chosen)]
        if wanted.apart:
            chosen = chosen[[apart.from_all(drawn.item(i)) for i in chosen.tolist()]]
        fruitless = batch - 1 - int(chosen[-1]) if len(chosen) else fruitless + batch
        effort = 0 if len(chosen) else effort + drawn.effort
        chosen = chosen[: count - given]
        yield from _items(_some(drawn, chosen), where[chosen], corpus, nearest)
        given += len(chosen)
        batch = min(2 * batch, batches.largest)


def _items(
    drawn: Drawn, where: Integer[np.ndarray, " items"], corpus: Corpus, nearest: Nearest | None
) -> Iterator[Item]:
    texts = corpus.vocab.decode_items(drawn.ids[1:])
    known = [WHERE[i] for i in where.tolist()]
    if nearest is None or not len(drawn):
        yield from map(Item, texts, drawn.logprob.tolist(), known)
        return
    found = nearest.find(drawn.ids, drawn.offsets)
    names = [nearest.text(i) for i in found.which.tolist()]
    yield from map(Item, texts, drawn.logprob.tolist(), known, names, found.distance.tolist())


def _some(drawn: Drawn, which: Integer[np.ndarray, " some"]) -> Drawn:
    """These of the items."""
    lengths = np.diff(drawn.offsets)[which]
    ids = np.concatenate([np.zeros(1, drawn.ids.dtype), gather(drawn.ids, drawn.offsets, which)])
    return Drawn(ids, np.append(0, np.cumsum(lengths)), drawn.logprob[which], drawn.ended[which])


def _first_time(
    seen: Seen, vocab: Vocab, drawn: Drawn, chosen: Integer[np.ndarray, " chosen"]
) -> Bool[np.ndarray, " chosen"]:
    """Whether each of these was never drawn before: letters that are made of several can be one text in two ways."""
    ids = gather(drawn.ids, drawn.offsets, chosen)
    if vocab.unit == "grapheme":
        ids, ends = codes_of(vocab.decode_items(ids))
        ids = np.where(ids == LF, 0, ids)
    else:
        ends = np.flatnonzero(ids == 0)
    return seen.add(np.concatenate([np.zeros(1, ids.dtype), ids]), np.append(0, ends + 1))
