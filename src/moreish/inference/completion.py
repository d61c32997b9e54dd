"""How likely is the likeliest way to go on to an end? For every context of an n-gram and every state of a rule.

    u(c, q) = max( P(end | c)                         where an item may end in q
                   P(w | c) u(c w, q w)               for every symbol w that followed c
                   backoff(c) u(suffix(c), q) )       for all the others

A max-product backward pass (Viterbi 1967) over the trie, repeated until nothing changes: after n rounds it knows the
completions of up to n symbols. The last line also considers, as one of the others, a symbol that did follow c. So u
is never too low, which is what a search that closes what u rules out needs to be exact (Hart, Nilsson & Raphael
1968), and where a seen symbol is not better off as an unseen one it is the probability itself.
"""

import numpy as np
from jaxtyping import Float, Integer

from moreish.automata import Automaton
from moreish.ngram import Backoff
from moreish.ngram.counts import Counts

LARGEST_TABLE = 2**24  # contexts times states of the rule, 128 MiB; beyond it contexts are shortened
CELLS_AT_A_TIME = 2**21


class BestCompletion:
    """Upper bounds, for a rule of S states.

    table     : (contexts, S) log u; -inf where nothing can follow that the rule allows
    shortened : (contexts of the model,) the context in the table: its longest suffix there
    """

    def __init__(self, model: Backoff, automaton: Automaton, longest: int) -> None:
        """`longest`: symbols of the longest completion of interest."""
        order = model.order
        while order > 1 and model.counts.levels[order] * len(automaton) > LARGEST_TABLE:
            order -= 1
        counts = model.counts if order == model.order else model.counts.upto(order)
        self.shortened = _shortened(model.counts, counts.contexts)
        logprob, log_backoff = _highest(model, order), model.log_backoff[: counts.contexts]
        self.table = _solve(counts, logprob, log_backoff, automaton, longest)

    def __call__(
        self, contexts: Integer[np.ndarray, " rows"], states: Integer[np.ndarray, " rows"]
    ) -> Float[np.ndarray, " rows"]:
        """The log of u for each context, a state of the model, with the rule in this state."""
        return self.table[self.shortened[contexts], states]


def _shortened(counts: Counts, contexts: int) -> Integer[np.ndarray, " contexts"]:
    """For each context its longest suffix among the first `contexts` ones, which are the shortest."""
    node = np.arange(counts.contexts)
    while (long := node >= contexts).any():
        node[long] = counts.suffix[node[long]]
    return node


def _highest(model: Backoff, order: int) -> Float[np.ndarray, " nodes"]:
    """By n-gram up to `order`: the log probability of its last symbol after the context or any longer one.

    A longer context that the symbol never followed falls back on a shorter one with a factor of at most 1.
    """
    counts, highest = model.counts, model.logprob.copy()
    for low, high in reversed(list(zip(counts.levels[order + 1 : -1], counts.levels[order + 2 :], strict=True))):
        np.maximum.at(highest, counts.suffix[low:high], highest[low:high])
    return highest[: counts.levels[order + 1]]


def _solve(
    counts: Counts, logprob: np.ndarray, log_backoff: np.ndarray, automaton: Automaton, longest: int
) -> Float[np.ndarray, "contexts S"]:
    """The table: rounds until nothing changes, or all completions of up to `longest` symbols were considered.

    A round looks again only at the states of the rule from which one that changed in the last round is reached.
    """
    step = _Step(counts, logprob, log_backoff, automaton)
    best = np.full((counts.contexts, len(automaton)), -np.inf)
    best[:, automaton.accepts] = step.end[:, None]
    step.fall_back(best)
    changed = automaton.accepts
    for _ in range(longest):
        columns = np.flatnonzero(changed[automaton.table].any(1))
        better = [step(best, columns[low : low + step.at_once]) for low in range(0, len(columns), step.at_once)]
        changed = np.zeros(len(automaton), bool)
        for low, block in zip(range(0, len(columns), step.at_once), better, strict=True):
            here = columns[low : low + step.at_once]
            changed[here] = (block > best[:, here]).any(0)
            best[:, here] = block
        if not changed.any():
            break
    return best


class _Step:
    """One more symbol before every completion.

    end     : (contexts,) log probability that an item ends after each
    at_once : states of the rule looked at together
    """

    def __init__(self, counts: Counts, logprob: np.ndarray, log_backoff: np.ndarray, automaton: Automaton) -> None:
        self._to = automaton.table.T[automaton.classes]  # (V, S): the state after each id
        self._suffix, self._log_backoff = counts.suffix, log_backoff
        self._levels = [slice(*pair) for pair in zip(counts.levels[1:-2], counts.levels[2:-1], strict=True)]
        every = np.arange(len(counts.keys))
        after = np.where(every < counts.contexts, every, counts.suffix)  # the context after each n-gram

        node = every[counts.first[1] :]
        node = node[counts.symbol[node] > 0]
        self._symbol, self._after, self._logprob = counts.symbol[node], after[node], logprob[node, None]
        self._parents, self._begins = np.unique(counts.parent[node], return_index=True)
        self.at_once = max(1, CELLS_AT_A_TIME // len(counts.keys))

        known = every[1 : counts.first[1]]
        shortest = np.full(counts.vocab_size, log_backoff[0] - np.log(counts.vocab_size))
        shortest[counts.symbol[known]] = logprob[known]
        self._first_after = np.zeros(counts.vocab_size, np.int64)
        self._first_after[counts.symbol[known]] = after[known]
        self._shortest = shortest[:, None]

        self.end = np.full(counts.contexts, shortest[0])
        for level in self._levels:
            last = counts.child(every[level], np.zeros(level.stop - level.start, np.int64))
            fallback = log_backoff[level] + self.end[counts.suffix[level]]
            self.end[level] = np.where(last > 0, logprob[last], fallback)

    def __call__(self, best: Float[np.ndarray, "contexts S"], columns: np.ndarray) -> Float[np.ndarray, "contexts C"]:
        """These columns of the table, with completions one symbol longer."""
        states, flat = best.shape[1], best.ravel()
        better, to = best[:, columns], self._to[:, columns]
        first = self._shortest + flat[self._first_after[:, None] * states + to]
        better[0] = np.maximum(better[0], first[1:].max(0, initial=-np.inf))
        if len(self._after):
            onward = self._logprob + flat[self._after[:, None] * states + to[self._symbol]]
            onward = np.maximum.reduceat(onward, self._begins, axis=0)
            better[self._parents] = np.maximum(better[self._parents], onward)
        self.fall_back(better)
        return better

    def fall_back(self, best: Float[np.ndarray, "contexts C"]) -> None:
        """What shorter contexts say, scaled, where that is more; the shortest ones first."""
        for level in self._levels:
            fallback = self._log_backoff[level, None] + best[self._suffix[level]]
            np.maximum(best[level], fallback, out=best[level])
