"""Small automata, n-grams and lists to ask about rules, and what the answers are by dense linear algebra."""

import math
from itertools import product
from typing import NamedTuple

import numpy as np
from hypothesis import strategies as st

from moreish.automata import Automaton
from moreish.ngram import AddK, Backoff, KneserNey


def flat(items: list[list[int]]) -> tuple[np.ndarray, np.ndarray]:
    """Items as flat ids and offsets."""
    ids = np.array([0, *(i for item in items for i in (*item, 0))])
    return ids, np.flatnonzero(ids == 0)


class Ngram(NamedTuple):
    """Which n-gram to fit: Kneser-Ney, or add-k where k is given."""

    items: list[list[int]]
    order: int
    k: float | None

    def fit(self, vocab_size: int) -> Backoff:
        """The model."""
        if self.k is None:
            return KneserNey.fit(*flat(self.items), vocab_size, self.order)
        return AddK.fit(*flat(self.items), vocab_size, self.order, self.k)


def ngrams(vocab_size: int) -> st.SearchStrategy[Ngram]:
    """From a few items, of several orders; the last symbol never occurs in them."""
    item = st.lists(st.integers(1, max(1, vocab_size - 2)), max_size=6)
    k = st.sampled_from([None, None, 0.0, 0.01, 1.0])
    return st.builds(Ngram, st.lists(item, min_size=1, max_size=12), st.integers(0, 6), k)


@st.composite
def automata(draw: st.DrawFn, vocab_size: int) -> Automaton:
    """Random tables: cycles, dead ends and states that nothing reaches among them."""
    states, kinds = draw(st.integers(2, 6)), draw(st.integers(1, 3))
    classes = np.array(draw(st.lists(st.integers(0, kinds - 1), min_size=vocab_size, max_size=vocab_size)))
    cells = draw(st.lists(st.integers(0, states - 1), min_size=states * kinds, max_size=states * kinds))
    table = np.array(cells).reshape(states, kinds)
    accepts = np.array(draw(st.lists(st.booleans(), min_size=states, max_size=states)))
    table[0], accepts[0] = 0, False
    return Automaton(classes, table, accepts, draw(st.integers(1, states - 1)))


def dense(model: Backoff, automaton: Automaton) -> tuple[np.ndarray, np.ndarray]:
    """h of all pairs (contexts, S) by solving all equations at once, and which of them an item comes to.

    Only with pairs from which acceptance can be reached at all: the others are 0, and make the equations singular.
    """
    contexts, states = model.counts.contexts, len(automaton)
    every = np.arange(contexts)
    p = np.exp(model.next_logprobs(every))
    matrix, b = np.zeros((contexts * states, contexts * states)), np.zeros((contexts, states))
    for w in range(1, model.vocab_size):
        to = model.next_context(every, np.full(contexts, w))
        for q in range(1, states):
            np.add.at(matrix, (every * states + q, to * states + automaton.table[q, automaton.classes[w]]), p[:, w])
    for q in range(1, states):
        b[:, q] = p[:, 0] * automaton.accepts[q]
        matrix[:, every * states] = 0  # the dead state
    alive, reached = b.ravel() > 0, np.zeros(contexts * states, bool)
    reached[int(model.start(1)[0][0]) * states + automaton.start] = True
    for _ in range(contexts * states):
        alive = alive | ((matrix > 0) @ alive)
        reached = reached | (reached @ (matrix > 0))
    at = np.flatnonzero(alive)
    h = np.zeros(contexts * states)
    h[at] = np.linalg.solve(np.eye(len(at)) - matrix[np.ix_(at, at)], b.ravel()[at])
    return h.reshape(contexts, states), reached.reshape(contexts, states)


def containing(word: list[int], vocab_size: int, at_the_end: bool = False) -> Automaton:
    """Items in which this word stands somewhere, or at their end: a state for how much of it was just read."""
    n = len(word)
    table = np.zeros((n + 2, vocab_size), np.int64)
    for read in range(n + at_the_end):
        for i in range(1, vocab_size):
            now = [*word[:read], i]
            table[read + 1, i] = 1 + max(k for k in range(min(len(now), n) + 1) if now[len(now) - k :] == word[:k])
    if not at_the_end:
        table[n + 1, 1:] = n + 1
    return Automaton(np.arange(vocab_size), table, np.arange(n + 2) == n + 1)


def of_length(low: int, high: int, vocab_size: int) -> Automaton:
    """Items of low to high symbols."""
    length = np.arange(-1, high + 1)
    table = np.where((length >= 0) & (length < high), length + 2, 0)[:, None]
    return Automaton(np.zeros(vocab_size, np.int64), table, length >= low if low else length >= 0)


def beginning(word: list[int], vocab_size: int) -> Automaton:
    """Items that begin with this word."""
    n = len(word)
    table = np.zeros((n + 2, vocab_size), np.int64)
    table[np.arange(1, n + 1), word] = np.arange(2, n + 2)
    table[n + 1, 1:] = n + 1
    return Automaton(np.arange(vocab_size), table, np.arange(n + 2) == n + 1)


def every_item(vocab_size: int, longest: int) -> list[tuple[int, ...]]:
    """All items of up to so many symbols."""
    return [item for length in range(longest + 1) for item in product(range(1, vocab_size), repeat=length)]


def probabilities(model: Backoff, items: list[tuple[int, ...]]) -> np.ndarray:
    """Of whole items, ends included."""
    ids, offsets = flat([list(item) for item in items])
    return np.exp(np.add.reduceat(model.score(ids, offsets)[1:], offsets[:-1]))


def chi_square_p(observed: np.ndarray, expected: np.ndarray) -> float:
    """How often a chi-square statistic of so many cells is this large by chance (Pearson 1900).

    Cells of which fewer than 10 are expected are taken together.
    """
    small = expected < 10
    observed = np.append(observed[~small], observed[small].sum())
    expected = np.append(expected[~small], expected[small].sum())
    if expected[-1] < 10:  # then with the smallest of the others
        smallest = int(expected[:-1].argmin())
        observed[smallest] += observed[-1]
        expected[smallest] += expected[-1]
        observed, expected = observed[:-1], expected[:-1]
    return upper_gamma((len(observed) - 1) / 2, float(((observed - expected) ** 2 / expected).sum()) / 2)


def upper_gamma(a: float, x: float) -> float:
    """Q(a, x), regularised (Abramowitz & Stegun 6.5.4 and 6.5.29): 1 - x^a e^-x sum of x^n / gamma(a + n + 1)."""
    if a == 0:
        return 1.0
    if x <= 0:
        return 1.0
    n, total, term = 0, 0.0, math.exp(a * math.log(x) - x - math.lgamma(a + 1))
    while term > 1e-18 * max(total, 1e-300) or n < x:
        total, n = total + term, n + 1
        term *= x / (a + n)
    return max(0.0, 1 - total)
