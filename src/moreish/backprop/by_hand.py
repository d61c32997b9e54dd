"""The switch: `with by_hand():` sends every differentiable call of any module through the rules of the table.

    with by_hand() as calls:
        loss = F.cross_entropy(any_module(x), y)
    loss.backward()                  # hand-derived, carried by torch's engine
    print(calls.report())            # what went by hand, what stayed autograd's

Inside, a TorchFunctionMode sees each call to torch. Where the table has a rule and a gradient is asked for, the call
runs as one generic autograd.Function; everything else goes to torch unchanged. Nothing is patched: outside the
context, and in other threads, torch is as it was.
"""

import functools
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode, handle_torch_function

from moreish.backprop.adapter import OURS, TENSORS, Layout, apply, tensors_in
from moreish.backprop.canonicalize import Call, canonicalize, key_of, name_of, stands_for
from moreish.backprop.decompositions import DECOMPOSITIONS, FUSED
from moreish.backprop.forms import FormKey, known_form, read_call, remember
from moreish.backprop.graph import describe, mark, metadata_of, stranger
from moreish.backprop.refusals import (
    asked_in_transform,
    refusal_of,
    refuse_complex,
    refuse_into_itself,
    refuse_negative_slope,
    refuse_transform,
)
from moreish.backprop.rules import NotDerived
from moreish.backprop.table import HAND_DERIVED, Rule

__all__ = ["HAND_DERIVED", "ByHand", "NotDerived", "Report", "Rule", "by_hand"]

_LISTED = "moreish listed"
_ATTRIBUTES: Mapping[str, Any] = vars(torch._C.TensorBase)
_next_number: Callable[[], int] = vars(vars(torch._C)["_autograd"])["_get_sequence_nr"]  # of nodes, in this thread
# What reads a tensor's form, its value or its gradient, or sets them; a step does it more often than it computes.
_READ = ("shape", "dtype", "device", "layout", "ndim", "requires_grad", "is_leaf", "is_sparse", "grad", "data")
_NOT_DIFFERENTIATED = frozenset(
    {
        *(_ATTRIBUTES[name].__get__ for name in _READ),
        *(_ATTRIBUTES[name].__set__ for name in ("grad", "data")),
        Tensor.requires_grad_,
        *(Tensor.dim, Tensor.size, Tensor.numel, Tensor.stride, Tensor.is_contiguous),
        *(Tensor.is_floating_point, Tensor.is_complex, Tensor.element_size, Tensor.__len__, Tensor.backward),
    }
)


def by_hand(*, strict: bool = False) -> "ByHand":
    """A context in which gradients are hand-derived, for any module, in this thread.

    strict: raise NotDerived, naming the function, where a differentiable call has no rule; otherwise autograd
    differentiates that call as always, and the report says so. An option that was not derived is refused in both
    cases. Backward may run inside or outside the context. First derivatives only: create_graph=True is refused.
    """
    return ByHand(strict=strict)


class Report(NamedTuple):
    """How often each function went by hand, how often it stayed autograd's, and why where there is more to say."""

    by_hand: dict[str, int]
    by_autograd: dict[str, int]
    notes: list[str]

    def __str__(self) -> str:
        rows = [("by hand", self.by_hand), ("by autograd", self.by_autograd)]
        lines = [f"{n:6} {how:12} {name}" for how, names in rows for name, n in sorted(names.items())]
        return "\n".join([*lines, *self.notes])


class ByHand(TorchFunctionMode):
    """What `by_hand()` returns; `report()` says which calls went by hand. Memory does not grow with the steps.

    rules: another table than HAND_DERIVED; an empty one leaves everything to autograd, and watches.
    """

    def __init__(self, *, strict: bool = False, rules: Mapping[Callable[..., Any], Rule] | None = None):
        super().__init__()
        self.strict = strict
        self.rules = HAND_DERIVED if rules is None else rules
        self._counts = {True: Counter[Callable[..., Any]](), False: Counter[Callable[..., Any]]()}
        self.again = functools.partial(ByHand, strict=strict, rules=self.rules)
        self._starts: list[int] = []
        self._strangers: Counter[str] = Counter()
        self._notes: dict[str, None] = {}

    def report(self) -> Report:
        """The calls so far."""
        by_hand, by_autograd = ({name_of(f): n for f, n in self._counts[how].items()} for how in (True, False))
        fused = [note for f, note in FUSED.items() if f in self._counts[False]]
        return Report(by_hand, by_autograd | self._strangers, [*fused, *self._notes])

    def __enter__(self) -> "ByHand":
        self._starts.append(_next_number())
        return super().__enter__()

    def __exit__(self, *error: Any) -> None:
        self._starts.pop()
        super().__exit__(*error)

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        try:
            if func in _NOT_DIFFERENTIATED or not torch.is_grad_enabled():
                return func(*args, **kwargs)
            given, key, differentiable = read_call(func, args, kwargs)
            transformed = torch._C._are_functorch_transforms_active()
            if not differentiable and not (transformed and asked_in_transform(given)):
                return func(*args, **kwargs)
            for t in given:
                if not t.is_leaf and type(t.grad_fn) is not OURS:
                    self._notice_stranger(t)
            foreign = not TENSORS.issuperset(types)
            if foreign or transformed:
                key = None
            if key is not None and (form := known_form(key)) is not None and form.layout.key in self.rules:
                result = self._run_by_hand(form.layout, form.tensors(given), func, args, kwargs)
                return self.seen(func, result, by_hand=True)
            return self._call_anew(func, args, kwargs, given, key, foreign)
        except RuntimeError as error:
            if (why := refusal_of(error)) is None:
                raise
            raise NotDerived(f"{name_of(func)} {why}") from error

    def _call_anew(
        self, func: Any, args: Any, kwargs: Any, given: Sequence[Tensor], key: FormKey | None, foreign: bool
    ) -> Any:
        """A call of a form that was not met before, or that has none."""
        if not foreign and func in DECOMPOSITIONS and DECOMPOSITIONS[func].fits(*args):
            refuse_transform(name_of(func), given)
            with self:
                return DECOMPOSITIONS[func].run(*args, **kwargs)
        call = None if foreign else self._call(func, args, kwargs, given)
        if call is not None:
            tensors: list[Tensor] = []
            layout = Layout.of(call, name_of(func), tensors)
            result = self._run_by_hand(layout, tensors, func, args, kwargs)
            if key is not None:
                remember(key, func, layout, tensors, given)
            return self.seen(func, result, by_hand=True)
        versions = [_version(t) for t in given]
        result = func(*args, **kwargs)
        if new := _differentiated(given, versions, result):
            mark(new, (t for t in given if not any(t is n for n in new)), name_of(func))
            return self.seen(func, result, by_hand=False)
        return result

    def _notice_stranger(self, t: Tensor) -> None:
        """A tensor from a backward that no call seen here made since the context began: listed, or refused."""
        node = t.grad_fn
        if node is None or (name := stranger(node)) is None or node._sequence_nr() < self._starts[-1]:
            return
        if self.strict:
            raise NotDerived(f"by_hand(strict=True): {describe(node)}")
        if _LISTED not in metadata_of(node):
            metadata_of(node)[_LISTED] = True
            self._strangers[name] += 1
            self._notes[describe(node)] = None

    def _call(self, func: Any, args: Any, kwargs: Any, given: Sequence[Tensor]) -> Call | None:
        """The call in the table's terms, if the table has it; or NotDerived, by name."""
        if key_of(func) not in self.rules:
            return None
        refuse_transform(name_of(func), given)
        call = canonicalize(func, args, kwargs)
        if call is not None:
            refuse_complex(name_of(func), (args, kwargs))
            refuse_into_itself(name_of(func), call)
            refuse_negative_slope(name_of(func), call)
        return call

    def _apply(self, layout: Layout, tensors: Sequence[Tensor]) -> Any:
        """The call by hand."""
        return apply(layout, self.rules[layout.key], tensors, self.again)

    def _run_by_hand(self, layout: Layout, tensors: Sequence[Tensor], func: Any, args: Any, kwargs: Any) -> Any:
        """The call by hand, handed to the mode below, if there is one, under torch's name: it may be watching."""
        if not torch._C._len_torch_function_stack():
            return self._apply(layout, tensors)

        @functools.wraps(func)
        def hand(*_: Any, **__: Any) -> Any:
            return self._apply(layout, tensors)

        vars(hand)["stands_for"] = func
        return handle_torch_function(hand, args, *args, **kwargs)

    def seen(self, func: Callable[..., Any], result: Any, *, by_hand: bool) -> Any:
        """Called after each call that will be differentiated; returns its result. Raises NotDerived where strict."""
        func = stands_for(func)
        self._counts[by_hand][func] += 1
        if self.strict and not by_hand:
            reason = FUSED.get(func, "has no hand-derived rule")
            raise NotDerived(f"by_hand(strict=True): {name_of(func)}: {reason}")
        return result


def _differentiated(given: Sequence[Tensor], versions: Sequence[int], result: Any) -> list[Tensor]:
    """What this call of torch put into the graph, by writing into an argument or by giving a new tensor.

    Handing on an argument, or giving a leaf, it put nothing.
    """
    written = [t for t, version in zip(given, versions, strict=True) if _version(t) != version]
    ids = {id(t) for t in given}
    new = [t for t in tensors_in(result) if id(t) not in ids]
    return [t for t in (*written, *new) if t.requires_grad and not t.is_leaf]


def _version(t: Tensor) -> int:
    """How often the tensor was written into."""
    return 0 if t.is_inference() else t._version
