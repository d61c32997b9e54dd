"""A beam search that knows what it let go: the likeliest items it finds, and how likely one that it missed can be.

Level by level, a level being all open prefixes of one length. A prefix cannot lead to an item likelier than its
bound, which is its own probability and, with an n-gram, that of its likeliest completion too. A prefix is let go
where its bound says that enough better items were found already, or where the beam is full. The best of what was let
go is remembered: every item that ranks before it was found.
"""

from collections.abc import Callable, Iterator
from functools import cached_property
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int64, Integer

from moreish.automata import Automaton
from moreish.cancellation import check_cancelled
from moreish.inference.completion import BestCompletion
from moreish.models.contract import LanguageModel, State
from moreish.ngram import Backoff

GRID = 2.0**30  # log probabilities that are the same in so many parts of a nat are the same: ids decide
LEAST = -(2.0**31)  # what is less likely counts as so likely
CELLS_AT_A_TIME = 2**20  # log probabilities asked of the model at once
ROUNDING = 64  # how many steps of the last digit a sum may be wrong

Wanted = Callable[[Integer[np.ndarray, "rows T"]], Bool[np.ndarray, " rows"]]  # asked of items of one length


class Rank(NamedTuple):
    """A place in the order of items: smaller comes first.

    key : minus the log probability in whole steps of the grid
    ids : symbols; among equals those with the smaller ids come first, and a beginning before what begins with it
    """

    key: int
    ids: tuple[int, ...] = ()


LAST = Rank(2**62)


def keys_of(logprob: Float[np.ndarray, " rows"]) -> Int64[np.ndarray, " rows"]:
    """The keys of log probabilities."""
    return np.rint(-GRID * np.maximum(logprob, LEAST)).astype(np.int64)


def _bounds(logprob: Float[np.ndarray, " rows"], slack: float) -> Int64[np.ndarray, " rows"]:
    """Keys that no sum of log probabilities can fall below that ought to be at most this one."""
    return keys_of(logprob + slack * (1 - np.maximum(logprob, LEAST)))


class Found(NamedTuple):
    """Items by rank, and the rank that a missing item has at best.

    ids     : (items, T) symbols, 0 behind the end of shorter items
    length  : (items,) how many symbols each has
    logprob : (items,) of each whole item, its end included
    let_go  : every item that ranks before it is here
    """

    ids: Integer[np.ndarray, "items T"]
    length: Integer[np.ndarray, " items"]
    logprob: Float[np.ndarray, " items"]
    let_go: Rank

    @classmethod
    def nothing(cls) -> "Found":
        """No items, and no word about what is missing."""
        return cls(np.zeros((0, 0), np.uint8), np.zeros(0, np.int64), np.zeros(0), Rank(0))

    def items(self, first: int | None = None) -> Iterator[tuple[Integer[np.ndarray, " T"], float]]:
        """Ids and log probability of the first items."""
        for ids, length, logprob in zip(self.ids[:first], self.length.tolist(), self.logprob.tolist(), strict=False):
            yield ids[:length], logprob

    def merged(self, other: "Found") -> "Found":
        """What either found, by rank; an item that both did may stand twice."""
        longest = max(self.ids.shape[1], other.ids.shape[1])
        ids = [np.pad(each.ids, ((0, 0), (0, longest - each.ids.shape[1]))) for each in (self, other)]
        length, logprob = (np.concatenate(pair) for pair in zip(self[1:3], other[1:3], strict=True))
        return by_rank(np.concatenate(ids), length, logprob, max(self.let_go, other.let_go))

    def certain(self) -> int:
        """How many of the items, from the first on, have the place that they have in the list of all items."""
        keys = keys_of(self.logprob)
        low, high = np.searchsorted(keys, [self.let_go.key, self.let_go.key + 1]).tolist()
        while low < high and tuple(self.ids[low, : self.length[low]].tolist()) < self.let_go.ids:
            low += 1
        return low


def by_rank(
    ids: Integer[np.ndarray, "items T"],
    length: Integer[np.ndarray, " items"],
    logprob: Float[np.ndarray, " items"],
    let_go: Rank,
) -> Found:
    """Items brought in order."""
    order = np.lexsort((*ids.T[::-1], keys_of(logprob)))
    return Found(ids[order], length[order], logprob[order], let_go)


class Open(NamedTuple):
    """Prefixes in the order of their ids; each is a row of the level before and one symbol more.

    key   : the best that an item can have that begins so
    order : which go first where the beam is too narrow for all, ascending
    """

    parent: Int64[np.ndarray, " rows"]
    symbol: Int64[np.ndarray, " rows"]
    logprob: Float[np.ndarray, " rows"]
    key: Int64[np.ndarray, " rows"]
    order: Int64[np.ndarray, " rows"]
    context: Int64[np.ndarray, " rows"]
    rule: Int64[np.ndarray, " rows"]

    def take(self, which: Integer[np.ndarray, " kept"] | Bool[np.ndarray, " rows"] | slice) -> "Open":
        """Some of the rows."""
        return Open(*(column[which] for column in self))


class Spent(Exception):
    """No more prefixes may be read."""


class Beam:
    """Searches of any width with one model and one rule.

    guide : an n-gram that says what to look at first; where it is the model itself, it bounds as well
    """

    def __init__(
        self,
        model: LanguageModel,
        automaton: Automaton,
        wanted: Wanted | None,
        longest: int,
        guide: Backoff | None,
        may_read: Callable[[int], bool],
    ) -> None:
        """`may_read(rows)` is asked before so many more prefixes are read."""
        self.model, self.automaton, self.wanted, self.longest = model, automaton, wanted, longest
        self.guide, self.may_read = guide, may_read

    def search(self, width: int, most: int, sure: bool = True) -> Found:
        """Up to `most` items, and what ties with the last of them, with at most `width` open prefixes a level.

        sure : only what is certain counts, so that prefixes less likely than one that was let go are let go as well;
               otherwise the search goes on, and where not all fit in it is the guide that says which are promising
        """
        return _Search(self, self.guide if self.foresees or not sure else None, width, most, sure).run()

    @property
    def foresees(self) -> bool:
        """Whether the guide is the model itself, so that a beam need not be wider than items are asked for."""
        return self.guide is self.model

    @cached_property
    def completion(self) -> BestCompletion:
        """What the guide expects."""
        assert self.guide is not None
        return BestCompletion(self.guide, self.automaton, self.longest)


class _Search:
    """One search."""

    def __init__(self, beam: Beam, guide: Backoff | None, width: int, most: int, sure: bool) -> None:
        self.beam, self.guide, self.width, self.most, self.sure = beam, guide, width, most, sure
        self.let_go = LAST
        self.limit = LAST.key  # what has a larger key is not among the best `most`
        self.keys = np.zeros(0, np.int64)  # of the best `most` found so far
        self.items: list[tuple[np.ndarray, np.ndarray]] = []  # by length: ids, log probabilities

    def run(self) -> Found:
        zero, ids = np.zeros(1, np.int64), np.zeros((1, 0), np.min_scalar_type(self.beam.model.vocab_size))
        context = zero if self.guide is None else self.guide.start(1)[0]
        rows = Open(zero, zero, np.zeros(1), zero, zero, context, np.array([self.beam.automaton.start]))
        states: list[tuple[slice, State]] = []
        try:
            for length in range(self.beam.longest + 1):
                states, children = self._level(rows, ids, states, length)
                if not len(children.parent):
                    break
                ids = np.column_stack([ids[children.parent], children.symbol.astype(ids.dtype)])
                rows = children
        except Spent:
            pass
        return self._sorted()

    def _level(
        self, rows: Open, ids: np.ndarray, states: list[tuple[slice, State]], length: int
    ) -> tuple[list[tuple[slice, State]], Open]:
        """Read one symbol a row; the states after it, and the rows of the next level."""
        after: list[tuple[slice, State]] = []
        children, waiting = rows.take(slice(0)), 0
        try:
            for at, state, logprobs in self._read(rows, states, length):
                here = rows.take(at)
                total = here.logprob[:, None] + np.minimum(logprobs, 0)
                total[~self.beam.automaton.allowed(here.rule)] = -np.inf
                if length:
                    self._finish(ids[at], total[:, 0])
                waiting = at.stop
                if length < self.beam.longest:
                    slack = ROUNDING * float(np.finfo(logprobs.dtype).eps)
                    more = self._children(here, at.start, total, slack)
                    children = Open(*map(np.concatenate, zip(children, more, strict=True)))
                    if len(children.parent) > 2 * self.width:
                        children = self._kept(children, ids)
                after.append((at, state))
        except Spent:
            self._let_go(np.concatenate([rows.key[waiting:], children.key]))
            raise
        return after, self._kept(children, ids)

    def _read(
        self, rows: Open, states: list[tuple[slice, State]], length: int
    ) -> Iterator[tuple[slice, State, np.ndarray]]:
        """Piece by piece: which rows, the model's state after them, and the log probabilities of what comes next."""
        model, size = self.beam.model, max(1, CELLS_AT_A_TIME // self.beam.model.vocab_size)
        if length == 0:
            self._ask(1)
            yield slice(0, 1), *model.start(1)
        for before, state in states:
            low, high = np.searchsorted(rows.parent, [before.start, before.stop]).tolist()
            for first in range(low, high, size):
                at = slice(first, min(first + size, high))
                self._ask(at.stop - at.start)
                taken = model.take(state, rows.parent[at] - before.start)
                yield at, *model.advance(taken, rows.symbol[at])

    def _ask(self, count: int) -> None:
        check_cancelled()
        if not self.beam.may_read(count):
            raise Spent

    def _finish(self, ids: np.ndarray, total: np.ndarray) -> None:
        """Keep the prefixes that may end here and are good enough."""
        ended = np.flatnonzero(total > -np.inf)
        keys = keys_of(total[ended])
        good = keys <= self.limit
        self._let_go(keys[~good])
        ended = ended[good]
        if self.beam.wanted is not None and len(ended):
            ended = ended[self.beam.wanted(ids[ended])]
        self.items.append((ids[ended], total[ended]))
        self.keys = np.concatenate([self.keys, keys_of(total[ended])])
        if len(self.keys) >= self.most:
            self.keys = np.partition(self.keys, self.most - 1)[: self.most]
            self.limit = min(self.limit, int(self.keys[-1]))

    def _children(self, here: Open, first: int, total: np.ndarray, slack: float) -> Open:
        """The prefixes one symbol longer, without those that cannot be good enough; `total` is overwritten."""
        beam, floor = self.beam, -(self.limit + 1) / GRID
        total[:, 0] = -np.inf
        near = total >= floor - slack * (1 - floor)
        far = total[~near]
        self._let_go(_bounds(far[far > -np.inf], slack))
        row, symbol = np.nonzero(near)
        logprob, rule = total[near], beam.automaton.advance(here.rule[row], symbol)
        key = order = _bounds(logprob, slack)
        context, possible = here.context[row], slice(None)
        if self.guide is not None:
            context = self.guide.next_context(context, symbol)
            whole = logprob + beam.completion(context, rule)
            order = _bounds(whole, slack)
            if beam.foresees:
                key, possible = order, whole > -np.inf
        return Open(row + first, symbol, logprob, key, order, context, rule).take(possible)

    def _kept(self, children: Open, ids: np.ndarray) -> Open:
        """The rows that can be good enough, of these the first `width`."""
        near = children.key <= self.limit
        self._let_go(children.key[~near])
        children = children.take(near)
        if len(children.parent) <= self.width:
            return children
        rows = np.argsort(children.order, kind="stable")
        chosen, others = np.sort(rows[: self.width]), np.sort(rows[self.width :])
        best = others[children.key[others].argmin()]
        prefix = (*ids[children.parent[best]].tolist(), int(children.symbol[best]))
        self.let_go = min(self.let_go, Rank(int(children.key[best]), prefix))
        if self.sure:
            self.limit = min(self.limit, self.let_go.key)
        return children.take(chosen)

    def _let_go(self, keys: np.ndarray) -> None:
        if len(keys):
            self.let_go = min(self.let_go, Rank(int(keys.min())))

    def _sorted(self) -> Found:
        """What was found, in order."""
        length = np.repeat([ids.shape[1] for ids, _ in self.items], [len(ids) for ids, _ in self.items]).astype(int)
        logprob = np.concatenate([np.zeros(0), *(own for _, own in self.items)])
        longest = int(length.max(initial=0))
        ids = [np.pad(own, ((0, 0), (0, longest - own.shape[1]))) for own, _ in self.items if len(own)]
        items = np.concatenate([np.zeros((0, longest), np.uint8), *ids])
        keys = keys_of(logprob)
        good = keys <= self.limit
        self._let_go(keys[~good])
        return by_rank(items[good], length[good], logprob[good], self.let_go)
