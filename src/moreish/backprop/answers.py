"""Answers: what a learner's backward gave back, whatever it is, as one gradient a name, each with a word about it."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor


class Answer(NamedTuple):
    """One gradient as it came back: its numbers, None where there are none, and what is wrong with what it is."""

    grad: Tensor | None
    fault: str | None = None


NOTHING = "nothing came back: the function returned None (is a return missing?)"


def read_answer(value: object) -> Answer:
    """The numbers of whatever came back where a gradient belongs."""
    match value:
        case None:
            return Answer(None)
        case Tensor() if value.layout != torch.strided:
            dense = value.detach().to_dense()
            return Answer(dense, f"a {layout_of(value)} tensor came back, and a dense one belongs there: to_dense()")
        case Tensor() if value.is_complex():
            return Answer(value.real.detach(), "a complex tensor came back, and a gradient is real here")
        case Tensor() if not value.is_floating_point():
            kind = str(value.dtype).removeprefix("torch.")
            return Answer(
                value.detach(), f"whole numbers ({kind}) came back, and a gradient has fractions: use floats"
            )
        case Tensor():
            return Answer(value.detach())
        case np.ndarray() | np.number():
            numbers = torch.from_numpy(np.asarray(value).copy())
            return Answer(numbers, "a numpy array came back, and a tensor belongs there: torch.from_numpy makes one")
        case bool() | int() | float():
            return Answer(
                torch.tensor(float(value), dtype=torch.float64),
                f"a plain number ({type(value).__name__}) came back, and a tensor belongs there",
            )
        case _:
            return Answer(None, f"a {type(value).__name__} came back, and a tensor belongs there")


def layout_of(value: Tensor) -> str:
    """`sparse_coo`, as torch calls it."""
    return str(value.layout).removeprefix("torch.")


def by_name(
    answer: object, expected: Sequence[str], beside: Mapping[str, object] | None, of: str
) -> dict[str, object]:
    """What came back for each argument.

    A dict has names. A tuple has one for each differentiable argument, or stands beside all arguments as the rules'
    own do, which is `beside`. One gradient alone is that of the first argument. Raises ValueError where names or
    numbers do not fit.
    """
    names = ", ".join(expected)
    if isinstance(answer, Mapping):
        if unknown := [name for name in answer if name not in expected]:
            raise ValueError(f'{of} has no gradient "{unknown[0]}"; it has {names}')
        return dict(answer)
    if not isinstance(answer, tuple | list):
        return {expected[0]: answer}
    if len(answer) == len(expected) and not any(isinstance(grad, tuple | list) for grad in answer):
        return dict(zip(expected, answer, strict=True))
    if beside is not None and all(name in beside for name in expected):
        return {name: beside[name] for name in expected}
    if any(isinstance(grad, tuple | list) for grad in answer):
        raise ValueError(f"a nested {type(answer).__name__} came back; {of} has one gradient for each of {names}")
    more = "too many: " if len(answer) > len(expected) else ""
    raise ValueError(f"{more}{len(answer)} gradients came back; {of} has {len(expected)} here: {names}")
