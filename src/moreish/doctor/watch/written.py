"""Losses that a script writes out: `((model(x) - y) ** 2).mean()` is a mean squared error."""

from torch import Tensor

from moreish.doctor.frames.frame import Call, Loss
from moreish.doctor.watch import answers, numbers
from moreish.doctor.watch.marks import bootstraps
from moreish.doctor.watch.step_context import StepContext

MADE = {"pow": "mse_loss", "square": "mse_loss", "mul": "mse_loss", "abs": "l1_loss"}


def structure(context: StepContext, call: Call, tensors: list[Tensor], y: Tensor) -> None:
    """Follow a difference of prediction and target to its square or size, and that to its sum."""
    source = call.sources[0] if call.sources else None
    if call.kind == "subtract" and len(tensors) == 2:
        _difference(context, call, tensors[0], tensors[1])
    elif source is not None and call.op in MADE and (call.kind != "multiply" or _is_square(tensors)):
        if id(source) in context.differences:
            _loss(context, call, source, tensors[0], MADE[call.op])
        context.noting.noted.bootstrapped |= id(source) in context.moving
    elif source is not None and source.loss is not None and call.op in ("sum", "mean") and not call.shape:
        source.loss.reduction = call.op
        if through := context.noting.values.waiting.pop(id(source.loss), None):
            context.noting.noted.through = through


def _is_square(tensors: list[Tensor]) -> bool:
    return len(tensors) == 2 and tensors[0] is tensors[1]


def _difference(context: StepContext, call: Call, a: Tensor, b: Tensor) -> None:
    """A prediction less a target: the target is kept until the frame is closed."""
    both = a.shape == b.shape and a.requires_grad and b.requires_grad
    if both and (bootstraps(a, b) or bootstraps(b, a)):
        context.moving[id(call)] = call
    if a.shape != b.shape or a.requires_grad == b.requires_grad:
        return
    target, sign = (b, 1.0) if a.requires_grad else (a, -1.0)
    output = context.origin(a if a.requires_grad else b)
    if output is not None and target.is_floating_point():
        context.differences[id(call)] = output, target, sign


def _loss(context: StepContext, call: Call, source: Call, d: Tensor, op: str) -> None:
    output, target, sign = context.differences.pop(id(source))
    frame = context.frame
    loss = Loss(op, 0, d.shape[0] if d.dim() else 1, f"own.{len(frame.written_out) + 1}/", output.layer)
    loss.reduction = "none"
    if output.kind in ("activation", "softmax"):
        loss.bounded_by, loss.bounded_layer = output.op, output.layer
        loss.skippable = output.layer == output.module != ""
    frame.written_out.append(loss)
    call.loss = loss
    answers.look(context, call, loss, target + sign * d, target)
    numbers.observe(context, loss, target + sign * d.detach(), target)
