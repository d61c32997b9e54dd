"""Saturated and stuck: the two limits of an activation with an end to its range, in the findings and in the pictures.

`distance` is the unit of both: how far an output has gone from the middle of its range to an end, from 0 to 1.

    tanh, and what a recurrent layer gives      |y|
    sigmoid                                     2 |y - 1/2|
    ReLU, whose end is 0                        1 where y is 0, else 0
"""

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from moreish.doctor.frames.operations import BOUNDED, KINDS, RECTIFIED

SATURATED_TANH = 0.97  # of the way to an end: beyond it less than 6 % of the gradient passes
SATURATED_SIGMOID = 0.94  # y below 0.03 or above 0.97: beyond it less than 3 % of the gradient passes
STUCK = 0.99  # of the way to an end: a unit that is beyond it for every example is dead


def distance(op: str, y: Float[Tensor, "..."]) -> Float[Tensor, "..."] | None:
    """How far each output of the operation is on the way to an end of its range; None where there is no such end."""
    if op in RECTIFIED:
        return (y == 0).to(y.dtype)
    if op.startswith("tanh") or KINDS.get(op) == "recurrent":
        return y.abs()
    return (y - 0.5).abs() * 2 if op in BOUNDED else None


def saturation(op: str) -> float:
    """The distance beyond which an output of a bounded activation is saturated."""
    return SATURATED_SIGMOID if op.startswith("sigmoid") else SATURATED_TANH


def stuck(op: str, y: Float[Tensor, "..."]) -> Bool[Tensor, "..."] | None:
    """Which outputs are at an end of their range; None where there is none."""
    way = distance(op, y)
    return None if way is None else torch.gt(way, STUCK)
