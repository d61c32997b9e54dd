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


# For arguments in each precision: the step that tells most, and those that follow where a forward is too rough for
# it, as one that computes in float32 inside.
STEPS = {
    torch.float64: (
        Step(1e-5, 1e-5, 1e-2), Step(1e-4, 2e-3, 0.3), Step(1e-3, 2e-3, 0.3), Step(1e-2, 2e-3, 0.3),
        Step(1e-1, 2e-2, 0.3),
    ),
    torch.float32: (Step(1e-2, 2e-3, 0.3), Step(1e-3, 2e-3, 0.3), Step(1e-1, 2e-2, 0.3)),
}  # fmt: skip
DOUBT = 10.0  # what is wrong is farther off than this many times what two steps disagree by
SHORT = 1e-3  # a step ten times as long as this is no good
CLIMBING = 0.1  # of what looked flat: a stair, no plain
FEW_DIGITS = 2**-5  # of a number: a few units in the last place of bfloat16
PROBES = 16  # elements, the farthest off, on which that is measured
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
    dys = [torch.randn(r.shape, generator=generator, dtype=r.dtype).to(r.device) + 0.1 for r in results]
    given = torch.autograd.grad(results, [t for t in leaves if t.requires_grad], dys, allow_unused=True)
    found: list[Wrong] = []
    named = _named(call, len(tensors))
    numbers = {named[i]: t.detach() for i, t in enumerate(doubles) if t.is_floating_point()}
    numbers |= {"y": results[0].detach()} if len(results) == 1 else {}
    dy = dys[0] if len(dys) == 1 else None
    sizes = {n for t in doubles for n in (*t.shape, t.numel())}
    for position, grad in zip([i for i, asks in enumerate(asked) if asks], given, strict=True):

        def at(value: Tensor, position: int = position) -> float:
            with torch.no_grad():
                values = [value if i == position else t for i, t in enumerate(doubles)]
                return sum(float((r.double() * d.double()).sum()) for r, d in zip(run(values), dys, strict=False))

        truth = held_against(at, doubles[position], grad, STEPS[dtype])
        if truth is None:
            continue
        whole = not bool(truth.right.isnan().any())
        evidence = Evidence(
            dy=dy,
            sizes=sizes,
            quantities=numbers,
            guesses=guesses(truth.right, {"dy": dy}, numbers) if dy is not None and whole else (),
            tolerance=truth.tolerance,
        )
        cause = explain(grad, truth.right, evidence) if whole else "it differs from finite differences"
        found.append(Wrong(call.function.__name__, position, f"gradient of {named[position]}: {cause}"))
    return found


def _named(call: Caught, count: int) -> list[str]:
    """What each tensor among the arguments is called."""
    called = _parameters(call.function)
    places = [place for place, argument in enumerate(call.arguments) if isinstance(argument, Tensor)]
    named = [called[p] if p < len(called) else f"argument {p}" for p in places]
    return named + [f"argument {i}" for i in range(len(named), count)]


class Truth(NamedTuple):
    """What finite differences give where they speak against a gradient; nan where they give nothing."""

    right: Tensor
    tolerance: float


def held_against(
    value: Callable[[Tensor], float], x: Tensor, grad: Tensor | None, steps: Sequence[Step]
) -> Truth | None:
    """The slopes of `value` where `grad` is not it; None where it is, or where the differences are too rough to say.

    A step is believed only where one of twice its length gives the same: over a forward that rounds, or that bends
    within the step, they differ, and the next step is tried. Where a forward does not move at all, it may be flat, or
    rounded to a stair that a longer step climbs. With longer steps a kink may lie within one: any slope between
    those of both sides is right there.
    """
    mine = torch.zeros_like(x) if grad is None else grad
    still = flat_first = torch.ones_like(x, dtype=torch.bool)  # where nothing moved yet, on one side at least
    first: Truth | None = None
    for i, step in enumerate(steps):
        right, gap = differences(value, x, step._replace(kink=math.inf) if i else step)
        known = ~right.isnan()
        flat = known & (right.abs() <= gap)
        still = still & flat & ((right == 0) | (i > 0))
        flat_first = still if i == 0 else flat_first
        if not known.any():  # a kink everywhere, as of relu at 0, or all is noise
            continue
        size = float(right[known].abs().max())
        tolerance = step.agrees * max(size, 1e-3)
        off = (mine - right).abs() - torch.where(still, 0.0, gap) * (i > 0)
        off = torch.where(known, off.nan_to_num(nan=math.inf, posinf=math.inf), 0.0)
        if float(off.max()) <= tolerance:
            return None
        doubt = _doubt(value, x, right, off, step)
        moving = torch.where(still, 0.0, off)
        if float(moving.max()) > max(tolerance, DOUBT * doubt):
            rough = gap > step.kink * size if i else torch.zeros_like(known)
            return Truth(torch.where(rough, torch.nan, right), max(tolerance, 3 * doubt))
        if first is None and float((off * still).nan_to_num(posinf=math.inf).max()) > tolerance:
            first = Truth(right, tolerance)
    accused = still & ~((mine - first.right).abs() <= first.tolerance) if first is not None else None
    if accused is None or not accused.any() or _is_stair(value, x, flat_first, still):
        return None
    return first


def _is_stair(value: Callable[[Tensor], float], x: Tensor, flat: Tensor, still: Tensor) -> bool:
    """Whether what looked flat climbs farther on, on both sides, as where a forward rounds to few digits."""
    if int((flat & ~still).sum()) > CLIMBING * int(flat.sum()):
        return True
    moved, middle, climbing = torch.zeros_like(x).flatten(), value(x), 0
    places = still.flatten().nonzero().flatten().tolist()[:PROBES]
    for i in places:
        moved[i] = x.flatten()[i].abs() * FEW_DIGITS
        by = moved.view(x.shape)
        climbing += value(x + by) != middle and value(x - by) != middle
        moved[i] = 0
    return climbing > CLIMBING * len(places)


def _doubt(value: Callable[[Tensor], float], x: Tensor, right: Tensor, off: Tensor, step: Step) -> float:
    """What slopes by longer steps differ by, on the elements that are farthest off."""
    flat, doubt = right.flatten(), 0.0
    moved = torch.zeros_like(x).flatten()
    longer = (2, 10) if step.h <= SHORT else (2,)
    for i in off.flatten().topk(min(PROBES, off.numel())).indices.tolist():
        slope = float(flat[i])
        for times in longer if not math.isnan(slope) else ():
            moved[i] = times * step.h
            by = moved.view(x.shape)
            doubt = max(doubt, abs((value(x + by) - value(x - by)) / (2 * times * step.h) - slope))
        moved[i] = 0
    return doubt


def _parameters(function: Function) -> list[str]:
    """The names of what the forward takes after its context."""
    names = list(inspect.signature(function.forward).parameters)
    return names[1:] if function.setup_context is torch.autograd.Function.setup_context else names


def differences(value: Callable[[Tensor], float], x: Tensor, by: Step) -> tuple[Tensor, Tensor]:
    """d value / d x by central differences, and half of what the slopes on both sides differ by.

    nan at a kink, and where a large x was not tried.
    """
    slope = torch.full(x.shape, torch.nan, dtype=torch.float64, device=x.device).flatten()
    gap = torch.zeros_like(slope)
    step, middle = torch.zeros_like(x, dtype=x.dtype).flatten(), value(x)
    every = max(1, -(-x.numel() // LARGEST))
    for i in range(0, x.numel(), every):
        step[i] = by.h
        moved = step.view(x.shape)
        up, down = value(x + moved), value(x - moved)
        if not _is_kink(up, middle, down, by.h, by.kink):
            slope[i] = (up - down) / (2 * by.h)
            gap[i] = abs((up - middle) - (middle - down)) / (2 * by.h)
        step[i] = 0
    return slope.view(x.shape), gap.view(x.shape)


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
                off, is_off = _off(loss, flat, i, float(g[i]), steps, size, noise)
                if math.isnan(off):
                    continue
                worst, wrong = max(worst, off), wrong or is_off
            found[name] = worst, wrong
    return found


def _off(
    loss: Callable[[], float],
    flat: Tensor,
    i: int,
    slope: float,
    steps: tuple[float, float],
    size: float,
    noise: float,
) -> tuple[float, bool]:
    """How far one element's slope is from the loss's, and whether that is too far for gradients of this size.

    Where two steps differ as much as that, something inside rounds to float32: then its step and its share count.
    """
    found = [_moved(loss, flat, i, scale * steps[0]) for scale in (1.0, 0.1)]
    off = min(abs(f - slope) for f in found)
    is_off = off > steps[1] * size + noise
    if is_off and steps == WHOLE[torch.float64] and off < DOUBT * abs(found[0] - found[1]):
        return _off(loss, flat, i, slope, WHOLE[torch.float32], size, noise)
    return off, is_off


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
