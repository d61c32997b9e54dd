"""Causes: why a gradient is wrong, in words, found by trying out mistakes on the numbers.

A right gradient is a sum of terms: through the mean, through the variance, minus the one-hot. A wrong one is mostly
the same sum with one coefficient changed: 0 (a missing term), -1 (a sign), n (the 1/n of a mean), n/(n-1). So each
term's coefficient is fitted, and read. Mistakes that are no change of a coefficient are computed and compared: a
forgotten mask, a transposed product, an overwritten place, the gradient of another argument, a factor that stands
among the numbers of the call once too often or not at all.

A cause is named only where it explains nearly all of the difference: what it leaves must be small beside the
difference itself, or no larger than rounding. So the right gradient, written otherwise, is never named as a mistake.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import combinations
from types import MappingProxyType
from typing import Any, NamedTuple

import torch
from torch import Tensor

from moreish.backprop.agreement import tolerance
from moreish.backprop.rules.broadcasting import sum_to

UNEXPLAINED = 0.05  # of the difference from the right gradient, and of the wrong one: a cause leaves no more
COMPUTED = 2e-3  # the same where a cause says what the numbers are, not only which term of them is off
NEARER = 0.05  # of the difference, however small: a cause is nearer to the wrong gradient than the right one is
QUIET = 0.02  # of the tolerance: an element that is right is no farther off
ROUNDING = 2e-6  # of the largest element: float32's, after a few operations
CLOSE = 1e-3  # a coefficient this near to 1 is right
POWERS = {
    1.0: "has the factor {} once too often: an exponent (power) is off by one",
    -1.0: "lacks the factor {}: it is missing, or divided by once too often",
    2.0: "has the factor {0}^2 too much: it is multiplied with {0} where it is divided by it",
    -2.0: "lacks the factor {0}^2: it is divided by {0} where it is multiplied with it",
    0.5: "has the factor sqrt({}) too much",
    -0.5: "lacks the factor sqrt({}), or is divided by it once too often",
}
UNKNOWN = "no mistake known here fits"
Terms = Mapping[str, Tensor]
NONE: Mapping[str, Any] = MappingProxyType({})
Mistake = tuple[str, Callable[[], Tensor]]


class Evidence(NamedTuple):
    """What is known about a gradient beside its numbers.

    terms: what the right gradient is the sum of, by name; `otherwise` holds further ways to take it apart. mistakes:
    a sentence, and what that mistake would give; `guesses` are tried where nothing better fits. dy: the gradient that
    came in; `arriving` where there are several, by name. factors, sizes: numbers that may have been forgotten, by
    name and as a count n. others: the right gradients of other values, with which this one may have been exchanged.
    quantities: tensors of the call that may stand in it as a factor. tolerance: by how much the two may differ
    and still agree; where it is not known, rounding in the precision of both.
    """

    terms: Terms = NONE
    mistakes: Iterable[Mistake] = ()
    dy: Tensor | None = None
    factors: Mapping[str, float] = NONE
    sizes: Iterable[int] = ()
    others: Terms = NONE
    quantities: Terms = NONE
    otherwise: Sequence[Terms] = ()
    guesses: Iterable[Mistake] = ()
    arriving: Terms = NONE
    tolerance: float = 0.0


def explain(wrong: Tensor | None, right: Tensor, evidence: Evidence) -> str:
    """The likely mistake in `wrong`, as a phrase; it says so where no known one fits."""
    if wrong is None or (not wrong.any() and wrong.shape == right.shape):
        return "nothing arrives: the gradient is missing"
    allowed = evidence.tolerance or tolerance(wrong, right)
    wrong, right = wrong.double(), right.double()
    if wrong.shape != right.shape:
        g = _Gradient(wrong, right, allowed)
        return _shape(g, {"dy": evidence.dy} if evidence.dy is not None else evidence.arriving)
    if bool((wrong.isnan() & ~right.isnan()).any()):
        return "it is nan: something was divided by zero, or infinity taken from infinity"
    if not right.isfinite().all():
        return "the right gradient is not finite here, and this one is another"
    if wrong.isinf().any():
        return "it is infinite: something was divided by zero, or grew beyond all numbers"
    g = _Gradient(wrong, right, allowed)
    return next(_causes(g, evidence), None) or _no_idea(g)


class _Gradient(NamedTuple):
    """A wrong gradient beside the right one, both finite, and by how much they may differ and still agree."""

    wrong: Tensor
    right: Tensor
    tolerance: float

    def is_explained_by(self, candidate: Tensor, leaving: float = UNEXPLAINED) -> bool:
        """whether `candidate` is the wrong one, but for rounding and a small share of the difference."""
        if candidate.shape != self.wrong.shape or not candidate.isfinite().all():
            return False
        left = float((candidate - self.wrong).abs().max())
        difference, size = float((self.wrong - self.right).abs().max()), float(self.wrong.abs().max())
        rounding = max(ROUNDING * size, self.tolerance / 4)
        return left <= min(leaving * min(difference, size) + rounding, NEARER * difference)

    def are_near(self, a: Tensor, b: Tensor) -> bool:
        """whether the two agree as well as gradients must here."""
        size = float(self.right.abs().max()) if self.right.numel() else 0.0
        share = max(self.tolerance / size if size else 0.0, ROUNDING)
        return a.shape == b.shape and bool((a - b).abs().max() <= share * b.abs().max())


def _causes(g: _Gradient, evidence: Evidence) -> Iterator[str]:
    """What explains the difference, the likeliest first."""
    whole = {"the gradient": g.right}
    takes = [evidence.terms, *evidence.otherwise]
    yield from _coefficient(whole, g, evidence)
    for terms in takes:
        yield from _coefficient(terms, g, evidence)
    yield from _computed(evidence.mistakes, g)
    yield from _transposed(g)
    yield from _exchanged(evidence.others, g)
    yield from _chain_rule(g, evidence.dy)
    yield from _factor(evidence.quantities, g)
    for terms in takes:
        yield from _coefficients(terms, g, evidence)
    yield from _computed(evidence.guesses, g)
    yield from _scaled(evidence.mistakes, g, evidence)
    yield from _turned(g)
    yield from _coefficient(whole, g, evidence, any_value=True)
    yield from _shifted(g)
    yield from _partly(evidence.quantities, g)


def _shape(g: _Gradient, arriving: Terms) -> str:
    """A gradient of another shape: most often a sum over a broadcast dimension was forgotten, or it kept one."""
    wrong, right, near = g.wrong, g.right, g.are_near
    if wrong.numel() == right.numel() and wrong.squeeze().shape == right.squeeze().shape:
        fits = near(wrong.reshape(right.shape), right)
        numbers = "the numbers are right, the shape is not" if fits else "the shape is wrong, and the numbers too"
        kept = "keepdim left a dimension of 1" if wrong.dim() > right.dim() else "a dimension of 1 is lost (keepdim)"
        return f"{numbers}: {kept} (its shape is {tuple(wrong.shape)}, its value's {tuple(right.shape)})"
    shapes = f"(its shape is {tuple(wrong.shape)}, its value's {tuple(right.shape)})"
    if wrong.dim() > 1 and near(wrong.mT, right):
        return f"the product is transposed {shapes}"
    front = wrong.dim() - right.dim()
    if front >= 0 and all(a in (1, b) for a, b in zip(right.shape, wrong.shape[front:], strict=True)):
        summed = sum_to(wrong, right.shape)
        extra = [i for i in range(wrong.dim()) if i < front or right.shape[i - front] != wrong.shape[i]]
        if summed is not None and near(summed, right):
            return f"the sum over the broadcast dimension {extra[0]} is missing {shapes}"
        if summed is not None and near(-summed, right):
            return f"it has the wrong sign, and the sum over the broadcast dimension {extra[0]} is missing {shapes}"
    if wrong.numel() == right.numel() and near(wrong.reshape(right.shape), right):
        return f"the numbers are right, the shape is not {shapes}"
    for name, dy in arriving.items():
        for count in range(1, dy.dim() + 1):
            for over in combinations(range(dy.dim()), count):
                if near(dy.double().sum(over), wrong):
                    where = ", ".join(map(str, over))
                    found = f"it is the sum of {name} over dimension {where}, the wrong axis or not all of them"
                    return f"{found}: a gradient has the shape of its value {shapes}"
    return f"a gradient has the shape of its value {shapes}"


def _coefficient(terms: Terms, g: _Gradient, evidence: Evidence, any_value: bool = False) -> Iterator[str]:
    """The one term whose coefficient, 1 in truth, is something else that tells a story."""
    for name, term in terms.items():
        size = (term * term).sum()
        if size == 0:
            continue
        c = 1 + float(((g.wrong - g.right) * term).sum() / size)
        story = _story(c, evidence)
        if (story or any_value) and g.is_explained_by(g.right + (c - 1) * term):
            yield f"{name} {story or _times(c, g)}"


def _coefficients(terms: Terms, g: _Gradient, evidence: Evidence) -> Iterator[str]:
    """The coefficients of all terms at once, where together they explain everything."""
    if len(terms) < 2 or g.wrong.numel() <= len(terms):  # so few numbers are a sum of any terms
        return
    columns = torch.stack([term.double().reshape(-1) for term in terms.values()], 1)
    wrong = g.wrong.reshape(-1, 1)
    solved = torch.linalg.lstsq(columns, wrong, driver="gelsd")
    fitted = solved.solution.flatten()
    if int(solved.rank) < len(terms):  # two terms are one here: which of them is off cannot be told
        return
    if not g.is_explained_by((columns @ fitted).view_as(g.wrong)):
        return
    changed = {name: float(c) for name, c in zip(terms, fitted, strict=True) if abs(c - 1) > CLOSE}
    if changed:
        yield "; ".join(f"{name} {_story(c, evidence) or _times(c, g)}" for name, c in changed.items())


def _times(c: float, g: _Gradient) -> str:
    digits = 3 if g.tolerance > 1e-4 * float(g.right.abs().max()) and abs(c - 1) > 0.01 else 4
    return f"is {c:.{digits}g} times what it should be" if abs(c - 1) > CLOSE else f"is off by {c - 1:+.1e} of itself"


def _story(c: float, evidence: Evidence) -> str | None:
    """What a coefficient says about the mistake, if it is a telling one; the nearest, if several are."""
    telling = {0.0: "is missing", -1.0: "has the wrong sign", 2.0: "is counted twice", 0.5: "is halved"}
    for factor, value in evidence.factors.items():
        telling |= {1 / value: f"lacks {factor}", value: f"has {factor} twice"}
    sizes = sorted({n for n in evidence.sizes if n > 2})
    for n in sizes:
        less = "n - 1 = " * (n - 1 not in evidence.sizes) + f"{n - 1}"  # which may be another size, and no n - 1
        more = "n = " * (n - 1 not in evidence.sizes) + f"{n}"
        telling |= {
            n / (n - 1): f"is divided by {less}, and {more} belongs there",
            (n - 1) / n: f"is divided by {more}, and {less} belongs there",
            float(n): f"is n = {n} times too large: a division by n, as of a mean, is missing",
            1 / n: f"is n = {n} times too small: divided by n once too often",
        }
    for a in sizes:
        for b in sizes:
            words = f"is {a / b:.4g} times what it should be, as if divided by {b} in place of {a}"
            telling |= {a / b: words} if abs(a - b) > 1 and a / b not in telling else {}
    value = min(telling, key=lambda value: abs(c - value))
    near = CLOSE / 10 * (abs(value) or 1.0)
    return telling[value] if abs(c - value) <= min(near, abs(value - 1) / 50) else None


def _computed(mistakes: Iterable[Mistake], g: _Gradient) -> Iterator[str]:
    for sentence, compute in mistakes:
        try:
            value = compute()
        except (RuntimeError, IndexError, ValueError):  # with these shapes this mistake cannot be made
            continue
        if g.is_explained_by(value.double(), COMPUTED):
            yield sentence


def _scaled(mistakes: Iterable[Mistake], g: _Gradient, evidence: Evidence) -> Iterator[str]:
    """A mistake with a telling factor besides: without the one-hot, and without the 1/n."""
    for sentence, compute in mistakes:
        try:
            value = compute().double()
        except (RuntimeError, IndexError, ValueError):
            continue
        size = float((value * value).sum()) if value.shape == g.wrong.shape else 0.0
        if size == 0 or not math.isfinite(size) or bool((value - g.right).abs().max() <= g.tolerance):
            continue
        c = float((g.wrong * value).sum()) / size
        story = _story(c, evidence)
        if story and g.is_explained_by(c * value, COMPUTED):
            yield f"{sentence}; and besides, the gradient {story}"


def _partly(quantities: Terms, g: _Gradient) -> Iterator[str]:
    """Right on one side of a condition, wrong on the other: clearly the one or the other everywhere."""
    difference = (g.wrong - g.right).abs()
    off = difference > g.tolerance
    if not off.any() or off.all() or bool((difference[~off] > QUIET * g.tolerance).any()):
        return
    for name, quantity in quantities.items():
        q = _fitted(quantity, g.right)
        if q is None or q.shape != g.right.shape:
            continue
        for words, side in ((f"{name} > 0", q > 0), (f"{name} < 0", q < 0), (f"{name} is 0", q == 0)):
            if side.any() and not side.all() and bool((off == (side & (g.right + g.wrong != 0))).all()):
                yield f"it is right elsewhere, and wrong where {words}: look at the mask, or at the slope there"
    for dim in range(g.right.dim()):
        others = [d for d in range(g.right.dim()) if d != dim]
        lines = off.any(others) if others else off
        share = int(lines.sum())
        if 0 < share < len(lines) and share <= len(lines) // 2:
            where = ", ".join(map(str, lines.nonzero().flatten().tolist()[:5]))
            yield f"{UNKNOWN} for the whole; only at {where} along dimension {dim} it is wrong"


def _transposed(g: _Gradient) -> Iterator[str]:
    if g.right.dim() > 1 and g.right.shape[-1] == g.right.shape[-2] and g.is_explained_by(g.right.mT):
        yield "the product is transposed"


def _exchanged(others: Terms, g: _Gradient) -> Iterator[str]:
    for name, other in others.items():
        if g.is_explained_by(other.double()):
            yield f"this is the gradient of {name}: the two are exchanged (swapped)"


def _turned(g: _Gradient) -> Iterator[str]:
    """The right numbers in another order."""
    for dim in range(g.right.dim()):
        if g.is_explained_by(g.right.flip(dim)):
            yield f"the numbers are right, but their order along dimension {dim} is reversed"
    if g.right.dim() and g.is_explained_by(_sorted_as(g.wrong, g.right)):
        yield "the numbers are right, but they stand in each other's places"


def _sorted_as(order: Tensor, values: Tensor) -> Tensor:
    """The elements of `values`, put in the order of size that `order` has."""
    placed = torch.empty_like(values).flatten()
    placed[order.flatten().argsort()] = values.flatten().sort().values
    return placed.view_as(values)


def _chain_rule(g: _Gradient, dy: Tensor | None) -> Iterator[str]:
    """Mistakes one can make with any function."""
    if dy is None:
        return
    dy, right = dy.double(), g.right
    if dy.shape == right.shape:
        if g.is_explained_by(dy):
            yield "dy is handed on as it is: the local derivative is missing"
        if bool((dy != 0).all()) and g.is_explained_by(right / dy):
            yield "this is the local derivative alone: it is not multiplied by dy"
        if g.is_explained_by(right * dy):
            yield "dy is multiplied in twice"
    if right.dim() < dy.dim():
        if any(g.is_explained_by(row) for row in dy[:64]):
            yield "one row stands where the sum over the broadcast dimension belongs: overwritten instead of added"
        for dim in range(dy.dim()):
            if g.is_explained_by(dy.sum(dim)):
                yield f"the sum runs over dimension {dim}, which was not the broadcast one"
            if g.is_explained_by(dy.mean(dim)):
                yield f"a mean over dimension {dim} stands where a sum belongs"


def _factor(quantities: Terms, g: _Gradient) -> Iterator[str]:
    """A factor that stands among the numbers of the call, once too often or not at all."""
    fitted = {name: _fitted(quantity, g.right) for name, quantity in quantities.items()}
    known = {name: q for name, q in fitted.items() if q is not None and q.numel() > 1 and float(q.std()) > 0}
    for power, words in POWERS.items():
        for name, q in known.items():
            if (power < 0 and bool((q == 0).any())) or (power % 1 and bool((q < 0).any())):
                continue
            if g.is_explained_by(g.right * q**power):
                yield f"the gradient {words.format(name)}"
    for name, q in known.items():
        if g.is_explained_by(g.right * (1 - q)):
            yield f"the gradient has the factor 1 - {name} once too often"
        if bool((q != 1).all()) and g.is_explained_by(g.right / (1 - q)):
            yield f"the gradient lacks the factor 1 - {name}: the slope is not complete"


def _fitted(quantity: Tensor, right: Tensor) -> Tensor | None:
    """The quantity in double precision, if it broadcasts to the gradient's shape: as it is, or by channel."""
    q = quantity.double()
    for shaped in (q, q.reshape(-1, *[1] * (right.dim() - 2)) if q.dim() == 1 and right.dim() > 2 else q):
        try:
            if torch.broadcast_shapes(shaped.shape, right.shape) == right.shape:
                return shaped
        except RuntimeError:
            continue
    return None


def _shifted(g: _Gradient) -> Iterator[str]:
    added = float((g.wrong - g.right).mean())
    if g.right.numel() > 2 and added and g.is_explained_by(g.right + added):
        yield f"the same number, {added:.3g}, is added to every element of it"


def _no_idea(g: _Gradient) -> str:
    size = float(g.right.abs().max())
    rounding = g.tolerance * (QUIET + 0.1 * g.right.abs() / (size or 1.0))
    difference = (g.wrong - g.right).abs()
    different = int(((difference > rounding) | (difference > g.tolerance)).sum())
    return f"{UNKNOWN}; {different} of {g.right.numel()} elements differ"
