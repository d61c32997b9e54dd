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

LARGEST_TABLE = 2**23  # n-grams times states of the rule; beyond it contexts are shortened


class BestCompletion:
    """Upper bounds, for a rule of S states.

    table     : (contexts, S) log u; -inf where nothing can follow that the rule allows
    shortened : (contexts of the model,) the context in the table: its longest suffix there
    """

    def __init__(self, model: Backoff, automaton: Automaton, longest: int) -> None:
        """`longest`: symbols of the longest completion of interest."""
        order = model.order
        while order > 1 and model.counts.levels[order + 1] * len(automaton) > LARGEST_TABLE:
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
    """The table: rounds until nothing changes, or all completions of up to `longest` symbols were considered."""
    states, contexts = len(automaton), counts.contexts
    to = automaton.table.T[automaton.classes]  # (V, S)
    levels = [slice(low, high) for low, high in zip(counts.levels[1:-2], counts.levels[2:-1], strict=True)]
    after = np.where(np.arange(len(counts.keys)) < contexts, np.arange(len(counts.keys)), counts.suffix)

    node = np.arange(counts.first[1], len(counts.keys))
    node = node[counts.symbol[node] > 0]
    parents, begins = np.unique(counts.parent[node], return_index=True)
    child = after[node, None] * states + to[counts.symbol[node]]
    step = logprob[node, None]

    known = np.arange(1, counts.first[1])
    shortest, opened = (
        np.full(counts.vocab_size, log_backoff[0] - np.log(counts.vocab_size)),
        np.zeros_like(to[:, :1]),
    )
    shortest[counts.symbol[known]], opened[counts.symbol[known], 0] = logprob[known], after[known]
    opened = opened[1:] * states + to[1:]

    end = np.full(contexts, shortest[0])
    for level in levels:
        last = counts.child(np.arange(level.start, level.stop), np.zeros(level.stop - level.start, np.int64))
        end[level] = np.where(last > 0, logprob[last], log_backoff[level] + end[counts.suffix[level]])
    best = np.full((contexts, states), -np.inf)
    for _ in range(longest + 1):
        better = np.where(automaton.accepts, end[:, None], -np.inf)
        better[0] = np.maximum(better[0], (shortest[1:, None] + best.ravel()[opened]).max(0, initial=-np.inf))
        if len(node):
            onward = np.maximum.reduceat(step + best.ravel()[child], begins, axis=0)
            better[parents] = np.maximum(better[parents], onward)
        for level in levels:
            fallback = log_backoff[level, None] + better[counts.suffix[level]]
            np.maximum(better[level], fallback, out=better[level])
        if np.array_equal(best, better):
            break
        best = better
    return best
