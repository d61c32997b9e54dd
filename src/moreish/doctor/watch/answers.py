"""Answers: what the targets of a loss are beside what the model was given, and whether rows lie in the same order."""

import torch
from torch import Tensor

from moreish.doctor.frames.frame import Call, Loss
from moreish.doctor.frames.operations import SHAPED
from moreish.doctor.watch import marks
from moreish.doctor.watch.arguments import Args
from moreish.doctor.watch.step_context import StepContext

MOST_COLUMNS = 4096
FEWEST_ROWS, FEWEST_COLUMNS, FEWEST_NUMBERS = 8, 3, 5
MOST_MORE = 64  # columns of an input beside those that a target has
AT_ITS_MEAN = {"mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss"}  # where noise is answered best
DISTRIBUTION = 0.01  # that a row of target probabilities may sum to more or less than 1


def look(context: StepContext, call: Call, loss: Loss, x: Tensor, target: Tensor) -> None:
    """Note what is wrong with the answers of one loss, or with how they meet the outputs."""
    source = next(call.behind(SHAPED), None)
    if source is not None and source.kind == "dropout" and source.active and source.p:
        loss.dropped = source.layer or source.op
    inputs = first_pictures(context.inputs)
    if inputs is not None and _has_places_of(inputs, target):
        if sum(isinstance(t, Tensor) for t in context.inputs) == 1:  # of several, another may say how it was turned
            context.counts.turned.add(inputs, target)
        context.counts.paired.add(inputs, target, x)
        if x.dim() == inputs.dim() and x.shape[-2:] == target.shape[-2:] and not target.requires_grad:
            context.counts.turned.fits(x, target)
    mark = context.noting.marks.of(target)
    drawn = mark is not None and mark.what == "noise" and not context.made_some(context.inputs)
    if drawn and loss.op in AT_ITS_MEAN:
        context.counts.noise.add(target, _of_one_shape(context.inputs, target))
    through = context.noting.values.through(x, target, context.inputs)
    if through is not None and loss.reduction == "none":
        context.noting.values.waiting[id(loss)] = through  # rows may be weighed, or left out, before they are summed
    elif through is not None:
        context.noting.noted.through = through
    if not context.thorough:
        return
    loss.apart = _apart(call, x, target)
    loss.shares = _shares(loss, target)
    loss.answer = _answer(context, x, target)
    loss.corrupted = context.noting.marks.is_corrupted(target) and any(
        t is target or (isinstance(t, Tensor) and t.shape == target.shape and torch.equal(t, target))
        for t in context.inputs
    )
    context.noting.noted.bootstrapped |= marks.bootstraps(x, target)


def _of_one_shape(inputs: Args, target: Tensor) -> list[Tensor]:
    """Inputs of the target's shape; else, of the only one that has more columns or channels, as with a time beside,
    all that are as wide.
    """
    given = [t for t in inputs if isinstance(t, Tensor) and t.is_floating_point()]
    found = [t for t in given if t.shape == target.shape]
    if found or target.dim() < 2:
        return found
    wider = [t for t in given if t.dim() == target.dim() and len(t) == len(target) and t.numel() > len(t)]
    if len(wider) != 1 or wider[0].shape[2:] != target.shape[2:]:
        return []
    more = wider[0].shape[1] - target.shape[1]
    return [wider[0].narrow(1, k, target.shape[1]) for k in range(more + 1)] if 0 < more <= MOST_MORE else []


def _has_places_of(x: Tensor, target: Tensor) -> bool:
    """Whether a target has a number for every place of the pictures."""
    return target.dim() > 2 and target.shape[-2:] == x.shape[-2:] and len(target) == len(x)


def first_pictures(inputs: Args) -> Tensor | None:
    """The first pictures (batch, channels, height, width) among a module's inputs."""
    tensors = (t for t in inputs if isinstance(t, Tensor) and t.dim() == 4 and t.is_floating_point())
    return next((t for t in tensors if min(t.shape[-2:]) > 1), None)


def _apart(call: Call, x: Tensor, target: Tensor) -> tuple[int, ...]:
    """The shape of outputs whose first two dimensions were counted off in another order than those of the targets."""
    base = target._base
    if x.dim() != 2 or target.dim() != 1 or base is None or base.dim() != 2 or not base.is_contiguous():
        return ()
    a, b = base.shape
    if a == b or len(target) != a * b or base.untyped_storage().data_ptr() != target.untyped_storage().data_ptr():
        return ()
    waiting = list(call.sources)
    for _ in range(8):
        if not waiting:
            break
        source = waiting.pop(0)
        if source.kind in ("reorder", "product", "reduce"):
            break
        if len(source.shape) == 3 and source.shape[2] == x.shape[1]:
            return tuple(source.shape) if source.shape[:2] == (b, a) and _grid(target, a, b) else ()
        waiting += source.sources
    return ()


def _grid(target: Tensor, a: int, b: int) -> bool:
    """Whether the targets are a table row by row, neither turned nor cut."""
    return target.stride() == (1,) and target.storage_offset() == 0 and min(a, b) > 1


def _shares(loss: Loss, target: Tensor) -> float:
    """The largest sum of a row of targets among which a softmax shares 1 out; 1 where they are no such targets."""
    softmax = loss.op == "cross_entropy" or (loss.op == "binary_cross_entropy" and loss.bounded_by == "softmax")
    if not softmax or not target.is_floating_point() or target.dim() != 2:
        return 1.0
    sums = target.detach().sum(1)
    return float(sums.max()) if bool(((target == 0) | (target == 1)).all()) else 1.0


def _answer(context: StepContext, x: Tensor, target: Tensor) -> int | None:
    """The column of the inputs that the targets are, to the last digit; None where they are none, or all of them."""
    given = next((t for t in context.inputs if isinstance(t, Tensor) and t.is_floating_point()), None)
    if given is None or given.dim() < 2 or len(given) < FEWEST_ROWS or target.requires_grad:
        return None
    if len(given) != target.numel() or context.origin(given) is not None or context.origin(target) is not None:
        return None
    table, answers = given.detach().reshape(len(given), -1), target.detach().reshape(-1, 1)
    if not FEWEST_COLUMNS <= table.shape[1] <= MOST_COLUMNS:
        return None
    different = len(answers.unique())
    if different < (2 if not target.is_floating_point() else FEWEST_NUMBERS):
        return None
    same = (table == answers.to(table.dtype)).all(0).nonzero()
    return int(same[0]) if 0 < len(same) < table.shape[1] else None
