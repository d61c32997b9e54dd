"""Evaluation that is complete, token-weighted and in eval mode."""

from moreish.data.corpus import Split
from moreish.models.contract import LanguageModel


def mean_loss(model: LanguageModel, split: Split) -> float:
    """Mean nats per predicted token over the whole split, ends of items included."""
    return -float(model.score(split.ids, split.offsets).sum(dtype="float64")) / split.n_predicted
