"""The judge: one call of a function, done again in float64 and differentiated by autograd, says what is right."""

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain
from types import SimpleNamespace
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from moreish.backprop.adapter import Slot, pair, put_back, slots, take_out, tensors_in
from moreish.backprop.canonicalize import name_of
from moreish.backprop.causes import Mistake, explain
from moreish.backprop.guesses import guesses
from moreish.backprop.mistakes import evidence
from moreish.backprop.table import HAND_DERIVED, Rule

Function = Callable[..., Any]
_DERIVED = dict(HAND_DERIVED)  # as derived here, whatever somebody puts into the table later
# Where torch's gradient is a decision beside the calculus of the forward: the padding row learns nothing.
_TORCHS_OWN: dict[Function, Function] = {F.embedding: F.embedding}
LOSSES = (F.cross_entropy, F.nll_loss)  # the way back starts at them, with dy = 1


class Judge:
    """The right gradients of one call, by argument name: `right`. `cause(name, wrong)` says what went wrong.

    key: a function of the table, or any other differentiable function of torch, which is then its own oracle.
    arguments: the rule's, in its order; those tensors that require a gradient are judged. dy: as the rule gets it,
    or None: 1 for a loss, where the way back starts, else random numbers. `call` holds the arguments, what the rule
    saves, and dy, under their names, in float64. Raises ValueError where nothing asks for a gradient.
    """

    def __init__(self, key: Function, arguments: Sequence[Any], dy: Any = None):
        self.key = key
        rule = _DERIVED.get(key) or _torchs(key)
        self.parameters = parameters_of(key)
        self._tensors: list[Tensor] = []
        self._tree = take_out(list(arguments), self._tensors)
        leaves, named = self.leaves()
        if not named:
            raise ValueError(f"{name_of(key)}: no argument is a floating-point tensor, so nothing has a gradient")
        with torch.enable_grad():
            y, saved = rule.forward(*leaves)
            y = _TORCHS_OWN[key](*leaves) if key in _TORCHS_OWN else y
        self._results = [t for t in tensors_in(y) if t.is_floating_point()]
        if not any(t.requires_grad for t in self._results):
            raise ValueError(f"{name_of(key)} is not differentiable: there is no gradient to judge")
        self.dys = _start(key, self._results) if dy is None else [d.double() for d in tensors_in(dy)]
        self._leaves = named
        self.value = self._results[0].detach()
        self.right = self.gradients(self.dys)
        kept = dict(zip(parameters_of_backward(rule), _detached(saved), strict=False))
        values = _bound(key, _detached(leaves))
        self.single = isinstance(y, Tensor)
        self.call = SimpleNamespace(**values | {"y": self.value} | kept | {"dy": self._as_dy(self.dys)})

    def leaves(self) -> tuple[list[Any], dict[str, Tensor]]:
        """The arguments as new leaves in float64, and the judged ones among them by name, `weight` or `hx[0]`.

        Where no argument asks for a gradient, every floating-point one does.
        """
        floats = [t.is_floating_point() for t in self._tensors]
        asked = [t.requires_grad for t in self._tensors] if any(t.requires_grad for t in self._tensors) else floats
        doubles = [_double(t, asks) for t, asks in zip(self._tensors, asked, strict=True)]
        named = {name: doubles[i] for name, i in names(self.key, self._tree) if doubles[i].requires_grad}
        return put_back(self._tree, doubles), named

    def gradients(self, dys: Sequence[Tensor]) -> dict[str, Tensor]:
        """The right gradients for these gradients of the results."""
        results = [r for r in self._results if r.requires_grad]
        used = [d for r, d in zip(self._results, dys, strict=False) if r.requires_grad]
        grads = torch.autograd.grad(
            results[: len(used)], list(self._leaves.values()), used, allow_unused=True, retain_graph=True
        )
        pairs = zip(self._leaves.items(), grads, strict=True)
        return {name: torch.zeros_like(leaf) if grad is None else grad for (name, leaf), grad in pairs}

    def another_dy(self) -> Any:
        """Other gradients of the results than those judged by, as the rule gets them."""
        return self._as_dy([0.7 * d + 0.1 * d.roll(1) for d in self.dys])

    def _as_dy(self, dys: Sequence[Tensor]) -> Any:
        return dys[0] if self.single else list(dys)

    def beside(self, grads: Sequence[Any]) -> dict[str, Any] | None:
        """Gradients that stand beside the arguments, as a rule returns them, by name; None where they do not."""
        if len(grads) > len(self._tree):
            return None
        for argument, grad in zip(self._tree, grads, strict=False):
            if argument is not None and not any(True for _ in slots(argument)) and grad is not None:
                return None  # a gradient beside an option
        by_number = {number: name for name, number in names(self.key, self._tree)}
        return {by_number[slot.i]: grad for slot, grad in pair(self._tree, grads)}

    def offered(self) -> dict[str, Any]:
        """What a learner's function may ask for, in copies: arguments, also under torch's names, what the rule
        saves, the value y, and dy."""
        offered = {name: _detached_copy(value) for name, value in vars(self.call).items()}
        first = offered[self.parameters[0]]
        synonyms = {"input": first, "x": first} | ({"target": offered["targets"]} if "targets" in offered else {})
        return synonyms | offered

    def own_name(self, name: str) -> str:
        """The name of an argument as it is called here, where somebody says `input` or `x` of the first."""
        is_first = name in ("input", "x") and name not in self.right
        return self.parameters[0] if is_first else name

    def changed(self, offered: Mapping[str, Any]) -> list[str]:
        """What a learner's function has written into, of all that it was offered: arguments first, dy last."""
        names = [name for name in self.parameters if name in vars(self.call)]
        names += [name for name in vars(self.call) if name not in names]
        pairs = [(name, a, b) for name in names for a, b in _paired(vars(self.call)[name], offered.get(name))]
        return list(dict.fromkeys(name for name, a, b in pairs if a.shape == b.shape and not _same(a, b)))

    def cause(self, name: str, wrong: Tensor | None, tolerance: float = 0.0) -> str:
        """The likely mistake, as a phrase. tolerance: what the gradient had to keep to; 0 if that is not known."""
        call = SimpleNamespace(**vars(self.call), right=self.right[name])
        found = evidence(self.key, name, call)
        others = {other: grad for other, grad in self.right.items() if other != name}
        return explain(
            wrong,
            self.right[name],
            found._replace(
                mistakes=[*found.mistakes, *self._otherwise(name)],
                others=others,
                tolerance=tolerance,
                guesses=chain(self._one_example(name), guesses(self.right[name], self._arriving(), found.quantities)),
            ),
        )

    def _arriving(self) -> dict[str, Tensor]:
        """The gradients that come in, by name."""
        return {"dy" if self.single else f"dy[{i}]": d for i, d in enumerate(self.dys)}

    def _otherwise(self, name: str) -> Iterator[Mistake]:
        """What comes of calling the function with another option: a dimension, a mask, an index left out."""
        for parameter, value in vars(self.call).items():
            for words, changed in _changes(parameter, value, self.call):
                yield words, lambda parameter=parameter, changed=changed: self._with(parameter, changed, name)

    def _one_example(self, name: str) -> Iterator[Mistake]:
        """What is left of a sum over the batch where each example overwrites the one before."""
        batch = self.dys[0].shape[0] if self.dys[0].dim() > 1 else 0
        for words, i in (("last", batch - 1), ("first", 0)) if batch > 1 else ():
            yield (
                f"only the {words} example of the batch arrives: overwritten instead of added",
                lambda i=i: self.gradients([_only(d, i) for d in self.dys])[name],
            )

    def _with(self, parameter: str, value: Any, name: str) -> Tensor:
        if parameter not in self.parameters:
            raise ValueError(parameter)
        arguments = put_back(self._tree, self._tensors)
        arguments[self.parameters.index(parameter)] = value
        return Judge(self.key, arguments, self.dys).right[name]


def _only(d: Tensor, i: int) -> Tensor:
    kept = torch.zeros_like(d)
    kept[i] = d[i]
    return kept


def _changes(parameter: str, value: Any, call: SimpleNamespace) -> Iterator[tuple[str, Any]]:
    """Other values of an option that people take by mistake, and what to say of it."""
    match parameter:
        case "dim" if isinstance(value, int):
            dims = next((t.dim() for t in vars(call).values() if isinstance(t, Tensor) and t.is_floating_point()), 0)
            for dim in range(dims):
                if dim != value % max(dims, 1):
                    yield f"it runs over dimension {dim} (the wrong axis), and dimension {value} belongs there", dim
        case "is_causal":
            words = "the causal mask is missing" if value else "a causal mask is applied, and there is none"
            yield words, not value
        case "padding_idx" if value is not None:
            yield "padding_idx is ignored: the padding row gets a gradient, and none belongs there", None
        case "label_smoothing" if value:
            yield "label_smoothing is ignored", 0.0
        case "eps" if value:
            yield f"eps = {value:g} is left out of the root", 1e-30  # a rule may refuse 0
        case "ignore_index":
            yield "ignore_index is ignored: targets that do not count get a gradient", -(10**6)
        case _:
            return


def names(key: Function, tree: Sequence[Any]) -> Iterator[tuple[str, int]]:
    """The name of every tensor among the arguments, `weight` or `hx[0]`, with its number."""
    for name, argument in zip(parameters_of(key), tree, strict=False):
        yield from _names(name, argument)


def parameters_of(key: Function) -> list[str]:
    """The names of the arguments: the rule's, or for a function without one torch's own, the first of them x."""
    if key in _DERIVED:
        return list(inspect.signature(_DERIVED[key].forward).parameters)
    signature = inspect.signature(torch.overrides.get_testing_overrides().get(key, key))
    found = [name for name, p in signature.parameters.items() if p.kind is not p.VAR_KEYWORD]
    found = ["dim" if name == "names" else name for name in found]  # as its page says, logsumexp(input, dim)
    return ["x" if i == 0 and name in ("input", "self", "tensor") else name for i, name in enumerate(found)]


def parameters_of_backward(rule: Rule) -> list[str]:
    """The names of what the rule saves."""
    return list(inspect.signature(rule.backward).parameters)[1:]


def _torchs(function: Function) -> Rule:
    """A function of torch as its own rule: only its forward is asked."""
    return Rule(lambda *args: (function(*args), ()), lambda dy: ())


def _names(name: str, tree: Any) -> Iterator[tuple[str, int]]:
    if isinstance(tree, Slot):
        yield name, tree.i
    elif isinstance(tree, tuple | list):
        for i, part in enumerate(tree):
            yield from _names(f"{name}[{i}]", part)


def _bound(key: Function, arguments: Sequence[Any]) -> dict[str, Any]:
    """The arguments by name; view(x, 2, 3) has x and sizes."""
    if key in _DERIVED:
        return dict(inspect.signature(_DERIVED[key].forward).bind(*arguments).arguments)
    return dict(zip(parameters_of(key), arguments, strict=False))


def _double(t: Tensor, asks: bool) -> Tensor:
    if not t.is_floating_point():
        return t.detach().clone()
    return t.detach().to(torch.float64, copy=True).requires_grad_(asks)


def _start(key: Function, results: Sequence[Tensor]) -> list[Tensor]:
    if key in LOSSES:
        return [torch.ones_like(t) for t in results]
    generator = torch.Generator().manual_seed(0)
    return [torch.randn(t.shape, generator=generator, dtype=torch.float64).to(t.device) for t in results]


def _detached(tree: Any) -> Any:
    tensors: list[Tensor] = []
    slots = take_out(tree, tensors)
    return put_back(slots, [t.detach() for t in tensors])


def _detached_copy(tree: Any) -> Any:
    tensors: list[Tensor] = []
    slots = take_out(tree, tensors)
    return put_back(slots, [t.detach().clone() for t in tensors])


def _same(one: Tensor, other: Tensor) -> bool:
    return torch.equal(one, other) or bool(((one == other) | (one.isnan() & other.isnan())).all())


def _paired(one: Any, other: Any) -> Iterator[tuple[Tensor, Tensor]]:
    return zip(tensors_in(one), tensors_in(other), strict=False)
