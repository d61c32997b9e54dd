"""The n-gram of one kind of item, which backs off to the n-gram of all kinds.

Elvish and dwarvish names share much of their spelling, and forty dwarves are too few to count alone. At every context
two interpolated models meet, that of the kind's items and that of all items:

    P_k(w | c) = m(c) d_k(c w) + (1 - m(c)) d(c w)  +  [m(c) g_k(c) + (1 - m(c)) g(c)] P_k(w | suffix(c))
    m(c) = a sqrt(e(c)) / (sqrt(n(c)) + a sqrt(e(c))),   e(c) = n_k(c) + 0.4 n(c) n_k / n

where d is what a model keeps of its discounted counts and g what it leaves to the shorter context, so that P = d + g
P(suffix) is either of them, and n counts the context. That a kind never had a context which it should have had by its
share says something too: the second part of e lets its own model, which goes back to the shorter context there, be
heard all the same, so that what only other kinds do is not taken over whole. Symbols that the kind never had are
doubted besides, the more the oftener they should have come by its share: else one in ten towns gets a letter of the
Hindi words that stand beside them.

The merging of counts of Bacchiani et al. 2006 (MAP adaptation of stochastic grammars, section 3.1) has n where
sqrt(n) stands here; the root did better in every order (docs/log.md). With one shorter distribution for both the sum
is in backoff form on the trie of all items, so whatever is exact for an n-gram is exact for a kind's.
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Integer

from moreish.ngram.backoff import Backoff
from moreish.ngram.counts import Counts

ABSENCE = 0.4  # of the count that a context would have by the kind's share, where the kind never had it
TRIED = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0)
TRUSTED = 8.0
"""Values of a that are tried on val, and the one that is taken where there is none."""


class KindNGram(Backoff):
    """The n-gram of one kind.

    pooled : of all items, in interpolated form
    own : of the kind's items alone, of the same order
    trust : a, how much more an item of the kind counts than another
    """

    def __init__(self, pooled: Backoff, own: Backoff, trust: float = TRUSTED) -> None:
        if own.order != pooled.order or own.vocab_size != pooled.vocab_size:
            raise ValueError("the n-grams of a kind and of all kinds differ in order or vocabulary")
        self.pooled, self.own, self.trust = pooled, own, trust
        counts = pooled.counts
        node = _nodes(own.counts, counts)
        inner = node[: own.counts.contexts]
        kept, own_kept = _kept(pooled), np.zeros(len(counts.keys))
        own_kept[node[1:]] = _kept(own)[1:]
        left, own_left, own_count = np.exp(pooled.log_backoff), np.ones(counts.contexts), np.zeros(counts.contexts)
        own_left[inner], own_count[inner] = np.exp(own.log_backoff), own.counts.count[: len(inner)]
        all_count = counts.count[: counts.contexts]
        weighed = trust * np.sqrt(own_count + ABSENCE * all_count * (own_count[0] / all_count[0]))
        m = weighed / (np.sqrt(all_count) + weighed)
        doubt = _doubt(own.counts, counts, m[0])
        doubted = kept * doubt[counts.symbol]
        doubted[: counts.levels[2]] = kept[: counts.levels[2]]  # those of single symbols below
        left += np.bincount(counts.parent[1:], (kept - doubted)[1:], counts.contexts)
        kept = doubted
        backoff = m * own_left + (1 - m) * left
        prob = np.full(len(counts.keys), 1 / counts.vocab_size)
        for low, high in zip(counts.levels[1:-1], counts.levels[2:], strict=True):
            gram, parent = slice(low, high), counts.parent[low:high]
            new = m[parent] * own_kept[gram] + (1 - m[parent]) * kept[gram]
            prob[gram] = new + backoff[parent] * prob[counts.suffix[gram]]
            if low == 1:  # what the kind never had of single symbols is doubted
                prob[gram] *= doubt[counts.symbol[gram]]
                scale = 1 / (prob[gram].sum() + (counts.vocab_size - (high - low)) * backoff[0] / counts.vocab_size)
                prob[gram] *= scale
                backoff[0] *= scale
        with np.errstate(divide="ignore"):
            super().__init__(counts, np.log(prob), np.log(backoff))


def _nodes(own: Counts, all_items: Counts) -> Integer[np.ndarray, " nodes"]:
    """Where each n-gram of the kind stands in the trie of all items."""
    node = np.zeros(len(own.keys), np.int64)
    for low, high in zip(own.levels[1:-1], own.levels[2:], strict=True):
        node[low:high] = all_items.child(node[own.parent[low:high]], own.symbol[low:high])
    if not node[1:].all():
        raise ValueError("the kind has an n-gram that all items together do not have")
    return node


def _doubt(own: Counts, all_items: Counts, heard: float) -> Float[np.ndarray, " V"]:
    """By what to multiply each symbol's probability: 1 where the kind has it.

    Else 1 / (1 + how many of those that it lacks it should have had by its share): together, because a script has
    many symbols and each is rare. `heard` is m of the root: what is hardly heard hardly doubts.
    """
    of_one = slice(all_items.levels[1], all_items.levels[2])
    lacked = np.zeros(own.vocab_size)
    lacked[all_items.symbol[of_one]] = all_items.count[of_one]
    lacked[own.symbol[own.levels[1] : own.levels[2]]] = 0
    expected = own.count[0] * lacked.sum() / all_items.count[0]
    return np.where(lacked > 0, 1 / (1 + heard * expected), 1.0)


def _kept(model: Backoff) -> Float[np.ndarray, " nodes"]:
    """d: what each n-gram has beyond what its context leaves to the shorter one."""
    counts, prob = model.counts, np.exp(model.logprob)
    prob[0] = 1 / counts.vocab_size
    kept = prob.copy()
    kept[1:] -= np.exp(model.log_backoff)[counts.parent[1:]] * prob[counts.suffix[1:]]
    return np.maximum(kept, 0)


def choose_trust(
    pooled: Backoff,
    own: Sequence[Backoff],
    val: Sequence[tuple[Integer[np.ndarray, " _"], Integer[np.ndarray, " _"]]],
) -> float:
    """The trust that loses least on val, given as ids and offsets of each kind's items; TRUSTED where it is empty."""
    some = [(one, part) for one, part in zip(own, val, strict=True) if len(part[0]) > 1]
    if not some:
        return TRUSTED

    def lost(trust: float) -> float:
        return -sum(float(KindNGram(pooled, one, trust).score(*part).sum()) for one, part in some)

    return min(TRIED, key=lost)
