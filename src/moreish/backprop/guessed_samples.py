"""Guessed samples: arguments for any differentiable function of torch, from the names of its parameters."""

import inspect
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor

from moreish.backprop.canonicalize import name_of
from moreish.backprop.samples import Arguments, Draw, Function, seeded


def any_sample_inputs(function: Function, seeds: Sequence[int]) -> Iterator[Arguments]:
    """Arguments for any differentiable function of torch, guessed from the names that torch gives its parameters.

    Raises ValueError where none of the guesses gives a finite number with a gradient.
    """
    for seed in seeds:
        for guess in _guesses(function, seeded(seed, torch.float64, options=False)):
            if _has_finite_gradient(function, guess):
                yield guess
                break
        else:
            raise ValueError(f"there are no samples for {name_of(function)}: give some, as inputs=[(x, ...), ...]")


def _guesses(function: Function, draw: Draw) -> Iterator[Arguments]:
    """Tensors around 0, then positive ones, then shares between 0 and 1; a dimension where one is asked for."""
    signature = inspect.signature(torch.overrides.get_testing_overrides().get(function, function))
    asked = [p.name for p in signature.parameters.values() if p.default is p.empty and p.kind is not p.VAR_KEYWORD]
    further = [p.name for p in signature.parameters.values() if p.default is None][:2]  # clamp asks for min or max
    shape = draw.size(), draw.size()
    numbers = _NUMBERS | {"normalized_shape": shape[1:], "num_groups": 1}
    kinds: list[Callable[[], Tensor]] = [
        lambda: draw.tensor(*shape),
        lambda: draw.positive(*shape),
        lambda: draw.tensor(*shape).detach().sigmoid().requires_grad_(),
    ]
    square = draw.size()
    kinds.append(lambda: (draw.tensor(square, square).detach() + 4 * torch.eye(square)).requires_grad_())
    for names in (asked, [*asked, *(name for name in further if name in numbers)]):
        for first in kinds:
            for later in kinds:
                yield tuple(
                    numbers[name] if name in numbers else (later if i else first)() for i, name in enumerate(names)
                )


def _has_finite_gradient(function: Function, arguments: Sequence[Any]) -> bool:
    tensors = [a for a in arguments if isinstance(a, Tensor)]
    try:
        y = function(*arguments)
        results = [
            t for t in (y if isinstance(y, tuple | list) else (y,)) if isinstance(t, Tensor) and t.requires_grad
        ]
        grads = torch.autograd.grad([r.sum() for r in results], tensors, allow_unused=True) if results else ()
    except (RuntimeError, TypeError, ValueError, IndexError):
        return False
    return bool(results) and all(bool(t.isfinite().all()) for t in (*results, *grads) if t is not None)


_NUMBERS: dict[str, Any] = {
    "dim": -1, "names": -1, "dims": (0,), "p": 2.0, "exponent": 2.0, "min": -0.5, "max": 0.5, "diagonal": 0,
    "negative_slope": 0.1,
    "threshold": 0.1, "value": 0.3, "beta": 1.0, "alpha": 1.0, "lambd": 0.5, "shifts": 1, "n": 1,
}  # fmt: skip
