"""Which order: the one whose Kneser-Ney model loses least on val."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Integer

from moreish.ngram.counts import count_ngrams
from moreish.ngram.kneser_ney import KneserNey

FIRST_COUNTED = 7  # counted at first; lists of short items rarely gain from more


class Choice(NamedTuple):
    """The model chosen, and the val loss of every order that was tried."""

    model: KneserNey
    losses: dict[int, float]


def choose_order(
    train_ids: Integer[np.ndarray, " N"],
    train_offsets: Integer[np.ndarray, " items_and_one"],
    val_ids: Integer[np.ndarray, " M"],
    val_offsets: Integer[np.ndarray, " val_items_and_one"],
    vocab_size: int,
    highest: int = 12,
) -> Choice:
    """Try the orders 1, 2, ... `highest` until one is no better than the one before it.

    Longer contexts help until they become too rare, so the val loss falls and then rises.
    """
    if highest < 1:
        raise ValueError(f"the highest order to try is 1 or more, not {highest}")
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
    return Choice(best, losses)
