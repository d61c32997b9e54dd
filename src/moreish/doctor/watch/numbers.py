"""Losses on numbers: what the targets are, what a constant answer would cost, and what the output cannot reach."""

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from moreish.doctor.frames.baseline import FEATURES, Constant, LinkCounts, columns
from moreish.doctor.frames.frame import Loss
from moreish.doctor.frames.rows import LEAST_CLASSES
from moreish.doctor.watch import choices
from moreish.doctor.watch.ends import ends_of
from moreish.doctor.watch.step_context import StepContext

MOST = 1 << 16  # elements that are looked at
MOST_LABELS = 1000
ERRORS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "mse_loss": F.mse_loss,
    "l1_loss": F.l1_loss,
    "smooth_l1_loss": F.smooth_l1_loss,
    "huber_loss": F.huber_loss,
}
BINARY = {"binary_cross_entropy", "binary_cross_entropy_with_logits"}
REACH = {
    "relu": (0.0, math.inf),
    "relu6": (0.0, 6.0),
    "softplus": (0.0, math.inf),
    "sigmoid": (0.0, 1.0),
    "hardtanh": (-1.0, 1.0),
    "tanh": (-1.0, 1.0),
    "softmax": (0.0, 1.0),
    "log_softmax": (-math.inf, 0.0),
    "log_sigmoid": (-math.inf, 0.0),
}


def own_constant(op: str, target: Tensor) -> Tensor | None:
    """What the best constant answer for these targets costs, a row; None for losses of which that is not known."""
    target = target[: max(MOST // max(target[0].numel(), 1), 2)] if target.dim() else target
    if op in ("cross_entropy", "nll_loss") and not target.is_floating_point():
        share = torch.bincount(target[target >= 0]).float()
    elif op in BINARY:
        yes = target.float().mean()
        share = torch.stack([yes, 1 - yes])
    elif op == "mse_loss":
        answers = columns(target.float())
        return (answers - answers.mean(0)).square().mean()
    else:
        return None
    return torch.special.entr(share / share.sum().clamp(min=1e-12)).sum()


def observe(context: StepContext, loss: Loss, x: Tensor, target: Tensor) -> None:
    """Note a loss on numbers of the same shape."""
    if x.shape != target.shape or not x.is_floating_point() or not x.numel() or x.is_complex():
        return
    loss.by_copy = context.noting.is_by_copy(target)
    loss.made = loss.by_copy or context.origin(target) is not None
    loss.width = 1 if x.dim() < 2 else x.shape[1]
    if loss.op in BINARY:
        loss.range = 0.0, 1.0
    else:
        loss.range = REACH.get(loss.bounded_by.rstrip("_"))
        if loss.range is None and (ends := ends_of(x)) is not None:
            (loss.bounded_by, *_), loss.bounded_layer, loss.range = ends, "", ends[1:]
    each = max(x[0].numel(), 1) if x.dim() else 1
    if x.dim() and x.numel() > MOST:
        x, target = x[: max(MOST // each, 2)], target[: max(MOST // each, 2)]
    x, target = x.detach().float(), target.detach().float()
    add, prefix = context.reader.add, loss.prefix
    add(f"{prefix}target_rms", target.square().mean().sqrt())
    if loss.range is not None:
        _reach(context, loss, target)
    if context.thorough or context.counts.numbered.seen:
        loss.labels = _labels(target) if loss.op not in BINARY else 0
        _numbered(context, loss, target)
    outputs, answers = columns(x), columns(target)
    constant = context.counts.constants.setdefault(prefix + loss.op, Constant())
    by_median = loss.op in ERRORS and loss.op != "mse_loss"
    constant.add(answers, by_median)
    if loss.op in BINARY:
        choices.of_yes_or_no(context, loss, x, target)
        add(f"{prefix}error", _binary(loss.op, outputs, answers))
        often = ((constant.mean() * constant.rows + 0.5) / (constant.rows + 1)).clamp(1e-6, 1 - 1e-6)
        add(f"{prefix}constant", _binary("", often.expand_as(answers), answers))
    else:
        error = ERRORS[loss.op]
        add(f"{prefix}error", error(outputs, answers))
        cost = error(constant.mean().expand_as(answers), answers)
        if by_median:
            cost = torch.minimum(cost, error(constant.median().expand_as(answers), answers))
        add(f"{prefix}constant", cost)
    link(context, prefix, answers)


def _binary(op: str, outputs: Tensor, answers: Tensor) -> Tensor:
    """Mean binary cross-entropy, without weights; of probabilities where `op` does not say logits."""
    if op.endswith("logits"):
        return F.binary_cross_entropy_with_logits(outputs, answers)
    p = outputs.clamp(1e-12, 1 - 1e-7)
    return -(answers * p.log() + (1 - answers) * (1 - p).log()).mean()


def _reach(context: StepContext, loss: Loss, target: Tensor) -> None:
    """Which share of the targets lies outside of what the output can be, and how far."""
    assert loss.range is not None
    beyond = target - target.clamp(*loss.range)
    context.reader.share(f"{loss.prefix}beyond", beyond.abs() > 1e-3)
    context.reader.add(f"{loss.prefix}beyond_error", beyond.square().mean())


def _numbered(context: StepContext, loss: Loss, target: Tensor) -> None:
    """Keep the rows of targets that are class numbers, one for each row."""
    x = next((t for t in context.inputs if isinstance(t, Tensor) and t.dim() > 1 and not t.is_sparse), None)
    if loss.labels >= LEAST_CLASSES and x is not None and len(x) == target.numel():
        context.counts.numbered.add(x, target.reshape(-1).long(), int(target.max()) + 1)


def _labels(target: Tensor) -> int:
    """How many different whole numbers the targets are, if they are the first ones from 0 on or from 1 on."""
    flat = target.reshape(-1)
    if bool((flat != flat.round()).any()) or not 0 <= float(flat.min()) <= 1:
        return 0
    different = len(flat.unique())
    return different if 3 <= different <= MOST_LABELS and float(flat.max()) <= 2 * different else 0


def link(context: StepContext, prefix: str, answers: Tensor) -> None:
    """Count what the numbers that the model was called with say about the targets, example by example."""
    x = next((t for t in context.inputs if isinstance(t, Tensor) and t.is_floating_point() and t.dim() > 1), None)
    if x is None or len(x) != len(answers) or not x[0].numel():
        return
    rows = max(MOST // x[0].numel(), 2)
    flat = x.detach()[:rows].reshape(min(rows, len(x)), -1)
    flat = flat[:, :: -(-flat.shape[1] // FEATURES)]
    context.counts.links.setdefault(prefix, LinkCounts()).add(flat, answers[:rows])
