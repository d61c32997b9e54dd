"""Foreign backwards: what no rule here derives, judged by finite differences.

An `autograd.Function` of somebody's own runs alike in both of the runs that are compared, so comparing them says
nothing of it. Here each of its calls is caught, done again in float64, and its backward is held against central
differences of its forward, (f(x + h v) - f(x - h v)) / 2h. What cannot be caught (a scripted function) is
judged by the same differences of the whole loss.
"""

import functools
import inspect
import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.autograd.function import BackwardCFunction
from torch.autograd.graph import Node

from moreish.backprop.adapter import HandDerived, put_back, take_out, tensors_in
from moreish.backprop.causes import Evidence, explain
from moreish.backprop.guesses import guesses


class Step(NamedTuple):
    """How far to move, and what to make of it.

    The error is h^2 in theory and eps / h in rounding. agrees: of the largest element. kink: where the slopes on both
    sides differ by more than this share of them, it is no curve.
    """

    h: float
    agrees: float
    kink: float


STEPS = {torch.float64: Step(1e-5, 1e-5, 1e-2), torch.float32: Step(1e-2, 2e-3, 0.3)}
WHOLE = {torch.float64: (1e-5, 1e-5), torch.float32: (1e-2, 2e-2)}  # (step, tolerance) for the loss as a whole
LARGEST = 4096  # elements of an argument that are all tried; beyond, some
KINK = 1e-2  # of the slope, for the loss as a whole
CALLS = 50  # of one function with arguments of the same shapes: the first ones tell as much as all
Function = type[torch.autograd.Function]


class Caught(NamedTuple):
    """One call of a foreign function: its arguments as they were."""

    function: Function
    arguments: tuple[Any, ...]


class Wrong(NamedTuple):
    """A gradient that a foreign backward got wrong, of which of its tensors, and the likely mistake."""

    function: str
    position: int
    sentence: str


def functions_in(nodes: Iterator[Node]) -> set[Function]:
    """The autograd.Functions that are somebody's own."""
    made_by = {getattr(type(node), "_forward_cls", None) for node in nodes if isinstance(node, BackwardCFunction)}
    return {function for function in made_by if function is not None and function is not HandDerived}


@contextmanager
def catching(functions: set[Function], caught: list[Caught]) -> Iterator[None]:
    """The calls of these functions inside are noted, with copies of their arguments."""
    calls: Counter[tuple[Function, tuple[torch.Size, ...]]] = Counter()

    def noting(function: Function) -> Callable[..., Any]:
        forward = function.forward
        after_context = function.setup_context is torch.autograd.Function.setup_context

        @functools.wraps(forward)
        def note(*given: Any) -> Any:
            tensors: list[Tensor] = []
            tree = take_out(list(given[after_context:]), tensors)
            shapes = function, tuple(t.shape for t in tensors)
            calls[shapes] += 1
            if calls[shapes] <= CALLS:
                copies = [t.detach().clone().requires_grad_(t.requires_grad) for t in tensors]
                caught.append(Caught(function, tuple(put_back(tree, copies))))
            return forward(*given)

        return note

    own = {function: function.__dict__.get("forward") for function in functions}
    for function in functions:  # the forward, because somebody may have taken `apply` by another name before
        function.forward = staticmethod(noting(function))
    try:
        yield
    finally:
        for function, forward in own.items():
            if forward is None:
                del function.forward
            else:
                function.forward = forward


def judge_function(call: Caught, dtype: torch.dtype = torch.float64) -> list[Wrong]:
    """What the backward of one call, done again in `dtype`, gets wrong; empty where nothing is."""
    step = STEPS[dtype]
    tensors: list[Tensor] = []
    tree = take_out(list(call.arguments), tensors)
    asked = [t.requires_grad for t in tensors]
    doubles = [t.to(dtype) if t.is_floating_point() else t for t in tensors]

    def run(values: Sequence[Tensor]) -> list[Tensor]:
        with torch.random.fork_rng([]):
            torch.manual_seed(0)
            y = call.function.apply(*put_back(tree, values))
        return [t for t in tensors_in(y) if t.is_floating_point()]

    leaves = [t.detach().clone().requires_grad_(asks) for t, asks in zip(doubles, asked, strict=True)]
    with torch.enable_grad():
        results = [t for t in run(leaves) if t.requires_grad]
    generator = torch.Generator().manual_seed(0)
    dys = [torch.randn(r.shape, generator=generator, dtype=r.dtype) + 0.1 for r in results]
    given = torch.autograd.grad(results, [t for t in leaves if t.requires_grad], dys, allow_unused=True)
    found: list[Wrong] = []
    places = [place for place, argument in enumerate(call.arguments) if isinstance(argument, Tensor)]
    called = _parameters(call.function)
    named = [called[p] if p < len(called) else f"argument {p}" for p in places]
    named += [f"argument {i}" for i in range(len(named), len(tensors))]
    numbers = {named[i]: t.detach() for i, t in enumerate(doubles) if t.is_floating_point()}
    numbers |= {"y": results[0].detach()} if len(results) == 1 else {}
    for position, grad in zip([i for i, asks in enumerate(asked) if asks], given, strict=True):

        def at(value: Tensor, position: int = position) -> float:
            with torch.no_grad():
                values = [value if i == position else t for i, t in enumerate(doubles)]
                return sum(float((r.double() * d.double()).sum()) for r, d in zip(run(values), dys, strict=False))

        right = differences(at, doubles[position], step)
        mine = torch.zeros_like(right) if grad is None else torch.where(right.isnan(), right, grad)
        known = ~right.isnan()
        if not known.any():  # a kink everywhere, as of relu at 0: any slope between the two is right
            continue
        off = float((mine - right)[known].abs().max())
        if off > step.agrees * max(float(right[known].abs().max()), 1e-3):
            whole = bool(known.all())
            dy = dys[0] if len(dys) == 1 else None
            evidence = Evidence(
                dy=dy,
                sizes={n for t in doubles for n in (*t.shape, t.numel())},
                quantities=numbers,
                guesses=guesses(right, {"dy": dy}, numbers) if dy is not None and whole else (),
            )
            cause = explain(grad, right, evidence) if whole else "it differs from finite differences"
            found.append(Wrong(call.function.__name__, position, f"gradient of {named[position]}: {cause}"))
    return found


def _parameters(function: Function) -> list[str]:
    """The names of what the forward takes after its context."""
    names = list(inspect.signature(function.forward).parameters)
    return names[1:] if function.setup_context is torch.autograd.Function.setup_context else names


def differences(value: Callable[[Tensor], float], x: Tensor, by: Step) -> Tensor:
    """d value / d x by central differences; nan at a kink, and where a large x was not tried."""
    slope = torch.full(x.shape, torch.nan, dtype=x.dtype).flatten()
    step, middle = torch.zeros_like(x, dtype=x.dtype).flatten(), value(x)
    every = max(1, -(-x.numel() // LARGEST))
    for i in range(0, x.numel(), every):
        step[i] = by.h
        moved = step.view(x.shape)
        up, down = value(x + moved), value(x - moved)
        if not _is_kink(up, middle, down, by.h, by.kink):
            slope[i] = (up - down) / (2 * by.h)
        step[i] = 0
    return slope.view(x.shape)


def _is_kink(up: float, middle: float, down: float, h: float, kink: float = KINK) -> bool:
    """Whether the slopes on both sides differ by far more than a curve makes them: then any between may be right."""
    right, left = (up - middle) / h, (middle - down) / h
    return abs(right - left) > kink * max(abs(right), abs(left), 1e-3)


def difference_of_loss(
    loss: Callable[[], float], parameters: Mapping[str, Tensor], grads: Mapping[str, Tensor | None]
) -> dict[str, tuple[float, bool]]:
    """For each parameter (largest difference, whether it is more than the differences' own error).

    Its three elements with the largest gradient, and one in between, are moved back and forth.
    """
    found: dict[str, tuple[float, bool]] = {}
    with torch.no_grad():
        for name, p in parameters.items():
            grad, flat = grads.get(name), p.view(-1)
            steps = WHOLE.get(p.dtype, WHOLE[torch.float32])
            g = torch.zeros_like(flat) if grad is None else grad.flatten()
            size = max(float(g.abs().max()), 1e-6) if len(g) else 1.0
            noise = 16 * torch.finfo(p.dtype).eps * abs(loss()) / (0.1 * steps[0])
            worst, wrong = 0.0, False
            for i in {*g.abs().topk(min(3, len(g))).indices.tolist(), len(g) // 2}:
                off = min(abs(_moved(loss, flat, i, scale * steps[0]) - float(g[i])) for scale in (1.0, 0.1))
                if math.isnan(off):
                    continue
                worst, wrong = max(worst, off), wrong or off > steps[1] * size + noise
            found[name] = worst, wrong
    return found


def _moved(loss: Callable[[], float], flat: Tensor, i: int, h: float) -> float:
    """The slope of the loss along one element; nan at a kink."""
    before = float(flat[i])
    middle = loss()
    flat[i] = before + h
    up = loss()
    flat[i] = before - h
    down = loss()
    flat[i] = before
    return math.nan if _is_kink(up, middle, down, h) and flat.dtype == torch.float64 else (up - down) / (2 * h)
