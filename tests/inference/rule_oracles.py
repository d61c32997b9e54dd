"""Small automata, n-grams and lists to ask about rules, and what the answers are by dense linear algebra."""

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
