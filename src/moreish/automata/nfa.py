"""Nfa: an automaton that may be in many states at once (Thompson 1968), and the deterministic one that does the same.

Arcs are labelled with sets of letters: ids of a vocabulary, or numbers of characters.
"""

from collections.abc import Iterator

import numpy as np
from jaxtyping import Bool, Integer

from moreish.automata.automaton import MOST_STATES, Automaton, TooManyStates

MOST_PLACES = 20_000  # states of an Nfa
MOST_STEPS = 10_000_000  # of work on one pattern, a second or two
START = 0


class Nfa:
    """States and arcs of one pattern over `n` letters, the letter 0 (the boundary) included.

    `what` names the pattern in the sentence of TooManyStates.
    """

    def __init__(self, n: int, what: str) -> None:
        self._n, self._what = n, what
        self._arcs: list[list[tuple[int, int]]] = []  # by state: (number of the set, state after it)
        self._free: list[list[int]] = []  # by state: states that it goes to without a letter
        self._sets: list[Bool[np.ndarray, " n"]] = []
        self._numbers: dict[bytes, int] = {}
        self.state()

    def state(self) -> int:
        """A new state; the first is START. Raises TooManyStates."""
        if len(self._arcs) == MOST_PLACES:
            raise TooManyStates(f"{self._what} is too long once its repeats are written out: use smaller numbers")
        self._arcs.append([])
        self._free.append([])
        return len(self._arcs) - 1

    def free(self, begin: int, end: int) -> None:
        """An arc that needs no letter."""
        self._free[begin].append(end)

    def arc(self, begin: int, letters: Bool[np.ndarray, " n"]) -> int:
        """The new state after one of these letters."""
        number = self._numbers.setdefault(letters.tobytes(), len(self._sets))
        if number == len(self._sets):
            self._sets.append(letters)
        end = self.state()
        self._arcs[begin].append((number, end))
        return end

    def deterministic(self, final: int, most_states: int = MOST_STATES) -> Automaton:
        """What leads from START to `final`, by the subset construction. Raises TooManyStates."""
        classes, members = self._classes()
        kinds = int(classes.max()) + 1
        closures = [0] * len(self._arcs)  # sets of states are whole numbers, a bit a state
        for target in {START, *(end for arcs in self._arcs for _, end in arcs)}:
            closures[target] = self._closure(target, final)
        number = {0: 0, closures[START]: 1}
        subsets, rows, steps = [0, closures[START]], [[0] * kinds], 0
        for subset in _growing(subsets):
            after = [0] * kinds
            for place in _bits(subset):
                for label, end in self._arcs[place]:
                    for k in members[label]:
                        after[k] |= closures[end]
                    steps += len(members[label])
            steps += kinds
            for reached in after:
                if reached not in number:
                    number[reached] = len(subsets)
                    subsets.append(reached)
            rows.append([number[reached] for reached in after])
            if len(subsets) > most_states or steps > MOST_STEPS:
                raise TooManyStates(
                    f"{self._what} needs more than {min(len(subsets) - 1, most_states):,} states: make it simpler"
                )
        accepts = np.array([bool(subset >> final & 1) for subset in subsets])
        return Automaton(classes, np.array(rows), accepts, 1).trimmed()

    def _classes(self) -> tuple[Integer[np.ndarray, " n"], list[list[int]]]:
        """(the class of each letter, for each set its classes): letters of a class are in the same sets."""
        if not self._sets or self._n == 1:
            return np.zeros(self._n, np.int64), [[] for _ in self._sets]
        sets = np.stack(self._sets)[:, 1:]
        _, first, classes = np.unique(np.packbits(sets, 0), axis=1, return_index=True, return_inverse=True)
        return np.append(0, classes.ravel()), [np.flatnonzero(row).tolist() for row in sets[:, first]]

    def _closure(self, state: int, final: int) -> int:
        """The states that are reached without a letter and matter: an arc leads on, or it is the end."""
        found, seen, waiting = 0, {state}, [state]
        while waiting:
            at = waiting.pop()
            if self._arcs[at] or at == final:
                found |= 1 << at
            fresh = [s for s in self._free[at] if s not in seen]
            seen.update(fresh)
            waiting += fresh
        return found


def _growing(subsets: list[int]) -> Iterator[int]:
    """Those after the first, the ones too that are added meanwhile."""
    at = 1
    while at < len(subsets):
        yield subsets[at]
        at += 1


def _bits(number: int) -> Iterator[int]:
    while number:
        low = number & -number
        yield low.bit_length() - 1
        number ^= low
