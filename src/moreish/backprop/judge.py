"""The judge: one call of a rule, done again in float64 and differentiated by autograd, says what is right."""

import inspect
from collections.abc import Callable, Iterator, Sequence
from types import SimpleNamespace
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from moreish.backprop.adapter import Slot, pair, put_back, take_out, tensors_in
from moreish.backprop.causes import explain
from moreish.backprop.mistakes import evidence
from moreish.backprop.table import HAND_DERIVED

Function = Callable[..., Any]
_DERIVED = dict(HAND_DERIVED)  # as derived here, whatever somebody puts into the table later
# Where torch's gradient is a decision beside the calculus of the forward: the padding row learns nothing.
_TORCHS_OWN: dict[Function, Function] = {F.embedding: F.embedding}


class Judge:
    """The right gradients of one call, by argument name: `right`. `cause(name, wrong)` says what went wrong.

    arguments: the rule's, in its order; those tensors that require a gradient are judged. dy: as the rule gets it,
    or None: 1 for a loss, where the way back starts, else random numbers. `call` holds the arguments, what the rule
    saves, and dy, under their names, in float64.
    """

    def __init__(self, key: Function, arguments: Sequence[Any], dy: Any = None):
        self.key = key
        forward, backward = _DERIVED[key]
        self.parameters = _parameters(forward)
        self._tensors: list[Tensor] = []
        self._tree = take_out(list(arguments), self._tensors)
        leaves, named = self.leaves()
        with torch.enable_grad():
            y, saved = forward(*leaves)
            y = _TORCHS_OWN[key](*leaves) if key in _TORCHS_OWN else y
        results = [t for t in tensors_in(y) if t.is_floating_point()]
        dys = _start(key, results) if dy is None else [d.double() for d in tensors_in(dy)][: len(results)]
        grads = torch.autograd.grad(results, list(named.values()), dys, allow_unused=True)
        self.value = results[0].detach()
        self.right = {
            name: torch.zeros_like(leaf) if grad is None else grad
            for (name, leaf), grad in zip(named.items(), grads, strict=True)
        }
        kept = dict(zip(_parameters(backward)[1:], _detached(saved), strict=False))
        values = _bound(forward, _detached(leaves))
        self.call = SimpleNamespace(**values | kept | {"dy": dys[0] if isinstance(y, Tensor) else dys})

    def leaves(self) -> tuple[list[Any], dict[str, Tensor]]:
        """The arguments as new leaves in float64, and the judged ones among them by name, `weight` or `hx[0]`."""
        doubles = [_double(t) for t in self._tensors]
        named = {name: doubles[i] for name, i in names(self.key, self._tree) if doubles[i].requires_grad}
        return put_back(self._tree, doubles), named

    def beside(self, grads: Sequence[Any]) -> dict[str, Tensor | None]:
        """Gradients that stand beside the arguments, as a rule returns them, by name."""
        by_number = {number: name for name, number in names(self.key, self._tree)}
        return {by_number[slot.i]: grad for slot, grad in pair(self._tree, grads)}

    def offered(self) -> dict[str, Any]:
        """What a learner's function may ask for: arguments, also under torch's names, what the rule saves, and dy."""
        offered = vars(self.call)
        return (
            {"input": offered[self.parameters[0]]}
            | ({"target": offered["targets"]} if "targets" in offered else {})
            | offered
        )

    def cause(self, name: str, wrong: Tensor | None) -> str:
        """The likely mistake, as a phrase."""
        call = SimpleNamespace(**vars(self.call), right=self.right[name])
        return explain(wrong, self.right[name], evidence(self.key, name, call))


def names(key: Function, tree: Sequence[Any]) -> Iterator[tuple[str, int]]:
    """The name of every tensor among the rule's arguments, `weight` or `hx[0]`, with its number."""
    parameters = _parameters(_DERIVED[key].forward)
    for name, argument in zip(parameters, tree, strict=False):
        yield from _names(name, argument)


def _names(name: str, tree: Any) -> Iterator[tuple[str, int]]:
    if isinstance(tree, Slot):
        yield name, tree.i
    elif isinstance(tree, tuple | list):
        for i, part in enumerate(tree):
            yield from _names(f"{name}[{i}]", part)


def _parameters(function: Function) -> list[str]:
    return list(inspect.signature(function).parameters)


def _bound(forward: Function, arguments: Sequence[Any]) -> dict[str, Any]:
    """The arguments by name; view(x, 2, 3) has x and sizes."""
    return dict(inspect.signature(forward).bind(*arguments).arguments)


def _double(t: Tensor) -> Tensor:
    if not t.is_floating_point():
        return t.detach()
    return t.detach().to(torch.float64, copy=True).requires_grad_(t.requires_grad)


def _start(key: Function, results: Sequence[Tensor]) -> list[Tensor]:
    if key in (F.cross_entropy, F.nll_loss):
        return [torch.ones_like(t) for t in results]
    generator = torch.Generator().manual_seed(0)
    return [torch.randn(t.shape, generator=generator, dtype=torch.float64).to(t.device) for t in results]


def _detached(tree: Any) -> Any:
    tensors: list[Tensor] = []
    slots = take_out(tree, tensors)
    return put_back(slots, [t.detach() for t in tensors])
