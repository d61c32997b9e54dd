"""The comparison: every gradient of anybody's module, hand-derived against autograd, parameter by parameter.

    print(as_text(compare_gradients(model, lambda: F.cross_entropy(model(x), y))))

Where a gradient is wrong, the loss runs once more and every call is judged by itself.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.autograd.graph import Node
from torch.utils.checkpoint import CheckpointError, CheckpointFunction

from moreish import markup
from moreish.backprop.adapter import DeferredCall, Layout, apply, put_back, tensors_in
from moreish.backprop.agreement import Comparison, compare, largest, tolerance
from moreish.backprop.by_hand import ByHand
from moreish.backprop.canonicalize import name_of
from moreish.backprop.foreign import (
    STEPS,
    Caught,
    Wrong,
    catching,
    difference_of_loss,
    functions_in,
    judge_function,
)
from moreish.backprop.graph import Names, behind, describe, edges_behind, nodes_of, stranger
from moreish.backprop.judge import Judge, names
from moreish.backprop.precision import HALVES, precision


def compare_gradients(module: nn.Module, loss: Callable[[], Tensor], *, intermediates: bool = False) -> "Comparisons":
    """Run `loss` by autograd and by hand from the same state; compare the gradient of every parameter of `module`.

    `loss` takes nothing and returns a scalar. Both runs start from the same random numbers and buffers (running
    statistics), which are put back afterwards; `.grad` is not touched. A generator of your own inside `loss` is yours
    to reset. With intermediates=True the gradient of every value on the way is compared too, latest first.

    Where somebody's own backward is in the graph (an `autograd.Function`, a scripted function), both runs take it as
    it is. Then it is held against finite differences. A row is never exact where its gradient passes what no rule
    here derived, a function of torch without a rule, too; `unjudged` of the result says which. Raises ValueError for
    a reentrant checkpoint: it runs a way back of its own inside.
    """
    parameters = {name: p for name, p in module.named_parameters() if p.requires_grad}
    if not parameters:
        raise ValueError("the module has no parameter that asks for a gradient: there is nothing to compare")
    by_autograd, by_hand = _Watch(module, rules={}), _Watch(module)
    right = by_autograd.gradients(loss, parameters, intermediates)
    mine = by_hand.gradients(loss, parameters, intermediates)
    if right.keys() != mine.keys():
        raise ValueError(
            "the loss took another way the second time. It must not depend on what an earlier call left behind, "
            "nor on a random generator of its own"
        )
    scale = largest(g for g in right.values() if g is not None)
    rows = [compare(name, mine[name], right[name], scale, worked_in=by_hand.worked_in) for name in right]
    judging = _Judging(module)
    judging.gradients(loss, parameters, intermediates)
    causes = judging.causes({**judging.values, **parameters})
    rows = [_judged(row, *causes[row.name]) for row in rows]
    changing = (
        set() if all(row.approximate for row in rows) else _changing(module, loss, parameters, intermediates, right)
    )
    if by_hand.foreign:
        rows = _beside_differences(rows, module, loss, parameters, right, by_hand, bool(changing))
    rows = [_with_change(row) if row.name in changing and not row.approximate else row for row in rows]
    rows = [row._replace(exact=row.exact and not by_hand.unjudged.get(row.name)) for row in rows]
    unjudged = dict.fromkeys(phrase for passed in by_hand.unjudged.values() for phrase in passed)
    return Comparisons(rows, list(unjudged))


class Comparisons(list[Comparison]):
    """The rows, and what no rule here derived: functions that both runs took from torch or from somebody else."""

    def __init__(self, rows: Iterable[Comparison], unjudged: Sequence[str] = ()):
        super().__init__(rows)
        self.unjudged = list(unjudged)

    def _repr_html_(self) -> str:
        """What a notebook shows: a row a gradient, the likely mistake beside it."""
        marks = {(True, True): "✓ to the bit", (False, True): "✓ up to rounding", (False, False): "✕ wrong"}
        rows = [(r.name, marks[r.exact, r.approximate], f"{r.maxdiff:.1e}", r.cause or "") for r in self]
        table = markup.table(rows, ("gradient", "", "largest difference", "likely mistake"))
        return table + "".join(markup.line(f"not derived by hand: {phrase}") for phrase in self.unjudged)


CHANGES = (
    "two runs by autograd alone differ here, too: the loss is not deterministic. It counts, keeps something from "
    "call to call, or draws from a generator of its own: reset that at its start"
)


def _changing(
    module: nn.Module,
    loss: Callable[[], Tensor],
    parameters: Mapping[str, Tensor],
    intermediates: bool,
    right: Mapping[str, Tensor | None],
) -> set[str]:
    """The gradients that differ where autograd does the same once more, and again: one with a period of 2 comes back.

    What was built on first use only is different in the first run alone.
    """
    found: set[str] = set()
    for _ in range(2):
        again = _Watch(module, rules={}).gradients(loss, parameters, intermediates)
        if again.keys() != right.keys():
            return set(right)
        scale = largest(g for g in right.values() if g is not None)
        found |= {name for name, g in again.items() if not compare(name, g, right[name], scale).approximate}
    return found


def _with_change(row: Comparison) -> Comparison:
    return row._replace(cause=f"{row.cause}; and {CHANGES}" if row.cause else CHANGES)


def _judged(row: Comparison, own: str, later: str) -> Comparison:
    """A row fails, too, where the call made with its value was wrong by itself, however little that weighs."""
    if row.approximate:
        return row._replace(exact=False, approximate=False, cause=own) if own else row
    return row._replace(cause=own or later or None)


def _beside_differences(
    rows: list[Comparison],
    module: nn.Module,
    loss: Callable[[], Tensor],
    parameters: Mapping[str, Tensor],
    grads: Mapping[str, Tensor | None],
    run: "_Watch",
    changing: bool,
) -> list[Comparison]:
    """The rows whose gradient passes a foreign backward, held against finite differences.

    Those of a loss that changes from call to call (`changing`) say nothing.
    """
    caught: list[Caught] = []
    with catching(run.functions, caught), _same_start(module):
        value = loss()
    del value
    answers = [(call, _wrong_in(call)) for call in caught]
    wrong = {(w.function, w.position): w for _, found in answers for w in found or ()}
    judged_apart = {call.function.__name__ for call, found in answers if found is not None}

    def number() -> float:
        with _same_start(module), torch.no_grad():
            return float(loss().double())

    unsettled = {n for n, passed in run.foreign.items() if passed and (wrong or not _all_apart(passed, judged_apart))}
    moved = {n: p for n, p in parameters.items() if n in unsettled and not changing}
    found = difference_of_loss(number, moved, grads)
    judged = []
    for row in rows:
        passed = run.foreign.get(row.name, {})
        sentences = [
            f"{w.function}, {w.sentence}" for key, w in wrong.items() if key in run.passing.get(row.name, ())
        ]
        off, is_off = found.get(row.name, (row.maxdiff, False))
        if not passed:
            judged.append(row)
        elif sentences or (is_off and row.approximate):
            names = "; ".join(passed)
            cause = "; ".join(sentences) or f"finite differences give another gradient; it passes {names}"
            judged.append(row._replace(exact=False, approximate=False, maxdiff=max(off, row.maxdiff), cause=cause))
        else:
            judged.append(row._replace(exact=False))
    return judged


def _all_apart(passed: Names, functions: set[str]) -> bool:
    """Whether every foreign backward on the way is a function whose calls were judged by themselves."""
    return all(any(phrase.startswith(f"{name}:") for name in functions) for phrase in passed)


def _wrong_in(call: Caught) -> list[Wrong] | None:
    for dtype in STEPS:
        try:
            return judge_function(call, dtype)
        except Exception:  # a stranger's function need not run in float64
            continue
    return None  # the whole loss is judged all the same


def as_text(rows: Iterable[Comparison]) -> str:
    """The comparison as text, one line a gradient, the causes below the lines that need one."""
    unjudged = rows.unjudged if isinstance(rows, Comparisons) else []
    rows = list(rows)
    width = max((len(row.name) for row in rows), default=0)
    lines = []
    for row in rows:
        judged = f"exact: {row.exact!s:5}  approximate: {row.approximate!s:5}  maxdiff: {row.maxdiff:.1e}"
        lines.append(f"{row.name:{width}}  {judged}")
        if row.cause:
            lines.append(f"{'':{width}}  {row.cause}")
    lines += [f"not derived by hand: {phrase}" for phrase in unjudged]
    return "\n".join(lines)


def _foreign(node: Node) -> str | None:
    return None if stranger(node) is None else describe(node)


class _Watch(ByHand):
    """A by_hand context that remembers every value on the way, under the path of the submodule that made it."""

    def __init__(self, module: nn.Module, **options: Any):
        super().__init__(**options)
        self.module = module
        self.path = [""]
        self.values: dict[str, Tensor] = {}
        self.foreign: dict[str, Names] = {}  # what a gradient passes that is somebody else's
        self.unjudged: dict[str, Names] = {}  # and what of torch's own has no rule, too
        self.passing: dict[str, set[tuple[str, int]]] = {}  # foreign functions, and by which of their arguments
        self.functions: set[type[torch.autograd.Function]] = set()
        self.worked_in: torch.dtype | None = None  # the lowest precision of a call, where autocast chose one
        self._recording = True
        self._times: Counter[str] = Counter()

    def gradients(
        self, loss: Callable[[], Tensor], parameters: Mapping[str, Tensor], intermediates: bool
    ) -> dict[str, Tensor | None]:
        """The gradients of the values on the way, latest first, if asked for, and of the parameters."""
        with _same_start(self.module):
            with torch.enable_grad(), self._paths(), self:
                value = loss()
                self._recording = False  # a checkpoint runs its forward again on the way back
                if not isinstance(value, Tensor) or not value.requires_grad or value.numel() != 1:
                    raise ValueError("loss() must return one number that depends on the module's parameters")
                values = {**dict(reversed(self.values.items())), **parameters} if intermediates else parameters
                self.foreign = behind(value, dict(values), _foreign)
                self.unjudged = behind(value, dict(values))
                self.passing = edges_behind(value, dict(values))
                self.functions = functions_in(nodes_of(value.grad_fn))
                if CheckpointFunction in self.functions:  # to the graph, the parameters inside it are not there
                    raise ValueError(
                        "checkpoint(use_reentrant=True) hides what runs inside it: say use_reentrant=False while you "
                        "compare"
                    )
                try:
                    grads = torch.autograd.grad(
                        value, list(values.values()), torch.ones_like(value), allow_unused=True
                    )
                except CheckpointError:
                    names = ", ".join(sorted(function.__name__ for function in self.functions)) or "its functions"
                    raise ValueError(
                        f"a checkpoint runs {names} again on the way back, where by_hand() cannot follow: take the "
                        "checkpoint away while you compare"
                    ) from None
            return dict(zip(values, grads, strict=True))

    def where(self, name: str) -> str:
        """The place of a call of this function: the submodule's path and the function."""
        return f"{self.path[-1]}/{name}".lstrip("/")

    def seen(self, func: Callable[..., Any], result: Any, *, by_hand: bool) -> Any:
        result = super().seen(func, result, by_hand=by_hand)
        if isinstance(result, tuple | list):  # autograd may have made one from another, as h from c in lstm_cell
            result = type(result)([t.view_as(t) if t.requires_grad else t for t in result])
        results = [t for t in tensors_in(result) if t.requires_grad] if self._recording else []
        where = self.where(name_of(func)) if results else ""
        for i, value in enumerate(results):
            name = f"{where}[{i}]" if len(results) > 1 else where
            self._times[name] += 1
            again = f"#{self._times[name]}" if self._times[name] > 1 else ""
            self.values[name + again] = value
        return result

    def _apply(self, layout: Layout, tensors: Sequence[Tensor]) -> Any:
        chosen = precision(layout.key, tensors)
        if chosen is not None and chosen.compute in HALVES:
            self.worked_in = chosen.compute
        return apply(layout, self.rules[layout.key], tensors, self.again, _without_misfits)

    @contextmanager
    def _paths(self) -> Iterator[None]:
        """Knows, while a submodule runs, which one it is."""

        def leave(*_: Any) -> None:
            self.path.pop()

        handles = []
        for path, submodule in self.module.named_modules():
            handles.append(submodule.register_forward_pre_hook(lambda *_, path=path: self.path.append(path)))
            handles.append(submodule.register_forward_hook(leave, always_call=True))
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()


class _Finding(NamedTuple):
    """A gradient that one call got wrong: the number of values before the call, the tensor, and the sentence."""

    number: int
    tensor: int
    sentence: str


class _Judging(_Watch):
    """A by_hand context in which every call is judged by itself, and wrong gradients are replaced by right ones."""

    def __init__(self, module: nn.Module):
        super().__init__(module)
        self._findings: list[_Finding] = []
        self._first_use: dict[int, int] = {}

    def causes(self, values: Mapping[str, Tensor]) -> dict[str, tuple[str, str]]:
        """For each value the mistakes that its gradient met: those made with it, and those made after it."""
        found: dict[str, tuple[str, str]] = {}
        for name, value in values.items():
            own = [f.sentence for f in self._findings if f.tensor == id(value)]
            later = [f.sentence for f in self._findings if f.number >= self._first_use.get(id(value), 0)]
            found[name] = "; ".join(dict.fromkeys(own)), "; ".join(dict.fromkeys(later))
        return found

    def _apply(self, layout: Layout, tensors: Sequence[Tensor]) -> Any:
        # `listen` hangs on the graph: it must not hold the values, which hold the graph.
        number, where, findings = len(self.values), self.where(layout.name), self._findings
        key, tree = layout.key, layout.arguments
        copies = [t.detach().clone().requires_grad_(t.requires_grad) for t in tensors]
        ids = [id(t) for t in tensors]
        for i in ids:
            self._first_use.setdefault(i, number)

        def listen(call: DeferredCall, dy: Any, grads: list[Tensor | None]) -> list[Tensor | None]:
            judge = Judge(key, put_back(tree, copies), dy)
            scale = largest(tensors_in([dy, *judge.right.values()]))
            for name, i in names(key, tree):
                if name not in judge.right:
                    continue
                right = judge.right[name].to(copies[i].dtype)
                worked_in = None if call.precision is None else call.precision.compute
                if not compare(name, grads[i], right, scale, worked_in=worked_in).approximate:
                    mine = grads[i]
                    given = torch.zeros_like(right) if mine is None else mine
                    cause = judge.cause(name, mine, tolerance(given, right, scale, worked_in=worked_in))
                    sentence = f"{where}, gradient of {name}: {cause}"
                    findings.append(_Finding(number, ids[i], sentence))
                    grads[i] = right
            return grads

        return apply(layout, self.rules[key], tensors, self.again, listen)


def _without_misfits(deferred: DeferredCall, _: Any, grads: list[Tensor | None]) -> list[Tensor | None]:
    """A gradient of the wrong shape is no gradient: nan goes on in its place."""
    return [
        g if g is None or g.shape == shape else torch.full(shape, math.nan, dtype=g.dtype, device=g.device)
        for g, shape in zip(grads, deferred.shapes, strict=True)
    ]


@contextmanager
def _same_start(module: nn.Module) -> Iterator[None]:
    """Whatever happens inside, random numbers and buffers are afterwards as they were before."""
    buffers = [(buffer, buffer.detach().clone()) for buffer in module.buffers()]
    devices = list({p.device.index for p in module.parameters() if p.device.type == "cuda"})
    with torch.random.fork_rng(devices):
        try:
            yield
        finally:
            with torch.no_grad():
                for buffer, before in buffers:
                    buffer.copy_(before)
