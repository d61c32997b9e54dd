"""How a model's items are best drawn, where nobody says how.

What was counted keeps some probability for every symbol, since what was not seen may still come, and a blend of few
items is as unsure as it has reason to be. That is right for foretelling, and wrong for making, where the sum of many
small chances gives items that nobody would keep. So what is far below the likeliest symbol is left out when items are
made, as truncated sampling undoes the smoothing of a language model (Hewitt, Manning and Liang 2022,
https://arxiv.org/abs/2210.15191), by min-p (Nguyen et al. 2024, https://arxiv.org/abs/2407.01082); no temperature
above 1 that was found for foretelling is kept; and items that leave outlines or marks which a list keeps to are not
given.
That goes for what `moreish LIST` makes, blends and mixtures of counts and nets: one n-gram, whose draws are exact,
and one net are drawn from as they are. Scores, probabilities and the order of the best are the model's as it is.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from jaxtyping import Bool

from moreish.background.blend import Blend
from moreish.inference.drawn import Drawn
from moreish.inference.sample import Sampling
from moreish.models.contract import LanguageModel
from moreish.models.kinds import Kinded
from moreish.models.mixture import Mixture
from moreish.ngram import Backoff

BOLDER_MIN_P = 0.01  # once that gives no more
MIN_P = 0.07  # by the two measures of `benchmarks.background.made_like`, on the dev lists


def suggested(model: LanguageModel, sampling: Sampling) -> Sampling:
    """The sampling as it is wished for; where it says nothing of what is left out, as is best for the model."""
    temperature = _foretelling(model)
    if temperature is None or sampling.top_k is not None or sampling.top_p is not None or sampling.min_p is not None:
        return sampling
    return replace(sampling, temperature=sampling.temperature / max(1.0, temperature), min_p=MIN_P)


def _foretelling(model: LanguageModel) -> float | None:
    """The temperature at which a blend, or what is mixed of counts and nets, foretells; None for other models."""
    if isinstance(model, Blend):
        return model.temperature
    if isinstance(model, Kinded):
        return _foretelling(model.of_kind[0])
    if not isinstance(model, Mixture):
        return None
    found = [_foretelling(part) for part in model.components]
    counted = [isinstance(part, Backoff) for part in model.components]
    if any(counted) and not all(counted):
        return 1.0
    return found[0] if all(each is not None for each in found) else None


def in_outline(model: LanguageModel) -> Callable[[Drawn], Bool[np.ndarray, " items"]] | None:
    """Which items keep to outlines that a list keeps to firmly, for a blend that knows of such; None for others.

    Straying is made less likely at every symbol, but what led to it may have left nothing else: then the item is not
    given, and so all are drawn from the blend under the condition that they keep to it.
    """
    blends = [model] if isinstance(model, Blend) else list(model.of_kind) if isinstance(model, Kinded) else []
    firm = [blend for blend in blends if isinstance(blend, Blend) and (blend.firm or blend.marks is not None)]
    if not blends or len(firm) < len(blends):
        return None
    return lambda drawn: np.any([~blend.strays(drawn.ids, drawn.offsets) for blend in firm], axis=0)
