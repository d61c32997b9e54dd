"""Refusals: calls that by_hand() must not take, by name: in torch.func, in complex numbers, a tensor into itself."""

from collections.abc import Sequence
from typing import Any

import optree
import torch
import torch.nn.functional as F
from torch import Tensor

from moreish.backprop.canonicalize import Call
from moreish.backprop.rules import NotDerived

_functorch: Any = vars(torch._C)["_functorch"]  # torch has no public way to ask which transform is active
_OUTSIDE = "run this part outside by_hand()"


def refuse_transform(name: str, tensors: Sequence[Tensor]) -> None:
    """Inside torch.func's grad, vmap, jvp and their kin a call is differentiated by torch.func itself."""
    if torch._C._are_functorch_transforms_active() and asked_in_transform(tensors):
        raise NotDerived(f"{name}: inside torch.func.{_kind()} torch differentiates by ways of its own; {_OUTSIDE}")


def asked_in_transform(tensors: Sequence[Tensor]) -> bool:
    """Whether a gradient is asked for inside the active transform: vmap alone differentiates nothing."""
    return _kind() != "vmap" or any(_asks_underneath(t) for t in tensors)


def _kind() -> str:
    return _functorch.peek_interpreter_stack().key().name.lower()


def _asks_underneath(t: Tensor) -> bool:
    while _functorch.is_functorch_wrapped_tensor(t) and not t.requires_grad:
        t = _functorch.get_unwrapped(t)
    return t.requires_grad


def refusal_of(error: RuntimeError, on_the_way_back: bool = False) -> str | None:
    """What torch's error says, as the end of a sentence, where the reason of it is that a rule was at work."""
    words = str(error)
    if "jvp function" in words and isinstance(error, NotImplementedError):
        return f"is not derived by hand in forward mode (torch.autograd.forward_ad); {_OUTSIDE}"
    if on_the_way_back and words.startswith(("vmap: ", "Batching rule")):
        return "is not derived by hand for several gradients at once (is_grads_batched=True); ask for one by one"
    if "created inside a custom Function" not in words:
        return None
    if "its base or another view" in words:
        return (
            "meets a view made by hand of a tensor that was written into since, and the gradient cannot follow. "
            "Write y = f(x) in place of f_(x), or clone the view first."
        )
    return (
        "writes into a view made by hand, and the gradient cannot follow. "
        "Write y = f(x) in place of f_(x), or clone the view first."
    )


def refuse_complex(name: str, arguments: Any) -> None:
    """A rule is real mathematics: the conjugates that complex gradients need are not in it."""
    for value in optree.tree_leaves(arguments):
        if isinstance(value, complex) or (isinstance(value, Tensor) and value.is_complex()):
            raise NotDerived(f"{name}: complex numbers are not derived by hand; {_OUTSIDE}")


def refuse_cast(name: str, result: torch.dtype, written_into: torch.dtype) -> None:
    """Writing fractions into whole numbers is what torch raises a RuntimeError for."""
    if result is not written_into and not torch.can_cast(result, written_into):
        raise RuntimeError(f"{name}: result type {result} can't be cast to the desired output type {written_into}")


def refuse_negative_slope(name: str, call: Call) -> None:
    """In place torch keeps only the result, whose sign says nothing then; it raises a RuntimeError, too."""
    if call.in_place and call.key in (F.leaky_relu, F.elu) and call.arguments[1] < 0:
        raise RuntimeError(f"{name}: written in place the slope {call.arguments[1]} below 0 has no gradient")


def refuse_into_itself(name: str, call: Call) -> None:
    """What a rule saves of an argument would be overwritten by the result."""
    if not call.in_place:
        return
    x, *others = call.arguments
    rest: Any = others
    memory = x.untyped_storage().data_ptr()
    for other in optree.tree_leaves(rest):
        if isinstance(other, Tensor) and other.numel() and other.untyped_storage().data_ptr() == memory:
            raise NotDerived(
                f"{name}: the tensor is written into itself. Write y = x * x in place of x *= x, or clone one of them"
            )
