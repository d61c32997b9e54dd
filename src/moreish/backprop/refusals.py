"""Refusals: calls that by_hand() must not take, by name: in torch.func, in complex numbers, a tensor into itself."""

from collections.abc import Sequence
from typing import Any

import optree
import torch
from torch import Tensor

from moreish.backprop.canonicalize import Call
from moreish.backprop.rules import NotDerived

_functorch: Any = vars(torch._C)["_functorch"]  # torch has no public way to ask which transform is active
_OUTSIDE = "run this part outside by_hand()"


def refuse_transform(name: str, tensors: Sequence[Tensor]) -> None:
    """Inside torch.func's grad, vmap, jvp and their kin a call is differentiated by torch.func itself."""
    if not torch._C._are_functorch_transforms_active():
        return
    kind = _functorch.peek_interpreter_stack().key().name.lower()
    if kind != "vmap" or any(_asks_underneath(t) for t in tensors):
        raise NotDerived(f"{name}: inside torch.func.{kind} torch differentiates by ways of its own; {_OUTSIDE}")


def _asks_underneath(t: Tensor) -> bool:
    while _functorch.is_functorch_wrapped_tensor(t):
        t = _functorch.get_unwrapped(t)
    return t.requires_grad


def refuse_complex(name: str, arguments: Any) -> None:
    """A rule is real mathematics: the conjugates that complex gradients need are not in it."""
    for value in optree.tree_leaves(arguments):
        if isinstance(value, complex) or (isinstance(value, Tensor) and value.is_complex()):
            raise NotDerived(f"{name}: complex numbers are not derived by hand; {_OUTSIDE}")


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
