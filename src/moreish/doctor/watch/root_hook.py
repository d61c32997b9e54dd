"""The hook on a watched model: hands a call on where it is looked at, and is not copied with the model."""

from collections.abc import Callable
from typing import Any

import torch
from torch import nn


class RootHook:
    """A forward pre-hook of a model. A copy of the model, or a pickle of it, gets one that does nothing."""

    def __init__(self, looking: Callable[[], bool], begins: Callable[..., None]) -> None:
        self.looking, self.begins = looking, begins

    def __call__(self, root: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Hand the call on, unless it is a step of the training that is not looked at."""
        if self.looking() or not torch.is_grad_enabled():
            self.begins(root, args, kwargs)

    def __reduce__(self) -> Any:
        return _inert, ()


def _inert() -> Callable[..., None]:
    return _nothing


def _nothing(*args: Any) -> None:
    return None
