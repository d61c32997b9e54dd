"""Sums over the next symbol in a backoff model, for all contexts at once, at the cost of the trie and not of V.

    sum(c) = sum over w of P(w | c) x(c w)
           = backoff(c) sum(c') + sum over children w of (P(w | c) x(c w) - backoff(c) P(w | c') x(c' w))

where c' is the next shorter context, the children of c are what followed it, and c w is the longest known context
after c and w: what never followed c is as it is after c'. Where nearly all of that cancels, the sum is taken over all
symbols instead, and nothing is subtracted.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Integer

from moreish.inference.fixed_point import solve
from moreish.ngram import Backoff
from moreish.ngram.backoff import ranges

CANCELLED = 1e-4  # of what was there before the subtraction; about 12 of 16 digits are left
CELLS = 2**22  # of rows by V at a time
SETTLED = 0.3  # growth in one sweep below which the orders of magnitude are known
MOST_SWEEPS = 1000


class Terms(NamedTuple):
    """Terms weight * x(context, state) of the sums of some rows, all of one state."""

    row: Integer[np.ndarray, " terms"]
    context: Integer[np.ndarray, " terms"]
    weight: Float[np.ndarray, " terms"]
    state: int


class Transitions:
    """The probabilities of a backoff model in the form that sums need.

    end     : (contexts,) P(end | c)
    backoff : (contexts,)
    """

    def __init__(self, model: Backoff) -> None:
        self.model, counts = model, model.counts
        self.backoff, p = np.exp(model.log_backoff), np.exp(model.logprob)
        self._p, self._carried = p, np.zeros(len(p))
        longer = slice(counts.levels[min(2, counts.order + 1)], None)
        self._carried[longer] = self.backoff[counts.parent[longer]] * p[counts.suffix[longer]]
        seen = np.zeros(model.vocab_size, bool)
        seen[counts.symbol[1 : counts.first[1]]] = True
        seen[0] = True
        self._unseen = np.flatnonzero(~seen)
        self._p_unseen = float(self.backoff[0] / model.vocab_size)
        self.end = self._ends()
        self.surely_ends = bool((self.end > 0).all())

    def _ends(self) -> Float[np.ndarray, " contexts"]:
        counts = self.model.counts
        end = np.full(counts.contexts, self.backoff[0] / self.model.vocab_size)
        for low, high in zip(counts.levels[:-2], counts.levels[1:-1], strict=True):
            context = np.arange(low, high)
            child = counts.child(context, np.zeros_like(context))
            shorter = self.backoff[low:high] * end[counts.suffix[low:high]] if low else end[low:high]
            end[low:high] = np.where(child > 0, self._p[child], shorter)
        return end

    def differences(
        self, contexts: Integer[np.ndarray, " rows"], after: Integer[np.ndarray, " V"]
    ) -> Iterator[Terms]:
        """What the children of ascending contexts add to what the next shorter contexts say.

        after : the state of the rule after each id; 0 where it cannot succeed
        """
        counts, model = self.model.counts, self.model
        row, child = ranges(counts.first[contexts], counts.first[contexts + 1])
        to = after[counts.symbol[child]]
        inner = child < counts.contexts
        for state in np.unique(to[to > 0]).tolist():
            here = to == state
            here_inner = here & inner
            node, rows = child[here_inner], row[here_inner]
            yield Terms(rows, node, self._p[node], state)
            below = self._carried[node] > 0
            yield Terms(rows[below], counts.suffix[node[below]], -self._carried[node[below]], state)
            node = child[here & ~inner]
            yield Terms(row[here & ~inner], model.context_of[node], self._p[node] - self._carried[node], state)
        if len(contexts) and contexts[0] == 0:
            states, number = np.unique(after[self._unseen], return_counts=True)
            for state, n in zip(states.tolist(), number.tolist(), strict=True):
                if state:
                    yield Terms(np.zeros(1, np.int64), np.zeros(1, np.int64), np.array([n * self._p_unseen]), state)

    def symbols(self, contexts: Integer[np.ndarray, " rows"], after: Integer[np.ndarray, " V"]) -> Iterator[Terms]:
        """All that there is in the sums of these contexts, symbol by symbol."""
        ids = np.flatnonzero(after)
        step = max(1, CELLS // self.model.vocab_size)
        for low in range(0, len(contexts), step):
            some = contexts[low : low + step]
            p = np.exp(self.model.next_logprobs(some)[:, ids])
            next_contexts = self.model.next_contexts(some)[:, ids]
            rows = np.arange(low, low + len(some))
            for state in np.unique(after[ids]).tolist():
                here = after[ids] == state
                row = np.repeat(rows, int(here.sum()))
                yield Terms(row, next_contexts[:, here].ravel(), p[:, here].ravel(), state)


class System:
    """The equations x = end + sum over w for pairs that depend on each other, and on what is known already.

    end     : (rows,) what ending here is worth
    backoff : (rows,)
    shorter : (rows,) the row of the next shorter context in the same state; that of the empty one is its own
    bounds  : (levels + 1,) contexts of k symbols are the rows bounds[k] .. bounds[k + 1] - 1
    """

    def __init__(
        self,
        end: Float[np.ndarray, " rows"],
        backoff: Float[np.ndarray, " rows"],
        shorter: Integer[np.ndarray, " rows"],
        bounds: Integer[np.ndarray, " levels_and_one"],
    ) -> None:
        self.end, self.shorter, self.bounds = end, shorter, bounds.tolist()
        self.backoff = np.where(shorter == np.arange(len(end)), 0, backoff)
        self.known = np.zeros(len(end))  # terms of the sums that do not depend on any x of these rows
        self._row, self._column = np.zeros((2, 0), np.int64)
        self._weight = np.zeros(0)

    def __len__(self) -> int:
        """How many rows."""
        return len(self.end)

    def add_known(self, row: Integer[np.ndarray, " terms"], value: Float[np.ndarray, " terms"]) -> None:
        """Terms of which everything is known."""
        self.known += np.bincount(row, value, len(self))

    def add(self, terms: list[tuple[np.ndarray, np.ndarray, np.ndarray]]) -> None:
        """Terms (row, column, weight): weight * x[column]."""
        if terms:
            row, column, weight = (np.concatenate(parts) for parts in zip(*terms, strict=True))
            self._row = np.append(self._row, row)
            self._column = np.append(self._column, column)
            self._weight = np.append(self._weight, weight)

    def empty(self, rows: Integer[np.ndarray, " some"]) -> None:
        """Take away all terms of these rows, so that new ones can be added that owe nothing to shorter contexts."""
        emptied = np.zeros(len(self), bool)
        emptied[rows] = True
        self.known[rows] = self.backoff[rows] = 0
        kept = ~emptied[self._row]
        self._row, self._column, self._weight = self._row[kept], self._column[kept], self._weight[kept]

    def cancelled(self, x: Float[np.ndarray, " rows"]) -> Integer[np.ndarray, " some"]:
        """The rows in which so much was subtracted that too few digits are left."""
        total = self._sums(x, self.known)
        return np.flatnonzero(total < CANCELLED * self.backoff * total[self.shorter])

    def estimate(self) -> Float[np.ndarray, " rows"]:
        """x from below: exact where no row depends on another, else of the right order of magnitude.

        Each sweep allows one symbol more, so that x is 0 exactly where nothing can succeed.
        """
        x = np.zeros(len(self))
        for _ in range(MOST_SWEEPS if len(self._row) else 1):
            before, x = x, np.maximum(self._sums(x, self.known), 0) + self.end
            if not (x - before > SETTLED * x).any():
                break
        return x

    def solution(self, x: Float[np.ndarray, " rows"]) -> Float[np.ndarray, " rows"]:
        """x, from an estimate."""
        possible = x > 0
        if not len(self._row) or not possible.any():
            return x
        zero = np.zeros(len(self))
        b = np.where(possible, self._sums(zero, self.known) + self.end, 0)
        return solve(lambda v: np.where(possible, self._sums(v, zero), 0), b, x)

    def _sums(self, x: Float[np.ndarray, " rows"], known: Float[np.ndarray, " rows"]) -> Float[np.ndarray, " rows"]:
        total = known.copy()
        if len(self._row):
            total += np.bincount(self._row, self._weight * x[self._column], len(self))
        for low, high in zip(self.bounds[1:], self.bounds[2:], strict=False):
            total[low:high] += self.backoff[low:high] * total[self.shorter[low:high]]
        return total
