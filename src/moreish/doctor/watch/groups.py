"""How the optimizers step: the learning rate and the like of each group, and what is cut off a gradient before."""

import gc
import weakref
from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from moreish.doctor.frames.groups import Group, Planned
from moreish.doctor.watch.describe import line_of_code
from moreish.doctor.watch.names import Names

FALLEN = 0.2  # of its highest: a learning rate below it is on a schedule, which is looked for
LENGTHS = ("total_steps", "T_max", "total_iters", "step_size")  # what torch's schedulers call their length


class Groups:
    """Reads the groups of the optimizers that stepped.

    The norm of the gradient is taken when a backward ends and again when a step begins, so that whatever lies
    between them (clipping by norm, by value, by hand) is seen by what it does.
    """

    def __init__(self, names: Names) -> None:
        self.names = names
        self._made: dict[int, Tensor | None] = {}
        self._left: dict[int, tuple[Tensor, Tensor]] = {}
        self._unscaled = False
        self._trained, self._line = set[int](), ""
        self._known: dict[tuple[str, ...], tuple[str, ...]] = {}
        self._highest: dict[tuple[int, int], float] = {}
        self._schedulers: dict[int, weakref.ref[Any] | None] = {}

    def turn(self, models: Iterable[nn.Module]) -> bool:
        """Whether other parameters of the models want a gradient than when this was asked the last time, or another
        line of the script asks: an optimizer that it makes elsewhere begins a task of its own.
        """
        before = self._trained, self._line
        self._trained = {id(p) for m in models for p in m.parameters() if p.requires_grad}
        self._line = line_of_code()
        return before != (self._trained, self._line)

    def begin(self) -> None:
        """A frame is opened."""
        self._made, self._left, self._unscaled = {}, {}, False

    def backward_ended(self, optimizers: Sequence[Optimizer]) -> None:
        """Remember how long each optimizer's gradient is."""
        self._made = {id(o): _norm(o) for o in optimizers}

    def unscaled(self) -> None:
        """A gradient was divided by the scale of its loss: what is left of it says nothing."""
        self._unscaled = True

    def before_step(self, optimizer: Optimizer) -> None:
        """Compare with how long the gradient is now."""
        made, now = self._made.get(id(optimizer)), _norm(optimizer)
        if made is not None and now is not None and not self._unscaled:
            self._left[id(optimizer)] = made, now

    def read(self, stepped: Sequence[Optimizer], every: Sequence[Optimizer]) -> list[Group]:
        """The groups of the optimizers that stepped."""
        groups = []
        for k, optimizer in enumerate(every):
            if any(optimizer is s for s in stepped):
                groups += self._groups(k, optimizer)
        return groups

    def _groups(self, k: int, optimizer: Optimizer) -> list[Group]:
        made, now = self._left.get(id(optimizer), (None, None))
        before, after = (None if x is None else float(x) for x in (made, now))
        left = after / before if before and after is not None else None
        groups = []
        for place, group in enumerate(optimizer.param_groups):
            rate, eps = float(group.get("lr", 0.0)), float(group.get("eps", 0.0) or 0.0)
            names = tuple(self.names.parameters.get(id(p), f"param {n}") for n, p in enumerate(group["params"]))
            dtype = next((p.dtype for p in group["params"]), torch.float32)
            highest = self._highest[id(optimizer), place] = max(rate, self._highest.get((id(optimizer), place), 0.0))
            planned = float(group.get("max_lr", group.get("initial_lr", 0.0)))
            groups.append(
                Group(
                    optimizer=k,
                    kind=type(optimizer).__name__,
                    place=place,
                    groups=len(optimizer.param_groups),
                    lr=rate,
                    planned=planned,
                    weight_decay=float(group.get("weight_decay", 0.0) or 0.0),
                    eps=eps,
                    dtype=str(dtype).removeprefix("torch."),
                    epsilon_is_lost=eps > 0
                    and dtype.is_floating_point
                    and torch.tensor(eps, dtype=dtype).item() == 0,
                    parameters=self._known.setdefault(names, names),
                    left=left,
                    norm=after,
                    schedule=self._schedule(optimizer, rate < FALLEN * max(highest, planned)),
                )
            )
        return groups

    def _schedule(self, optimizer: Optimizer, fallen: bool) -> Planned | None:
        """The torch scheduler that steps this optimizer; looked for once, when its rate has fallen."""
        if fallen and id(optimizer) not in self._schedulers:
            self._schedulers[id(optimizer)] = _scheduler(optimizer)
        reference = self._schedulers.get(id(optimizer))
        scheduler = None if reference is None else reference()
        if scheduler is None:
            return None
        length = next((n for n in (getattr(scheduler, name, None) for name in LENGTHS) if isinstance(n, int)), 0)
        return Planned(type(scheduler).__name__, length, int(getattr(scheduler, "last_epoch", 0)))


def _scheduler(optimizer: Optimizer) -> weakref.ref[Any] | None:
    for holder in gc.get_referrers(optimizer):
        attributes = holder if isinstance(holder, dict) else getattr(holder, "__dict__", {})
        if attributes.get("optimizer") is not optimizer:
            continue
        owner = holder
        if isinstance(holder, dict):
            owner = next((o for o in gc.get_referrers(holder) if getattr(o, "__dict__", None) is holder), None)
        if isinstance(owner, torch.optim.lr_scheduler.LRScheduler):
            return weakref.ref(owner)
    return None


def _norm(optimizer: Optimizer) -> Tensor | None:
    """Length of the gradient of everything that an optimizer holds; None where there is none, or a sparse one."""
    grads = [p.grad.detach() for group in optimizer.param_groups for p in group["params"] if p.grad is not None]
    if not grads or any(g.is_sparse or g.device != grads[0].device for g in grads):
        return None
    return torch.nn.utils.get_total_norm([g.abs().float() if g.is_complex() else g.float() for g in grads])
