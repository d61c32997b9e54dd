"""Evaluation that is complete, token-weighted and in eval mode."""

from moreish.data.corpus import Part
from moreish.models.contract import LanguageModel


def mean_loss(model: LanguageModel, part: Part) -> float:
    """Mean nats per predicted token over the whole part, ends of items included."""
    return -float(model.score(part.ids, part.offsets).sum(dtype="float64")) / part.n_predicted
