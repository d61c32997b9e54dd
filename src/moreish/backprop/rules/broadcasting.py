"""The way back through a broadcast, for every rule that meets one."""

from collections.abc import Sequence

from jaxtyping import Shaped
from torch import Tensor


def shape_of(value: Tensor | float | int) -> tuple[int, ...] | None:
    """The shape to sum back to; None for a plain number, which needs no gradient."""
    return tuple(value.shape) if isinstance(value, Tensor) else None


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
