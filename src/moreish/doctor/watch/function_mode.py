"""A mode of torch's functions: sees `F.relu`, `torch.tanh`, `F.cross_entropy`, `loss.backward`, as no hook does."""

import sys
from collections.abc import Callable
from types import CodeType, FunctionType
from typing import Any

from torch import Tensor
from torch.overrides import TorchFunctionMode, _get_current_function_mode_stack, _pop_mode, _push_mode
from torch.utils._device import DeviceContext

from moreish.doctor.frames.operations import KINDS
from moreish.doctor.watch.arguments import Args, Kwargs

IN_PLACE_OF = "<called through the doctor>"  # the name of our frame between the user's and torch's
_pass_on = compile("lambda func, args, kwargs: func(*args, **kwargs)", __file__, "eval").co_consts[0]
assert isinstance(_pass_on, CodeType)
_PASS_ON = _pass_on.replace(co_name=IN_PLACE_OF, co_qualname=IN_PLACE_OF)


class FunctionMode(TorchFunctionMode):
    """Hands every call of a known function to `called`, tensors on which backward begins to `backward`, and
    says when it has ended.

    It lies at the bottom of the stack of modes, so that a mode which the user's code opens and closes while it
    is in place stays correctly nested, whatever the order in which the two go.
    """

    def __init__(
        self,
        backward: Callable[[object], None],
        called: Callable[[str, str, Args, Kwargs, object], None],
        backward_ended: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__()
        self.backward, self.called, self.backward_ended = backward, called, backward_ended
        self.open = False
        self._lines: dict[tuple[CodeType, int], FunctionType] = {}

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Call `func`; torch has taken this mode off the stack meanwhile."""
        kwargs = kwargs or {}
        name = getattr(func, "__name__", "")
        if name == "__get__" and getattr(func, "__self__", None) is Tensor.data:
            name = "data"
        kind = KINDS.get(name) if self.open else None
        call = self._in_place() if self.open else _directly
        if kind is None:
            return call(func, args, kwargs)
        if kind == "backward":
            self.backward(args[0] if args else next(iter(kwargs.values()), None))
            result = call(func, args, kwargs)
            self.backward_ended()
            return result
        result = call(func, args, kwargs)
        self.called(name, kind, args, kwargs, result)
        return result

    def _in_place(self) -> Callable[[Any, Any, Any], Any]:
        """What calls a function as if from the line that the user's code calls it from.

        torch's warnings name the line that lies so many frames above: without this it would be one of ours, and a
        warning that is shown once for each line would be shown once for all.
        """
        frame = sys._getframe(2)
        if frame.f_code.co_name == "handle_torch_function" and frame.f_back is not None:
            frame = frame.f_back.f_back or frame  # a function of torch's that asks us by itself is called once more
        key = frame.f_code, frame.f_lineno
        known = self._lines.get(key)
        if known is None or known.__globals__ is not frame.f_globals:
            code = _PASS_ON.replace(co_filename=key[0].co_filename, co_firstlineno=key[1])
            known = self._lines[key] = FunctionType(code, frame.f_globals)
        return known

    def insert(self) -> None:
        """Put it under every mode that is open now; only torch's own default device lies lower still."""
        self.open = True
        stack = _get_current_function_mode_stack()
        if self in stack:
            return
        fixed = 1 if stack and isinstance(stack[0], DeviceContext) else 0
        above = [_pop_mode() for _ in stack[fixed:]]
        _push_mode(self)
        for mode in reversed(above):
            _push_mode(mode)

    def withdraw(self) -> None:
        """Take it out from wherever it lies; the others stay as they were."""
        self.open = False
        self._lines.clear()
        stack = _get_current_function_mode_stack()
        if self not in stack:
            return
        above = [_pop_mode() for _ in range(len(stack) - stack.index(self))]
        for mode in reversed(above[:-1]):
            _push_mode(mode)


def _directly(func: Any, args: Any, kwargs: Any) -> Any:
    return func(*args, **kwargs)
