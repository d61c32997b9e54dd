"""Causes: why a gradient is wrong, in words, found by trying out mistakes on the numbers.

A right gradient is a sum of terms: through the mean, through the variance, minus the one-hot. A wrong one is mostly
the same sum with one coefficient changed: 0 (a missing term), -1 (a sign), n (the 1/n of a mean), n/(n-1). So each
term's coefficient is fitted, and read. Mistakes that are no change of a coefficient (a forgotten mask, a transposed
product, an overwritten place) are computed and compared.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

import torch
from torch import Tensor

from moreish.backprop.rules.broadcasting import sum_to

CLOSE = 1e-3  # of the largest element: well above the rounding of float32
Mistake = tuple[str, Callable[[], Tensor]]


class Evidence(NamedTuple):
    """What is known about a gradient beside its numbers.

    terms: what the right gradient is the sum of, by name. mistakes: a sentence, and what that mistake would give.
    dy: the gradient that came in. factors, sizes: numbers that may have been forgotten, by name and as a count n.
    """

    terms: Mapping[str, Tensor] = {}
    mistakes: Iterable[Mistake] = ()
    dy: Tensor | None = None
    factors: Mapping[str, float] = {}
    sizes: Iterable[int] = ()


def explain(wrong: Tensor | None, right: Tensor, evidence: Evidence) -> str:
    """The likely mistake in `wrong`, as a phrase; it says so where no known one fits."""
    if wrong is None or (not wrong.any() and wrong.shape == right.shape):
        return "nothing arrives: the gradient is missing"
    wrong, right = wrong.double(), right.double()
    if wrong.shape != right.shape:
        return _shape(wrong, right)
    if wrong.isnan().any():
        return "it is nan: something was divided by zero, or infinity taken from infinity"
    whole = {"the gradient": right}
    return (
        _coefficient(whole, wrong, evidence)
        or _coefficient(evidence.terms, wrong, evidence)
        or _mistake(evidence.mistakes, wrong)
        or _transposed(wrong, right)
        or _chain_rule(wrong, right, evidence.dy)
        or _coefficients(evidence.terms, wrong, evidence)
        or _coefficient(whole, wrong, evidence, any_value=True)
        or _no_idea(wrong, right)
    )


def _near(a: Tensor, b: Tensor) -> bool:
    return a.shape == b.shape and bool((a - b).abs().max() <= CLOSE * b.abs().max())


def _shape(wrong: Tensor, right: Tensor) -> str:
    """A gradient of another shape: most often a sum over a broadcast dimension was forgotten."""
    shapes = f"(its shape is {tuple(wrong.shape)}, its value's {tuple(right.shape)})"
    if wrong.dim() > 1 and _near(wrong.mT, right):
        return f"the product is transposed {shapes}"
    front = wrong.dim() - right.dim()
    if front >= 0 and all(a in (1, b) for a, b in zip(right.shape, wrong.shape[front:], strict=True)):
        summed = sum_to(wrong, right.shape)
        extra = [i for i in range(wrong.dim()) if i < front or right.shape[i - front] != wrong.shape[i]]
        if summed is not None and _near(summed, right):
            return f"the sum over the broadcast dimension {extra[0]} is missing {shapes}"
    if wrong.numel() == right.numel() and _near(wrong.reshape(right.shape), right):
        return f"the numbers are right, the shape is not {shapes}"
    return f"a gradient has the shape of its value {shapes}"


def _coefficient(
    terms: Mapping[str, Tensor], wrong: Tensor, evidence: Evidence, any_value: bool = False
) -> str | None:
    """The one term whose coefficient, 1 in truth, is something else that tells a story."""
    total = sum(terms.values(), torch.zeros_like(wrong))
    for name, term in terms.items():
        size = (term * term).sum()
        if size == 0:
            continue
        c = 1 + float(((wrong - total) * term).sum() / size)
        story = _story(c, evidence)
        if (story or any_value) and _near(total + (c - 1) * term, wrong):
            return f"{name} {story or f'is {c:.4g} times what it should be'}"
    return None


def _coefficients(terms: Mapping[str, Tensor], wrong: Tensor, evidence: Evidence) -> str | None:
    """The coefficients of all terms at once, where together they explain everything."""
    if len(terms) < 2:
        return None
    columns = torch.stack([term.reshape(-1) for term in terms.values()], 1)
    fitted = torch.linalg.lstsq(columns, wrong.reshape(-1, 1), driver="gelsd").solution.flatten()
    if not _near((columns @ fitted).view_as(wrong), wrong):
        return None
    changed = {name: float(c) for name, c in zip(terms, fitted, strict=True) if abs(c - 1) > CLOSE}
    return "; ".join(
        f"{name} {_story(c, evidence) or f'is {c:.4g} times what it should be'}" for name, c in changed.items()
    )


def _story(c: float, evidence: Evidence) -> str | None:
    """What a coefficient says about the mistake, if it is a telling one."""
    telling = {0.0: "is missing", -1.0: "has the wrong sign", 2.0: "is counted twice", 0.5: "is halved"}
    for factor, value in evidence.factors.items():
        telling |= {1 / value: f"lacks {factor}", value: f"has {factor} twice"}
    for n in sorted(set(evidence.sizes)):
        if n > 2:
            telling |= {
                n / (n - 1): f"is divided by n - 1 = {n - 1}, and n = {n} belongs there",
                (n - 1) / n: f"is divided by n = {n}, and n - 1 = {n - 1} belongs there",
                float(n): f"is n = {n} times too large: a division by n, as of a mean, is missing",
                1 / n: f"is n = {n} times too small: divided by n once too often",
            }
    for value, words in telling.items():
        if abs(c - value) <= CLOSE / 10 * max(1.0, abs(value)):
            return words
    return None


def _mistake(mistakes: Iterable[Mistake], wrong: Tensor) -> str | None:
    for sentence, compute in mistakes:
        try:
            value = compute()
        except RuntimeError:  # with these shapes this mistake cannot be made
            continue
        if _near(value.double(), wrong):
            return sentence
    return None


def _transposed(wrong: Tensor, right: Tensor) -> str | None:
    square = right.dim() > 1 and right.shape[-1] == right.shape[-2]
    return "the product is transposed" if square and _near(wrong.mT, right) else None


def _chain_rule(wrong: Tensor, right: Tensor, dy: Tensor | None) -> str | None:
    """Mistakes one can make with any function."""
    if dy is None:
        return None
    dy = dy.double()
    if dy.shape == right.shape:
        if _near(dy, wrong):
            return "dy is handed on as it is: the local derivative is missing"
        if _near(wrong * dy, right):
            return "this is the local derivative alone: it is not multiplied by dy"
    if right.dim() < dy.dim():
        if any(_near(row, wrong) for row in dy[:64]):
            return "one row stands where the sum over the broadcast dimension belongs: overwritten instead of added"
        for i in range(dy.dim()):
            if _near(dy.sum(i), wrong):
                return f"the sum runs over dimension {i}, which was not the broadcast one"
    return None


def _no_idea(wrong: Tensor, right: Tensor) -> str:
    different = int(((wrong - right).abs() > CLOSE * right.abs().max()).sum())
    return f"no mistake known here fits; {different} of {right.numel()} elements differ"
