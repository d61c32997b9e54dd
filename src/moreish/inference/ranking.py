"""Ranking: the most probable items in order, from any model, under any rule, with a word about what is certain.

Beam searches of growing width (complete anytime beam search, Zhang 1998). After each of them every item that ranks
before what the search let go is certain and given out; the next search is wider, until all places are certain or
the effort is spent. With an n-gram the bound on what a prefix can lead to is nearly always reached, so a beam as wide
as the number of items asked for is enough, which is A* (Hart, Nilsson & Raphael 1968) level by level. Any other
model only promises that no item is likelier than its beginning.
"""

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Integer
from rapidfuzz import process
from rapidfuzz.distance import Levenshtein

from moreish.automata import Automaton, everything
from moreish.data import Split
from moreish.inference.beam import GRID, LAST, Beam, Found, Wanted
from moreish.models.contract import LanguageModel
from moreish.models.mixture import Mixture
from moreish.ngram import Backoff
from moreish.options import option

FIRST_WIDTH = 64
WIDEN = 4  # how much wider the next search is
LAST_WIDTH = 16  # times the items asked for: wide enough to look for what is not certain


@dataclass(frozen=True)
class Effort:
    """When to stop though not all places are certain."""

    prefixes: int = option(4_000_000, "beginnings of items read in all", low=1)
    seconds: float = option(60.0, "time in all", above=0)
    width: int = option(2**18, "beginnings of one length held at once", low=1)


class RankedItem(NamedTuple):
    """One item of a ranking.

    ids     : (T,) symbols, without boundaries
    logprob : of the whole item under the untouched model, its end included
    certain : whether no missing item can rank before it
    """

    ids: Integer[np.ndarray, " T"]
    logprob: float
    certain: bool


class Unlisted:
    """Wants items that none of these lists has."""

    def __init__(self, lists: list[Split], vocab_size: int) -> None:
        self._dtype = np.min_scalar_type(vocab_size)
        by_length: dict[int, list[np.ndarray]] = {}
        for split in lists:
            for length in np.unique(split.lengths[split.lengths > 0]).tolist():
                begin = split.offsets[:-1][split.lengths == length] + 1
                by_length.setdefault(length, []).append(split.ids[begin[:, None] + np.arange(length)])
        self._listed = {length: np.unique(self._packed(np.concatenate(each))) for length, each in by_length.items()}

    def __call__(self, items: Integer[np.ndarray, "rows T"]) -> Bool[np.ndarray, " rows"]:
        """Which of these items of one length are on none of the lists."""
        listed = self._listed.get(items.shape[1])
        if listed is None:
            return np.ones(len(items), bool)
        packed = self._packed(items)
        return listed[np.minimum(np.searchsorted(listed, packed), len(listed) - 1)] != packed

    def _packed(self, items: np.ndarray) -> np.ndarray:
        """Each row as one value, to be compared at once."""
        rows = np.ascontiguousarray(items.astype(self._dtype))
        return rows.view(np.dtype((np.void, rows.itemsize * rows.shape[1])))[:, 0]


class Ranking(Iterator[RankedItem]):
    """Items by rank, each as soon as its place is certain; those whose place is not come at the end.

    given    : how many items came so far
    certain  : how many of them with a certain place
    at_most  : log probability that a wanted item that did not come so far can have; -inf where there is none
    exact    : whether the list is whole: it ended, and every place is certain
    prefixes : beginnings of items that the model has read
    """

    def __init__(self, beam: Beam, meter: "_Meter", count: int, apart: int) -> None:
        self.given, self.certain, self.at_most, self.exact = 0, 0, 0.0, False
        self._beam, self._meter, self._count, self._apart = beam, meter, count, Apart(apart)
        self._seen: set[bytes] = set()
        self._items = self._search()

    def __next__(self) -> RankedItem:
        """The next item. Raises StopIteration after the last."""
        return next(self._items)

    @property
    def prefixes(self) -> int:
        """How many beginnings of items the model has read."""
        return self._meter.read

    def verdict(self) -> str:
        """What is certain, in a few words; to be asked at the end."""
        if self.exact and self.given < self._count:
            return "these are all there are"
        if self.exact:
            return "exact"
        chance = f"1 in {math.exp(-self.at_most):,.0f}" if self.at_most > -700 else f"e^{self.at_most:.0f}"
        return f"the first {self.certain:,} places are certain; what is missing after them has at most {chance}"

    def _search(self) -> Iterator[RankedItem]:
        """All items. Without a distance to keep, no search needs to look for more than `count`."""
        width = self._meter.first
        while self.given < self._count:
            found = self._beam.search(width, width if self._apart.distance else min(self._count, width))
            yield from self._places(found, found.certain(), certain=True)
            if self.given == self._count:
                self.exact = True
                return
            if found.let_go == LAST:
                self.exact, self.at_most = True, -math.inf
                return
            self.at_most = min(self.at_most, -found.let_go.key / GRID)
            if not (wider := self._meter.wider(width)):
                yield from self._places(self._last_look(), None, certain=False)
                return
            width = min(wider, self._count) if self._beam.foresees and width < self._count else wider

    def _last_look(self) -> Found:
        """Not to show what is best, but to find what is good, with the other half of the effort."""
        self._meter.share = 1.0
        width, found = self._meter.first, Found.nothing()
        while width:
            found = found.merged(self._beam.search(width, max(width, self._count), sure=False))
            width = self._meter.wider(width) if width < LAST_WIDTH * self._count else 0
        return found

    def _places(self, found: Found, first: int | None, certain: bool) -> Iterator[RankedItem]:
        """The first items that were not seen yet and keep their distance."""
        for ids, logprob in found.items(first):
            key = ids.tobytes()
            if key in self._seen:
                continue
            self._seen.add(key)
            if not self._apart.from_all(ids):
                continue
            self.given += 1
            if certain:
                self.certain, self.at_most = self.given, logprob
            yield RankedItem(ids, logprob, certain)
            if self.given == self._count:
                return


class Apart:
    """Items of which no two are within an edit distance, in the order in which they come."""

    def __init__(self, distance: int) -> None:
        self.distance = distance
        self._taken: dict[int, list[tuple[int, ...]]] = {}

    def from_all(self, ids: np.ndarray) -> bool:
        """Whether this one is far enough from all that were taken; then it is taken too."""
        if not self.distance:
            return True
        item, reach = tuple(ids.tolist()), self.distance
        for length in range(len(item) - reach, len(item) + reach + 1):
            if process.extractOne(
                item, self._taken.get(length, []), scorer=Levenshtein.distance, processor=None, score_cutoff=reach
            ):
                return False
        self._taken.setdefault(len(item), []).append(item)
        return True


class _Meter:
    """What was spent, and what may still be: at first half of the effort."""

    def __init__(self, effort: Effort) -> None:
        self._effort, self.read, self.share, self._began = effort, 0, 0.5, time.monotonic()
        self._before = 0.0  # what was spent when the last search began

    @property
    def first(self) -> int:
        """How wide the first search is."""
        return min(FIRST_WIDTH, self._effort.width)

    def may_read(self, count: int) -> bool:
        """Whether so many more prefixes may be read; they are counted."""
        if self._spent(count) > self.share:
            return False
        self.read += count
        return True

    def wider(self, width: int) -> int:
        """How wide the next search can be, by what the last one took; 0 where there is no more to spend."""
        spent = self._spent()
        took, self._before = spent - self._before, spent
        wider = min(int(width * min(WIDEN, (self.share - spent) / max(took, 1e-9))), self._effort.width)
        return wider if wider > width else 0

    def _spent(self, more: int = 0) -> float:
        """Which part of the effort, of prefixes or of time, whichever is more; with so many more prefixes read."""
        seconds = time.monotonic() - self._began
        return max((self.read + more) / self._effort.prefixes, seconds / self._effort.seconds)


def ranked(
    model: LanguageModel,
    automaton: Automaton | None,
    count: int,
    *,
    wanted: Wanted | None = None,
    apart: int = 0,
    max_length: int = 1000,
    guide: Backoff | None = None,
    effort: Effort | None = None,
) -> Ranking:
    """The `count` most probable items, the likeliest first; equally likely ones by their ids.

    Only whole items of 1 to `max_length` symbols that the model holds possible and the automaton, a trimmed one,
    allows. Probabilities are those of the untouched model: a rule does not rescale them.

    wanted : asked of (rows, T) ids of items of one length, which of them may be given; `Unlisted` wants new ones
    apart  : no two items are within this edit distance (in symbols) of each other, by taking the likeliest first:
             an item is passed over where a likelier one that was given is that near, however many are left
    guide  : an n-gram of the same list that says where to look, under a rule, for what cannot be certain; an n-gram
             guides itself, and so does a mixture that has one
    effort : when to stop though not all places are certain

    An n-gram's ranking is exact within any reasonable effort. Of any other model so many places are exact as can be
    shown by reading every beginning that is likelier than the last item.
    """
    if count < 0 or apart < 0 or max_length < 1:
        raise ValueError("a ranking has a count and a distance of at least 0, and items of at least one symbol")
    automaton = everything(model.vocab_size) if automaton is None else automaton
    if isinstance(model, Mixture):
        guide = guide or next((each for each in model.components if isinstance(each, Backoff)), None)
    guide = model if isinstance(model, Backoff) else guide
    meter = _Meter(effort or Effort())
    return Ranking(Beam(model, automaton, wanted, max_length, guide, meter.may_read), meter, count, apart)
