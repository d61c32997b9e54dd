"""A count model in backoff form: a finite automaton whose states are the contexts that occurred.

    log P(w | c) = logprob[c w]                          where c w occurred
                   log_backoff[c] + log P(w | suffix(c))  where it did not
                   log_backoff[root] - log V              where w never occurred at all

Interpolated models fit this form too: what the shorter contexts contribute is already in `logprob`. The methods are
those of the `LanguageModel` contract; a state is the node of the longest known context, one integer a row.
"""

from collections.abc import Iterator
from functools import cached_property

import numpy as np
from jaxtyping import Float, Integer

from moreish.ngram.counts import Counts, check_ids
from moreish.ngram.dense import STRIP, Dense

PIECE = 2**20  # positions scored at a time
LARGEST_TABLE = 2**23  # entries of a table of all contexts and ids: 64 MiB
ENTRIES_PER_WALK = 8  # of a table, filled in the time in which the trie is walked for one position


class Backoff:
    """Log probabilities over a trie of counts.

    logprob     : (nodes,) of each n-gram's last symbol given the symbols before it; that of the root is not used
    log_backoff : (contexts,) of the probability left for symbols that never followed the context, on the scale of
                  the next shorter context
    """

    def __init__(
        self,
        counts: Counts,
        logprob: Float[np.ndarray, " nodes"],
        log_backoff: Float[np.ndarray, " contexts"],
    ) -> None:
        self.counts, self.logprob, self.log_backoff = counts, logprob, log_backoff
        self._shortest = np.full(counts.vocab_size, log_backoff[0] - np.log(counts.vocab_size))  # no context at all
        unigrams = slice(1, counts.first[1])
        self._shortest[counts.symbol[unigrams]] = logprob[unigrams]
        self._table = np.empty((0, 0))
        self._rows_asked = self._asked = 0
        self._begin = self.next_context(np.zeros(1, np.int64), np.zeros(1, np.int64))

    @property
    def vocab_size(self) -> int:
        """V, the boundary included."""
        return self.counts.vocab_size

    @property
    def order(self) -> int:
        """One more than the length of the longest context; 0 is the uniform distribution."""
        return self.counts.order

    def start(self, rows: int) -> tuple[Integer[np.ndarray, " rows"], Float[np.ndarray, "rows V"]]:
        """`rows` items of which only the opening boundary was read, and their next log probabilities."""
        return np.repeat(self._begin, rows), np.repeat(self.next_logprobs(self._begin), rows, axis=0)

    def advance(
        self, state: Integer[np.ndarray, " rows"], ids: Integer[np.ndarray, " rows"]
    ) -> tuple[Integer[np.ndarray, " rows"], Float[np.ndarray, "rows V"]]:
        """Read one id a row; a boundary begins the next item."""
        pair = state * self.vocab_size + ids
        state = self.dense.after[pair] // self.vocab_size if len(self._table) else self.next_context(state, ids)
        return state, self.next_logprobs(state)

    def take(
        self, state: Integer[np.ndarray, " rows"], rows: Integer[np.ndarray, " kept"]
    ) -> Integer[np.ndarray, " kept"]:
        """The state of these rows, in this order."""
        return state[rows]

    def score(
        self, ids: Integer[np.ndarray, " N"], offsets: Integer[np.ndarray, " items_and_one"]
    ) -> Float[np.ndarray, " N"]:
        """Log probability of every id given those before it in its item; 0 at the first place, which none predicts.

        `offsets` is not needed: id 0 stands at the boundaries and nowhere else. Once enough was asked for to be worth
        it, a small model is read from tables of all its contexts.
        """
        check_ids(ids, self.vocab_size)
        entries = self.counts.contexts * self.vocab_size
        self._asked += len(ids)
        small = entries <= LARGEST_TABLE and self.order <= STRIP
        dense = self.dense if small and self._asked * ENTRIES_PER_WALK >= entries else None
        scores = np.zeros(len(ids))
        for low, overlap, piece in _pieces(ids, self.order):
            logprob = dense.score(piece, self.order) if dense else self._walk(piece)
            scores[low : low + len(piece) - overlap] = logprob[overlap:]
        scores[:1] = 0
        return scores

    def _walk(self, ids: Integer[np.ndarray, " N"]) -> Float[np.ndarray, " N"]:
        """The same from the trie, every position at once, from the shortest context to the longest."""
        logprob = np.full(len(ids), -np.log(self.vocab_size))
        for at, context, node in self.counts.walk(ids):
            shorter = logprob[at] + self.log_backoff[context]
            logprob[at] = np.where(node > 0, self.logprob[node], shorter)
        return logprob

    def loss(self, ids: Integer[np.ndarray, " N"], offsets: Integer[np.ndarray, " items_and_one"]) -> float:
        """Mean nats per predicted token, end markers included; infinite where something has probability 0."""
        if len(ids) < 2:
            raise ValueError("there are no items to score")
        return float(-self.score(ids, offsets).sum() / (len(ids) - 1))

    def evidence(
        self, ids: Integer[np.ndarray, " N"], offsets: Integer[np.ndarray, " items_and_one"]
    ) -> tuple[Integer[np.ndarray, " N"], Integer[np.ndarray, " N"]]:
        """What each prediction rests on: the length of the longest known context, and how often it occurred.

        Aligned with ids; both are 0 at the first place, which none predicts.
        """
        length, count = np.zeros((2, len(ids)), np.int64)
        for low, overlap, piece in _pieces(ids, self.order):
            node = np.zeros(len(piece), np.int64)
            for at, context, _ in self.counts.walk(piece):
                node[at] = context
            here = slice(low, low + len(piece) - overlap)
            length[here], count[here] = self.evidence_of(node[overlap:])
        length[:1] = count[:1] = 0
        return length, count

    def evidence_of(
        self, state: Integer[np.ndarray, " rows"]
    ) -> tuple[Integer[np.ndarray, " rows"], Integer[np.ndarray, " rows"]]:
        """The same for the next prediction of every row of a state."""
        return self.counts.length(state), self.counts.count[state]

    def next_context(
        self, state: Integer[np.ndarray, " rows"], ids: Integer[np.ndarray, " rows"]
    ) -> Integer[np.ndarray, " rows"]:
        """The longest known context after one more id; after id 0 that with which every item begins."""
        counts = self.counts
        context = np.where(ids == 0, 0, state)  # an item begins: nothing before the boundary counts
        after = counts.child(context, ids)
        open_rows = np.flatnonzero((after == 0) & (context > 0))
        while len(open_rows):
            context[open_rows] = counts.suffix[context[open_rows]]
            after[open_rows] = counts.child(context[open_rows], ids[open_rows])
            open_rows = open_rows[(after[open_rows] == 0) & (context[open_rows] > 0)]
        return np.where(after < counts.contexts, after, counts.suffix[after])

    def next_logprob(
        self, state: Integer[np.ndarray, " rows"], ids: Integer[np.ndarray, " rows"]
    ) -> Float[np.ndarray, " rows"]:
        """The log probability of one id a row, which is cheaper than a row of all."""
        counts, context = self.counts, state.copy()
        node, logprob = counts.child(context, ids), np.zeros(len(state))
        open_rows = np.flatnonzero((node == 0) & (context > 0))
        while len(open_rows):
            logprob[open_rows] += self.log_backoff[context[open_rows]]
            context[open_rows] = counts.suffix[context[open_rows]]
            node[open_rows] = counts.child(context[open_rows], ids[open_rows])
            open_rows = open_rows[(node[open_rows] == 0) & (context[open_rows] > 0)]
        return logprob + np.where(node > 0, self.logprob[node], self.log_backoff[0] - np.log(self.vocab_size))

    def next_logprobs(self, state: Integer[np.ndarray, " rows"]) -> Float[np.ndarray, "rows V"]:
        """The log probabilities of all V ids after each context.

        Once as many rows were asked for as there are contexts, all of them are kept, where that is a small table.
        """
        contexts = self.counts.contexts
        self._rows_asked += len(state)
        if self._rows_asked > contexts and not len(self._table) and contexts * self.vocab_size <= LARGEST_TABLE:
            self._table = self._compute_rows(np.arange(contexts))
        return self._table[state] if len(self._table) else self._compute_rows(state)

    @cached_property
    def dense(self) -> Dense:
        """The model as tables of all contexts and ids, made once: contexts * V entries, so only for small models."""
        if not len(self._table):
            self._table = self._compute_rows(np.arange(self.counts.contexts))
        after = self.next_contexts(np.arange(self.counts.contexts))
        return Dense(self._table.ravel(), after.ravel() * self.vocab_size)

    def _compute_rows(self, state: Integer[np.ndarray, " rows"]) -> Float[np.ndarray, "rows V"]:
        """From the shortest context to the longest: what the shorter one says, scaled, then the symbols seen."""
        rows = np.repeat(self._shortest[None], len(state), axis=0)
        for row, context, parent, child in self._lengthening(state):
            rows[row] += self.log_backoff[context, None]
            rows[parent, self.counts.symbol[child]] = self.logprob[child]
        return rows

    def next_contexts(self, state: Integer[np.ndarray, " rows"]) -> Integer[np.ndarray, "rows V"]:
        """The longest known context after each of the V ids; column 0: that with which every item begins."""
        counts, known = self.counts, self.context_of
        rows = np.zeros((len(state), self.vocab_size), np.int64)
        rows[:, counts.symbol[1 : counts.first[1]]] = known[1 : counts.first[1]]
        for _, _, parent, child in self._lengthening(state):
            rows[parent, counts.symbol[child]] = known[child]
        rows[:, 0] = self._begin
        return rows

    @cached_property
    def context_of(self) -> Integer[np.ndarray, " nodes"]:
        """The longest known context after each n-gram: itself, where it is short enough to be one."""
        contexts = np.arange(self.counts.contexts)[: len(self.counts.keys)]
        return np.append(contexts, self.counts.suffix[len(contexts) :])

    def _lengthening(self, state: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]]:
        """The contexts that each state ends with, from one symbol to all of them.

        Each time: the rows that have such a context, it, and for all its children their rows and nodes.
        """
        first, chain = self.counts.first, []
        while state.any():
            chain.append(state)
            state = self.counts.suffix[state]
        for contexts in reversed(chain):
            row = np.flatnonzero(contexts)  # the others are at the root already
            context = contexts[row]
            parent, child = ranges(first[context], first[context + 1])
            yield row, context, row[parent], child


def ranges(
    low: Integer[np.ndarray, " rows"], high: Integer[np.ndarray, " rows"]
) -> tuple[Integer[np.ndarray, " cells"], Integer[np.ndarray, " cells"]]:
    """All the numbers low[i] .. high[i] - 1, one range after the other: (i of each, the number)."""
    lengths = high - low
    row = np.repeat(np.arange(len(lengths)), lengths)
    return row, np.arange(len(row)) + (low - (np.cumsum(lengths) - lengths))[row]


def _pieces(ids: np.ndarray, order: int) -> Iterator[tuple[int, int, np.ndarray]]:
    """Pieces of flat ids to be walked one by one: (where its new part begins, how many ids stand before that, it)."""
    for low in range(0, len(ids), PIECE):
        overlap = min(low, max(order - 1, 0))
        yield low, overlap, ids[low - overlap : low + PIECE]
