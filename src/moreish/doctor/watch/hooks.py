"""Hooks: those of one lifetime have one owner, which puts them in place together and takes them away together."""

import sys
import threading
from collections.abc import Callable
from contextlib import ExitStack
from typing import Protocol

import torch
from torch import nn
from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook

from moreish.doctor.watch.arguments import Args, Kwargs
from moreish.doctor.watch.function_mode import FunctionMode
from moreish.doctor.watch.guard import Safely, is_apart
from moreish.doctor.watch.names import Names
from moreish.doctor.watch.observer import Observer

EVALUATIONS = 20  # losses of one evaluation that are looked at


class Removable(Protocol):
    """A hook that can be taken away."""

    def remove(self) -> None:
        """Take it away."""


class Hooks:
    """The hooks of one lifetime."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self.in_place = False

    def put(self, *handles: Removable) -> None:
        """Own these as well."""
        self.in_place = True
        for handle in handles:
            self._stack.callback(handle.remove)

    def remove(self) -> None:
        """Take all of them away; they may be put in place again."""
        self.in_place = False
        self._stack.close()


class ModelHook:
    """Sees calls of watched models, and hands them on where a frame is open or gradients are off.

    It is torch's global hook and stands in no model: whatever a user copies, pickles or saves while it is in place
    holds nothing of ours.
    """

    def __init__(self, roots: Callable[[], set[int]], called: Callable[[nn.Module, Args, Kwargs], None]) -> None:
        self.roots, self.called = roots, called
        self.looking = False
        self.thread = threading.get_ident()
        self._on_modules = Hooks()

    def expect(self, calls: bool) -> None:
        """Be in place, or not."""
        if calls and not self._on_modules.in_place:
            self._on_modules.put(register_module_forward_pre_hook(self))
        elif not calls:
            self._on_modules.remove()

    def __call__(self, module: nn.Module, args: Args) -> None:
        """Nearly every call of a module ends here."""
        if threading.get_ident() != self.thread:
            return
        if (self.looking or not torch.is_grad_enabled()) and id(module) in self.roots():
            self.called(module, args, _keywords(module))


def _keywords(module: nn.Module) -> Kwargs:
    """The keyword arguments of the call under way: torch tells them to no global hook, but its own frame has them."""
    frame = sys._getframe(2)
    for _ in range(3):
        found = frame.f_locals.get("kwargs")
        if isinstance(found, dict) and frame.f_locals.get("self") is module:
            return found
        if frame.f_back is None:
            break
        frame = frame.f_back
    return {}


class FrameHooks:
    """What is in place while a frame is open: the mode of functions, and global hooks on modules, for one observer.

    Modules are never changed: the hooks that see their insides are torch's global ones.
    """

    def __init__(
        self,
        names: Names,
        backward_begins: Callable[[object], None],
        backward_ends: Callable[[], None],
        safely: Callable[[], Safely],
    ) -> None:
        self.names, self.safely = names, safely
        self.thread = threading.get_ident()
        self.functions = FunctionMode(backward_begins, self._called, backward_ends)
        self.observer: Observer | None = None
        self._modules = Hooks()

    def put(self, observer: Observer) -> None:
        """See functions and modules."""
        self.observer = observer
        self.functions.insert()
        self._modules.put(
            register_module_forward_pre_hook(self._module_begins),
            register_module_forward_hook(self._module_ends, always_call=True),
        )

    def remove(self) -> None:
        """See nothing any more."""
        self.observer = None
        self.functions.withdraw()
        self._modules.remove()

    def _module_begins(self, module: nn.Module, args: object) -> None:
        observer = self.observer
        if observer is None or id(module) not in self.names.modules or is_apart() or self._is_elsewhere():
            return
        if id(module) in self.names.root_ids:
            observer.stack.clear()
        observer.stack.append(module)

    def _module_ends(self, module: nn.Module, args: Args, output: object) -> None:
        observer = self.observer
        if observer is None or is_apart() or self._is_elsewhere():
            return
        if module not in observer.stack:
            if id(module) not in self.names.modules:
                with self.safely():
                    observer.noting.copy_called(module, args, output)
            return
        while observer.stack.pop() is not module:
            pass
        if not observer.stack:
            with self.safely():
                observer.noting.values.gave(args, output)
        observer.grad = torch.is_grad_enabled()
        if observer.unseen(module, output):
            with self.safely():
                observer.module_output(module, output)
        if observer.grad and len(self.names.root_ids) > 1 and id(module) in self.names.root_ids:
            with self.safely():
                observer.root_output(module, args, output)

    def _is_elsewhere(self) -> bool:
        """Whether this is another thread, whose calls are of another training."""
        return threading.get_ident() != self.thread

    def _called(self, op: str, kind: str, args: Args, kwargs: Kwargs, result: object) -> None:
        observer = self.observer
        if observer is None or is_apart() or (kind == "view" and observer.passed(op, args, result)):
            return
        observer.grad = torch.is_grad_enabled()
        with self.safely():
            observer.call(op, kind, args, kwargs, result)
            if len(observer.frame.evaluations) >= EVALUATIONS:
                self.functions.withdraw()
