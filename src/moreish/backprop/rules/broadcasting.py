"""The way back through a broadcast, for every rule that meets one."""

from collections.abc import Sequence
from typing import overload

import torch
from jaxtyping import Shaped
from torch import Tensor


def shape_of(value: Tensor | torch.Size | float | int) -> torch.Size | None:
    """The shape to sum back to; None for a plain number, which needs no gradient."""
    return size_of(value) if isinstance(value, Tensor | torch.Size) else None


def size_of(value: Tensor | torch.Size) -> torch.Size:
    """The shape of a saved tensor, of which nothing else may have been kept."""
    return value if isinstance(value, torch.Size) else value.shape


@overload
def sum_to(d: Shaped[Tensor, "..."], shape: None) -> None: ...
@overload
def sum_to(d: Shaped[Tensor, "..."], shape: Sequence[int]) -> Tensor: ...
def sum_to(d: Shaped[Tensor, "..."], shape: Sequence[int] | None) -> Tensor | None:
    """Gradient `d` of a value that had been broadcast from `shape`, summed back to `shape`.

    Broadcasting copies one number into many places: a fan-out. Each copy sends its gradient back, and the number
    receives their sum. So: sum over the dimensions put in front, and over those of size 1 that were stretched.
    """
    if shape is None:
        return None
    shape = tuple(shape)
    if d.shape == shape:
        return d
    front = d.dim() - len(shape)
    stretched = [front + i for i, n in enumerate(shape) if n == 1 and d.shape[front + i] != 1]
    if dims := [*range(front), *stretched]:
        d = d.sum(dims, keepdim=True)
    return d.reshape(shape)
