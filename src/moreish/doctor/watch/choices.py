"""What a loss asks for and what the outputs choose: counted for the first loss of a step."""

import torch
from jaxtyping import Float, Int
from torch import Tensor

from moreish.doctor.frames.choices import MOST_CLASSES
from moreish.doctor.frames.frame import Loss
from moreish.doctor.watch.step_context import StepContext

WHOLE = (torch.int64, torch.int32, torch.int16, torch.uint8)


def of_classes(
    context: StepContext, loss: Loss, rows: Float[Tensor, "n classes"], labels: Int[Tensor, " n"], ignored: int
) -> None:
    """Count the classes of a batch and the largest logits."""
    if loss.prefix != "loss.1/" or loss.classes > MOST_CLASSES:
        return
    kept = (labels != ignored) & (labels >= 0) & (labels < loss.classes)
    counts = [torch.bincount(x[kept], minlength=loss.classes) for x in (labels, rows.argmax(1))]
    context.counts.choices.add(context.frame.step, *counts)


def of_yes_or_no(context: StepContext, loss: Loss, x: Tensor, target: Tensor) -> None:
    """Count yes and no, and which of them the outputs come nearer to; targets between them are no choice."""
    if loss.prefix != "loss.1/" or bool(((target != 0) & (target != 1)).any()):
        return
    said = x > (0 if loss.op.endswith("logits") else 0.5)
    counts = [torch.stack([yes.numel() - yes.sum(), yes.sum()]) for yes in (target > 0, said)]
    context.counts.choices.add(context.frame.step, *counts)


def beside_inputs(context: StepContext, loss: Loss, target: Tensor) -> None:
    """Keep what symbols or series say of the class of their own place."""
    if loss.prefix != "loss.1/" or target.dim() < 2:
        return
    given = [t for t in (*context.looked_up, *context.inputs) if isinstance(t, Tensor)]
    symbols = next((t for t in given if t.dtype in WHOLE and t.shape == target.shape), None)
    if symbols is not None and target.dim() == 2:
        context.counts.choices.pair(symbols, target)
    shape = target.squeeze(1).shape if target.dim() == 3 else target.shape
    series = next((t for t in given if t.is_floating_point() and t.dim() == 3), None)
    if series is not None and len(shape) == 2 and (len(series), series.shape[2]) == tuple(shape):
        context.counts.choices.sound(series, target.reshape(shape))
