"""A replay: runs a copy of the model on a batch that was seen, and asks what cannot be seen from outside.

The copy is thrown away; parameters, buffers, modes and every random state of the original stay as they are.
"""

import contextlib
import copy
import io
import random
import sys
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from moreish.doctor.frames.frame import WrongBackward
from moreish.doctor.watch.arguments import Args, Kwargs, first_tensor
from moreish.doctor.watch.recording import seed

Answer = TypeVar("Answer")

MOST_PARAMETERS = 20_000_000
EPSILON = 1e-6
MOST_ALONE = 64  # parameters whose slope is asked for one by one
FLAT = {"round", "round_", "floor", "ceil", "trunc", "sign", "sgn", "heaviside", "argmax", "bernoulli"}
HOOKS = (
    "_forward_hooks", "_forward_hooks_with_kwargs", "_forward_hooks_always_called", "_forward_pre_hooks",
    "_forward_pre_hooks_with_kwargs", "_backward_hooks", "_backward_pre_hooks", "_state_dict_hooks",
    "_state_dict_pre_hooks", "_load_state_dict_pre_hooks", "_load_state_dict_post_hooks",
)  # fmt: skip


@contextlib.contextmanager
def unchanged_randomness() -> Iterator[None]:
    """Every random state that a model may use is the same afterwards as before."""
    python = random.getstate()
    numpy = sys.modules.get("numpy")  # only a script that has imported it can use it
    drawn = numpy.random.get_state() if numpy is not None else None
    devices = list(range(torch.cuda.device_count())) if torch.cuda.is_initialized() else []
    try:
        with torch.random.fork_rng(devices=devices):
            yield
    finally:
        random.setstate(python)
        if numpy is not None:
            numpy.random.set_state(drawn)


def copied(model: nn.Module) -> nn.Module | None:
    """A copy of the model, without hooks; None if it is too large or cannot be copied."""
    if sum(p.numel() for p in model.parameters()) > MOST_PARAMETERS:
        return None
    tables = [getattr(m, name, None) for m in model.modules() for name in HOOKS]
    empty = {id(table): type(table)() for table in tables if table is not None}  # said to be copied already
    try:
        return copy.deepcopy(model, empty)
    except Exception:  # a stranger's module may hold anything, a file for instance
        return None


def asked(question: Callable[[nn.Module], Answer | None], model: nn.Module) -> Answer | None:
    """The answer to a question about the model; None too where it cannot be run like that."""
    try:
        with unchanged_randomness(), contextlib.redirect_stdout(io.StringIO()):  # what it prints, it has printed
            return question(model)
    except Exception:  # a stranger's model need not run twice, in eval mode or in float64
        return None


def wrong_backward(model: nn.Module, args: Args, kwargs: Kwargs) -> WrongBackward | None:
    """Whether a hand-written autograd.Function in the model has a wrong gradient.

    Along three random directions of all parameters, the slope that autograd gives is compared with the central
    difference in float64; where they differ, of each parameter by itself. Functions that are flat (rounding,
    straight-through) or that turn the sign on purpose (gradient reversal) are left alone.
    """
    twin = copied(model)
    if twin is None:
        return None
    twin = twin.double()
    for m in twin.modules():
        m.training = False
    args = tuple(_double(v) for v in args)
    kwargs = {k: _double(v) for k, v in kwargs.items()}
    seed()
    with torch.enable_grad():
        y = first_tensor(twin(*args, **kwargs))
    names = written_by_hand(y)
    if y is None or not names:
        return None
    weights = torch.randn(y.shape, dtype=y.dtype, device=y.device)
    parameters = [p for p in twin.parameters() if p.requires_grad]

    def scalar() -> Tensor:
        seed()
        out = first_tensor(twin(*args, **kwargs))
        assert out is not None
        return (out * weights).sum()

    with torch.enable_grad():
        grads = torch.autograd.grad(scalar(), parameters, allow_unused=True)
    slopes = [_slopes(scalar, parameters, grads, k) for k in range(3)]
    errors = [abs(a - n) / max(abs(a), abs(n), 1e-12) for a, n in slopes]
    flat = all(abs(n) < 1e-6 * abs(a) for a, n in slopes)
    turned = all(a * n < 0 for a, n in slopes)
    if max(errors) <= 1e-4 or flat or turned or _behind_flat_ones(scalar, parameters, grads):
        return None
    return WrongBackward(", ".join(sorted(names)), max(errors))


def _behind_flat_ones(
    scalar: Callable[[], Tensor], parameters: list[nn.Parameter], grads: tuple[Tensor | None, ...]
) -> bool:
    """Whether the slope of each parameter is right, or 0 in truth: it stands behind a function that is flat."""
    if len(parameters) > MOST_ALONE:
        return False
    slopes = [_slopes(scalar, [p], (g,), 0) for p, g in zip(parameters, grads, strict=True)]
    noise = 1e-6 * max(abs(a) for a, _ in slopes)
    return all(abs(a - n) <= 1e-4 * max(abs(a), abs(n)) + noise or abs(n) <= noise for a, n in slopes)


def _double(value: Any) -> Any:
    return value.detach().double() if isinstance(value, Tensor) and value.is_floating_point() else value


def _slopes(
    scalar: Callable[[], Tensor], parameters: list[nn.Parameter], grads: tuple[Tensor | None, ...], seed: int
) -> tuple[float, float]:
    """Slope along one random direction: by autograd, and by a central difference."""
    generator = torch.Generator().manual_seed(seed)
    directions = [torch.randn(p.shape, generator=generator, dtype=p.dtype).to(p.device) for p in parameters]
    exact = sum(float((g * d).sum()) for g, d in zip(grads, directions, strict=True) if g is not None)
    ends = []
    with torch.no_grad():
        for sign in (1, -2):
            for p, d in zip(parameters, directions, strict=True):
                p += sign * EPSILON * d
            ends.append(float(scalar()))
        for p, d in zip(parameters, directions, strict=True):
            p += EPSILON * d
    return exact, (ends[0] - ends[1]) / (2 * EPSILON)


def _is_flat(written: type) -> bool:
    """Whether the forward of a function rounds: its slope is 0, and whatever its backward says is meant otherwise."""
    code = getattr(getattr(written, "forward", None), "__code__", None)
    return code is not None and not FLAT.isdisjoint(code.co_names)


def written_by_hand(y: Tensor | None) -> set[str]:
    """Names of the autograd.Functions in the graph of `y` that are not torch's own, and do not round."""
    waiting, seen, names = [y.grad_fn if y is not None else None], set(), set()
    while waiting:
        node = waiting.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        written = getattr(type(node), "_forward_cls", None)
        if written is not None and not written.__module__.startswith("torch.") and not _is_flat(written):
            names.add(written.__name__)
        waiting.extend(n for n, _ in node.next_functions)
    return names
