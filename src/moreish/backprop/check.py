"""Check your own: a learner's backward, judged like the rules of the table, with the likely mistake in words.

    def my_backward(dy, y):                        # ask by name for what you need
        return dy * (1 - y**2)                     # one gradient per differentiable argument, in order

    print(as_text(check(my_backward, of=torch.tanh)))

The oracle is the function's forward in float64, differentiated by autograd: the rule's where the table has one, else
torch's own.
"""

import inspect
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, NamedTuple

import torch
from torch import Tensor

from moreish.backprop.adapter import put_back, take_out, tensors_in
from moreish.backprop.agreement import Comparison, compare, largest, tolerance
from moreish.backprop.answers import NOTHING, by_name, read_answer
from moreish.backprop.canonicalize import canonicalize, has_own_arguments, key_of, name_of
from moreish.backprop.causes import UNKNOWN
from moreish.backprop.guessed_samples import any_sample_inputs
from moreish.backprop.judge import Judge
from moreish.backprop.samples import sample_inputs

Function = Callable[..., Any]
MORE = 100  # samples to look through for some that a narrower name of the same function takes


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
        a function backward(dy, ...) that asks by name for arguments of `of`, for y, and for what our rule saves
        a pair (forward, backward), where y, saved = forward(...) and backward(dy, *saved)
        a class with the two as methods, forward(...) returning y
        a torch.autograd.Function
    Gradients come back as a tuple in the order of the differentiable arguments, or as a dict by name; one tensor
    alone is the first. A forward is compared too, as the row "value".

    inputs: argument tuples for `of`, of which those that require a gradient are judged, or all where none does;
    otherwise samples from `seeds`, in the plain case or, with options=True, in all cases. A row tells the worst of
    the samples. What is no gradient at all (None, a number, a numpy array, whole numbers), what changes its arguments
    in place, and what takes no notice of dy is a row that fails, with a sentence. Raises ValueError for a function
    that is not differentiable, an unknown name, or a wrong number of gradients.
    """
    found: dict[str, list[Comparison]] = {}
    for args in inputs if inputs is not None else _samples(of, seeds, options):
        for row in _check_one(mine, of, args):
            found.setdefault(row.name, []).append(row)
    if not found:
        raise ValueError("nothing was judged: there is no sample, or no gradient came back")
    return [_worst(rows) for rows in found.values()]


def _worst(rows: Sequence[Comparison]) -> Comparison:
    """The row that is farthest off, with the cause that the samples name most often: one sample may mislead."""
    worst = max(rows, key=lambda row: (not row.approximate, row.relative))
    known = Counter(_kind(row.cause) for row in rows if row.cause and not row.cause.startswith(UNKNOWN))
    unknown = sum(bool(row.cause) for row in rows) - known.total()
    if not known or known.most_common(1)[0][1] < unknown:
        return next((row for row in (worst, *rows) if row.cause and row.cause.startswith(UNKNOWN)), worst)
    most = max(known.values())
    likely = [row.cause for row in (worst, *rows) if row.cause and known[_kind(row.cause)] == most]
    return worst._replace(cause=likely[0])


def _kind(cause: str) -> str:
    """A cause without its numbers: n is another one in each sample."""
    return re.sub(r"[-+]?\d+(\.\d+)?(e[-+]?\d+)?", "#", cause)


def _samples(of: Function, seeds: Sequence[int], options: bool) -> Iterable[Sequence[Any]]:
    key = key_of(of)
    if key is None or has_own_arguments(of):
        return any_sample_inputs(of, seeds)
    if of is key:
        return sample_inputs(key, seeds=seeds, options=options)
    return _samples_of_alias(of, key, seeds, options)


def _samples_of_alias(of: Function, key: Function, seeds: Sequence[int], options: bool) -> Iterator[Sequence[Any]]:
    """Those of the rule that this name for it takes, too: mm takes no batch, bmm nothing else.

    Plain ones, or where none of them fits, of all cases. Raises ValueError where none of those fits.
    """
    for every in (options, True):
        more = range(MORE) if every else seeds
        fitting = (args for args in sample_inputs(key, seeds=[*seeds, *more], options=every) if _takes(of, args))
        if found := list(islice(fitting, len(seeds))):
            yield from found
            return
    if seeds:
        raise ValueError(f"there are no samples for {name_of(of)}: give some, as inputs=[(x, ...), ...]")


def _takes(of: Function, args: Sequence[Any]) -> bool:
    tensors: list[Tensor] = []
    tree = take_out(list(args), tensors)
    try:
        of(*put_back(tree, [t.detach().clone() for t in tensors]))
    except (RuntimeError, TypeError, ValueError, IndexError):
        return False
    return True


def _judge(of: Function, args: Sequence[Any]) -> Judge:
    """By the rule of the table, or where it has none for this call, by torch's own function."""
    call = None if has_own_arguments(of) else canonicalize(of, args, {})
    return Judge(of, args) if call is None else Judge(call.key, call.arguments)


def _check_one(mine: Any, of: Function, args: Sequence[Any]) -> list[Comparison]:
    judge = _judge(of, args)
    attempt = _attempt(mine, judge, judge.call.dy)
    found = _found(attempt.answer, judge, name_of(of))
    rows = [] if attempt.value is None else [compare("value", attempt.value.double(), judge.value)]
    scale = largest(tensors_in(judge.call.dy))
    nothing = attempt.answer is None
    rows += [_row(name, found.get(name), judge, scale, nothing) for name in (judge.right if nothing else found)]
    return _with_habits(rows, mine, judge, attempt)


def _row(name: str, given: object, judge: Judge, scale: float, nothing: bool) -> Comparison:
    grad, fault = read_answer(given)
    double = None if grad is None else grad.double()
    row = compare(name, double, judge.right[name], scale, worked_in=None if grad is None else grad.dtype)
    if fault is None and nothing:
        fault = NOTHING
    if row.approximate and fault is None:
        return row
    allowed = 0.0 if grad is None else tolerance(grad.double(), judge.right[name], scale, worked_in=grad.dtype)
    if fault is not None:
        wrong = grad is not None and not row.approximate
        cause = f"{fault}; and {judge.cause(name, grad, allowed)}" if wrong else fault
        return row._replace(exact=False, approximate=False, cause=cause)
    return row._replace(cause=judge.cause(name, grad, allowed))


def _with_habits(rows: list[Comparison], mine: Any, judge: Judge, attempt: "_Attempt") -> list[Comparison]:
    """Rows fail too where the numbers are right by chance: an argument was written into, dy was not looked at."""
    faults = {}
    if changed := judge.changed(attempt.offered):
        faults = {
            row.name: f"{changed[0]} is changed in place: whoever needs it later gets other numbers. Work on a copy"
            for row in rows
            if row.name.partition("[")[0] in changed
        }
        faults = faults or {rows[0].name: f"{changed[0]} is changed in place. Work on a copy"}
    elif attempt.takes_dy and all(row.approximate for row in rows):
        faults = _with_another_dy(rows, mine, judge, attempt)
    return [
        row._replace(exact=False, approximate=False, cause=faults[row.name])
        if row.name in faults and row.approximate
        else row
        for row in rows
    ]


def _with_another_dy(rows: list[Comparison], mine: Any, judge: Judge, attempt: "_Attempt") -> dict[str, str]:
    """What is wrong with another dy, where all is right with the first."""
    dy = judge.another_dy()
    again = _attempt(mine, judge, dy).answer
    first, other = _found(attempt.answer, judge, name_of(judge.key)), _found(again, judge, name_of(judge.key))
    right, faults = judge.gradients(list(tensors_in(dy))), {}
    for row in rows:
        if row.name not in right:
            continue
        grad, before = read_answer(other.get(row.name)).grad, read_answer(first.get(row.name)).grad
        if compare(row.name, _double(grad), right[row.name], worked_in=_dtype(grad)).approximate:
            continue
        ignored = grad is not None and before is not None and torch.equal(grad, before)
        faults[row.name] = (
            "dy is ignored: with another dy the gradient must be another one"
            if ignored
            else "it is right for one dy and wrong for another: a gradient is proportional to dy"
        )
    return faults


def _copied(dy: Any) -> Any:
    return dy.clone() if isinstance(dy, Tensor) else [d.clone() for d in dy]


class _Attempt(NamedTuple):
    """What a learner's code did with one call.

    value: its forward's, where there is one. answer: gradients as they were returned. offered: what it was given to
    work with, after the call. takes_dy: it was handed dy.
    """

    value: Tensor | None
    answer: Any
    offered: Mapping[str, Any]
    takes_dy: bool


def _attempt(mine: Any, judge: Judge, dy: Any) -> _Attempt:
    """Let the learner's code work on copies."""
    dy = _copied(dy)
    offered = judge.offered() | {"dy": dy}
    if inspect.isclass(mine) and issubclass(mine, torch.autograd.Function):
        return _by_function(mine, judge, offered, dy)
    if isinstance(mine, tuple | list):
        return _by_pair(mine, offered, dy)
    if hasattr(mine, "forward") and hasattr(mine, "backward"):
        layer: Any = mine() if inspect.isclass(mine) else mine
        value, _ = _call(layer.forward, offered)
        takes = bool(inspect.signature(layer.backward).parameters)
        answer = layer.backward(dy) if takes else layer.backward()
        return _Attempt(tensors_in(value)[0], answer, offered, takes)
    answer, takes = _call(mine, offered)
    return _Attempt(None, answer, offered, takes)


def _by_pair(mine: Sequence[Any], offered: dict[str, Any], dy: Any) -> _Attempt:
    """y, saved = forward(...), and backward(dy, *saved); one tensor alone may stand for the tuple with it."""
    if len(mine) != 2:
        raise ValueError(f"(forward, backward) are two functions, and {len(mine)} came")
    forward, backward = mine
    results = _call(forward, offered)[0]
    if not isinstance(results, tuple | list) or len(results) != 2:
        kind = f"{len(results)} values" if isinstance(results, tuple | list) else f"a {type(results).__name__}"
        raise ValueError(f"forward returned {kind}, and (y, saved) belongs there: saved is a tuple for backward")
    value, saved = results
    saved = saved if isinstance(saved, tuple | list) else () if saved is None else (saved,)
    try:
        inspect.signature(backward).bind(dy, *saved)
    except TypeError as error:
        raise ValueError(f"backward(dy, *saved) gets dy and the {len(saved)} that forward saved: {error}") from None
    except ValueError:  # it does not say what it takes
        pass
    return _Attempt(tensors_in(value)[0], backward(dy, *saved), offered, takes_dy=True)


def _by_function(mine: type[torch.autograd.Function], judge: Judge, offered: dict[str, Any], dy: Any) -> _Attempt:
    """Through torch's engine, from new leaves."""
    leaves, named = judge.leaves()
    by_parameter = dict(zip(judge.parameters, leaves, strict=False))
    before = [t.detach().clone() for t in tensors_in(leaves)]
    synonyms = {"input": leaves[0], "x": leaves[0]}
    synonyms |= {"target": by_parameter["targets"]} if "targets" in by_parameter else {}
    with torch.enable_grad():
        filled = _fill(mine.forward, offered | synonyms | by_parameter, skip=_takes_context(mine))
        value: Any = mine.apply(*filled.arguments)
        results = list(tensors_in(value))
        grads = torch.autograd.grad(results, list(named.values()), list(tensors_in(dy)), allow_unused=True)
    after = dict(zip(judge.parameters, leaves, strict=False))
    changed = [not torch.equal(a, b) for a, b in zip(before, tensors_in(leaves), strict=True)]
    seen = {name: after[name] for name in after} if any(changed) else {}
    return _Attempt(results[0].detach(), dict(zip(named, grads, strict=True)), offered | seen, takes_dy=True)


class _Filled(NamedTuple):
    """What the parameters of a function ask for, by place and by name, and whether dy is among it."""

    arguments: list[Any]
    keywords: dict[str, Any]
    takes_dy: bool


def _call(function: Function, offered: Mapping[str, Any]) -> tuple[Any, bool]:
    """What the function returns for what it asks for, and whether it asks for dy."""
    filled = _fill(function, offered)
    return function(*filled.arguments, **filled.keywords), filled.takes_dy


def _fill(function: Function, offered: Mapping[str, Any], skip: int = 0) -> _Filled:
    """The arguments that the function's parameters ask for by name; those with a default may be unknown."""
    values: list[Any] = []
    keywords: dict[str, Any] = {}
    takes_dy = False
    try:
        parameters = list(inspect.signature(function).parameters.values())[skip:]
    except (ValueError, TypeError):
        name = getattr(function, "__name__", "this")
        raise ValueError(
            f"{name} does not say what its parameters are called: wrap it in a function of your own"
        ) from None
    for i, p in enumerate(parameters):
        is_dy = p.name == "dy" or (p.name not in offered and _means_dy(p.name, i))
        if p.kind is p.VAR_KEYWORD:
            continue
        if p.kind is p.VAR_POSITIONAL and p.name in offered:
            values.extend(offered[p.name])
            continue
        if p.kind is p.VAR_POSITIONAL:
            raise ValueError(f"*{p.name} asks for nothing by name; there is {', '.join(sorted(offered))}")
        if not is_dy and p.name not in offered and p.default is p.empty:
            name = getattr(function, "__name__", "your function")
            raise ValueError(f'{name} asks for "{p.name}"; there is {", ".join(sorted(offered))}')
        value = offered["dy"] if is_dy else offered.get(p.name, p.default)
        takes_dy = takes_dy or is_dy
        if p.kind is p.KEYWORD_ONLY:
            keywords[p.name] = value
        else:
            values.append(value)
    return _Filled(values, keywords, takes_dy)


_DY = ("g", "gy", "gout", "gradient", "upstream")  # and all that begins with grad, or stands first and with d


def _means_dy(name: str, place: int) -> bool:
    return (
        name in _DY
        or name.startswith(("grad_", "dout", "dloss"))
        or name == "grad"
        or (place == 0 and name.startswith("d"))
    )


def _takes_context(function: type[torch.autograd.Function]) -> int:
    """1 where forward(ctx, ...) takes the context first, 0 where setup_context does."""
    return int(function.setup_context is torch.autograd.Function.setup_context)


def _found(answer: Any, judge: Judge, of: str) -> dict[str, object]:
    """What came back for each argument, by the name that it has here."""
    if isinstance(answer, Mapping):
        own = [judge.own_name(name) for name in answer]
        if twice := [name for name, count in Counter(own).items() if count > 1]:
            raise ValueError(f"{of}: the gradient of {twice[0]} came back twice, under two names")
        answer = dict(zip(own, answer.values(), strict=True))
    beside = judge.beside(answer) if isinstance(answer, tuple | list) else None
    return by_name(answer, list(judge.right), beside, of)


def _double(grad: Tensor | None) -> Tensor | None:
    return None if grad is None else grad.double()


def _dtype(grad: Tensor | None) -> torch.dtype | None:
    return None if grad is None else grad.dtype
