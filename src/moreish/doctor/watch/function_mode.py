"""A mode of torch's functions: sees `F.relu`, `torch.tanh`, `F.cross_entropy`, `loss.backward`, as no hook does."""

from collections.abc import Callable
from typing import Any

from torch import Tensor
from torch.overrides import TorchFunctionMode, _get_current_function_mode_stack, _pop_mode, _push_mode
from torch.utils._device import DeviceContext

from moreish.doctor.frames.operations import KINDS
from moreish.doctor.watch.arguments import Args, Kwargs


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

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Call `func`; torch has taken this mode off the stack meanwhile."""
        kwargs = kwargs or {}
        name = getattr(func, "__name__", "")
        if name == "__get__" and getattr(func, "__self__", None) is Tensor.data:
            name = "data"
        kind = KINDS.get(name) if self.open else None
        if kind is None:
            return func(*args, **kwargs)
        if kind == "backward":
            self.backward(args[0] if args else next(iter(kwargs.values()), None))
            result = func(*args, **kwargs)
            self.backward_ended()
            return result
        result = func(*args, **kwargs)
        self.called(name, kind, args, kwargs, result)
        return result

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
        stack = _get_current_function_mode_stack()
        if self not in stack:
            return
        above = [_pop_mode() for _ in range(len(stack) - stack.index(self))]
        for mode in reversed(above[:-1]):
            _push_mode(mode)
