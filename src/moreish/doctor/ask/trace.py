"""The trace of an item or a batch: what every layer makes of it, and the gradients that come back."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from moreish.doctor.frames.counts import RunningCounts
from moreish.doctor.frames.frame import Call, Frame
from moreish.doctor.tell import html
from moreish.doctor.tell.words import number
from moreish.doctor.watch import replay
from moreish.doctor.watch.arguments import Args
from moreish.doctor.watch.function_mode import FunctionMode
from moreish.doctor.watch.names import Names
from moreish.doctor.watch.observer import Observer


@dataclass(frozen=True)
class Traced:
    """One layer on the way of one item: name, torch's operation, output and the gradient of the loss there."""

    layer: str
    op: str
    output: Tensor
    gradient: Tensor | None


class Trace(list[Traced]):
    """The layers on an item's way, in execution order."""

    def _repr_html_(self) -> str:
        """What a notebook shows: shape, mean and spread of each output, and the largest gradient there."""
        heads = ("layer", "operation", "shape", "mean", "spread", "largest gradient")
        rows = [(t.layer, t.op, _shape(t.output), *_moments(t.output), _largest(t.gradient)) for t in self]
        return html.cell(html.table(heads, rows))


def _shape(values: Tensor) -> str:
    return " × ".join(map(str, values.shape)) or "one number"


def _moments(values: Tensor) -> Sequence[str]:
    numbers = values.double().flatten()
    return (number(float(numbers.mean())), number(float(numbers.std(correction=0)))) if len(numbers) else ("", "")


def _largest(gradient: Tensor | None) -> str:
    if gradient is None or not gradient.numel():
        return "not computed"
    return number(float(gradient.abs().max()))


class _Tracer(Observer):
    """Keeps tensors instead of numbers."""

    def __init__(self, names: Names) -> None:
        super().__init__(Frame(0), names, RunningCounts(), pictures=False)
        self.seen: list[tuple[Call, Tensor]] = []

    def _measure(self, call: Call, y: Tensor, args: object, kwargs: object) -> None:
        if y.requires_grad:
            y.retain_grad()
        self.seen.append((call, y))


@dataclass(frozen=True)
class Inside:
    """What a batch makes of a model in training: every layer in execution order, and parameters by name.

    weights : (values, gradient) of each parameter that the loss depends on
    """

    layers: list[Traced]
    weights: dict[str, tuple[Tensor, Tensor]]


def trace(model: nn.Module, inputs: Tensor | Args, loss_of: Callable[[Tensor], Tensor] | None = None) -> Trace:
    """Every layer's output for these inputs (one item: a batch of one), in execution order.

    With `loss_of(output)` the gradient of that loss with respect to each layer's output as well. Runs on a copy in
    evaluation mode: nothing of the model changes. Raises ValueError if the model cannot be copied.
    """
    return Trace(_traced(_twin(model).eval(), inputs, loss_of))


def inside(model: nn.Module, inputs: Tensor | Args, loss_of: Callable[[Tensor], Tensor]) -> Inside:
    """As `trace`, with the statistics of the batch in BatchNorms as in training, and with the weights' gradients.

    Nothing is dropped out.
    """
    twin = _twin(model).eval()
    for m in twin.modules():
        m.training = isinstance(m, nn.modules.batchnorm._NormBase)
    layers = _traced(twin, inputs, loss_of)
    named = twin.named_parameters()
    return Inside(layers, {name: (p.detach(), p.grad) for name, p in named if p.grad is not None})


def _twin(model: nn.Module) -> nn.Module:
    twin = replay.copied(model)
    if twin is None:
        raise ValueError("the model cannot be copied (too large, or deepcopy fails), so it cannot be traced")
    for p in twin.parameters():
        p.grad = None
    return twin


def _traced(twin: nn.Module, inputs: Tensor | Args, loss_of: Callable[[Tensor], Tensor] | None) -> list[Traced]:
    args = inputs if isinstance(inputs, tuple) else (inputs,)
    tracer = _Tracer(Names({"": twin}))
    handles = [h for m in twin.modules() for h in _name_hooks(m, tracer)]
    functions = FunctionMode(lambda *call: None, tracer.call)
    with replay.unchanged_randomness(), torch.enable_grad():
        functions.insert()
        try:
            output = twin(*args)
        finally:
            functions.withdraw()
            for handle in handles:
                handle.remove()
        if loss_of is not None:
            loss_of(output).backward()
    return [Traced(c.layer, c.op, y.detach(), y.grad) for c, y in tracer.seen]


def _name_hooks(module: nn.Module, tracer: _Tracer) -> list[RemovableHandle]:
    def begins(m: nn.Module, args: object) -> None:
        tracer.stack.append(m)

    def ends(m: nn.Module, args: object, output: object) -> None:
        tracer.stack.pop()
        if tracer.unseen(m, output):
            tracer.module_output(m, output)

    return [module.register_forward_pre_hook(begins), module.register_forward_hook(ends, always_call=True)]
