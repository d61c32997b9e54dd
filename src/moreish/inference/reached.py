"""Which contexts of an n-gram can stand beside which state of a rule, and where the number of each pair is kept.

A rule that asks for an "x" is in the state after it only where the context ends with "x": most pairs of a context and
a state never come up, and nothing is kept for them. Which come up is decided by the last few symbols of a context,
all of it would cost more than it saves; a context that begins an item stands beside one state only. With a pair comes
the pair of its next shorter context, and the pair after one more symbol.
"""

from collections.abc import Iterator

import numpy as np
from jaxtyping import Integer

from moreish.automata import DEAD, Automaton
from moreish.ngram import Counts
from moreish.ngram.backoff import ranges
from moreish.wording import called

MOST_PAIRS = 2**27  # 1 GiB of float64
SHORT = 20_000  # the contexts that decide are as long as can be while there are no more than these
LARGEST_BITMAP = 2**26


class Pairs:
    """The pairs of a context and a state, as places in one flat array of `size` numbers.

    A state beside which every other context stands has a place for each of them, every other state for its own.
    """

    def __init__(self, counts: Counts, automaton: Automaton) -> None:
        """Raises ValueError where there are too many."""
        self.counts, self.automaton = counts, automaton
        self._group_inner_contexts()
        self._find_inner_pairs()
        self._find_opening_pairs()
        sizes = np.bincount(self._state, np.diff(self._group)[self._short], len(automaton)).astype(np.int64)
        sizes += np.diff(self._opening_first)
        contexts = counts.contexts
        whole = sizes * 2 >= contexts
        dense, sparse = np.where(whole, contexts, 0), np.where(whole, 0, sizes)
        self._whole, self._sparse_from = whole, int(dense.sum())
        self._base = np.where(whole, np.cumsum(dense) - dense, self._sparse_from + np.cumsum(sparse) - sparse)
        self.size = self._sparse_from + int(sparse.sum())
        if self.size > MOST_PAIRS:
            raise ValueError(
                f"this rule and this model together need {self.size:,} numbers, and {MOST_PAIRS:,} are the most: "
                f"ask for less at once, or train with a lower {called('order')}"
            )
        self._place = np.zeros(contexts, np.int64)  # of each context of the state asked for last
        self._asked = -1
        keys = [np.zeros(0, np.int64), *(q * contexts + self.contexts(q) for q in np.flatnonzero(sparse).tolist())]
        self._keys = np.concatenate(keys)

    def contexts(self, state: int) -> Integer[np.ndarray, " pairs"]:
        """The contexts that stand beside this state, ascending."""
        short = self._short[self._state_first[state] : self._state_first[state + 1]]
        opening = self._opening[self._opening_first[state] : self._opening_first[state + 1]]
        if len(short) * 16 < len(self._group):
            _, at = ranges(self._group[short], self._group[short + 1])
            return np.sort(np.append(self._inner[at], opening))
        found = np.zeros(self.counts.contexts, bool)
        chosen = np.zeros(len(self._group) - 1, bool)
        chosen[short] = True
        found[self._inner] = np.repeat(chosen, np.diff(self._group))
        found[opening] = True
        return np.flatnonzero(found)

    def places(self, contexts: Integer[np.ndarray, " rows"], state: int) -> Integer[np.ndarray, " rows"]:
        """Where the numbers of these contexts beside one state stand; all of them do stand beside it."""
        if self._whole[state]:
            return self._base[state] + contexts
        if self._asked != state:
            own = self.contexts(state)
            self._place[own] = self._base[state] + np.arange(len(own))
            self._asked = state
        return self._place[contexts]

    def find(
        self, contexts: Integer[np.ndarray, "*shape"], states: Integer[np.ndarray, "*shape"]
    ) -> Integer[np.ndarray, "*shape"]:
        """Where the number of each pair stands; -1 for a pair that never comes up."""
        place = self._base[states] + contexts
        sparse = ~self._whole[states]
        key = states[sparse] * self.counts.contexts + contexts[sparse]
        at = np.searchsorted(self._keys, key)
        known = at < len(self._keys)
        known[known] = self._keys[at[known]] == key[known]
        place[sparse] = np.where(known, self._sparse_from + at, -1)
        return place

    def _group_inner_contexts(self) -> None:
        """Contexts within an item by their last few symbols: group g is inner[group[g] : group[g + 1]]."""
        counts = self.counts
        levels = counts.levels[: max(counts.order, 1) + 1]  # of the contexts
        deciding = max(1, int(np.searchsorted(levels, SHORT, side="right")) - 1)
        inside = np.ones(counts.contexts, bool)
        tail = np.arange(counts.contexts)
        for level in range(1, len(levels) - 1):
            low, high = levels[level], levels[level + 1]
            inside[low : low + counts.opening[level]] = False
            inside[low:high] &= counts.symbol[low:high] != 0
            if level >= deciding:
                tail[low:high] = tail[counts.suffix[low:high]]
        inner = np.flatnonzero(inside)
        order = np.argsort(tail[inner], kind="stable")
        self._inner = inner[order]
        self._deciding = int(levels[deciding])
        self._group = np.searchsorted(tail[self._inner], np.arange(self._deciding + 1))

    def _find_inner_pairs(self) -> None:
        """The short contexts (numbers of groups) beside each state, by state."""
        counts, automaton, size = self.counts, self.automaton, self._deciding
        state = np.flatnonzero(np.arange(len(automaton)) != DEAD)
        context = np.zeros(len(state), np.int64)
        found = [state * size]
        for low, high in zip(counts.levels[1:-1], counts.levels[2:], strict=True):
            if high > size:
                break
            row, child = ranges(counts.first[context], counts.first[context + 1])
            symbol = counts.symbol[child]
            after = automaton.table[state[row], automaton.classes[symbol]]
            kept = (symbol != 0) & (after != DEAD)
            keys = _distinct(after[kept] * (high - low) + child[kept] - low, len(automaton) * int(high - low))
            state, context = np.divmod(keys, high - low)
            context += low
            found.append(state * size + context)
        self._state, self._short = np.divmod(np.sort(np.concatenate(found)), size)
        self._state_first = np.searchsorted(self._state, np.arange(len(automaton) + 1))

    def _find_opening_pairs(self) -> None:
        """The contexts that begin an item, by the state that each leads to."""
        contexts, states = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
        for context, state in self._openings():
            contexts.append(context)
            states.append(state)
        state = np.concatenate(states)
        order = np.argsort(state, kind="stable")
        self._opening = np.concatenate(contexts)[order]
        self._opening_first = np.searchsorted(state[order], np.arange(len(self.automaton) + 1))

    def _openings(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        counts, automaton = self.counts, self.automaton
        if counts.order < 2:  # every context is empty
            return
        context, state = counts.levels[1:2], np.array([automaton.start])
        for _ in range(1, counts.order):
            kept = state != DEAD
            context, state = context[kept], state[kept]
            yield context, state
            row, child = ranges(counts.first[context], counts.first[context + 1])
            symbol = counts.symbol[child]
            state = np.where(symbol == 0, DEAD, automaton.table[state[row], automaton.classes[symbol]])
            context = child


def _distinct(keys: Integer[np.ndarray, " n"], space: int) -> Integer[np.ndarray, " distinct"]:
    """The different keys below `space`, ascending."""
    if space > LARGEST_BITMAP:
        return np.unique(keys)
    found = np.zeros(space, bool)
    found[keys] = True
    return np.flatnonzero(found)
