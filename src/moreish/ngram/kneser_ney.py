"""Interpolated modified Kneser-Ney smoothing: Chen and Goodman 1998, An Empirical Study of Smoothing Techniques for
Language Modeling, section 3 and equations 26 and 27.

    P(w | c) = (a(c w) - D(a(c w))) / sum_v a(c v)  +  gamma(c) P(w | suffix(c))
    gamma(c) = (D1 N1(c) + D2 N2(c) + D3 N3+(c)) / sum_v a(c v)

a is the count for the n-grams of the highest order and, for shorter ones, the number of different symbols seen before
the n-gram: "Francisco" is frequent, but only after "San". N_i(c) is how many w have a(c w) = i. The last suffix is
followed by the uniform distribution, so that every symbol can come everywhere.

As in the textbook every item is preceded by order - 1 boundaries, so near its beginning too the longest context has
its full length. The trie keeps one boundary of them. A context c with one boundary in front, shorter than order - 1,
stands for a chain of contexts. The longest, with all the boundaries, has counts; to the left of the others only a
boundary was seen, so every a is 1. A link of that chain is

    Q_k(w) = (1 - D1_k) / N(c)  +  D1_k Q_(k-1)(w)

with N(c) the number of different symbols seen after c, so the whole chain is share / N(c) + rest P(w | suffix(c)).
"""

import numpy as np
from jaxtyping import Float, Integer

from moreish.ngram.backoff import Backoff
from moreish.ngram.counts import Counts, count_ngrams


class KneserNey(Backoff):
    """Interpolated modified Kneser-Ney n-grams.

    discounts : (order, 3) D1, D2 and D3+ of the 1-grams, 2-grams, ...
    """

    def __init__(self, counts: Counts) -> None:
        levels, opening = counts.levels, counts.opening
        adjusted = adjusted_counts(counts)
        self.discounts = all_discounts(counts, adjusted)
        prob = np.full(len(adjusted), 1 / counts.vocab_size)  # that of the root: below the 1-grams all are alike
        backoff = np.ones(counts.contexts)
        for order in range(1, counts.order + 1):
            context = slice(levels[order - 1], levels[order])
            gram = slice(levels[order], levels[order + 1])
            a, parent = adjusted[gram], counts.parent[gram] - context.start
            padded = slice(opening[order] if order > 1 else 0)  # these stand for the longest n-grams
            discount = self.discounts[order - 1][np.minimum(a, 3) - 1]
            discount[padded] = self.discounts[-1][np.minimum(a[padded], 3) - 1]

            rows = context.stop - context.start
            total, left = (np.bincount(parent, x, rows).astype(float) for x in (a, discount))
            share, rest = self._chain(order)
            kept = a - discount
            kept[padded] += share * (left / np.maximum(np.bincount(parent, minlength=rows), 1))[parent[padded]]
            left[: opening[order - 1]] *= rest

            has = total > 0  # an n-gram that ends with a boundary is no context
            backoff[context][has] = left[has] / total[has]
            prob[gram] = kept / total[parent] + backoff[context][parent] * prob[counts.suffix[gram]]
        super().__init__(counts, np.log(prob), np.log(backoff))

    def _chain(self, order: int) -> tuple[float, float]:
        """(share, rest) of the chain of contexts with boundaries in front that has `order` as its lowest order."""
        share, rest = 0.0, 1.0
        for d1 in self.discounts[order - 1 : -1, 0].tolist():
            share, rest = 1 - d1 + d1 * share, d1 * rest
        return share, rest

    @classmethod
    def fit(
        cls,
        ids: Integer[np.ndarray, " N"],
        offsets: Integer[np.ndarray, " items_and_one"],
        vocab_size: int,
        order: int = 5,
        weights: Integer[np.ndarray, " items"] | None = None,
    ) -> "KneserNey":
        """Count flat ids and smooth; `weights` says how often each item stands in the list."""
        return cls(count_ngrams(ids, offsets, vocab_size, order, weights))


def adjusted_counts(counts: Counts) -> Integer[np.ndarray, " nodes"]:
    """a: how many different symbols stand before each n-gram; occurrences for those that stand for the longest."""
    adjusted = counts.count.copy()
    if counts.order > 1:
        lower = slice(counts.levels[1], counts.levels[-2])
        adjusted[lower] = np.bincount(counts.suffix[counts.levels[2] :], minlength=lower.stop)[lower]
    for level in range(2, counts.order):
        opening = slice(counts.levels[level], counts.levels[level] + counts.opening[level])
        adjusted[opening] = counts.count[opening]
    return adjusted


def all_discounts(counts: Counts, adjusted: Integer[np.ndarray, " nodes"]) -> Float[np.ndarray, "order 3"]:
    """The discounts of every order, padded n-grams included."""
    levels, opening = counts.levels, counts.opening
    tallies = np.zeros((counts.order, 6), np.int64)  # n_i of each order in column i, 5 is "more than 4"
    for order in range(1, counts.order + 1):
        tally = np.bincount(np.minimum(adjusted[levels[order] : levels[order + 1]], 5), minlength=6)
        tallies[order - 1] += tally
        if 1 < order < counts.order:
            begin = slice(levels[order], levels[order] + opening[order])
            padded = np.bincount(np.minimum(adjusted[begin], 5), minlength=6)
            tallies[order - 1] -= padded
            tallies[order - 1 : -1, 1] += opening[order]  # preceded by nothing but a boundary
            tallies[-1] += padded
    return np.array([discounts(*tally[1:5].tolist()) for tally in tallies]).reshape(-1, 3)


def discounts(n1: int, n2: int, n3: int, n4: int) -> tuple[float, float, float]:
    """D1, D2, D3+ from the numbers of n-grams with count 1, 2, 3 and 4.

    Y = n1 / (n1 + 2 n2),  D_i = i - (i + 1) Y n_(i+1) / n_i

    The estimate needs n1, n_i and n_(i+1), and 0 < D_i <= i; short lists break that, and then D_i is i / 2.
    """
    found = []
    for i, here, above in ((1, n1, n2), (2, n2, n3), (3, n3, n4)):
        estimate = i - (i + 1) * n1 / (n1 + 2 * n2) * above / here if n1 and here and above else 0.0
        found.append(estimate if 0 < estimate <= i else i / 2)
    return found[0], found[1], found[2]
