"""The remedies that can be done automatically: one function each, the names are those of `Operation.name`."""

import math
from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim import Optimizer

from moreish.doctor.judge.finding import Operation
from moreish.doctor.treat import undoing
from moreish.doctor.treat.undoing import Handles

Remedy = Callable[..., Handles]
REMEDIES: dict[str, Remedy] = {}


def remedy(function: Remedy) -> Remedy:
    """Enter a remedy into the table under its name."""
    REMEDIES[function.__name__] = function
    return function


def apply(operation: Operation, model: nn.Module, optimizers: Sequence[Optimizer]) -> Handles:
    """Do what the operation says to this model and these optimizers; handles that undo it with `remove`, the last
    one first, but for what it did to weights.

    Raises ValueError for an operation that is not in `REMEDIES`.
    """
    if operation.name not in REMEDIES:
        raise ValueError(f'there is no remedy "{operation.name}"; known: {", ".join(REMEDIES)}')
    with torch.no_grad():
        return REMEDIES[operation.name](model, optimizers, **operation.arguments)


def _parameter(model: nn.Module, name: str) -> Tensor:
    return dict(model.named_parameters(remove_duplicate=False))[name]


@remedy
def scale(model: nn.Module, optimizers: Sequence[Optimizer], weight: str, factor: float) -> Handles:
    """Multiply a weight and set the bias beside it to 0."""
    _parameter(model, weight).mul_(factor)
    _clear_bias(model, weight)
    return []


@remedy
def reinitialise(
    model: nn.Module, optimizers: Sequence[Optimizer], weights: Sequence[str], gain: float = 1.0, seed: int = 0
) -> Handles:
    """Draw weights from a normal distribution of standard deviation gain / sqrt(fan_in); biases beside them are 0."""
    generator = torch.Generator().manual_seed(seed)
    for name in weights:
        p = _parameter(model, name)
        std = gain / math.sqrt(max(math.prod(p.shape[1:]), 1))
        p.copy_(torch.randn(p.shape, generator=generator) * std)
        _clear_bias(model, name)
    return []


def _clear_bias(model: nn.Module, weight: str) -> None:
    bias = dict(model.named_parameters()).get(weight.removesuffix("weight") + "bias")
    if bias is not None and weight.endswith("weight"):
        bias.zero_()


@remedy
def set_lr(
    model: nn.Module,
    optimizers: Sequence[Optimizer],
    factor: float = 1.0,
    value: float | None = None,
    plain: float | None = None,
) -> Handles:
    """Multiply the learning rate of every group, or set it: to `plain` for SGD without momentum, if that is given."""
    before = undoing.options(optimizers, "lr")
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            still = plain is not None and isinstance(optimizer, torch.optim.SGD) and not group["momentum"]
            group["lr"] = group["lr"] * factor if value is None else plain if still else value
    return [before]


@remedy
def set_weight_decay(model: nn.Module, optimizers: Sequence[Optimizer], value: float) -> Handles:
    """Set the weight decay of every group that decays more."""
    before = undoing.options(optimizers, "weight_decay")
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            if "weight_decay" in group:
                group["weight_decay"] = min(group["weight_decay"], value)
    return [before]


@remedy
def set_eps(model: nn.Module, optimizers: Sequence[Optimizer], value: float) -> Handles:
    """Set eps of every group that has one."""
    before = undoing.options(optimizers, "eps")
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            if "eps" in group:
                group["eps"] = value
    return [before]


@remedy
def zero_grad(model: nn.Module, optimizers: Sequence[Optimizer]) -> Handles:
    """Reset the gradients after every step."""

    def reset(optimizer: Optimizer, args: object, kwargs: object) -> None:
        for group in optimizer.param_groups:
            for p in group["params"]:
                p.grad = None

    return [optimizer.register_step_post_hook(reset) for optimizer in optimizers]


@remedy
def clip(model: nn.Module, optimizers: Sequence[Optimizer], norm: float) -> Handles:
    """Clip the norm of the gradient before every step."""

    def shorten(optimizer: Optimizer, args: object, kwargs: object) -> None:
        nn.utils.clip_grad_norm_([p for group in optimizer.param_groups for p in group["params"]], norm)

    return [optimizer.register_step_pre_hook(shorten) for optimizer in optimizers]


@remedy
def add_parameters(model: nn.Module, optimizers: Sequence[Optimizer]) -> Handles:
    """Give the parameters that no optimizer holds to the first one."""
    held = {id(p) for optimizer in optimizers for group in optimizer.param_groups for p in group["params"]}
    missing = [p for p in model.parameters() if p.requires_grad and id(p) not in held]
    before = undoing.held(optimizers)
    if missing:
        optimizers[0].add_param_group({"params": missing})
    return [before]


@remedy
def train_with_grad(model: nn.Module, optimizers: Sequence[Optimizer]) -> Handles:
    """Put the model into train mode whenever it is called with gradients on."""

    def before(module: nn.Module, args: object) -> None:
        if torch.is_grad_enabled():
            for m in module.modules():
                m.training = True

    return [model.register_forward_pre_hook(before)]


@remedy
def eval_without_grad(model: nn.Module, optimizers: Sequence[Optimizer]) -> Handles:
    """Put the model into eval mode for every call without gradients, and back afterwards."""
    were: list[tuple[nn.Module, bool]] = []

    def before(module: nn.Module, args: object) -> None:
        if not torch.is_grad_enabled():
            were.extend((m, m.training) for m in module.modules())
            for m in module.modules():
                m.training = False

    def after(module: nn.Module, args: object, output: object) -> None:
        while were:
            m, training = were.pop()
            m.training = training

    return [model.register_forward_pre_hook(before), model.register_forward_hook(after, always_call=True)]


@remedy
def skip_module(model: nn.Module, optimizers: Sequence[Optimizer], layer: str) -> Handles:
    """Let a module give back its input unchanged. Raises ValueError where the layer is no module."""
    modules = dict(model.named_modules())
    if not layer or layer not in modules:
        raise ValueError(f'"{layer}" is a function call, no module: take it out in the code')
    return [modules[layer].register_forward_hook(lambda module, args, output: args[0])]


@remedy
def set_dropout(model: nn.Module, optimizers: Sequence[Optimizer], p: float) -> Handles:
    """Set p of every dropout that is above it."""
    drops = [m for m in model.modules() if isinstance(m, nn.modules.dropout._DropoutNd)]
    before = undoing.attributes(drops, "p")
    for m in drops:
        m.p = min(m.p, p)
    return [before]


@remedy
def set_momentum(model: nn.Module, optimizers: Sequence[Optimizer], momentum: float) -> Handles:
    """Set the momentum of the running statistics of every BatchNorm."""
    norms = [m for m in model.modules() if isinstance(m, nn.modules.batchnorm._NormBase)]
    before = undoing.attributes(norms, "momentum")
    for m in norms:
        m.momentum = momentum
    return [before]


@remedy
def add_activation(model: nn.Module, optimizers: Sequence[Optimizer], layers: Sequence[str]) -> Handles:
    """Put a ReLU after each of these modules."""

    def bend(module: nn.Module, args: object, output: Tensor) -> Tensor:
        return F.relu(output)

    modules = dict(model.named_modules())
    return [modules[layer].register_forward_hook(bend) for layer in layers if layer in modules]
