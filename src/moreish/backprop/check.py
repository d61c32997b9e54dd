"""Check your own: a learner's backward, judged like the rules of the table, with the likely mistake in words.

    def my_backward(dy, y):                        # ask by name for what you need
        return dy * (1 - y**2)                     # one gradient per differentiable argument, in order

    print(as_text(check(my_backward, of=torch.tanh)))

The oracle is the rule's forward in float64, differentiated by autograd.
"""

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from moreish.backprop.adapter import tensors_in
from moreish.backprop.canonicalize import canonicalize, key_of, name_of
from moreish.backprop.compare import Comparison, compare, largest
from moreish.backprop.judge import Judge
from moreish.backprop.samples import sample_inputs

Function = Callable[..., Any]


def check(
    mine: Any,
    of: Function,
    *,
    inputs: Iterable[Sequence[Any]] | None = None,
    seeds: Sequence[int] = range(5),
    options: bool = False,
) -> list[Comparison]:
    """Compare a learner's gradients of the torch function `of` with the right ones: one row per argument.

    mine is one of
        a function backward(dy, ...) that asks by name for arguments of `of` and for what our rule saves
        a pair (forward, backward), where y, saved = forward(...) and backward(dy, *saved)
        a class with the two as methods, forward(...) returning y
        a torch.autograd.Function
    Gradients come back as a tuple in the order of the differentiable arguments, or as a dict by name; one tensor
    alone is the first. A forward is compared too, as the row "value".

    inputs: argument tuples for `of`; otherwise samples from `seeds`, in the plain case or, with options=True, in all
    cases. A row tells the worst of the samples. Raises ValueError for a function without a rule, an unknown name, or
    a wrong number of gradients.
    """
    worst: dict[str, Comparison] = {}
    for args in inputs if inputs is not None else _samples(of, seeds, options):
        for row in _check_one(mine, of, args):
            before = worst.get(row.name)
            if before is None or (before.approximate, -before.relative) > (row.approximate, -row.relative):
                worst[row.name] = row
    return list(worst.values())


def _samples(of: Function, seeds: Sequence[int], options: bool) -> Iterable[Sequence[Any]]:
    key = key_of(of)
    if key is None:
        raise ValueError(f"{name_of(of)} has no hand-derived rule, so there is nothing to check against")
    return sample_inputs(key, seeds=seeds, options=options)


def _check_one(mine: Any, of: Function, args: Sequence[Any]) -> list[Comparison]:
    call = canonicalize(of, args, {})
    if call is None:
        raise ValueError(f"{name_of(of)} has no hand-derived rule for these arguments")
    judge = Judge(call.key, call.arguments)
    value, answer = _answer(mine, judge)
    grads = _by_name(answer, judge, name_of(of))
    rows = [] if value is None else [compare("value", value.double(), judge.value)]
    scale = largest(tensors_in(judge.call.dy))
    for name, grad in grads.items():
        row = compare(name, None if grad is None else grad.double(), judge.right[name], scale)
        rows.append(row if row.approximate else row._replace(cause=judge.cause(name, grad)))
    return rows


def _answer(mine: Any, judge: Judge) -> tuple[Tensor | None, Any]:
    """The learner's value, where there is a forward, and gradients as they were returned."""
    offered = judge.offered()
    if inspect.isclass(mine) and issubclass(mine, torch.autograd.Function):
        leaves, named = judge.leaves()
        offered |= dict(zip(judge.parameters, leaves, strict=False))
        with torch.enable_grad():
            value = mine.apply(*_fill(mine.forward, offered, skip=_takes_context(mine)))
            grads = torch.autograd.grad(value, list(named.values()), judge.call.dy, allow_unused=True)
        return next(tensors_in(value)).detach(), dict(zip(named, grads, strict=True))
    if isinstance(mine, tuple | list):
        forward, backward = mine
        value, saved = forward(*_fill(forward, offered))
        return next(tensors_in(value)), backward(judge.call.dy, *saved)
    if hasattr(mine, "forward") and hasattr(mine, "backward"):
        layer: Any = mine() if inspect.isclass(mine) else mine
        value = layer.forward(*_fill(layer.forward, offered))
        return next(tensors_in(value)), layer.backward(judge.call.dy)
    return None, mine(*_fill(mine, offered))


def _fill(function: Function, offered: Mapping[str, Any], skip: int = 0) -> list[Any]:
    """The arguments that the function's parameters ask for by name; those with a default may be unknown."""
    values = []
    for i, p in enumerate(list(inspect.signature(function).parameters.values())[skip:]):
        if p.kind is p.VAR_POSITIONAL:
            values.extend(offered.get(p.name, ()))
        elif p.name in offered:
            values.append(offered[p.name])
        elif p.name in _DY or (i == 0 and p.name.startswith("d")):
            values.append(offered["dy"])
        elif p.default is p.empty:
            name = getattr(function, "__name__", "your function")
            raise ValueError(f'{name} asks for "{p.name}"; there is {", ".join(sorted(offered))}')
        else:
            values.append(p.default)
    return values


_DY = ("dout", "grad", "grad_output", "dloss", "upstream")


def _takes_context(function: type[torch.autograd.Function]) -> int:
    """1 where forward(ctx, ...) takes the context first, 0 where setup_context does."""
    return int(function.setup_context is torch.autograd.Function.setup_context)


def _by_name(answer: Any, judge: Judge, of: str) -> dict[str, Tensor | None]:
    """The gradients by the names of their arguments.

    A tuple has one for each differentiable argument, or stands beside all arguments as the rules' own do: then it is
    longer, or nested, or has None in it.
    """
    expected = list(judge.right)
    if isinstance(answer, Tensor):
        return {expected[0]: answer}
    if isinstance(answer, Mapping):
        if unknown := [name for name in answer if name not in expected]:
            raise ValueError(f'{of} has no gradient "{unknown[0]}"; it has {", ".join(expected)}')
        return dict(answer)
    if len(answer) == len(expected) and all(isinstance(grad, Tensor) for grad in answer):
        return dict(zip(expected, answer, strict=True))
    if len(answer) < len(expected) and all(isinstance(grad, Tensor) for grad in answer):
        raise ValueError(f"{len(answer)} gradients came back; {of} has {len(expected)} here: {', '.join(expected)}")
    found = judge.beside(answer)
    return {name: found.get(name) for name in expected}
