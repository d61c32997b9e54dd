"""Which order: the one whose Kneser-Ney model loses least on val; on long lists, for a sample of train and val.

A sample asks for an order that is the whole list's or one beside it, where the losses hardly differ.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Integer

from moreish.ngram.counts import count_ngrams
from moreish.ngram.kneser_ney import KneserNey

FIRST_COUNTED = 7  # counted at first; lists of short items rarely gain from more
MOST_TRAIN, MOST_VAL = 200_000, 50_000  # items with which the orders are tried


class Choice(NamedTuple):
    """The model chosen, the val loss of every order that was tried, and with how many items of train and val."""

    model: KneserNey
    losses: dict[int, float]
    tried_on: tuple[int, int]


def choose_order(
    train_ids: Integer[np.ndarray, " N"],
    train_offsets: Integer[np.ndarray, " items_and_one"],
    val_ids: Integer[np.ndarray, " M"],
    val_offsets: Integer[np.ndarray, " val_items_and_one"],
    vocab_size: int,
    highest: int = 12,
) -> Choice:
    """Try the orders 1, 2, ... `highest` until one is no better than the one before it.

    Longer contexts help until they become too rare, so the val loss falls and then rises. The orders are tried with
    at most MOST_TRAIN and MOST_VAL items; the model is that of all of train.
    """
    if highest < 1:
        raise ValueError(f"the highest order to try is 1 or more, not {highest}")
    some_train, some_val = _some(train_ids, train_offsets, MOST_TRAIN), _some(val_ids, val_offsets, MOST_VAL)
    model, losses = _try_orders(*some_train, *some_val, vocab_size, highest)
    tried_on = len(some_train[1]) - 1, len(some_val[1]) - 1
    if tried_on[0] < len(train_offsets) - 1:
        model = KneserNey.fit(train_ids, train_offsets, vocab_size, model.order)
    return Choice(model, losses, tried_on)


def _try_orders(
    train_ids: np.ndarray,
    train_offsets: np.ndarray,
    val_ids: np.ndarray,
    val_offsets: np.ndarray,
    vocab_size: int,
    highest: int,
) -> tuple[KneserNey, dict[int, float]]:
    losses: dict[int, float] = {}
    best = counts = None
    for order in range(1, highest + 1):
        if counts is None or order > counts.order:
            counts = count_ngrams(train_ids, train_offsets, vocab_size, min(max(order, FIRST_COUNTED), highest))
        model = KneserNey(counts.upto(order))
        losses[order] = model.loss(val_ids, val_offsets)
        if best is not None and losses[order] >= losses[best.order]:
            break
        best = model
    assert best is not None
    return best, losses


def _some(ids: np.ndarray, offsets: np.ndarray, most: int) -> tuple[np.ndarray, np.ndarray]:
    """At most so many of the items: one from each of as many stretches of one length, the same ones every time."""
    n = len(offsets) - 1
    if n <= most:
        return ids, offsets
    edges = np.arange(most + 1) * n // most
    chosen = edges[:-1] + (np.random.default_rng(0).random(most) * np.diff(edges)).astype(np.int64)
    lengths = offsets[chosen + 1] - offsets[chosen]
    ends = np.cumsum(lengths)
    places = np.arange(ends[-1]) + np.repeat(offsets[chosen] + 1 - ends + lengths, lengths)
    return np.append(ids[:1], ids[places]), np.append(0, ends)
