"""What a model is made of, as far as drawing under a rule must know it."""

from moreish.background.blend import Blend
from moreish.models.contract import LanguageModel
from moreish.models.kinds import Kinded
from moreish.models.mixture import Mixture
from moreish.ngram import Backoff, KindNGram


def is_slow(model: LanguageModel) -> bool:
    """Whether each symbol takes it long: several nets that have read the list say each what comes."""
    if isinstance(model, Kinded):
        return is_slow(model.of_kind[0])
    return isinstance(model, Blend) and len(model.ensemble.models) > 1


def ngram_in(model: LanguageModel) -> Backoff | None:
    """An n-gram of the list that is a part of the model, to look ahead by; None where it has none."""
    if isinstance(model, Backoff):
        return model
    if isinstance(model, Blend):
        return model.ensemble.counts
    if isinstance(model, Kinded):
        found = ngram_in(model.of_kind[0])
        return found.pooled if isinstance(found, KindNGram) else found
    parts = model.components if isinstance(model, Mixture) else []
    return next((found for part in parts if (found := ngram_in(part))), None)
