"""How a model's items are best drawn, where nobody says how.

A model of few items is as unsure as it has reason to be: every symbol keeps some probability, since what was not seen
may still come. That is right for foretelling, and wrong for making, where the sum of many small chances gives items
that nobody would keep. So what is far below the likeliest symbol is left out when items are made, as truncated
sampling undoes the smoothing of a language model (Hewitt, Manning and Liang 2022, https://arxiv.org/abs/2210.15191),
by min-p (Nguyen et al. 2024, https://arxiv.org/abs/2407.01082); and no temperature above 1 that was found for
foretelling is kept. Scores, probabilities and the order of the best are those of the model as it is.
"""

from dataclasses import replace

from moreish.background.blend import Blend
from moreish.inference.sample import Sampling
from moreish.models.contract import LanguageModel
from moreish.models.kinds import Kinded
from moreish.models.mixture import Mixture

MIN_P = (
    0.07  # the two-sided measure of `benchmarks.background.made_like`, on lists that no other choice was judged by
)


def suggested(model: LanguageModel, sampling: Sampling) -> Sampling:
    """The sampling as it is wished for; where it says nothing of what is left out, as is best for the model."""
    blend = blend_in(model)
    if blend is None or sampling.top_k is not None or sampling.top_p is not None or sampling.min_p is not None:
        return sampling
    return replace(sampling, temperature=sampling.temperature / max(1.0, blend.temperature), min_p=MIN_P)


def blend_in(model: LanguageModel) -> Blend | None:
    """The blend that the model is, or is made of; None for any other model."""
    if isinstance(model, Blend):
        return model
    if isinstance(model, Kinded):
        return blend_in(model.of_kind[0])
    if isinstance(model, Mixture):
        found = [blend_in(part) for part in model.components]
        return found[0] if all(found) else None
    return None
