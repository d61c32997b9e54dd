"""Forms: calls that differ only in what is in their tensors become canonical in the same way, found out once."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from weakref import ReferenceType, ref

import torch
from torch import Tensor
from torch.nn.parameter import UninitializedBuffer, UninitializedParameter

from moreish.backprop.adapter import TENSORS, Layout, tensors_in
from moreish.backprop.canonicalize import Function, goes_by_form
from moreish.backprop.table import HAND_DERIVED

_EXACT = frozenset({int, bool, str, type(None), torch.Size, torch.dtype})  # two that are equal are the same
Values = Sequence[Any]
FormKey = tuple[Any, ...]
MOST_KNOWN = 4096


class Read(NamedTuple):
    """What was found in the arguments of a call: its tensors, the key of its form, and whether any asks a gradient.

    The key is equal for calls of one form. It is None where an argument has parts: their tensors are among those
    given, but they are not looked into.
    """

    given: list[Tensor]
    key: FormKey | None
    differentiable: bool


def read_call(called: Function, args: Values, kwargs: Mapping[str, Any]) -> Read:
    """The arguments of this call, read once."""
    given: list[Tensor] = []
    key: list[Any] = [called, *kwargs]
    differentiable = False
    for value in (*args, *kwargs.values()) if kwargs else args:
        kind = type(value)
        if kind in TENSORS:
            given.append(value)
            asks = value.requires_grad
            differentiable = differentiable or asks
            key.append((value.dtype, value.dim(), asks))
        elif kind in _EXACT:
            key.append((kind, value))
        elif kind is float:
            key.append(repr(value))  # 0.0 and -0.0 are equal, and their inverses are not
        elif isinstance(value, UninitializedParameter | UninitializedBuffer):  # of a lazy module, without a shape yet
            return Read([], None, False)
        else:  # what has parts, and tensors of a class of their own
            given = tensors_in((*args, *kwargs.values()))
            return Read(given, None, any(t.requires_grad for t in given))
    return Read(given, tuple(key), differentiable)


class Form(NamedTuple):
    """How every call of one form goes by hand: its layout, and which of the given tensors stand in its slots.

    order : None where they are those given, in the same order
    """

    layout: Layout
    order: list[int] | None
    forward: ReferenceType[Function]  # of the rule whose parameters the layout follows

    def tensors(self, given: list[Tensor]) -> list[Tensor]:
        """The layout's tensors, out of those given with the call."""
        return given if self.order is None else [given[i] for i in self.order]


_KNOWN: dict[FormKey, Form] = {}


def known_form(key: FormKey) -> Form | None:
    """The form of calls that was remembered under this key, unless the table has another rule for them now."""
    form = _KNOWN.get(key)
    return form if form is not None and HAND_DERIVED[form.layout.key].forward is form.forward() else None


def remember(
    key: FormKey, called: Function, layout: Layout, tensors: Sequence[Tensor], given: Sequence[Tensor]
) -> None:
    """Keep the form of a call, if it has one: its tensors are among those given, each given once."""
    places = {id(t): i for i, t in enumerate(given)}
    if layout.in_place or not goes_by_form(called) or len(places) < len(given):
        return
    if any(id(t) not in places for t in tensors):
        return
    if len(_KNOWN) >= MOST_KNOWN:
        _KNOWN.clear()
    order = [places[id(t)] for t in tensors]
    same = order == [*range(len(given))]
    _KNOWN[key] = Form(layout, None if same else order, ref(HAND_DERIVED[layout.key].forward))
