"""A mode that steps aside while an optimizer makes a step.

A step of SGD reads and sets what belongs to a gradient seven times for each parameter, and torch asks a mode each
time, two microseconds an ask: a ninth of a step of the lectures' MLP under `by_hand()`. Nothing in it is
differentiated.
"""

import threading
from typing import Any

from torch.optim import Optimizer
from torch.optim.optimizer import register_optimizer_step_post_hook, register_optimizer_step_pre_hook
from torch.overrides import TorchFunctionMode, _get_current_function_mode, _pop_mode, _push_mode
from torch.utils.hooks import RemovableHandle


class Aside:
    """Takes a mode off the stack of its thread for each step of torch's own optimizers, from `begin` to `end`."""

    def __init__(self, mode: TorchFunctionMode) -> None:
        self._mode = mode
        self._handles: list[RemovableHandle] = []
        self._threads: set[int] = set()  # in which an optimizer is making a step

    def begin(self) -> None:
        """From here on."""
        self._handles = [
            register_optimizer_step_pre_hook(self._step_begins),
            register_optimizer_step_post_hook(self._step_ends),
        ]

    def end(self) -> None:
        """No longer."""
        for handle in self._handles:
            handle.remove()

    def is_aside(self) -> bool:
        """Whether the mode is off this thread's stack, in a step or after one that raised. Asked, it is forgotten."""
        thread = threading.get_ident()
        aside = thread in self._threads
        self._threads.discard(thread)
        return aside

    def _step_begins(self, optimizer: Optimizer, args: Any, kwargs: Any) -> None:
        if _is_plain(optimizer, args, kwargs) and _get_current_function_mode() is self._mode:
            _pop_mode()
            self._threads.add(threading.get_ident())

    def _step_ends(self, *_: Any) -> None:
        if self.is_aside():
            _push_mode(self._mode)


def _is_plain(optimizer: Optimizer, args: Any, kwargs: Any) -> bool:
    """Whether nothing that may be differentiated goes on in this step: no closure, no hook, no code of somebody's."""
    theirs = type(optimizer).__module__.startswith("torch.optim.")
    hooked = any(vars(optimizer).get(f"_optimizer_step_{when}_hooks") for when in ("pre", "post"))
    return theirs and len(args) < 2 and not kwargs and not hooked and not optimizer.defaults.get("differentiable")
