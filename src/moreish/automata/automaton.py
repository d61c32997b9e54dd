"""Automaton: which items a rule allows, as a table that is walked one id at a time.

Deterministic and finite (Hopcroft, Motwani & Ullman 2006, section 2.2). Ids of a vocabulary that no arc tells apart
are one class, so the table has a column a class and not a column an id. State 0 is dead: nothing that went there can
become an item that the rule allows, and from every other state of a trimmed automaton something still can. The
boundary, id 0, is no symbol: whether an item may end in a state is what `accepts` says.
"""

from collections.abc import Sequence
from functools import cached_property, reduce

import numpy as np
from jaxtyping import Bool, Integer, UInt64

from moreish.cancellation import check_cancelled

DEAD = 0
MOST_STATES = 20_000
MOST_CELLS = 2**25  # of a table


class TooManyStates(ValueError):
    """A rule, or several together, would need more states than are allowed."""


class Automaton:
    """A set of items over ids 1 .. V - 1.

    classes : (V,) the class of each id, from 0 on; that of id 0 has no meaning
    table   : (S, K) the state after an id of this class; the row of state 0 is all 0
    accepts : (S,) whether an item may end here; not in state 0
    start   : the state before the first symbol; 0 where no item is allowed
    """

    def __init__(
        self,
        classes: Integer[np.ndarray, " V"],
        table: Integer[np.ndarray, "S K"],
        accepts: Bool[np.ndarray, " S"],
        start: int = 1,
    ) -> None:
        assert not accepts[DEAD], "the dead state accepts nothing"
        assert not table[DEAD].any(), "nothing leads out of the dead state"
        self.classes, self.table, self.accepts, self.start = classes, table, accepts, start

    @property
    def vocab_size(self) -> int:
        """V, the boundary included."""
        return len(self.classes)

    def __len__(self) -> int:
        """S, the dead state included."""
        return len(self.table)

    def __repr__(self) -> str:
        return f"<Automaton of {len(self) - 1} states and {self.table.shape[1]} classes of {self.vocab_size - 1} ids>"

    def advance(
        self, states: Integer[np.ndarray, " rows"], ids: Integer[np.ndarray, " rows"]
    ) -> Integer[np.ndarray, " rows"]:
        """The states after one more id a row; the ids are symbols."""
        return self.table[states, self.classes[ids]]

    def allowed(self, states: Integer[np.ndarray, " rows"]) -> Bool[np.ndarray, "rows V"]:
        """After which ids an allowed item is still possible; id 0: whether it may end here. For a trimmed one."""
        possible = (self.table[states] != DEAD)[:, self.classes]
        possible[:, 0] = self.accepts[states]
        return possible

    def accepted(
        self, ids: Integer[np.ndarray, " N"], offsets: Integer[np.ndarray, " items_and_one"]
    ) -> Bool[np.ndarray, " items"]:
        """Which items of flat ids (see `data.corpus.Split`) the rule allows."""
        lengths, states = np.diff(offsets) - 1, np.full(len(offsets) - 1, self.start)
        for t in range(int(lengths.max(initial=0))):
            rows = np.flatnonzero((lengths > t) & (states != DEAD))
            states[rows] = self.advance(states[rows], ids[offsets[rows] + 1 + t])
        return self.accepts[states]

    def allows(self, ids: Sequence[int] | Integer[np.ndarray, " T"]) -> bool:
        """Whether the rule allows this item of symbols."""
        state = self.start
        for i in ids:
            state = int(self.table[state, self.classes[i]])
        return bool(self.accepts[state])

    @property
    def is_empty(self) -> bool:
        """Whether no item at all is allowed; for a trimmed one."""
        return self.start == DEAD

    def __invert__(self) -> "Automaton":
        """Exactly the items that this one does not allow."""
        sink = len(self)  # where the dead state was
        table = np.where(self.table == DEAD, sink, self.table)
        table = np.concatenate([table, np.full((1, table.shape[1]), sink)])
        table[DEAD] = DEAD
        accepts = np.append(~self.accepts, True)
        accepts[DEAD] = False
        return Automaton(self.classes, table, accepts, self.start or sink).trimmed()

    def __and__(self, other: "Automaton") -> "Automaton":
        """What both allow. Raises TooManyStates."""
        return product(self, other)

    def trimmed(self) -> "Automaton":
        """The same, of as few states as can be: all are reached from the start, and from all an item can end."""
        used, classes = np.unique(self.classes[1:], return_inverse=True)
        if not len(used):  # no symbols: the empty item, or none
            empty_item = int(self.accepts[self.start])
            return Automaton(np.zeros(1, np.int64), np.array([[0], [0]]), np.array([False, True]), empty_item)
        if len(used) < self.table.shape[1]:  # nothing goes on with a class that no symbol has
            return Automaton(np.append(0, classes), self.table[:, used], self.accepts, self.start).trimmed()
        alive = self._reaching_acceptance & self._reached
        table = np.where(alive[self.table] & alive[:, None], self.table, DEAD)
        return self._numbered(table, alike_states(table, np.where(alive, 1 + self.accepts, 0)))

    def _numbered(self, table: np.ndarray, block: np.ndarray) -> "Automaton":
        """One state a block, numbered as they are met from the start; the dead one is 0."""
        kept = np.empty(int(block.max()) + 1, np.int64)
        kept[block[::-1]] = np.arange(len(block))[::-1]  # the first state of each block
        number = np.full(len(kept), -1)
        number[block[DEAD]] = DEAD
        order, count = [block[[DEAD]]], 1
        fresh = block[[self.start]]
        while len(fresh := _first_met(fresh[number[fresh] < 0])):
            number[fresh] = np.arange(count, count + len(fresh))
            order.append(fresh)
            count += len(fresh)
            fresh = block[table[kept[fresh]]].ravel()
        states = kept[np.concatenate(order)]
        states[0] = DEAD
        rows = number[block[table[states]]]
        _, columns, alike = np.unique(rows, axis=1, return_index=True, return_inverse=True)
        classes = alike.ravel()[self.classes]
        accepts = self.accepts[states].copy()
        accepts[DEAD] = False
        return Automaton(classes, np.ascontiguousarray(rows[:, columns]), accepts, int(number[block[self.start]]))

    @cached_property
    def _reached(self) -> Bool[np.ndarray, " S"]:
        reached = np.zeros(len(self), bool)
        fresh = np.array([self.start])
        while len(fresh):
            reached[fresh] = True
            after = np.unique(self.table[fresh])
            fresh = after[~reached[after]]
        return reached

    @cached_property
    def _reaching_acceptance(self) -> Bool[np.ndarray, " S"]:
        before = Before(self.table)
        alive = self.accepts.copy()
        fresh = np.flatnonzero(alive)
        while len(fresh):
            earlier = before(fresh)
            fresh = earlier[~alive[earlier]]
            alive[fresh] = True
        return alive


class Before:
    """For a table of states: from which states an arc leads to given ones."""

    def __init__(self, table: Integer[np.ndarray, "S K"]) -> None:
        n = len(table)
        arcs = np.unique(table * n + np.arange(n)[:, None])  # each pair (to, from) once, in order
        to, self._froms = np.divmod(arcs, n)
        self._begins = np.searchsorted(to, np.arange(n + 1))

    def __call__(self, states: Integer[np.ndarray, " some"]) -> Integer[np.ndarray, " before"]:
        """In order, each once."""
        begins, ends = self._begins[states], self._begins[states + 1]
        if len(states) == 1:
            return self._froms[begins[0] : ends[0]]
        counts = ends - begins
        firsts = np.repeat(begins - np.concatenate([[0], counts[:-1]]).cumsum(), counts)
        return np.unique(self._froms[firsts + np.arange(len(firsts))])


def alike_states(table: Integer[np.ndarray, "S K"], block: Integer[np.ndarray, " S"]) -> Integer[np.ndarray, " S"]:
    """The coarsest blocks, none across two of those given, whose states go to the same blocks under every class.

    Moore's rounds (1956), but a state is looked at again only where an arc leads from it to one that has left its
    block. Those of a block that nobody looks at are still alike, and unlike the others; they keep its number, or else
    its largest part does, so that few leave (after Hopcroft 1971) and long chains cost a step a state.
    """
    rng = np.random.default_rng(0)
    factors = rng.integers(2**64, size=table.shape[1] + 1, dtype=np.uint64) | np.uint64(1)
    codes = rng.integers(2**64, size=len(table), dtype=np.uint64)  # of blocks
    before = Before(table)
    block = np.unique(block, return_inverse=True)[1]
    sizes = np.bincount(block, minlength=len(table))
    count, fresh = int(block.max()) + 1, np.arange(len(table))
    while len(fresh):
        check_cancelled()
        first, group = _equal_rows(np.column_stack([block[fresh], block[table[fresh]]]), codes, factors)
        parts, origin = np.bincount(group), block[fresh[first]]
        ranked = np.lexsort((-parts, origin))
        origins, largest = np.unique(origin[ranked], return_index=True)
        looked_at = np.bincount(origin, parts, len(table))
        leaves = np.ones(len(parts), bool)
        leaves[ranked[largest[looked_at[origins] == sizes[origins]]]] = False
        number = origin.copy()
        number[leaves] = np.arange(count, count + leaves.sum())
        count += int(leaves.sum())
        np.subtract.at(sizes, origin[leaves], parts[leaves])
        sizes[number[leaves]] = parts[leaves]
        block[fresh] = number[group]
        fresh = before(fresh[leaves[group]])
    return block


def _equal_rows(
    rows: Integer[np.ndarray, "n k"], codes: UInt64[np.ndarray, " blocks"], factors: UInt64[np.ndarray, " k"]
) -> tuple[Integer[np.ndarray, " groups"], Integer[np.ndarray, " n"]]:
    """(the first row of each group of equal ones, the group of each row): by a hash of the row, which is checked."""
    _, first, group = np.unique((codes[rows] * factors).sum(1), return_index=True, return_inverse=True)
    if not np.array_equal(rows, rows[first[group]]):  # two rows share a hash
        _, first, group = np.unique(rows, axis=0, return_index=True, return_inverse=True)
    return first, group.ravel()


def _first_met(values: Integer[np.ndarray, " n"]) -> Integer[np.ndarray, " different"]:
    """Each value once, in the order in which they first stand."""
    _, first = np.unique(values, return_index=True)
    return values[np.sort(first)]


def everything(vocab_size: int) -> Automaton:
    """Every item, the empty one too."""
    return Automaton(np.zeros(vocab_size, np.int64), np.array([[0], [1]]), np.array([False, True]))


def nothing(vocab_size: int) -> Automaton:
    """No item."""
    return Automaton(np.zeros(vocab_size, np.int64), np.array([[0]]), np.array([False]), DEAD)


def product(one: Automaton, other: Automaton, most_states: int = MOST_STATES) -> Automaton:
    """What both allow: pairs of states, made from the start on as they are reached. Raises TooManyStates."""
    assert one.vocab_size == other.vocab_size, "the rules are of different vocabularies"
    pairs_of_classes, classes = np.unique(one.classes * (other.table.shape[1]) + other.classes, return_inverse=True)
    left, right = np.divmod(pairs_of_classes, other.table.shape[1])
    number = {0: DEAD}
    codes, rows = [0], [np.zeros(len(left), np.int64)]
    first = one.start * len(other) + other.start if one.start and other.start else 0
    fresh = [first] if first else []
    for code in fresh:
        number[code] = len(codes)
        codes.append(code)
    while fresh:
        check_cancelled()
        states = np.array(fresh)
        after = _paired(one.table[states // len(other)][:, left], other.table[states % len(other)][:, right], other)
        fresh = [code for code in np.unique(after).tolist() if code not in number]
        for code in fresh:
            number[code] = len(codes)
            codes.append(code)
        if len(codes) > most_states or len(codes) * len(left) > MOST_CELLS:
            raise TooManyStates(
                f"together these rules need more than {len(codes) - 1:,} states: ask for less at once"
            )
        rows += list(after)
    known = np.array(sorted(number))
    to = np.array([number[code] for code in known.tolist()])
    table = to[np.searchsorted(known, np.stack(rows))]
    at = np.array(codes)
    accepts = one.accepts[at // len(other)] & other.accepts[at % len(other)]
    return Automaton(classes.ravel(), table, accepts, number[first]).trimmed()


def meet(one: Automaton, other: Automaton) -> bool:
    """Whether some item is allowed by both: pairs of states, from the start on, only until an item is found."""
    assert one.vocab_size == other.vocab_size, "the rules are of different vocabularies"
    kinds = other.table.shape[1]
    left, right = np.divmod(np.unique(one.classes[1:] * kinds + other.classes[1:]), kinds)
    fresh = np.array([one.start * len(other) + other.start if one.start and other.start else 0])
    seen = {0, *fresh.tolist()}
    while len(fresh) and fresh[0]:
        a, b = np.divmod(fresh, len(other))
        if (one.accepts[a] & other.accepts[b]).any():
            return True
        after = np.unique(_paired(one.table[a][:, left], other.table[b][:, right], other))
        fresh = np.array([code for code in after.tolist() if code not in seen], np.int64)
        seen.update(fresh.tolist())
    return False


def _paired(a: np.ndarray, b: np.ndarray, other: Automaton) -> np.ndarray:
    return np.where((a != DEAD) & (b != DEAD), a * len(other) + b, 0)


def conjunction(automata: Sequence[Automaton], vocab_size: int, most_states: int = MOST_STATES) -> Automaton:
    """What all of them allow; everything where there are none. Raises TooManyStates."""
    return reduce(lambda a, b: product(a, b, most_states), sorted(automata, key=len), everything(vocab_size))
