"""Slow twins of the n-gram models, straight from the formulas: dictionaries of tuples, every item padded with
order - 1 boundaries. And lists of items for hypothesis to draw."""

import math
from collections import Counter

import numpy as np
from hypothesis import strategies as st

V = 6
symbols = st.integers(1, V - 2)  # the last id never occurs in what is counted
lists = st.lists(st.lists(symbols, max_size=7), min_size=1, max_size=12)
orders = st.integers(1, 5)


def flat(items):
    """Items (lists of ids) as (ids, offsets)."""
    ids = np.array([0, *(i for item in items for i in (*item, 0))], np.uint8)
    return ids, np.flatnonzero(ids == 0)


def padded(item, order):
    """The item with order - 1 boundaries before it and one after it."""
    return (0,) * (order - 1) + tuple(item) + (0,)


class TextbookKneserNey:
    def __init__(self, items, order: int, vocab_size=V):
        self.order, self.vocab_size = order, vocab_size
        windows = [tuple(w[i - order + 1 : i + 1]) for item in items for w in [padded(item, order)]
                   for i in range(order - 1, len(w))]  # fmt: skip
        self.a = {order: Counter(windows)}
        for k in range(order - 1, 0, -1):
            self.a[k] = Counter(gram[1:] for gram in self.a[k + 1])
        self.D = {k: self.discounts(self.a[k]) for k in self.a}

    def discounts(self, a):
        n = Counter(a.values())
        D: dict[int, float] = {0: 0.0, 1: 0.5, 2: 1.0, 3: 1.5}
        for i in (1, 2, 3):
            if n[1] and n[i] and n[i + 1]:
                Y = n[1] / (n[1] + 2 * n[2])
                estimate = i - (i + 1) * Y * n[i + 1] / n[i]
                if 0 < estimate <= i:
                    D[i] = estimate
        return D

    def prob(self, context, symbol):
        """P(symbol | context) for a context of any length."""
        k = len(context) + 1
        shorter = self.prob(context[1:], symbol) if context else 1 / self.vocab_size
        after = {g[-1]: n for g, n in self.a[k].items() if g[:-1] == tuple(context)}
        total = sum(after.values())
        if not total:
            return shorter
        D = self.D[k]
        gamma = sum(D[min(n, 3)] for n in after.values()) / total
        a = after.get(symbol, 0)
        return max(a - D[min(a, 3)], 0) / total + gamma * shorter


class TextbookAddK:
    def __init__(self, items, order, k, vocab_size=V):
        self.order, self.k, self.vocab_size = order, k, vocab_size
        self.count = Counter(tuple(w[i - order + 1 : i + 1]) for item in items for w in [padded(item, order)]
                             for i in range(order - 1, len(w)))  # fmt: skip

    def prob(self, context, symbol):
        total = sum(self.count[(*context, v)] for v in range(self.vocab_size))
        if not total:
            return 1 / self.vocab_size
        return (self.count[(*context, symbol)] + self.k) / (total + self.k * self.vocab_size)


def textbook_scores(model, items):
    """Log probability at every place of the flat ids of `items`."""
    scores = [0.0]
    for item in items:
        w = padded(item, model.order)
        for i in range(model.order - 1, len(w)):
            p = model.prob(w[i - model.order + 1 : i], w[i])
            scores.append(math.log(p) if p else -math.inf)
    return np.array(scores)


def context_of(item, order):
    """The order - 1 ids before the next prediction, when `item` was read so far."""
    return padded(item, order)[: len(item) + order - 1][len(item) :]
