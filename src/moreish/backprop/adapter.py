"""The adapter: one generic autograd.Function that carries any pair of the table into torch's engine."""

import inspect
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import optree
import torch
from torch import Tensor, nn

from moreish.backprop.canonicalize import Call
from moreish.backprop.precision import cast, precision
from moreish.backprop.refusals import refusal_of, refuse_cast
from moreish.backprop.rules import KEPT_FOR, NotDerived
from moreish.backprop.table import HAND_DERIVED, Rule

# Called with the deferred call, dy and the gradients of its tensors; returns the gradients to go on with.
Listener = Callable[["DeferredCall", Any, list[Tensor | None]], list[Tensor | None]]
Again = Callable[[], AbstractContextManager[Any]]
_top_hooks: Any = vars(vars(torch._C)["_autograd"])[
    "_top_saved_tensors_default_hooks"
]  # torch has no public way to ask


def _saved_tensors_are_hooked() -> bool:
    """Whether somebody, as a checkpoint does, makes the saved tensors anew when they are asked for."""
    return _top_hooks(True) is not None


class DeferredCall:
    """One call on its way through torch's engine. Its tensors are put into `tensors` and travel apart.

    So nothing here keeps a graph alive. `again` gives a context in which calls go by hand: a checkpoint runs its
    forward a second time on the way back, where torch has every mode switched off, and must find the same calls.
    """

    __slots__ = ("again", "count", "layout", "listener", "precision", "returns", "rule", "saved", "shapes", "wanted")

    def __init__(
        self, layout: "Layout", rule: Rule, tensors: Sequence[Tensor], listener: Listener | None, again: Again | None
    ):
        self.layout, self.rule, self.listener, self.again = layout, rule, listener, again
        self.count = len(tensors)
        own = listener is None and rule.backward in _OWN  # whose gradients have the shapes of their values
        self.shapes = [] if own else [t.shape for t in tensors]
        self.precision = precision(layout.key, tensors)
        self.returns: type = Tensor
        self.saved: Any = None  # a tree with slots, unless the rule saved nothing but tensors
        self.wanted: list[bool] | None = None  # by argument, where the rule asks for whom a gradient is needed

    def forward(self, tensors: Sequence[Tensor]) -> tuple[Any, Any]:
        """The rule's forward, in the precision that torch would use."""
        if self.precision is None:
            return self.rule.forward(*self.layout.filled(tensors))
        inside = cast(tensors, self.precision.compute)
        with torch.autocast(tensors[0].device.type, enabled=False):
            y, saved = self.rule.forward(*self.layout.filled(inside))
        for theirs, ours in zip(tensors, inside, strict=True):
            if ours is not theirs and ours._version > 0:  # the rule wrote into it: running statistics
                theirs.copy_(ours)
        if isinstance(y, Tensor):
            return y.to(self.precision.result), saved
        return type(y)(cast(y, self.precision.result)), saved

    def backward(self, dy: Any, saved: Sequence[Any]) -> list[Tensor | None]:
        """The rule's backward: one gradient per tensor, None where it is not needed."""
        options = {} if self.wanted is None else {"needs": self.wanted}
        if self.precision is None:
            grads = self.rule.backward(dy, *saved, **options)
        else:
            compute = self.precision.compute
            device = (dy if isinstance(dy, Tensor) else dy[0]).device.type
            dy = dy.to(compute) if isinstance(dy, Tensor) else tuple(cast(dy, compute))
            with torch.autocast(device, enabled=False):
                grads = self.rule.backward(dy, *saved, **options)
        return self.layout.by_tensor(grads, self.count)

    def check_shapes(self, grads: Sequence[Tensor | None]) -> None:
        """A gradient has the shape of its value. torch would quietly sum a larger one, so it is refused here."""
        for grad, shape in zip(grads, self.shapes, strict=True) if self.shapes else ():
            if grad is not None and grad.shape != shape:
                raise ValueError(
                    f"{self.layout.name}: the rule's gradient has shape {tuple(grad.shape)}, its value "
                    f"{tuple(shape)}; a gradient has the shape of its value"
                )


class HandDerived(torch.autograd.Function):
    """Forward and backward of a `DeferredCall` call, with its tensors."""

    @staticmethod
    def forward(ctx: Any, deferred: DeferredCall, *tensors: Tensor) -> Any:
        """The rule's value; what it saved is kept where torch looks after it."""
        y, saved = deferred.forward(tensors)
        if _takes_needs(deferred.rule.backward):
            wanted = deferred.wanted = deferred.layout.wanted(ctx.needs_input_grad[1:])
            if False in wanted:
                saved = _kept(deferred.rule.backward, saved, wanted)
        kept: list[Tensor] = []
        if type(saved) is tuple and TENSORS.issuperset(map(type, saved)):
            kept[:] = saved
        else:
            deferred.saved = take_out(saved, kept)
        if deferred.layout.in_place:
            x = tensors[0]
            refuse_cast(deferred.layout.name, y.dtype, x.dtype)
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
                f"{deferred.layout.name}: the gradient of a gradient (create_graph=True) is not derived by hand; "
                "run this part outside by_hand()"
            )
        dy = dys[0] if deferred.returns is Tensor else dys
        try:
            if deferred.again is None:
                saved = ctx.saved_tensors
            else:
                with deferred.again():
                    saved = ctx.saved_tensors
            if deferred.saved is not None:
                saved = put_back(deferred.saved, saved)
            grads = deferred.backward(dy, saved)
        except RuntimeError as error:
            if (why := refusal_of(error, on_the_way_back=True)) is None:
                raise
            raise NotDerived(f"{deferred.layout.name} {why}") from error
        if deferred.listener is not None:
            grads = deferred.listener(deferred, dy, grads)
        deferred.check_shapes(grads)
        return None, *grads


def _kept(backward: Callable[..., Any], saved: tuple[Any, ...], wanted: Sequence[bool]) -> tuple[Any, ...]:
    """What was saved, with nothing but the shape of what no wanted gradient looks at."""
    for place, arguments in KEPT_FOR.get(backward, ()):
        if isinstance(saved[place], Tensor) and not any(map(wanted.__getitem__, arguments)):
            saved = (*saved[:place], saved[place].shape, *saved[place + 1 :])
    return saved


OURS: type = vars(HandDerived)["_backward_cls"]
"""The type of the nodes that it puts into torch's graph."""
_CALL: Callable[..., Tensor | tuple[Tensor, ...]] = (
    vars(torch._C)["_FunctionBase"].__dict__["apply"].__get__(None, HandDerived)
)
"""`HandDerived.apply` without what it asks each time of setup_context and transforms, a third of a call."""
_UNWRAP: Callable[[Tensor], Tensor] = vars(vars(torch._C)["_functorch"])["unwrap_if_dead"]
"""As `apply` does: a tensor that came out of a transform of torch.func, which is over, is the tensor inside of it."""


class Layout(NamedTuple):
    """What all calls of one form have in common: the rule's key, the function's name, slots for the tensors."""

    key: Callable[..., Any]
    name: str
    in_place: bool
    arguments: Any
    places: list[tuple[int, int]] | None  # number of argument and of tensor; None where an argument has parts

    @classmethod
    def of(cls, call: Call, name: str, tensors: list[Tensor]) -> "Layout":
        """The layout of this call, whose tensors are appended to the list."""
        flat, tree = _is_flat(call.arguments), take_out(call.arguments, tensors)
        places = [(k, a.i) for k, a in enumerate(tree) if type(a) is Slot] if flat else None
        return cls(call.key, name, call.in_place, tree, places)

    def filled(self, tensors: Sequence[Tensor]) -> Any:
        """The arguments, with these tensors in their slots."""
        if self.places is None:
            return put_back(self.arguments, tensors)
        filled = list(self.arguments)
        for argument, tensor in self.places:
            filled[argument] = tensors[tensor]
        return filled

    def wanted(self, needed: Sequence[bool]) -> list[bool]:
        """For each argument, whether a gradient of any of its tensors is needed."""
        if self.places is None:
            return [any(needed[s.i] for s in slots(a)) for a in self.arguments]
        wanted = [False] * len(self.arguments)
        for argument, tensor in self.places:
            wanted[argument] = needed[tensor]
        return wanted

    def by_tensor(self, grads: Any, count: int) -> list[Tensor | None]:
        """The gradients of the arguments as those of the tensors; arguments beyond the gradients have none."""
        found: list[Tensor | None] = [None] * count
        if self.places is None:
            for slot, grad in pair(self.arguments, grads):
                if type(slot) is Slot:
                    found[slot.i] = grad
        else:
            for argument, tensor in self.places:
                if argument < len(grads):
                    found[tensor] = grads[argument]
        return found


def apply(
    layout: Layout, rule: Rule, tensors: Sequence[Tensor], again: Again, listener: Listener | None = None
) -> Any:
    """The value of the call, in torch's graph, with the rule's backward."""
    deferred = DeferredCall(layout, rule, tensors, listener, again if _saved_tensors_are_hooked() else None)
    y = _CALL(deferred, *map(_UNWRAP, tensors))
    return y if deferred.returns is Tensor or deferred.returns is tuple else deferred.returns(y)


class Slot:
    """Stands in a tree of arguments where tensor number i was."""

    __slots__ = ("i",)

    def __init__(self, i: int):
        self.i = i


# What holds no other parts: sizes hold only numbers.
TENSORS = frozenset({Tensor, nn.Parameter})  # other subclasses of Tensor have ways of their own
_LEAVES = frozenset({*TENSORS, Slot, int, bool, float, str, type(None), torch.Size, torch.dtype, torch.memory_format})


def take_out(tree: Any, tensors: list[Tensor]) -> Any:
    """The tree with its tensors appended to the list, and slots in their places."""

    if not _is_flat(tree):
        return optree.tree_map(lambda leaf: _slot(leaf, tensors) if isinstance(leaf, Tensor) else leaf, tree)
    return type(tree)([_slot(leaf, tensors) if type(leaf) in TENSORS else leaf for leaf in tree])


def _slot(leaf: Tensor, tensors: list[Tensor]) -> Slot:
    tensors.append(leaf)
    return Slot(len(tensors) - 1)


def put_back(tree: Any, tensors: Sequence[Tensor]) -> Any:
    """The reverse of `take_out`."""
    if _is_flat(tree):
        return type(tree)([tensors[leaf.i] if type(leaf) is Slot else leaf for leaf in tree])
    return optree.tree_map(lambda leaf: tensors[leaf.i] if isinstance(leaf, Slot) else leaf, tree)


def tensors_in(tree: Any) -> list[Tensor]:
    """The tensors of a tree, in order."""
    return [leaf for leaf in (tree if _is_flat(tree) else optree.tree_leaves(tree)) if isinstance(leaf, Tensor)]


def slots(tree: Any) -> list[Slot]:
    """The slots of a tree, in order."""
    if isinstance(tree, Slot):
        return [tree]
    return [leaf for leaf in optree.tree_leaves(tree) if isinstance(leaf, Slot)] if _has_parts(tree) else []


def _has_parts(leaf: object) -> bool:
    return type(leaf) not in _LEAVES


def _is_flat(tree: Any) -> bool:
    """A plain list or tuple of leaves, as nearly all arguments are: a walk through the tree costs more than they."""
    return type(tree) in (list, tuple) and _LEAVES.issuperset(map(type, tree))


def pair(tree: Any, grads: Any) -> Iterator[tuple[Slot, Any]]:
    """Each slot with its gradient; arguments beyond the gradients have none."""
    if isinstance(tree, Slot):
        yield tree, grads
    elif isinstance(tree, tuple | list) and grads is not None:
        for part, grad in zip(tree, grads, strict=False):
            yield from pair(part, grad)


_OWN: dict[Callable[..., Any], bool] = {
    rule.backward: "needs" in inspect.signature(rule.backward).parameters for rule in HAND_DERIVED.values()
}
"""The backwards of the rules that are here from the beginning, and whether each takes `needs`."""
_TAKES_NEEDS: WeakKeyDictionary[Callable[..., Any], bool] = WeakKeyDictionary()  # a rule of somebody's may go again


def _takes_needs(backward: Callable[..., Any]) -> bool:
    if (own := _OWN.get(backward)) is not None:
        return own
    takes = _TAKES_NEEDS.get(backward)
    if takes is None:
        takes = _TAKES_NEEDS[backward] = "needs" in inspect.signature(backward).parameters
    return takes
