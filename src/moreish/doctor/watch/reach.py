"""What reaches the outputs: arguments that change nothing, one place of many, padding that is, order that is not.

Each is asked of a copy by calling it again with something else: what ought to change an output and does not, or ought
not to and does, is a proof, whatever the code between looks like.
"""

from collections.abc import Callable
from typing import TypeVar

import torch
from torch import Tensor, nn

from moreish.doctor.frames.replayed import Blind, OnePlace, Padded, Unreached
from moreish.doctor.watch.batch import Lag, main
from moreish.doctor.watch.called import CalledWith, every_tensor
from moreish.doctor.watch.recording import Rehearsal, Unlike, changed, seed

Answer = TypeVar("Answer")

FEWEST_ROWS, FEWEST_PLACES = 4, 5
ALONE = 4  # rows that are run without their padding
MOST_READ = 0.3  # of the spread between samples: a change that padding may make
PADDED = 0.2  # share of places that are padding from which it matters
ATTENDS = {"scaled_dot_product_attention", "multi_head_attention_forward"}


def quietly(question: Callable[[], Answer | None]) -> Answer | None:
    """The answer, or None where the model cannot be called like that."""
    try:
        return question()
    except Exception:  # a stranger's model need not take other inputs; Unlike is one of them
        return None


# ---- arguments that change nothing ----


def unreached(rehearsal: Rehearsal, axis: int) -> Unreached | None:
    """A tensor that differs from sample to sample and that no output changes with.

    Weights that are 0 may stand in its way at first; so they are opened, in training mode too, before it is believed.
    The copy is not what it was afterwards.
    """
    given = rehearsal.given
    x = main(given)
    if x is None or x.dim() <= axis or x.shape[axis] < FEWEST_ROWS:
        return None
    rows = x.shape[axis]
    suspects = []
    for k, t in enumerate(given.tensors()):
        along = axis if t.dim() > axis else 0
        if t.dim() and t.shape[along] == rows and bool((t != t.narrow(along, 0, 1)).any()):
            other = _with(given, k, lambda t, along=along: t.roll(1, along))
            masks = quietly(lambda other=other: rehearsal.changes(other))
            if masks is not None and not any(bool(m.any()) for m in masks[-1]):
                suspects.append((k, other, _last_changed(rehearsal, masks)))
    for k, other, where in suspects:
        if not _opened(rehearsal.twin, given, other):
            t = given.tensors()[k]
            alone = len(suspects) == len([t for t in given.tensors() if t.dim()])
            return Unreached(_named(given, k), tuple(t.shape), where[0], where[1], alone, _is_mask(t))
    return None


def _with(given: CalledWith, place: int, do: Callable[[Tensor], Tensor]) -> CalledWith:
    """The same call with one tensor changed."""
    k = -1

    def replaced(t: Tensor) -> Tensor:
        nonlocal k
        k += 1
        return do(t) if k == place else t

    return given.change(replaced)


def _is_mask(t: Tensor) -> bool:
    return t.dtype is torch.bool or bool(((t == 0) | (t == 1)).all())


def _last_changed(rehearsal: Rehearsal, masks: list[tuple[Tensor, ...]]) -> tuple[str, str]:
    """Where a change ends: the layer and the function that got it and whose result has none of it."""
    some = [any(bool(m.any()) for m in each) for each in masks]
    for place in rehearsal.before(len(masks) - 1):
        record = rehearsal.records[place]
        if place and not some[place] and any(some[i] and i for i, _ in record.sources) and record.op != "output":
            return record.layer, record.op
    return "", ""


def _opened(twin: nn.Module, given: CalledWith, other: CalledWith) -> bool:
    """Whether outputs change after all, with weights that are 0 replaced by small ones, or in training mode."""
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for p in twin.parameters():
            if p.numel() and not bool(p.any()):
                p.copy_(0.1 * torch.randn(p.shape, generator=generator))
    for training in (False, True):
        for m in twin.modules():
            m.training = training
        results = [_called(twin, call) for call in (given, other)]
        if any(a.shape != b.shape or bool(changed(a, b).any()) for a, b in zip(*results, strict=True)):
            return True
    return False


def _called(twin: nn.Module, given: CalledWith) -> list[Tensor]:
    seed()
    with torch.no_grad():
        return every_tensor(twin(*given.args, **given.kwargs))


def _named(given: CalledWith, place: int) -> str:
    """What an argument is called: its keyword, else its place."""
    t = given.tensors()[place]
    return next((name for name, v in given.kwargs.items() if v is t), f"argument {place + 1}")


# ---- one place of many ----


def one_place(rehearsal: Rehearsal, axis: int) -> OnePlace | None:
    """Whether outputs with nothing of the places in them know of the first place of the sequences only."""
    x = main(rehearsal.given)
    if x is None or not _is_sequence(x, axis) or not _by_sample(rehearsal, x, axis):
        return None
    time, given = 1 - axis, rehearsal.given
    k = next(i for i, t in enumerate(given.tensors()) if t is x)
    for kept in (0, x.shape[time] - 1):
        masks = quietly(lambda kept=kept: rehearsal.changes(_with(given, k, lambda t: _others(t, axis, time, kept))))
        if masks is None or any(bool(m.any()) for m in masks[-1]):
            continue
        all_others = quietly(lambda: rehearsal.changes(_with(given, k, lambda t: t.roll(1, axis))))
        if all_others is not None and any(bool(m.any()) for m in all_others[-1]):
            return OnePlace(kept, x.shape[time])
    return None


def _others(t: Tensor, axis: int, time: int, kept: int) -> Tensor:
    """Other samples' values at all places but one."""
    rolled = t.roll(1, axis).clone()
    index = (slice(None),) * time + (kept,)
    rolled[index] = t[index]
    return rolled


def _is_sequence(x: Tensor, axis: int) -> bool:
    whole = x.dim() == 2 and not x.is_floating_point()
    return (
        axis < 2 and (whole or x.dim() == 3) and x.shape[1 - axis] >= FEWEST_PLACES and x.shape[axis] >= FEWEST_ROWS
    )


def _by_sample(rehearsal: Rehearsal, x: Tensor, axis: int) -> bool:
    """Whether the first output has a row for each sample, and nothing for its places."""
    y, rows, places = _output(rehearsal), x.shape[axis], x.shape[1 - axis]
    if y is None or y.dim() not in (1, 2) or len(y) != rows:
        return False
    return rows != places if y.dim() == 1 else y.shape[1] != places


def _output(rehearsal: Rehearsal) -> Tensor | None:
    return next((y for y in rehearsal.outputs if y.is_floating_point()), None)


# ---- an order that is not read ----


def blind(rehearsal: Rehearsal, axis: int, known: list[Lag]) -> Blind | None:
    """Whether an attention over symbols gives the same when those before the last place stand in another order."""
    x = main(rehearsal.given)
    if x is None or not _is_sequence(x, axis) or x.is_floating_point() or not _attends(rehearsal, x.shape[1 - axis]):
        return None
    y, time, given = _output(rehearsal), 1 - axis, rehearsal.given
    if y is None or y.dim() not in (2, 3) or int(x.max()) < 2:
        return None
    k = next(i for i, t in enumerate(given.tensors()) if t is x)
    places = x.shape[time]
    order = torch.tensor([0, *range(places - 2, 0, -1), places - 1], device=x.device)
    turned = rehearsal.changes(_with(given, k, lambda t: t.index_select(time, order)))
    if _differs(turned[-1], rehearsal, axis, places):
        return None
    others = rehearsal.changes(_with(given, k, lambda t: _middle(t, axis, time)))
    if not _differs(others[-1], rehearsal, axis, places):
        return None
    return Blind(places, bool(known), _one_for_all(rehearsal, x, axis))


def _middle(t: Tensor, axis: int, time: int) -> Tensor:
    rolled = t.roll(1, axis).clone()
    for end in (0, t.shape[time] - 1):
        index = (slice(None),) * time + (end,)
        rolled[index] = t[index]
    return rolled


def _differs(masks: tuple[Tensor, ...], rehearsal: Rehearsal, axis: int, places: int) -> bool:
    """Whether an output has changed: as a whole, or at the last place where there is one for each place."""
    k = next(i for i, y in enumerate(rehearsal.outputs) if y.is_floating_point())
    mask = masks[k]
    apart = mask.dim() == 3 or (mask.dim() == 2 and mask.shape[axis] != places)
    if apart and mask.shape[1 - axis] == places:
        mask = mask.select(1 - axis, places - 1)
    return bool(mask.any())


def _attends(rehearsal: Rehearsal, places: int) -> bool:
    def square(t: Tensor) -> bool:
        return t.dim() > 2 and t.shape[-1] == t.shape[-2] == places

    return any(
        r.op in ATTENDS or (r.op == "softmax" and any(square(t) for t in r.results)) for r in rehearsal.records
    )


def _one_for_all(rehearsal: Rehearsal, x: Tensor, axis: int) -> str:
    """The layer in which one vector that is not of the inputs is added to every place; empty where there is none."""
    rows, places = x.shape[axis], x.shape[1 - axis]
    for r in rehearsal.records:
        if r.op not in ("add", "add_", "__add__", "__iadd__") or not r.results or len(r.sources) > 2:
            continue
        y = r.results[0]
        if y.dim() != 3 or y.shape[axis] != rows or y.shape[1 - axis] != places:
            continue
        shapes = [rehearsal.records[i].results[k].shape for i, k in r.sources]
        if len(shapes) == 1 or any(s.numel() == y.shape[-1] and s[-1] == y.shape[-1] for s in shapes):
            return r.layer or r.op
    return ""


# ---- padding that is read ----


def padded(rehearsal: Rehearsal, axis: int) -> Padded | None:
    """How much outputs change when a sample comes alone, without the padding behind it."""
    x = main(rehearsal.given)
    y = _output(rehearsal)
    if x is None or y is None or not _is_sequence(x, axis) or not _by_sample(rehearsal, x, axis):
        return None
    lengths = _lengths(x if axis == 0 else x.transpose(0, 1))
    places = x.shape[1 - axis]
    if lengths is None or len(lengths.unique()) < 2 or float((places - lengths).float().mean()) < PADDED * places:
        return None
    alone = [int(k) for k in lengths.argsort() if 0 < int(lengths[k]) < places][:ALONE]
    if len(alone) < 2:
        return None
    short = torch.cat([_alone(rehearsal, axis, k, int(lengths[k]), places) for k in alone])
    whole = y[alone].reshape(len(alone), -1)
    spread = (short - short.mean(0)).square().mean().sqrt()
    change = float((short - whole).square().mean().sqrt() / spread.clamp(min=1e-12))
    if change < MOST_READ:
        return None
    recurrent = any(r.op in ("lstm", "gru", "rnn_tanh", "rnn_relu") for r in rehearsal.records)
    return Padded(change, float(1 - lengths.float().mean() / places), recurrent)


def _lengths(x: Tensor) -> Tensor | None:
    """How many places of each row (rows, places, ...) come before a run of one value that goes to its end."""
    if x.is_floating_point():
        pad = (x == 0).all(-1)
    else:
        runs = (x == x[:, -1:]).flip(1).cummin(1).values.sum(1)
        symbol = x[int(runs.argmax()), -1]
        pad = x == symbol
    return x.shape[1] - pad.flip(1).cummin(1).values.sum(1)


def _alone(rehearsal: Rehearsal, axis: int, row: int, length: int, places: int) -> Tensor:
    rows = main(rehearsal.given).shape[axis]  # type: ignore[union-attr]

    def cut(t: Tensor) -> Tensor:
        if t.dim() > axis and t.shape[axis] == rows:
            t = t.narrow(axis, row, 1)
        elif t.dim() and t.shape[0] == rows:
            t = t.narrow(0, row, 1)
        time = 1 - axis
        return t.narrow(time, 0, length) if t.dim() > time and t.shape[time] == places else t

    results = _called(rehearsal.twin, rehearsal.given.change(cut))
    y = next(y for y in results if y.is_floating_point())
    if y.dim() not in (1, 2) or len(y) != 1:
        raise Unlike
    return y.reshape(1, -1)
