"""Agreement: whether two gradients of one value are the same, to the bit or up to rounding."""

import math
from collections.abc import Iterable
from typing import NamedTuple

import torch
from torch import Tensor


class Comparison(NamedTuple):
    """One gradient beside the one it should be.

    exact: every bit agrees. approximate: it agrees up to rounding. maxdiff: the largest absolute difference, infinite
    where the shape is wrong. relative: maxdiff over the largest element of the right one. cause: the likely mistake.
    """

    name: str
    exact: bool
    approximate: bool
    maxdiff: float
    relative: float
    cause: str | None = None


# Of the largest element of the right gradient: what sums of many terms lose in each precision.
ROUNDING = {torch.float64: 1e-9, torch.float32: 1e-4, torch.float16: 1e-2, torch.bfloat16: 5e-2}
SINGLE = 1e-6  # the same for numbers in float64 that were computed in float32 somewhere, on few terms
NOISE, MOST_NOISE = 16.0, 1e-3  # units in the last place of the gradients around, and at most this share of them:
# what is left of a gradient that is zero


def compare(
    name: str,
    mine: Tensor | None,
    right: Tensor | None,
    scale: float = 0.0,
    *,
    worked_in: torch.dtype | None = None,
) -> Comparison:
    """Two gradients of one value; None counts as zeros, and nan agrees with nan in the same place.

    The tolerance is relative to this gradient. `scale` is the size of gradients around it, if known: it matters where
    the right gradient is zero but for rounding, as for a bias in front of a BatchNorm. `worked_in` is the precision
    of `mine`, if that was another one than it has now.
    """
    if mine is None and right is None:
        return Comparison(name, True, True, 0.0, 0.0)
    mine = torch.zeros_like(right) if mine is None and right is not None else mine
    right = torch.zeros_like(mine) if right is None and mine is not None else right
    assert mine is not None
    assert right is not None
    if mine.shape != right.shape:
        return Comparison(name, False, False, math.inf, math.inf)
    same = (mine == right) | (mine.isnan() & right.isnan())
    off = torch.where(same, 0.0, (mine - right).abs().double())
    maxdiff = float(off.nan_to_num(nan=math.inf, posinf=math.inf).max()) if right.numel() else 0.0
    exact = bool(same.all())
    size = _size(right)
    relative = 0.0 if exact else maxdiff / size if size else math.inf
    agrees = exact or maxdiff <= tolerance(mine, right, scale, worked_in=worked_in)
    return Comparison(name, exact, agrees, maxdiff, relative)


def tolerance(mine: Tensor, right: Tensor, scale: float = 0.0, *, worked_in: torch.dtype | None = None) -> float:
    """How far the two may lie apart and still agree, as `compare` takes it."""
    noise = _noise(worked_in or right.dtype) * scale if math.isfinite(scale) else 0.0
    return _rounding(mine, right, worked_in) * _size(right) + noise


def largest(tensors: Iterable[Tensor]) -> float:
    """The largest absolute value among them."""
    return max((float(t.abs().max()) for t in tensors if t.numel()), default=0.0)


def _size(right: Tensor) -> float:
    """The largest absolute value that is finite."""
    return largest([right.nan_to_num(nan=0.0, posinf=0.0, neginf=0.0)])


def _rounding(mine: Tensor, right: Tensor, worked_in: torch.dtype | None) -> float:
    """What may be lost relative to the largest element: more where the numbers are float32's."""
    dtype = worked_in or right.dtype
    if dtype == torch.float64:
        single = bool(torch.equal(mine.float().double(), mine.double())) and bool(mine.any())
        return ROUNDING[torch.float32] if single else SINGLE
    return ROUNDING.get(dtype, 0.0)


def _noise(dtype: torch.dtype) -> float:
    return min(NOISE * torch.finfo(dtype).eps, MOST_NOISE) if dtype.is_floating_point else 0.0
