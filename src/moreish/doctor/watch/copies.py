"""Copies of the watched models: averages, targets of Q-learning, teachers, best models so far."""

import weakref
from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor, nn

from moreish.doctor.watch.measure import sample

MOST_KEPT = 64  # elements of each weight of a copy by which it is seen whether it was written to
watched: weakref.WeakSet[nn.Module] = weakref.WeakSet()  # every model that was ever watched: none is a follower


class Sight(NamedTuple):
    """A copy and its model as they were when the copy was first called."""

    copy: weakref.ref[nn.Module]
    written: list[int]  # how often each of its weights had been written to
    weights: list[Tensor]
    of_model: list[Tensor]


class Copies:
    """Which modules are copies of a watched model: the same parameters by name and shape, in another place."""

    def __init__(self, roots: Mapping[str, nn.Module]) -> None:
        self.roots = roots
        self._known: dict[int, tuple[weakref.ref[nn.Module], str | None]] = {}
        self._sights: dict[int, Sight] = {}

    def known(self) -> None:
        """The models that are watched now are trained by themselves, whoever asks later."""
        watched.update(self.roots.values())

    def model_of(self, module: nn.Module) -> str | None:
        """The name of the model that this is a copy of."""
        known = self._known.get(id(module))
        if known is None or known[0]() is not module:
            known = self._known[id(module)] = weakref.ref(module), self._model_of(module)
        return known[1]

    def called(self, module: nn.Module, model: str) -> None:
        """A copy is at work: remember how it is, the first time."""
        known = self._sights.get(id(module))
        if known is None or known.copy() is not module:
            weights = _weights(module), _weights(self.roots[model])
            self._sights[id(module)] = Sight(weakref.ref(module), _written(module), *weights)

    def stays(self, module: nn.Module, model: str) -> bool:
        """Whether nothing was written into a copy since it was first called, while its model went on."""
        known = self._sights.get(id(module))
        if known is None or known.copy() is not module or known.written != _written(module):
            return False
        return _alike(known.weights, _weights(module)) and not _alike(known.of_model, _weights(self.roots[model]))

    def _model_of(self, module: nn.Module) -> str | None:
        own = _signature(module)
        if not any(len(shape) > 1 for _, shape in own):
            return None
        return next((n for n, r in self.roots.items() if r is not module and _signature(r) == own), None)


def _signature(module: nn.Module) -> list[tuple[str, tuple[int, ...]]]:
    return [(name, tuple(p.shape)) for name, p in module.named_parameters()]


def _written(module: nn.Module) -> list[int]:
    return [p._version for p in module.parameters()]


def _weights(module: nn.Module) -> list[Tensor]:
    return [sample(p, MOST_KEPT).clone() for p in module.parameters()]


def _alike(then: list[Tensor], now: list[Tensor]) -> bool:
    return len(then) == len(now) and all(map(torch.equal, then, now))
