"""Switches to eval mode: most evaluations begin with one, so who waits for evaluations need not see every call."""

import functools
from collections.abc import Callable
from typing import TypeVar

from torch import nn

M = TypeVar("M", bound=nn.Module)


class EvalMode:
    """Calls listeners with every model whose `eval` is called.

    torch has no hook for it, so `nn.Module.eval` is replaced while anybody listens. No model is changed.
    """

    def __init__(self) -> None:
        self._listeners: list[Callable[[nn.Module], None]] = []
        self._torchs = self._ours = nn.Module.eval

    def listen(self, listener: Callable[[nn.Module], None]) -> "Listening":
        """Call this one, too, until the result is removed."""
        if not self._listeners:
            self._replace(nn.Module.eval)
        self._listeners.append(listener)
        return Listening(self, listener)

    def leave(self, listener: Callable[[nn.Module], None]) -> None:
        """Call this one no longer. After the last, torch is as before, unless somebody else has replaced it since."""
        self._listeners.remove(listener)
        if not self._listeners and nn.Module.eval is self._ours:
            setattr(nn.Module, "eval", self._torchs)  # noqa: B010 - as below

    def _replace(self, torchs: Callable[[M], M]) -> None:
        listeners = self._listeners

        def telling(self: M) -> M:
            result = torchs(self)
            for listener in tuple(listeners):
                listener(self)
            return result

        functools.update_wrapper(telling, torchs)
        self._torchs, self._ours = torchs, telling
        setattr(nn.Module, "eval", telling)  # noqa: B010 - its declared type is that of a bound method


class Listening:
    """One listener, until it is removed."""

    def __init__(self, mode: EvalMode, listener: Callable[[nn.Module], None]) -> None:
        self._mode, self._listener = mode, listener

    def remove(self) -> None:
        """Listen no longer."""
        self._mode.leave(self._listener)


eval_mode = EvalMode()  # one for the process, as what it replaces
