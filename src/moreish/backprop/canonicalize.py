"""Canonical calls: torch has one function in many ways, `x + y`, `x.add(y)`, `torch.add(x, y)`; the table has one.

`canonicalize` turns a call as it arrives into the table's key and the arguments of its rule, in the rule's order. An
option that the rule does not take must stand at the value that changes nothing; otherwise it is refused by name.
"""

import inspect
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import torch
import torch.nn.functional as F
from torch import Tensor

from moreish.backprop.rules import NotDerived
from moreish.backprop.table import HAND_DERIVED

Function = Callable[..., Any]


class Call(NamedTuple):
    """One call in the table's terms: `HAND_DERIVED[key].forward(*arguments)`; in_place: written into arguments[0]."""

    key: Function
    arguments: list[Any]
    in_place: bool = False


def key_of(called: Function) -> Function | None:
    """The key of the table under which this function stands, however it is written; None where it has no rule."""
    if called in _REWRITTEN:
        return _REWRITTEN[called][0]
    return _KEYS[called][0] if called in _KEYS else None


def has_own_arguments(called: Function) -> bool:
    """Whether the function takes other arguments than the rule under which it stands, as square(x) is pow(x, 2)."""
    return called in _REWRITTEN and _REWRITTEN[called][0] is not called


def goes_by_form(called: Function) -> bool:
    """Whether dtypes, dimensions and options alone settle how a call becomes canonical."""
    return called not in _BY_CONTENT


def canonicalize(called: Function, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Call | None:
    """The call in the table's terms; None where the table has no rule for it.

    Raises NotDerived for an option of a listed function that was not derived and does not stand at its default.
    """
    if called in _REWRITTEN:
        key, rewrite = _REWRITTEN[called]
        arguments = rewrite(*_first(args, kwargs), **_rest(kwargs))
        return None if arguments is None else Call(key, list(arguments))
    if called not in _KEYS:
        return None
    key, in_place = _KEYS[called]
    options = _by_name(called, key, args, kwargs)
    if options is None:  # view(2, 3): the sizes have no names
        rest = _rest(kwargs)
        return Call(key, [*_first(args, kwargs), *(rest[name] for name in sorted(rest, key=_place))], in_place)
    in_place = bool(options.pop("inplace", in_place))
    _, ours = _parameters(called, key)
    for name, value in options.items():
        if name not in ours and name != "_stacklevel" and not _changes_nothing(called, name, value):
            raise NotDerived(
                f"{name_of(called)}: {name}={_shown(value)} is not derived by hand. Leave {name} out, or run "
                "this part outside by_hand()."
            )
    return Call(key, [options.get(name, default) for name, default in ours.items()], in_place)


def stands_for(function: Function) -> Function:
    """The function of torch that is called where a mode above hands on what it does by hand; else it itself."""
    return getattr(function, "stands_for", function)


def name_of(function: Function) -> str:
    """`F.linear`, `torch.tanh`, `Tensor.view`: as people write it."""
    return _name_of(stands_for(function))  # what is kept here must not hold the tensors of a call


@cache
def _name_of(function: Function) -> str:
    name = torch.overrides.resolve_name(function) or getattr(function, "__qualname__", repr(function))
    name = name.replace("torch.nn.functional.", "F.").replace("torch.Tensor.", "Tensor.").removesuffix(".__get__")
    return "F." + function.__name__ if "<locals>" in name else name


def _first(args: Sequence[Any], kwargs: Mapping[str, Any]) -> Sequence[Any]:
    """The arguments without a name, the first too where it came as `input=x`."""
    return args if args or not kwargs else [value for name, value in kwargs.items() if name in _FIRST]


def _rest(kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """The other arguments that came by name, in our words."""
    return {_SYNONYMS.get(name, name): value for name, value in kwargs.items() if name not in _FIRST}


def _place(name: str) -> int:
    """`unflatten(x, dim=1, sizes=(2, 3))`: sizes stand last, in whatever order they came."""
    return int(name == "sizes")


def _shown(value: Any) -> str:
    """As in a message: of a tensor only what it is."""
    if isinstance(value, Tensor):
        return f"tensor of shape {tuple(value.shape)}"
    words = repr(value)
    return words if len(words) <= 80 and "tensor(" not in words else f"a {type(value).__name__}"


def _by_name(
    called: Function, key: Function, args: Sequence[Any], kwargs: Mapping[str, Any]
) -> dict[str, Any] | None:
    theirs, ours = _parameters(called, key)
    if theirs is None:
        return None
    if len(args) > len(theirs):
        raise NotDerived(f"{name_of(called)}: {len(args)} arguments, and the rule knows {', '.join(theirs)}")
    first = next(iter(ours))
    named = {_SYNONYMS.get(name, first if name in _FIRST else name): value for name, value in kwargs.items()}
    return dict(zip(theirs, args, strict=False)) | named


Parameters = tuple[list[str] | None, dict[str, Any]]
_KNOWN: WeakKeyDictionary[Function, dict[Function, Parameters]] = WeakKeyDictionary()  # forward: called: parameters


def _parameters(called: Function, key: Function) -> Parameters:
    """The names of torch's parameters in torch's order, in our words; and the rule's, with their defaults.

    Built-in functions do not tell their signature: for them the rule's own order is torch's.
    """
    forward = HAND_DERIVED[key].forward
    known = _KNOWN.setdefault(forward, {})
    if called not in known:
        known[called] = _read_parameters(called, key, forward)
    return known[called]


def _read_parameters(called: Function, key: Function, forward: Function) -> Parameters:
    ours = inspect.signature(forward).parameters
    if any(p.kind is p.VAR_POSITIONAL for p in ours.values()):
        return None, {}
    defaults = {name: None if p.default is p.empty else p.default for name, p in ours.items()}
    names = [*ours, *_FURTHER.get(key, ())]
    theirs = _python_parameters(called)
    if theirs and not any(p.kind is p.VAR_POSITIONAL for p in theirs.values()):
        names = [names[0], *(_SYNONYMS.get(n, n) for n in list(theirs)[1:])]
    return names, defaults


@cache
def _python_parameters(called: Function) -> Mapping[str, inspect.Parameter]:
    return inspect.signature(called, follow_wrapped=False).parameters if inspect.isfunction(called) else {}


def _changes_nothing(called: Function, name: str, value: Any) -> bool:
    if isinstance(value, Tensor):
        return False
    if p := _python_parameters(called).get(name):
        return value == p.default
    return name in _NEUTRAL and value == _NEUTRAL[name]


def _dropout(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False):
    """torch draws the mask, by dropping out ones: the same random numbers as in F.dropout(input)."""
    if not training or p == 0:
        return None
    if inplace:
        raise NotDerived("F.dropout: inplace=True is not derived by hand; leave it out")
    return input, F.dropout(torch.ones_like(input), p)


def _attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
):
    """The dropout mask is drawn as torch draws it on the CPU; the fused kernels of a GPU draw differently."""
    if enable_gqa:
        raise NotDerived("F.scaled_dot_product_attention: enable_gqa=True is not derived by hand; repeat the heads")
    dropped = None
    if dropout_p > 0:
        batch = torch.broadcast_shapes(query.shape[:-2], key.shape[:-2])
        dropped = F.dropout(query.new_ones(*batch, query.shape[-2], key.shape[-2]), dropout_p)
    return query, key, value, attn_mask, dropped, is_causal, scale


def _max(x: Tensor, dim: int | Tensor | None = None, keepdim: bool = False, **kwargs: Any):
    """max(x, other) compares two tensors: another function under the same name."""
    return None if isinstance(dim, Tensor) or kwargs else (x, dim, keepdim)


def _linear(input: Tensor, weight: Tensor, bias: Tensor | None = None):
    """With a weight that is a vector it is a product of another kind."""
    return (input, weight, bias) if weight.dim() == 2 else None


def _flatten(x: Tensor, start_dim: int = 0, end_dim: int = -1):
    """Where there is nothing to flatten torch hands x on."""
    return None if x.dim() and start_dim % x.dim() == end_dim % x.dim() else (x, start_dim, end_dim)


def _contiguous(x: Tensor, memory_format: torch.memory_format = torch.contiguous_format):
    """Where nothing has to move torch hands x on."""
    return None if x.is_contiguous(memory_format=memory_format) else (x, memory_format)


_T, _MT = (vars(torch._C.TensorBase)[name].__get__ for name in ("T", "mT"))  # how x.T and x.mT arrive
_METHODS = {
    "matmul", "tanh", "sigmoid", "relu", "softmax", "log_softmax", "add", "sub", "mul", "div", "neg", "exp", "log",
    "pow", "sum", "cumsum", "mean", "var", "view", "reshape", "unflatten", "squeeze", "unsqueeze", "transpose",
    "permute", "expand", "unbind", "split", "chunk", "clone", "__getitem__",
}  # fmt: skip
_ALIASES: dict[Function, Sequence[Function]] = {
    torch.matmul: (torch.mm, torch.bmm, torch.mv, Tensor.mm, Tensor.bmm, Tensor.mv, Tensor.__matmul__),
    F.relu: (torch.relu,),
    F.softmax: (torch.softmax,),
    F.log_softmax: (torch.log_softmax,),
    torch.add: (Tensor.__add__, Tensor.__radd__),
    torch.sub: (torch.subtract, Tensor.subtract, Tensor.__sub__),
    torch.mul: (torch.multiply, Tensor.multiply, Tensor.__mul__, Tensor.__rmul__),
    torch.div: (torch.divide, torch.true_divide, Tensor.divide, Tensor.true_divide, Tensor.__truediv__),
    torch.neg: (torch.negative, Tensor.negative, Tensor.__neg__),
    torch.pow: (Tensor.__pow__,),
    torch.cat: (torch.concat, torch.concatenate),
    torch.transpose: (torch.swapaxes, torch.swapdims, Tensor.swapaxes, Tensor.swapdims),
}
_IN_PLACE: dict[Function, Sequence[Function]] = {
    F.relu: (torch.relu_, Tensor.relu_),
    F.leaky_relu: (F.leaky_relu_,),
    F.elu: (F.elu_,),
    torch.tanh: (torch.tanh_, Tensor.tanh_),
    torch.sigmoid: (torch.sigmoid_, Tensor.sigmoid_),
    torch.add: (Tensor.add_, Tensor.__iadd__),
    torch.sub: (Tensor.sub_, Tensor.__isub__),
    torch.mul: (Tensor.mul_, Tensor.__imul__),
    torch.div: (Tensor.div_, Tensor.__itruediv__),
}
_KEYS: dict[Function, tuple[Function, bool]] = {
    **{key: (key, False) for key in HAND_DERIVED},
    **{getattr(Tensor, key.__name__): (key, False) for key in HAND_DERIVED if key.__name__ in _METHODS},
    **{alias: (key, False) for key, aliases in _ALIASES.items() for alias in aliases},
    **{alias: (key, True) for key, aliases in _IN_PLACE.items() for alias in aliases},
}
# The key, and what turns the call's arguments into the rule's; None where the call is another function after all.
_REWRITTEN: dict[Function, tuple[Function, Callable[..., Sequence[Any] | None]]] = {
    F.dropout: (F.dropout, _dropout),
    F.linear: (F.linear, _linear),
    F.scaled_dot_product_attention: (F.scaled_dot_product_attention, _attention),
    **dict.fromkeys((torch.max, Tensor.max), (torch.max, _max)),
    Tensor.__rsub__: (torch.sub, lambda x, other: (other, x)),
    Tensor.__rdiv__: (torch.div, lambda x, other: (other, x)),
    Tensor.__rpow__: (torch.pow, lambda x, other: (other, x)),
    Tensor.__rmatmul__: (torch.matmul, lambda x, other: (other, x)),
    **dict.fromkeys((torch.square, Tensor.square), (torch.pow, lambda x: (x, 2))),
    **dict.fromkeys((torch.sqrt, Tensor.sqrt), (torch.pow, lambda x: (x, 0.5))),
    **dict.fromkeys((torch.rsqrt, Tensor.rsqrt), (torch.pow, lambda x: (x, -0.5))),
    **dict.fromkeys((torch.reciprocal, Tensor.reciprocal), (torch.pow, lambda x: (x, -1))),
    **dict.fromkeys((torch.t, Tensor.t, _T), (torch.permute, lambda x: (x, *range(x.dim())[::-1]))),
    **dict.fromkeys((torch.flatten, Tensor.flatten), (torch.flatten, _flatten)),
    Tensor.view_as: (Tensor.view, lambda x, other: (x, other.shape)),
    Tensor.reshape_as: (torch.reshape, lambda x, other: (x, other.shape)),
    Tensor.expand_as: (Tensor.expand, lambda x, other: (x, other.shape)),
    _MT: (torch.transpose, lambda x: (x, -2, -1)),
    Tensor.contiguous: (torch.clone, _contiguous),
}
# What these make of a call depends on sizes, on memory, or on a mask that is drawn.
_BY_CONTENT = {
    F.dropout,
    F.scaled_dot_product_attention,
    *(Tensor.view_as, Tensor.reshape_as, Tensor.expand_as, Tensor.contiguous),
}
_FIRST = {"input", "self", "tensor", "tensors"}
_SYNONYMS = {
    "target": "targets",
    "split_size_or_sections": "split_size",
    "axis": "dim",
    "keepdims": "keepdim",
    "axis0": "dim0",
    "axis1": "dim1",
    "mat2": "other",
    "vec": "other",
}
# What built-in functions take after the rule's own arguments, in torch's order.
_FURTHER: dict[Function, Sequence[str]] = {
    F.max_pool2d: ("ceil_mode", "return_indices"),
    F.avg_pool2d: ("ceil_mode", "count_include_pad", "divisor_override"),
}
_NEUTRAL = {
    "alpha": 1,
    "out": None,
    "dtype": None,
    "rounding_mode": None,
    "ceil_mode": False,
    "return_indices": False,
    "count_include_pad": True,
    "divisor_override": None,
}
