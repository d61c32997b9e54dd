"""Gradients on their way: what a backward brought, and whether it is still there when the step begins."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor
from torch.optim import Optimizer

from moreish.doctor.frames.evidence import OptimizerSeen
from moreish.doctor.watch.by_hand import ByHand
from moreish.doctor.watch.measure import sample
from moreish.doctor.watch.updates import held_by

MOST, KEPT = 4, 1 << 10  # parameters and elements of each that are remembered from the first gradient


class Arrivals:
    """Which optimizers had a gradient after a backward of this frame."""

    def __init__(self) -> None:
        self._arrived: set[int] = set()
        self._first: list[tuple[Tensor, Tensor]] = []

    def forget(self) -> None:
        """A new frame begins."""
        self._arrived.clear()

    def changed(self) -> bool:
        """Whether weights are others than when a gradient first came."""
        return any(not torch.equal(sample(p, KEPT), before) for p, before in self._first)

    def note(self, holder: Optimizer | ByHand) -> None:
        """Note whether there is a gradient that is not 0."""
        if id(holder) not in self._arrived and has_gradient(holder):
            self._arrived.add(id(holder))
            if not self._first:
                some = [p for group in holder.param_groups for p in group["params"]][:MOST]
                self._first = [(p, sample(p, KEPT).clone()) for p in some]

    def cleared(self, holder: Optimizer | ByHand) -> bool:
        """Whether a gradient had come and none is there any more."""
        return id(holder) in self._arrived and not has_gradient(holder)


def has_gradient(holder: Optimizer | ByHand) -> bool:
    """Whether a parameter has a gradient that is not 0 everywhere."""
    return any(p.grad is not None and _is_somewhere(p.grad) for g in holder.param_groups for p in g["params"])


def _is_somewhere(grad: Tensor) -> bool:
    return bool((grad.coalesce().values() if grad.is_sparse else grad).any())


def gathered(optimizer: Optimizer) -> bool:
    """Whether an optimizer has gathered anything: momentum, second moments."""
    return any(isinstance(v, Tensor) for state in optimizer.state.values() for v in state.values())


def seen(holders: Sequence[Optimizer | ByHand], steps: Mapping[int, int]) -> list[OptimizerSeen]:
    """What every optimizer did; `steps` by identity."""
    found = []
    for holder in holders:
        by_hand = isinstance(holder, ByHand)
        name = "by hand" if by_hand else type(holder).__name__
        own, others = held_by([holder]), held_by([o for o in holders if o is not holder])
        shared, count = not own.isdisjoint(others), steps.get(id(holder), 0)
        frozen = not any(p.requires_grad for group in holder.param_groups for p in group["params"])
        unread = () if by_hand else _unread(holder)
        found.append(OptimizerSeen(name, count, len(own), has_gradient(holder), shared, by_hand, frozen, unread))
    return found


def _unread(optimizer: Optimizer) -> tuple[tuple[str, str, str], ...]:
    """Attributes of one of torch's optimizers with the name of a setting, which it reads from its groups alone."""
    if not type(optimizer).__module__.startswith("torch.optim"):
        return ()
    group, own = optimizer.param_groups[0], vars(optimizer)
    names = [n for n in group if n != "params" and n in own and isinstance(own[n], int | float | tuple)]
    return tuple((n, f"{own[n]}", f"{group[n]}") for n in names if own[n] != group[n])
