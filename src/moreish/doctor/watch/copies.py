"""Copies of the watched models: averages, targets of Q-learning, teachers, best models so far."""

import weakref
from collections.abc import Mapping

from torch import nn

watched: weakref.WeakSet[nn.Module] = weakref.WeakSet()  # every model that was ever watched: none is a follower


class Copies:
    """Which modules are copies of a watched model: the same parameters by name and shape, in another place."""

    def __init__(self, roots: Mapping[str, nn.Module]) -> None:
        self.roots = roots
        self._known: dict[int, tuple[weakref.ref[nn.Module], str | None]] = {}

    def known(self) -> None:
        """The models that are watched now are trained by themselves, whoever asks later."""
        watched.update(self.roots.values())

    def model_of(self, module: nn.Module) -> str | None:
        """The name of the model that this is a copy of."""
        known = self._known.get(id(module))
        if known is None or known[0]() is not module:
            known = self._known[id(module)] = weakref.ref(module), self._model_of(module)
        return known[1]

    def _model_of(self, module: nn.Module) -> str | None:
        own = _signature(module)
        if not any(len(shape) > 1 for _, shape in own):
            return None
        return next((n for n, r in self.roots.items() if r is not module and _signature(r) == own), None)


def _signature(module: nn.Module) -> list[tuple[str, tuple[int, ...]]]:
    return [(name, tuple(p.shape)) for name, p in module.named_parameters()]
