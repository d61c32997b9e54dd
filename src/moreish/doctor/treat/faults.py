"""Fault operators: each breaks a healthy model, optimizer or batch in one known way, before or while it trains.

They measure the doctor in the sickbay, and are the studio's break-it buttons.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from moreish.doctor.treat import undoing
from moreish.doctor.treat.broken_layers import HandWritten, Infinite, Mixed
from moreish.doctor.treat.undoing import Back, Handle

Batch = tuple[Tensor, Tensor]
ACTIVATIONS = (nn.Tanh, nn.ReLU, nn.Sigmoid, nn.GELU)


def _untouched(pair: Batch) -> Batch:
    return pair


@dataclass
class Broken:
    """What a fault has done: the layer it sits in, others that it sits in as well, and how to take it back.

    `batch` is what it does to every batch; `stays` says what of it cannot be taken back.
    """

    layer: str = ""
    others: tuple[str, ...] = ()
    batch: Callable[[Batch], Batch] = _untouched
    handles: list[Handle] = field(default_factory=list)
    stays: str = ""

    def heal(self) -> None:
        """Take hooks, settings, changed methods and modules back; weights that were trained meanwhile stay."""
        undoing.all_of(self.handles).remove()
        self.batch = _untouched


Breaker = Callable[[nn.Module, Optimizer, int | float], Broken | None]


@dataclass(frozen=True)
class Fault:
    """A row of the catalogue that can be seeded: its id, what it does, its severities and the operator.

    The operator returns None where the model has nothing to break in this way.
    """

    id: str
    words: str
    severities: tuple[int | float, ...]
    breaker: Breaker


FAULTS: dict[str, Fault] = {}


def fault(id: str, words: str, *severities: int | float) -> Callable[[Breaker], Breaker]:
    """Enter an operator into the table."""

    def enter(breaker: Breaker) -> Breaker:
        FAULTS[id] = Fault(id, words, severities, breaker)
        return breaker

    return enter


def seed_fault(id: str, model: nn.Module, optimizer: Optimizer, severity: int | float | None = None) -> Broken | None:
    """Break the model; `severity` defaults to the middle one. Raises ValueError for a fault that is not in FAULTS."""
    if id not in FAULTS:
        raise ValueError(f'there is no fault "{id}" to seed; known: {", ".join(FAULTS)}')
    known = FAULTS[id]
    with torch.no_grad():
        return known.breaker(
            model, optimizer, known.severities[len(known.severities) // 2] if severity is None else severity
        )


def _linears(model: nn.Module) -> list[tuple[str, nn.Linear]]:
    return [(n, m) for n, m in model.named_modules() if isinstance(m, nn.Linear)]


def _activations(model: nn.Module, *kinds: type[nn.Module]) -> list[tuple[str, nn.Module]]:
    return [(n, m) for n, m in model.named_modules() if isinstance(m, kinds or ACTIVATIONS)]


def _before(model: nn.Module, activation: str) -> tuple[str, nn.Linear] | None:
    """The last Linear or convolution that is registered before an activation, if no norm lies between."""
    found = None
    for name, module in model.named_modules():
        if name == activation:
            return found
        if isinstance(module, nn.Linear):
            found = name, module
        elif isinstance(module, nn.modules.batchnorm._NormBase):
            found = None
    return None


@fault("F01", "output layer too large", 10, 30, 100)
def loud_output(model: nn.Module, optimizer: Optimizer, severity: int | float) -> Broken | None:
    """Multiply the weights of the last Linear."""
    linears = _linears(model)
    if not linears:
        return None
    name, last = linears[-1]
    last.weight.normal_(generator=torch.Generator().manual_seed(0)).mul_(severity / 3 / math.sqrt(last.in_features))
    return Broken(name, stays=f"the weights of {name}")


def _louder(model: nn.Module, kind: type[nn.Module], severity: int | float) -> Broken | None:
    acts = _activations(model, kind)
    source = _before(model, acts[0][0]) if acts else None
    if source is None:
        return None
    fan_in = source[1].in_features
    source[1].weight.normal_(generator=torch.Generator().manual_seed(0)).mul_(severity / math.sqrt(fan_in))
    return Broken(acts[0][0], stays=f"the weights of {source[0]}")


@fault("F04", "weights before a tanh too large", 6, 12, 25)
def saturate_tanh(model: nn.Module, optimizer: Optimizer, severity: int | float) -> Broken | None:
    """Draw the weights before the first tanh with `severity` times the right size."""
    return _louder(model, nn.Tanh, severity)


@fault("F05", "weights before a sigmoid too large", 12, 25)
def saturate_sigmoid(model: nn.Module, optimizer: Optimizer, severity: int | float) -> Broken | None:
    """Draw the weights before the first sigmoid with `severity` times the right size."""
    return _louder(model, nn.Sigmoid, severity)


@fault("F07", "bias before a ReLU far below 0", 3, 10)
def kill_relu(model: nn.Module, optimizer: Optimizer, severity: int | float) -> Broken | None:
    """Set the bias before the first ReLU to minus `severity`."""
    acts = _activations(model, nn.ReLU)
    source = _before(model, acts[0][0]) if acts else None
    if source is None or source[1].bias is None:
        return None
    source[1].bias.fill_(-severity)
    return Broken(acts[0][0], stays=f"the bias of {source[0]}")


@fault("F08", "weights too small in every layer", 0.1, 0.2)
def shrink(model: nn.Module, optimizer: Optimizer, severity: int | float) -> Broken | None:
    """Scale every hidden Linear of a deep plain net."""
    if len(_activations(model)) < 4 or any("Norm" in type(m).__name__ for m in model.modules()):
        return None
    for _, linear in _linears(model)[:-1]:
        linear.weight.mul_(severity)
        if linear.bias is not None:
            linear.bias.zero_()
    return Broken("", stays="the weights of every hidden layer")


@fault("F13", "learning rate too high", 30, 100, 1000)
def too_fast(model: nn.Module, optimizer: Optimizer, severity: int | float) -> Broken:
    """Multiply the learning rate."""
    before = undoing.options([optimizer], "lr")
    for group in optimizer.param_groups:
        group["lr"] *= severity
    return Broken(handles=[before])


@fault("F14", "learning rate too low", 1e-2, 1e-3, 1e-4)
def too_slow(model: nn.Module, optimizer: Optimizer, severity: int | float) -> Broken:
    """Multiply the learning rate by less than 1."""
    return too_fast(model, optimizer, severity)  # type: ignore[return-value]


@fault("F79", "gradient clipped to almost nothing", 1e-3, 1e-5)
def clipped_away(model: nn.Module, optimizer: Optimizer, severity: int | float) -> Broken | None:
    """Clip the norm of the gradient before every step of an SGD; Adam would not mind."""
    if not isinstance(optimizer, torch.optim.SGD):
        return None

    def shorten(optimizer: Optimizer, args: object, kwargs: object) -> None:
        nn.utils.clip_grad_norm_([p for group in optimizer.param_groups for p in group["params"]], severity)

    return Broken(handles=[optimizer.register_step_pre_hook(shorten)])


@fault("F80", "learning rate falls to nothing early", 0.95, 0.8)
def over_early(model: nn.Module, optimizer: Optimizer, severity: int | float) -> Broken:
    """Multiply the learning rate after every step."""

    def decay(optimizer: Optimizer, args: object, kwargs: object) -> None:
        for group in optimizer.param_groups:
            group["lr"] *= severity

    return Broken(handles=[undoing.options([optimizer], "lr"), optimizer.register_step_post_hook(decay)])


@fault("F83", "weight decay wins", 0.01, 0.05)
def decay_away(model: nn.Module, optimizer: Optimizer, severity: int | float) -> Broken:
    """Set the weight decay to the severity over the learning rate: of SGD and AdamW, the share that a step takes."""
    before = undoing.options([optimizer], "weight_decay")
    for group in optimizer.param_groups:
        group["weight_decay"] = severity / group["lr"]
    return Broken(handles=[before])


@fault("F15", "infinity in one example", 1)
def not_a_number(model: nn.Module, optimizer: Optimizer, severity: int | float) -> Broken | None:
    """Let the first activation give infinity for one example."""
    acts = _activations(model)
    return _replaced(model, acts[0][0], Infinite(acts[0][1]), f"{acts[0][0]}.div") if acts else None


@fault("F16", "graph cut in the middle", 1)
def cut(model: nn.Module, optimizer: Optimizer, severity: int | float) -> Broken | None:
    """Detach the output of the first activation."""
    acts = _activations(model)
    source = _before(model, acts[0][0]) if acts else None
    if source is None:
        return None
    hook = acts[0][1].register_forward_hook(lambda module, args, output: output.detach())
    return Broken(source[0], handles=[hook])


@fault("F18", "a layer that the optimizer does not hold", 1)
def left_out(model: nn.Module, optimizer: Optimizer, severity: int | float) -> Broken | None:
    """Take the last Linear out of the optimizer."""
    linears = _linears(model)
    if not linears:
        return None
    name, last = linears[-1]
    gone = {id(p) for p in last.parameters()}
    before = undoing.held([optimizer])
    for group in optimizer.param_groups:
        group["params"] = [p for p in group["params"] if id(p) not in gone]
    return Broken(name, handles=[before])


@fault("F19", "learning rate 0", 0)
def standing_still(model: nn.Module, optimizer: Optimizer, severity: int | float) -> Broken:
    """Set the learning rate to 0."""
    return too_fast(model, optimizer, 0.0)  # type: ignore[return-value]


@fault("F20", "gradients never reset", 1)
def no_reset(model: nn.Module, optimizer: Optimizer, severity: int | float) -> Broken:
    """Make optimizer.zero_grad do nothing."""
    vars(optimizer)["zero_grad"] = lambda set_to_none=True: None
    return Broken(handles=[Back(lambda: vars(optimizer).pop("zero_grad", None))])


@fault("F21", "constant initialisation", 0.0, 0.05)
def all_equal(model: nn.Module, optimizer: Optimizer, severity: int | float) -> Broken | None:
    """Fill every Linear with one number."""
    linears = _linears(model)
    for _, linear in linears:
        linear.weight.fill_(severity)
        if linear.bias is not None:
            linear.bias.zero_()
    return Broken(linears[0][0], stays="the weights of every layer") if len(linears) > 1 else None


@fault("F24", "labels shuffled apart", 1)
def shuffled(model: nn.Module, optimizer: Optimizer, severity: int | float) -> Broken:
    """Shuffle the targets of every batch."""
    generator = torch.Generator().manual_seed(0)
    return Broken(batch=lambda pair: (pair[0], pair[1][torch.randperm(len(pair[1]), generator=generator)]))


@fault("F25", "the target is the last input", 1)
def copying(model: nn.Module, optimizer: Optimizer, severity: int | float) -> Broken | None:
    """Give the inputs as targets (for models of symbols)."""
    if not any(isinstance(m, nn.Embedding) for m in model.modules()):
        return None
    return Broken(batch=lambda pair: (pair[0], pair[0] if pair[1].dim() > 1 else pair[0][:, -1]))


@fault("F33", "trained in eval mode", 1)
def always_eval(model: nn.Module, optimizer: Optimizer, severity: int | float) -> Broken | None:
    """Put the model into eval mode and make train() do nothing."""
    kinds = (nn.modules.batchnorm._NormBase, nn.modules.dropout._DropoutNd)
    sleeping = [n for n, m in model.named_modules() if isinstance(m, kinds)]
    if not sleeping:
        return None
    before: list[Handle] = [undoing.attributes(model.modules(), "training"), undoing.attributes([model], "train")]
    model.eval()
    vars(model)["train"] = lambda mode=True: model
    return Broken(sleeping[0], handles=before)


@fault("F32", "evaluated in train mode", 1)
def never_eval(model: nn.Module, optimizer: Optimizer, severity: int | float) -> Broken | None:
    """Make eval() do nothing."""
    kinds = (nn.modules.batchnorm._NormBase, nn.modules.dropout._DropoutNd)
    awake = [n for n, m in model.named_modules() if isinstance(m, kinds)]
    if not awake:
        return None
    before = undoing.attributes([model], "eval")
    vars(model)["eval"] = lambda: model
    return Broken(awake[0], handles=[before])


@fault("F34", "running statistics hardly move", 1e-4)
def stale_statistics(model: nn.Module, optimizer: Optimizer, severity: int | float) -> Broken | None:
    """Set the momentum of every BatchNorm close to 0."""
    norms = [(n, m) for n, m in model.named_modules() if isinstance(m, nn.modules.batchnorm._NormBase)]
    before = undoing.attributes([m for _, m in norms], "momentum")
    for _, m in norms:
        m.momentum = severity
    return Broken(norms[0][0], tuple(n for n, _ in norms[1:]), handles=[before]) if norms else None


@fault("F37", "BatchNorm with tiny batches", 2, 4)
def tiny_batches(model: nn.Module, optimizer: Optimizer, severity: int | float) -> Broken | None:
    """Keep a few samples of every batch."""
    norms = [n for n, m in model.named_modules() if isinstance(m, nn.BatchNorm1d)]
    few = int(severity)
    if not norms:
        return None
    return Broken(norms[0], tuple(norms[1:]), batch=lambda pair: (pair[0][:few], pair[1][:few]))


@fault("F38", "softmax before cross-entropy", 1)
def softmax_twice(model: nn.Module, optimizer: Optimizer, severity: int | float) -> Broken:
    """Give probabilities instead of logits."""
    return _appended(model, nn.Softmax(-1))


@fault("F39", "activation forgotten", 1)
def linear_only(model: nn.Module, optimizer: Optimizer, severity: int | float) -> Broken | None:
    """Take every activation between two Linears out."""
    acts = _activations(model)
    after = [n for n, _ in _linears(model)[1:]]
    if not acts or not after:
        return None
    replaced = [handle for name, _ in acts for handle in _replaced(model, name, nn.Identity()).handles]
    return Broken(after[0], tuple(after[1:]), handles=replaced)


@fault("F40", "squashed logits", 1)
def squashed(model: nn.Module, optimizer: Optimizer, severity: int | float) -> Broken:
    """Send the logits through a tanh."""
    return _appended(model, nn.Tanh())


def _appended(model: nn.Module, new: nn.Module) -> Broken:
    """Let a module have the last word: as the last layer of a Sequential, else by a hook."""
    if isinstance(model, nn.Sequential):
        model.append(new)
        return Broken(str(len(model) - 1), handles=[Back(lambda: model.__delitem__(-1))])
    return Broken(handles=[model.register_forward_hook(lambda module, args, output: new(output))])


@fault("F41", "too much dropout", 0.8, 0.9)
def drown(model: nn.Module, optimizer: Optimizer, severity: int | float) -> Broken | None:
    """Drop most of the output of the first activation."""
    acts = _activations(model)
    if not acts:
        return None
    name, module = acts[0]
    return _replaced(model, name, nn.Sequential(module, nn.Dropout(severity)), f"{name}.1")


@fault("F45", "view instead of transpose", 1)
def mixed_up(model: nn.Module, optimizer: Optimizer, severity: int | float) -> Broken | None:
    """Give the output of the first activation back in the order of its transpose."""
    acts = _activations(model)
    return _replaced(model, acts[0][0], Mixed(acts[0][1])) if acts else None


@fault("F47", "hand-written backward wrong", 1)
def wrong_backward(model: nn.Module, optimizer: Optimizer, severity: int | float) -> Broken | None:
    """Put a tanh with a wrong backward in place of the first tanh."""
    acts = _activations(model, nn.Tanh)
    return _replaced(model, acts[0][0], HandWritten()) if acts else None


def _replaced(model: nn.Module, name: str, new: nn.Module, layer: str = "") -> Broken:
    """Put a module in the place of another one until the fault is healed."""
    parent, _, last = name.rpartition(".")
    home = model.get_submodule(parent)
    old = getattr(home, last)
    new.train(old.training)
    setattr(home, last, new)

    def restore() -> None:
        old.train(new.training)
        setattr(home, last, old)

    return Broken(layer, handles=[Back(restore)])
