"""The adapter: one generic autograd.Function that carries any pair of the table into torch's engine."""

import inspect
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any
from weakref import WeakKeyDictionary

import optree
import torch
from torch import Tensor

from moreish.backprop.canonicalize import Call
from moreish.backprop.precision import cast, precision
from moreish.backprop.rules import NotDerived
from moreish.backprop.table import Rule

# Called with the deferred call, dy and the gradients of its tensors; returns the gradients to go on with.
Listener = Callable[["DeferredCall", Any, list[Tensor | None]], list[Tensor | None]]
Again = Callable[[], AbstractContextManager[Any]]


class DeferredCall:
    """One call on its way through torch's engine. Its tensors are put into `tensors` and travel apart.

    So nothing here keeps a graph alive. `again` gives a context in which calls go by hand: a checkpoint runs its
    forward a second time on the way back, where torch has every mode switched off, and must find the same calls.
    """

    def __init__(
        self, call: Call, rule: Rule, name: str, listener: Listener | None, again: Again, tensors: list[Tensor]
    ):
        self.again = again
        self.rule, self.name, self.in_place, self.listener = rule, name, call.in_place, listener
        self.tree = take_out(call.arguments, tensors)
        self.shapes = [t.shape for t in tensors]
        self.precision = precision(call.key, tensors)
        self.device = tensors[0].device.type
        self.returns: type = Tensor
        self.saved: Any = ()

    def forward(self, tensors: Sequence[Tensor]) -> tuple[Any, tuple[Any, ...]]:
        """The rule's forward, in the precision that torch would use."""
        if self.precision is None:
            return self.rule.forward(*put_back(self.tree, tensors))
        inside = cast(tensors, self.precision.compute)
        with torch.autocast(self.device, enabled=False):
            y, saved = self.rule.forward(*put_back(self.tree, inside))
        for theirs, ours in zip(tensors, inside, strict=True):
            if ours is not theirs and ours._version > 0:  # the rule wrote into it: running statistics
                theirs.copy_(ours)
        if isinstance(y, Tensor):
            return y.to(self.precision.result), saved
        return type(y)(cast(y, self.precision.result)), saved

    def backward(self, dy: Any, saved: Sequence[Any], needed: Sequence[bool]) -> list[Tensor | None]:
        """The rule's backward: one gradient per tensor, None where it is not needed."""
        wanted = [any(needed[slot.i] for slot in slots(argument)) for argument in self.tree]
        options = {"needs": wanted} if _takes_needs(self.rule.backward) else {}
        if self.precision is None:
            grads = self.rule.backward(dy, *saved, **options)
        else:
            compute = self.precision.compute
            dy = dy.to(compute) if isinstance(dy, Tensor) else tuple(cast(dy, compute))
            with torch.autocast(self.device, enabled=False):
                grads = self.rule.backward(dy, *saved, **options)
        flat: list[Tensor | None] = [None] * len(needed)
        for slot, grad in pair(self.tree, grads):
            flat[slot.i] = grad
        return flat

    def check_shapes(self, grads: Sequence[Tensor | None]) -> None:
        """A gradient has the shape of its value. torch would quietly sum a larger one, so it is refused here."""
        for grad, shape in zip(grads, self.shapes, strict=True):
            if grad is not None and grad.shape != shape:
                raise ValueError(
                    f"{self.name}: the rule's gradient has shape {tuple(grad.shape)}, its value {tuple(shape)}; "
                    "a gradient has the shape of its value"
                )


class HandDerived(torch.autograd.Function):
    """Forward and backward of a `DeferredCall` call, with its tensors."""

    @staticmethod
    def forward(ctx: Any, deferred: DeferredCall, *tensors: Tensor) -> Any:
        """The rule's value; what it saved is kept where torch looks after it."""
        y, saved = deferred.forward(tensors)
        kept: list[Tensor] = []
        deferred.saved = take_out(saved, kept)
        if deferred.in_place:
            x = tensors[0]
            kept = [t.clone() if t is x else t for t in kept]
            y = x.copy_(y)
            ctx.mark_dirty(x)
        ctx.save_for_backward(*kept)
        ctx.deferred = deferred
        if isinstance(y, Tensor):
            return y
        deferred.returns = type(y)
        return tuple(y)

    @staticmethod
    def backward(ctx: Any, *dys: Any) -> Any:
        """The rule's gradients, one per tensor."""
        deferred = ctx.deferred
        if torch.is_grad_enabled():
            raise NotDerived(
                f"{deferred.name}: the gradient of a gradient (create_graph=True) is not derived by hand; "
                "run this part outside by_hand()"
            )
        dy = dys[0] if deferred.returns is Tensor else dys
        with deferred.again():
            saved = ctx.saved_tensors
        grads = deferred.backward(dy, put_back(deferred.saved, saved), ctx.needs_input_grad[1:])
        if deferred.listener is not None:
            grads = deferred.listener(deferred, dy, grads)
        deferred.check_shapes(grads)
        return None, *grads


def apply(call: Call, rule: Rule, name: str, again: Again, listener: Listener | None = None) -> Any:
    """The value of the call, in torch's graph, with the rule's backward."""
    tensors: list[Tensor] = []
    deferred = DeferredCall(call, rule, name, listener, again, tensors)
    y = HandDerived.apply(deferred, *tensors)
    return y if deferred.returns in (Tensor, tuple) else deferred.returns(y)


class Slot:
    """Stands in a tree of arguments where tensor number i was."""

    __slots__ = ("i",)

    def __init__(self, i: int):
        self.i = i


def take_out(tree: Any, tensors: list[Tensor]) -> Any:
    """The tree with its tensors appended to the list, and slots in their places."""

    def slot(leaf: object) -> object:
        if not isinstance(leaf, Tensor):
            return leaf
        tensors.append(leaf)
        return Slot(len(tensors) - 1)

    return optree.tree_map(slot, tree)


def put_back(tree: Any, tensors: Sequence[Tensor]) -> Any:
    """The reverse of `take_out`."""
    return optree.tree_map(lambda leaf: tensors[leaf.i] if isinstance(leaf, Slot) else leaf, tree)


def tensors_in(tree: Any) -> Iterator[Tensor]:
    """The tensors of a tree, in order."""
    return (leaf for leaf in optree.tree_leaves(tree) if isinstance(leaf, Tensor))


def slots(tree: Any) -> Iterator[Slot]:
    """The slots of a tree, in order."""
    return (leaf for leaf in optree.tree_leaves(tree) if isinstance(leaf, Slot))


def pair(tree: Any, grads: Any) -> Iterator[tuple[Slot, Any]]:
    """Each slot with its gradient; arguments beyond the gradients have none."""
    if isinstance(tree, Slot):
        yield tree, grads
    elif isinstance(tree, tuple | list) and grads is not None:
        for part, grad in zip(tree, grads, strict=False):
            yield from pair(part, grad)


_TAKES_NEEDS: WeakKeyDictionary[Callable[..., Any], bool] = WeakKeyDictionary()  # a rule of somebody's may go again


def _takes_needs(backward: Callable[..., Any]) -> bool:
    if backward not in _TAKES_NEEDS:
        _TAKES_NEEDS[backward] = "needs" in inspect.signature(backward).parameters
    return _TAKES_NEEDS[backward]
