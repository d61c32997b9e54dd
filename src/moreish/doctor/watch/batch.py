"""A batch: which axis its samples lie along, whether its targets are its inputs one place on, and other batches."""

import contextlib
from collections.abc import Iterator, Sequence
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor, nn

from moreish.doctor.watch.called import CalledWith, every_tensor

FEWEST = 8  # targets that must be inputs one place on
MOST = 0.9  # share of them
ROWS = (7, 5, 11, 8)  # samples that are replayed: rather a prime, which hardly any other dimension has


class Lag(NamedTuple):
    """An argument whose next places are the targets: which tensor of the call, and the axis of its places.

    Not `sure` where the next samples are the targets as well, as in windows that were not shuffled.
    """

    place: int
    axis: int
    sure: bool = True

    @property
    def samples(self) -> int:
        """The axis along which samples lie."""
        return 1 if self.axis == 0 else 0

    @property
    def merged(self) -> int:
        """Of samples and places, in the order in which one axis holds both, where the places are."""
        return min(self.axis, 1)


def lags(given: CalledWith) -> list[Lag]:
    """The arguments of which the targets are the next places."""
    found = []
    for place, x in enumerate(given.tensors()):
        if x.dim() >= 2:
            axes = [a for a in (1, 0, 2)[: x.dim()] if any(_follows(x, t, a) for t in given.targets)]
            found.extend(Lag(place, axis, len(axes) == 1) for axis in axes[:1])
    return found


def _follows(x: Tensor, target: Tensor, axis: int) -> bool:
    """Whether `target` is `x` one place on along `axis`, wherever it is not ignored."""
    length, others = x.shape[axis], x.shape[1 if axis == 0 else 0]
    if length < 3:
        return False
    for places in (length, length - 1):
        two = _arranged(x, target, axis, places, others)
        if two is None:
            continue
        symbols, wanted = two
        wanted = wanted[:, : length - 1]
        kept = torch.ones_like(wanted, dtype=torch.bool) if wanted.is_floating_point() else wanted >= 0
        if int(kept.sum()) < FEWEST:
            continue
        next_one, same = ((wanted == x)[kept].float().mean() for x in (symbols[:, 1:], symbols[:, :-1]))
        if next_one >= MOST > same:
            return True
    return False


def _arranged(x: Tensor, target: Tensor, axis: int, places: int, others: int) -> tuple[Tensor, Tensor] | None:
    """Inputs and targets as (samples, places), in one kind of number; None where their shapes do not fit."""
    if target.is_floating_point():
        symbols = _numbers(x, axis)
        target = target.squeeze(1 if axis == 2 else -1) if target.dim() == 3 and 1 in target.shape else target
        if target.dim() == 3:
            target = target[:, 0] if axis == 2 else target[..., 0]
    else:
        symbols = _symbols(x) if axis < 2 else None
    shape = (places, others) if axis == 0 else (others, places)
    if symbols is None or target.numel() != others * places or (target.dim() > 1 and tuple(target.shape) != shape):
        return None
    target = target.reshape(shape)
    return (symbols.t(), target.t()) if axis == 0 else (symbols, target)


def _symbols(x: Tensor) -> Tensor | None:
    """Symbols, given as whole numbers or one-hot."""
    if not x.is_floating_point():
        return x if x.dim() == 2 else None
    if x.dim() != 3 or x.shape[2] < 2:
        return None
    one_hot = bool(((x == 0) | (x == 1)).all()) and bool((x.sum(-1) == 1).all())
    return x.argmax(-1) if one_hot else None


def _numbers(x: Tensor, axis: int) -> Tensor | None:
    """The first channel of a series: (samples, places), with channels last, or first where the places are last."""
    if not x.is_floating_point() or x.dim() > 3:
        return None
    return x if x.dim() == 2 else x[:, 0] if axis == 2 else x[..., 0]


def batch_axis(twin: nn.Module, given: CalledWith, known: Sequence[Lag]) -> int | None:
    """The axis of the inputs along which samples lie; None where it cannot be known.

    Time is the axis along which targets follow; else samples are as many as the targets, or as the outputs; where
    both axes are as long, the copy is called with fewer. Without a layer that might take time first it is the first.
    """
    if known and known[0].sure:
        return known[0].samples
    x = main(given)
    if x is None:
        return None
    sequences = [m for m in twin.modules() if isinstance(m, nn.RNNBase | nn.MultiheadAttention)]
    if not sequences or x.dim() == 4:  # pictures
        return 0
    first, second = x.shape[:2]
    for n in (len(t) for t in given.targets if t.dim() and _per_sample(t, first, second)):
        if first != second and n in (first, second):
            return 0 if n == first else 1
        if first == second == n and len({m.batch_first for m in sequences}) == 1:  # else both axes are meant
            return _by_trial(twin, given, n)
    return 0 if all(m.batch_first for m in sequences) else None


def _by_trial(twin: nn.Module, given: CalledWith, n: int) -> int | None:
    """Of two axes of one length, the one that outputs become shorter with."""
    rows = n // 2 + 1
    found = []
    for axis in (0, 1):
        fewer = given.change(partial(_first, axis=axis, n=n, rows=rows))
        with contextlib.suppress(Exception), torch.no_grad():  # a stranger's model need not run with fewer
            outputs = every_tensor(twin(*fewer.args, **fewer.kwargs))
            if any(y.dim() and len(y) == rows for y in outputs[:1]):
                found.append(axis)
    return found[0] if len(found) == 1 else None


def _per_sample(target: Tensor, first: int, second: int) -> bool:
    """Whether there is a target for each sample, and not one for each place of it."""
    return target.numel() % (first * second) != 0 and (target.dim() == 1 or target.shape[1] not in (first, second))


def main(given: CalledWith) -> Tensor | None:
    """The first tensor with samples and something else."""
    return next((t for t in given.tensors() if t.dim() >= 2), None)


def few(given: CalledWith, axis: int) -> Iterator[CalledWith]:
    """The same call with a few samples only, then with all: a model may insist on its own batch size."""
    x = main(given)
    if x is None or x.dim() <= axis:
        yield given
        return
    n = x.shape[axis]
    tensors = given.tensors()
    taken = {size for t in tensors for a, size in enumerate(t.shape) if a != _axis(t, axis)}
    if len(tensors) == 1 or n not in taken:  # else a tensor of this size need not hold samples
        for rows in [r for r in ROWS if r < n and r not in taken][:2]:
            yield given.change(partial(_first, axis=axis, n=n, rows=rows))
    yield given


def _first(t: Tensor, axis: int, n: int, rows: int) -> Tensor:
    return t.narrow(_axis(t, axis), 0, rows).clone() if _has(t, axis, n) else t


def _axis(t: Tensor, axis: int) -> int:
    return axis if t.dim() > axis else 0


def _has(t: Tensor, axis: int, n: int) -> bool:
    return t.dim() > 0 and t.shape[_axis(t, axis)] == n


def others(given: CalledWith, axis: int, rows: slice) -> CalledWith:
    """The same call with these samples replaced by their neighbours; tensors of one number a sample stay."""
    x = main(given)
    assert x is not None
    n = x.shape[axis]

    def replaced(t: Tensor) -> Tensor:
        if t.dim() < 2 or not _has(t, axis, n):
            return t
        t, rolled = t.clone(), t.roll(1, axis)
        index = (slice(None),) * axis + (rows,)
        t[index] = rolled[index]
        return t

    return given.change(replaced)


def at_place(given: CalledWith, lag: Lag, place: int) -> CalledWith:
    """The same call with another symbol, of those in the batch, at one place of the sequence."""
    k = -1

    def replaced(t: Tensor) -> Tensor:
        nonlocal k
        k += 1
        if k != lag.place:
            return t
        t = t.clone()
        index = (slice(None),) * lag.axis + (place,)
        if not t.is_floating_point():
            symbols, here = t.unique(return_inverse=True)
            t[index] = symbols[(here[index] + 1) % len(symbols)]
        elif _symbols(t) is not None:
            t[index] = t[index].roll(1, -1)
        else:
            t[index] = t[index].flip(0) + t.std()
        return t

    return given.change(replaced)
