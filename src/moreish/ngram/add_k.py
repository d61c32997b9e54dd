"""Add-k smoothing: every n-gram counts as if it had been seen k times more. Order 2, k = 1 is the lectures' bigram.

    P(w | c) = (count(c w) + k) / (count(c) + k V)

where c is exactly the order - 1 symbols before w (fewer only where the item begins). k = 0 is maximum likelihood.
"""

import math

import numpy as np
from jaxtyping import Integer

from moreish.ngram.backoff import Backoff
from moreish.ngram.counts import Counts, count_ngrams


class AddK(Backoff):
    """Add-k smoothed n-grams of one order.

    A context that never occurred leaves the uniform distribution, also with k = 0 (the limit of small k). With k = 0
    an n-gram that never occurred has log probability -inf.
    """

    def __init__(self, counts: Counts, k: float = 1.0) -> None:
        if not 0 <= k < math.inf:
            raise ValueError(f"add-k smoothing adds a finite k of at least 0 to every count, not {k}")
        self.k = k
        V, contexts = counts.vocab_size, counts.contexts
        full = np.zeros(contexts, bool)  # as long as a context can be at its place; the others are only ways there
        if counts.order:
            full[counts.levels[counts.order - 1] :] = True
        for low, opening in zip(counts.levels[1:-2], counts.opening[1:-1], strict=True):
            full[low : low + opening] = True
        parent = counts.parent[1:]
        total = counts.count[:contexts] + k * V
        prob = np.where(full[parent], (counts.count[1:] + k) / total[parent], 1 / V)
        with np.errstate(divide="ignore"):
            super().__init__(counts, np.log(np.append(1, prob)), np.log(np.where(full, k * V / total, 1.0)))

    @classmethod
    def fit(
        cls,
        ids: Integer[np.ndarray, " N"],
        offsets: Integer[np.ndarray, " items_and_one"],
        vocab_size: int,
        order: int = 2,
        k: float = 1.0,
        weights: Integer[np.ndarray, " items"] | None = None,
    ) -> "AddK":
        """Count flat ids and smooth; `weights` says how often each item stands in the list."""
        return cls(count_ngrams(ids, offsets, vocab_size, order, weights), k)
