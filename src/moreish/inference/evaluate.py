"""Evaluation that is complete, token-weighted and in eval mode; of items of a kind, by the model of that kind."""

import numpy as np
from jaxtyping import Float

from moreish.data.corpus import Split
from moreish.models.contract import LanguageModel
from moreish.models.kinds import Kinded


def scores_of(model: LanguageModel, split: Split) -> Float[np.ndarray, " N"]:
    """Log probability of every id of the split; where its items have kinds, each item's under its own kind."""
    if split.kinds is None or not isinstance(model, Kinded):
        return model.score(split.ids, split.offsets)
    scores = np.zeros(len(split.ids))
    item_of = np.repeat(split.kinds, np.diff(split.offsets))  # the kind of each predicted id
    for kind in np.unique(split.kinds).tolist():
        part = split.chosen(np.flatnonzero(split.kinds == kind))
        scores[1:][item_of == kind] = model.of_kind[kind].score(part.ids, part.offsets)[1:]
    return scores


def mean_loss(model: LanguageModel, split: Split) -> float:
    """Mean nats per predicted token over the whole split, ends of items included, items weighted as the list says."""
    total, weight = total_loss(model, split)
    return total / weight


def total_loss(model: LanguageModel, split: Split) -> tuple[float, float]:
    """(nats of the whole split, predicted tokens), both weighted as the list says."""
    found = [_total_loss(model, part) for part in split.parts()]
    return sum(total for total, _ in found), sum(weight for _, weight in found)


def _total_loss(model: LanguageModel, split: Split) -> tuple[float, float]:
    scores = scores_of(model, split)
    if split.weights is None:
        return -float(scores.sum(dtype="float64")), float(split.n_predicted)
    weight_at = np.repeat(split.weights, np.diff(split.offsets))
    return -float(scores[1:] @ weight_at), float(weight_at.sum())
