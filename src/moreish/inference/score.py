"""How likely is an item, symbol by symbol, and where does it surprise?"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Integer

from moreish.models.contract import LanguageModel


class ItemScore(NamedTuple):
    """Log probabilities (nats) of an item's symbols and of its end, in order."""

    logprobs: np.ndarray

    @property
    def loss(self) -> float:
        """Mean nats per predicted token, the end included."""
        return -float(self.logprobs.mean(dtype=np.float64))

    @property
    def logprob(self) -> float:
        """Log probability of the whole item."""
        return float(self.logprobs.sum(dtype=np.float64))


def score_items(model: LanguageModel, items: Sequence[Integer[np.ndarray, " _"]]) -> list[ItemScore]:
    """Score items given as ids without boundaries, all in one go."""
    if not items:
        return []
    spans = np.array([len(item) + 1 for item in items])
    offsets = np.concatenate([[0], np.cumsum(spans)])
    ids = np.zeros(offsets[-1] + 1, np.min_scalar_type(model.vocab_size))
    for item, begin in zip(items, offsets, strict=False):
        ids[begin + 1 : begin + 1 + len(item)] = item
    logprobs = model.score(ids, offsets)
    return [ItemScore(part) for part in np.split(logprobs[1:], offsets[1:-1])]
