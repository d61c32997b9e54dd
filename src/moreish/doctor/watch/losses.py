"""A loss function that was called: its value, its logits, its targets, and shapes that cannot have been meant."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from moreish.doctor.frames.counts import MOST_CLASSES
from moreish.doctor.frames.frame import Broadcast, Call, Loss, PerPlace, Reduction, WrongAxis
from moreish.doctor.frames.operations import SHAPED
from moreish.doctor.watch.arguments import Args, Kwargs, argument
from moreish.doctor.watch.step_context import StepContext

MOST_LOGITS = 1 << 20  # logits that are looked at in one frame
PAIRED = {"mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss"}
YES_OR_NO = {"binary_cross_entropy", "binary_cross_entropy_with_logits"}
CLASSIFIES = {"cross_entropy", "nll_loss"}


def observe(context: StepContext, call: Call, args: Args, kwargs: Kwargs, y: Tensor) -> None:
    """Note the loss in the frame; numbers follow when the frame is closed, under "loss.K/..." for the K-th."""
    x, target = argument(args, kwargs, 0, "input"), argument(args, kwargs, 1, "target")
    if not isinstance(x, Tensor) or not isinstance(target, Tensor):
        return
    training = context.grad and y.requires_grad
    into = context.frame.losses if training else context.frame.evaluations
    loss = Loss(call.op, 0, x.shape[0] if x.dim() else 1)
    into.append(loss)
    prefix = f"{'loss' if training else 'evaluation'}.{len(into)}/"
    loss.prefix, loss.fed_by = prefix, _last(call)
    source = next(call.behind(SHAPED), None)
    if source is not None:
        loss.bounded_by = source.op if source.kind in ("activation", "softmax") else ""
        loss.bounded_layer, loss.skippable = source.layer, source.layer == source.module != ""
    context.reader.add(f"{prefix}loss", y.detach().float().mean())
    if call.op in PAIRED and x.shape != target.shape and torch.broadcast_shapes(x.shape, target.shape) != x.shape:
        context.frame.broadcast.append(Broadcast(call.op, tuple(x.shape), tuple(target.shape)))
    inputs = first_batch(context.inputs)
    if training and call.op in YES_OR_NO and inputs is not None and len(target) == target.numel() == len(inputs):
        yes = target.detach().reshape(-1)
        if bool(((yes == 0) | (yes == 1)).all()):
            context.rows = inputs, yes.long()
    if call.op in CLASSIFIES and x.dim() > 1 and not target.is_floating_point():
        loss.classes = x.shape[1]
        _classes(context, loss, prefix, x, target, argument(args, kwargs, 4, "ignore_index", -100), training)


def _last(call: Call) -> str:
    """The layer whose output is the input of the loss."""
    kinds = frozenset(SHAPED | {"select", "pointwise"})
    return next((c.layer for c in call.behind(kinds) if c.layer), "")


def _classes(
    context: StepContext, loss: Loss, prefix: str, x: Tensor, target: Tensor, ignored: int, training: bool
) -> None:
    """Cross-entropy from the logits themselves, so that smoothing, weights and reduction do not matter.

    `spread` is the part of the logits that differs between rows: rms after the mean row is taken off, over the
    rms of all. `row_sums` is the largest distance of a row's sum from 1.
    """
    rows = x.detach().movedim(1, -1).reshape(-1, loss.classes)
    flat = target.detach().reshape(-1)
    loss.rows = len(flat)
    most = max(2, MOST_LOGITS // loss.classes)
    labels = flat
    if loss.rows > most:
        rows, labels = rows[:most], flat[:most]
    if rows.dtype not in (torch.float32, torch.float64):
        rows = rows.float()
    loss.logits = len(rows), loss.classes
    add, norm = context.reader.add, torch.linalg.vector_norm
    nll = F.nll_loss if loss.op == "nll_loss" else F.cross_entropy
    add(f"{prefix}nll", nll(rows, labels, ignore_index=ignored, reduction="sum"))
    add(f"{prefix}kept", torch.count_nonzero(labels != ignored))
    sums = rows.sum(1, keepdim=True)
    centred = torch.sub(rows, sums, alpha=1 / loss.classes)
    add(f"{prefix}logit_std", norm(centred))
    add(f"{prefix}spread", norm(torch.sub(centred, centred.sum(0), alpha=1 / max(len(rows), 1))))
    lowest, highest = torch.aminmax(rows)
    add(f"{prefix}lowest", lowest)
    add(f"{prefix}highest", highest)
    add(f"{prefix}row_sums", norm(sums - 1, math.inf))
    if training and loss.classes <= MOST_CLASSES:
        context.counts.count(flat, loss.classes)
        inputs = first_batch(context.inputs)
        if loss.prefix == "loss.1/" and inputs is not None and target.dim() == 1:
            context.counts.rows.add(inputs, target, loss.classes)
        _pairs(context, target, loss.classes)


def work_out(loss: Loss, values: dict[str, float]) -> None:
    """Means and shares, once the sums and lengths that `observe` asked for are on the host."""
    if not loss.classes:
        return
    prefix = loss.prefix
    rows, classes = loss.logits
    kept, size = values[f"{prefix}kept"], values[f"{prefix}logit_std"]
    values[f"{prefix}nll"] /= max(kept, 1)
    values[f"{prefix}kept"] = kept / max(rows, 1)
    values[f"{prefix}logit_std"] = size / math.sqrt(max(rows * classes, 1))
    values[f"{prefix}spread"] /= max(size, 1e-30)


def _pairs(context: StepContext, target: Tensor, classes: int) -> None:
    """Inputs and targets of a language model: whole numbers of one vocabulary, windows or whole sequences."""
    x = first_whole(context.inputs)
    if x is None or x.dim() != 2 or x.shape[1] < 2 or classes not in context.frame.vocabularies:
        return
    target = target.detach()
    if target.dim() == 1 and len(target) == x.numel() and x.shape[1] > 1:
        target = target.view(x.shape)
    context.counts.pair(x, target, classes)


def first_batch(inputs: Args) -> Tensor | None:
    """The first tensor with rows among a module's inputs."""
    return next((t for t in inputs if isinstance(t, Tensor) and t.dim() > 1 and not t.is_sparse), None)


def first_whole(inputs: Args) -> Tensor | None:
    """The first tensor of whole numbers among a module's inputs."""
    whole = (torch.int64, torch.int32, torch.int16, torch.uint8)
    return next((t for t in inputs if isinstance(t, Tensor) and t.dtype in whole), None)


def broadcast(context: StepContext, call: Call, given: list[Tensor], y: Tensor) -> None:
    """Three silent mistakes: a sum over rows that lands on columns, a mean for every place, (B, 1) against (B,)."""
    a, b = given
    source = context.origin(b)
    if source is not None and source.reduction is not None and source.reduction.of == id(a):
        _own_reduction(context, call, source.op, source.reduction, a, b)
    shapes = sorted((tuple(a.shape), tuple(b.shape)), key=len)
    if call.kind == "subtract" and a.requires_grad != b.requires_grad and len(shapes[0]) == 1:
        rows = shapes[0][0]
        if rows > 1 and shapes[1] == (rows, 1) and tuple(y.shape) == (rows, rows):
            context.frame.broadcast.append(Broadcast("-", tuple(a.shape), tuple(b.shape)))


def _own_reduction(context: StepContext, call: Call, op: str, reduction: Reduction, a: Tensor, b: Tensor) -> None:
    """A tensor meets its own sum or mean: along the wrong axis, or one for every place of a sequence."""
    axis = reduction.axis
    if axis is None:
        return
    if not reduction.keepdim and axis % a.dim() != 0 and b.dim() == a.dim() - 1:
        context.frame.wrong_axis.append(WrongAxis(call.module, op, tuple(a.shape), axis))
    centres = call.kind == "subtract" and op == "mean" and a.requires_grad and call.training
    if centres and axis == 0 and a.dim() == 3 and min(a.shape) > 1:
        context.frame.per_place.append(PerPlace(call.module, tuple(a.shape)))
