"""Which order: the one whose Kneser-Ney model loses least on val."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Integer

from moreish.ngram.counts import count_ngrams
from moreish.ngram.kneser_ney import KneserNey


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
    highest: int = 8,
) -> Choice:
    """Count once up to the highest order, then try the orders 1 .. highest; of equal ones the lowest is taken."""
    if highest < 1:
        raise ValueError(f"the highest order to try is 1 or more, not {highest}")
    counts = count_ngrams(train_ids, train_offsets, vocab_size, highest)
    losses, best = {}, None
    for order in range(1, highest + 1):
        model = KneserNey(counts.upto(order))
        losses[order] = model.loss(val_ids, val_offsets)
        if best is None or losses[order] < losses[best.order]:
            best = model
    assert best is not None
    return Choice(best, losses)
