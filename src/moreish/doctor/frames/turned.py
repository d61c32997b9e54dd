"""Pictures whose targets were turned by themselves: rows that came again, and outputs that fit a turned target."""

import math
from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor

MOST, EACH = 2048, 32  # rows that are remembered, and of one batch
SAME = 1e-9  # relative, of sums in float64
SIDE, MOST_NUMBERS = 64, 1 << 19  # places of a side, and numbers of one look, that are compared
FITS, CLEARLY = 0.5, 0.3  # correlation of outputs with their targets, and how much more than turned


class Turns(NamedTuple):
    """How many rows came again in another order, of how many of those the target stayed where it was, and how many
    came again as they were, with the numbers of their target in another order. Targets that are their own mirror
    image are not counted.
    """

    rows: int
    still: int
    alone: int = 0


class Turned:
    """Sums of rows and of their targets: two of each that no order changes, and one that an order does change."""

    def __init__(self) -> None:
        self._known: Float[Tensor, "rows 6"] = torch.zeros(0, 6, dtype=torch.float64)
        self.turns = Turns(0, 0)
        self.fitting = self.fitting_turned = 0  # outputs that go with their target as it is, and only if it is turned

    def fits(self, output: Tensor, target: Tensor) -> None:
        """Add outputs (batch, channels, height, width) of a model, and its targets: which way round do they fit?"""
        rows = max(1, min(EACH, MOST_NUMBERS // max(_coarse(output[:1]).numel(), 1)))
        made, wanted = _by_place(_coarse(output[:rows])), _one_map_each(_coarse(target[:rows]), output)
        if made.shape != wanted.shape:
            return
        ways = torch.stack([_along(made, w) for w in (wanted, wanted.flip(-1), wanted.flip(-2), wanted.flip(-1, -2))])
        turned = ways[1:].amax(0)
        self.fitting += int(((ways[0] > FITS) & (ways[0] > turned + CLEARLY)).sum())
        self.fitting_turned += int(((turned > FITS) & (turned > ways[0] + CLEARLY)).sum())

    def add(self, x: Tensor, target: Tensor) -> None:
        """Add pictures (batch, channels, height, width) and targets with a number for each place."""
        x, target = _by_place(x[:EACH]), _by_place(target[:EACH])
        lopsided = ~_is_mirrored(target)
        new = torch.cat([_sums(x[lopsided]), _sums(target[lopsided])], 1)
        old = self._known
        if len(old) and len(new):
            size = new[:, None].abs().clamp(min=1e-12)
            equal = (new[:, None] - old[None]).abs() <= SAME * size
            moves = (new[:, None] - old[None]).abs() > 1e-6 * size
            again = equal[..., :2].all(2)
            moved, stays = again & moves[..., 2], again & equal[..., 2]
            still, alone = moved & equal[..., 5], stays & equal[..., 3:5].all(2) & moves[..., 5]
            self.turns = Turns(
                *(n + int(each.any(1).sum()) for n, each in zip(self.turns, (moved, still, alone), strict=True))
            )
        self._known = torch.cat([old, new])[-MOST:]


def _by_place(x: Tensor) -> Float[Tensor, "rows channels height width"]:
    return x.detach().reshape(len(x), -1, *x.shape[-2:]).cpu().double()


def _coarse(x: Tensor) -> Tensor:
    """Every third place, or fifth, of large maps: from the middle of each patch, where a flip leaves them."""
    every = 2 * math.ceil((max(x.shape[-2:]) / SIDE - 1) / 2) + 1
    return x[..., every // 2 :: every, every // 2 :: every] if every > 1 else x


def _one_map_each(target: Tensor, output: Tensor) -> Float[Tensor, "rows channels height width"]:
    """Targets by place; of classes a map for each."""
    target = target.detach()
    classes = output.shape[1]
    if target.dim() == output.dim() - 1 and not target.is_floating_point() and classes > 1:
        known = (target >= 0) & (target < classes)
        return (
            (F.one_hot(target.clamp(0, classes - 1).long(), classes).movedim(-1, 1) * known[:, None]).cpu().double()
        )
    return _by_place(target)


def _along(
    a: Float[Tensor, "rows channels height width"], b: Float[Tensor, "rows channels height width"]
) -> Float[Tensor, " rows"]:
    """The correlation of two maps over their places, row by row; 0 where one of them does not change."""
    a, b = (x - x.mean((2, 3), keepdim=True) for x in (a, b))
    size = (a.square().sum((1, 2, 3)) * b.square().sum((1, 2, 3))).sqrt()
    return torch.where(size > 1e-12, (a * b).sum((1, 2, 3)) / size.clamp(min=1e-12), 0.0)


def _is_mirrored(x: Float[Tensor, "rows channels height width"]) -> Bool[Tensor, " rows"]:
    """Which rows a flip, or a half turn, leaves as they are."""
    ways = [x.flip(-1), x.flip(-2), x.flip(-1, -2)]
    return torch.stack([(x - way).flatten(1).abs().amax(1) <= 1e-6 * _largest(x) for way in ways]).any(0)


def _largest(x: Float[Tensor, "rows channels height width"]) -> Float[Tensor, " rows"]:
    return x.flatten(1).abs().amax(1)


def _sums(x: Float[Tensor, "rows channels height width"]) -> Float[Tensor, "rows 3"]:
    """Of each row the sum, the sum of squares, and a sum with a weight for every place, whatever the channel."""
    flat, places = x.flatten(1), x.sum(1).flatten(1)
    weights = torch.linspace(1, 2, places.shape[1], dtype=torch.float64).square()
    return torch.stack([flat.sum(1), flat.square().sum(1), places @ weights], 1)
