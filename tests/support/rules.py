"""Small rules made by hand, and the exact lookahead of a small n-gram: oracles that share no code with moreish."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from moreish.automata import Automaton
from moreish.data import Corpus
from moreish.ngram import Backoff


def contains(word: Sequence[int], vocab_size: int) -> Automaton:
    """Items that hold these ids in a row (Knuth, Morris & Pratt 1977)."""
    return _following(word, vocab_size, stays=True)


def ends_with(word: Sequence[int], vocab_size: int) -> Automaton:
    """Items whose last ids are these."""
    return _following(word, vocab_size, stays=False)


def _following(word: Sequence[int], vocab_size: int, stays: bool) -> Automaton:
    word = list(word)
    table = np.zeros((len(word) + 2, vocab_size), np.int64)
    for done in range(len(word) + 1):
        for i in range(vocab_size):
            seen = [*word[:done], i]
            longest = max(k for k in range(min(len(seen), len(word)) + 1) if word[:k] == seen[len(seen) - k :])
            table[done + 1, i] = 1 + (done if stays and done == len(word) else longest)
    accepts = np.zeros(len(table), bool)
    accepts[-1] = True
    return Automaton(np.arange(vocab_size), table, accepts).trimmed()


def starts_with(word: Sequence[int], vocab_size: int) -> Automaton:
    """Items whose first ids are these."""
    table = np.zeros((len(word) + 2, vocab_size), np.int64)
    table[np.arange(len(word)) + 1, list(word)] = np.arange(len(word)) + 2
    table[-1] = len(word) + 1
    accepts = np.zeros(len(table), bool)
    accepts[-1] = True
    return Automaton(np.arange(vocab_size), table, accepts).trimmed()


def length(low: int, high: int, vocab_size: int) -> Automaton:
    """Items of so many symbols."""
    table = np.append(0, np.arange(2, high + 3))[:, None]
    table[-1] = 0
    return Automaton(np.zeros(vocab_size, np.int64), table, np.arange(-1, high + 1) >= low)


def only(symbols: Sequence[int], vocab_size: int) -> Automaton:
    """Items of these symbols and no others."""
    classes = np.zeros(vocab_size, np.int64)
    classes[list(symbols)] = 1
    return Automaton(classes, np.array([[0, 0], [0, 1]]), np.array([False, True]))


class Rule(NamedTuple):
    """A rule, and the same said of text."""

    automaton: Automaton
    holds: Callable[[str], bool]


def random_rule(corpus: Corpus, rng: np.random.Generator) -> Rule:
    """One thing that people ask for, from what a random item of the list has or, now and then, from any symbols."""
    vocab, size = corpus.vocab, len(corpus.vocab)
    item = corpus[int(rng.integers(len(corpus)))]
    if rng.random() < 0.2:
        item = vocab.decode(rng.integers(1, size, 6))
    symbols = list(vocab.split(item))
    at = int(rng.integers(len(symbols)))
    part = "".join(symbols[at : at + int(rng.integers(1, 4))])

    def ids(text: str) -> list[int]:
        found = vocab.lookup(text)
        assert found is not None
        return found.tolist()

    kind = rng.integers(6)
    if kind == 0:
        head = item[: int(rng.integers(1, 4))]
        return Rule(starts_with(ids(head), size), lambda text: text.startswith(head))
    if kind == 1:
        tail = item[-int(rng.integers(1, 4)) :]
        return Rule(ends_with(ids(tail), size), lambda text: text.endswith(tail))
    if kind == 2:
        return Rule(contains(ids(part), size), lambda text: part in text)
    if kind == 3:
        return Rule(~contains(ids(part), size), lambda text: part not in text)
    if kind == 4:
        low = int(rng.integers(1, 14))
        high = low + int(rng.integers(0, 5))
        return Rule(length(low, high, size), lambda text: low <= len(text) <= high)
    kept = rng.permutation(np.arange(1, size))[: int(size * 0.7)]
    return Rule(only(kept.tolist(), size), lambda text: set(text) <= set(vocab.decode(kept)))


class DenseLookahead:
    """h[c, q], the chance that an n-gram in context c goes on to an item that a rule in state q allows.

    The least solution of h = P(end | c) [q accepts] + sum over w of P(w | c) h[next(c, w), delta(q, w)].
    """

    def __init__(self, ngram: Backoff, automaton: Automaton) -> None:
        contexts, symbols = ngram.counts.contexts, np.arange(ngram.vocab_size)
        p = np.exp(ngram._compute_rows(np.arange(contexts)))
        following = np.stack([ngram.next_context(np.arange(contexts), np.full(contexts, w)) for w in symbols], 1)
        after = automaton.table[:, automaton.classes]
        ending = p[:, :1] * automaton.accepts
        h, change = ending, 1.0
        while change > 1e-12:
            more = ending.copy()
            for w in symbols[1:]:
                more += p[:, w, None] * h[following[:, w]][:, after[:, w]] * (after[:, w] > 0)
            change, h = float(np.abs(more - h).max()), more
        self.h, self.following, self.states, self.ends = h, following, after, automaton.accepts

    def after(self, contexts: np.ndarray, states: np.ndarray) -> np.ndarray:
        """(rows, V) the same once each id was read."""
        values = self.h[self.following[contexts], self.states[states]]
        values[:, 0] = self.ends[states]
        return values
