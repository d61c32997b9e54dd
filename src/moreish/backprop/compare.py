"""The comparison: every gradient of anybody's module, hand-derived against autograd, parameter by parameter.

rows = compare_gradients(model, lambda: F.cross_entropy(model(x), y))
print(table(rows))
"""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from moreish.backprop.by_hand import ByHand
from moreish.backprop.spelling import name_of


class Comparison(NamedTuple):
    """One gradient beside the one it should be.

    exact: every bit agrees. approximate: it agrees up to rounding. maxdiff: the largest absolute difference, infinite
    where the shape is wrong. relative: maxdiff over the largest element of the right one. cause: the likely mistake.
    """

    name: str
    exact: bool
    approximate: bool
    maxdiff: float
    relative: float
    cause: str | None = None


ROUNDING = {torch.float64: 1e-9, torch.float32: 1e-4, torch.float16: 1e-2, torch.bfloat16: 5e-2}


def compare(name: str, mine: Tensor | None, right: Tensor | None, scale: float = 0.0) -> Comparison:
    """Two gradients of one value; None counts as zeros. `scale` is the size of gradients around it, if known.

    The scale matters where the right gradient is zero but for rounding, as for a bias in front of a BatchNorm.
    """
    if mine is None and right is None:
        return Comparison(name, True, True, 0.0, 0.0)
    mine = torch.zeros_like(right) if mine is None and right is not None else mine
    right = torch.zeros_like(mine) if right is None and mine is not None else right
    assert mine is not None
    assert right is not None
    largest = right.abs().max().item() if right.numel() else 0.0
    if mine.shape != right.shape:
        return Comparison(name, False, False, math.inf, math.inf)
    maxdiff = (mine - right).abs().max().item() if right.numel() else 0.0
    maxdiff = math.inf if math.isnan(maxdiff) and not right.isnan().any() else maxdiff
    exact = torch.equal(mine, right)
    tolerance = ROUNDING.get(right.dtype, 0.0) * (largest + scale / 100)
    relative = 0.0 if exact else maxdiff / largest if largest else math.inf
    return Comparison(name, exact, exact or maxdiff <= tolerance, maxdiff, relative)


def compare_gradients(
    module: nn.Module, loss: Callable[[], Tensor], *, intermediates: bool = False
) -> list[Comparison]:
    """Run `loss` by autograd and by hand from the same state; compare the gradient of every parameter of `module`.

    `loss` takes nothing and returns a scalar. Both runs start from the same random numbers and buffers (running
    statistics), which are put back afterwards; `.grad` is not touched. A generator of your own inside `loss` is yours
    to reset. With intermediates=True the gradient of every value on the way is compared too, latest first.
    """
    parameters = {name: p for name, p in module.named_parameters() if p.requires_grad}
    by_autograd, by_hand = _Watch(module, rules={}), _Watch(module)
    right = by_autograd.gradients(loss, parameters, intermediates)
    mine = by_hand.gradients(loss, parameters, intermediates)
    if right.keys() != mine.keys():
        raise ValueError(
            "the loss took another way the second time. It must not depend on what an earlier call left behind, "
            "nor on a random generator of its own"
        )
    scale = max((g.abs().max().item() for g in right.values() if g is not None and g.numel()), default=0.0)
    return [compare(name, mine[name], right[name], scale) for name in right]


def table(rows: Iterable[Comparison]) -> str:
    """The comparison as text, one line a gradient, the causes below the lines that need one."""
    rows = list(rows)
    width = max((len(row.name) for row in rows), default=0)
    lines = []
    for row in rows:
        judged = f"exact: {row.exact!s:5}  approximate: {row.approximate!s:5}  maxdiff: {row.maxdiff:.1e}"
        lines.append(f"{row.name:{width}}  {judged}")
        if row.cause:
            lines.append(f"{'':{width}}  {row.cause}")
    return "\n".join(lines)


class _Watch(ByHand):
    """A by_hand context that remembers every value on the way, under the path of the submodule that made it."""

    def __init__(self, module: nn.Module, **options: Any):
        super().__init__(**options)
        self._module = module
        self._path = [""]
        self._times: Counter[str] = Counter()
        self.values: dict[str, Tensor] = {}

    def gradients(
        self, loss: Callable[[], Tensor], parameters: Mapping[str, Tensor], intermediates: bool
    ) -> dict[str, Tensor | None]:
        with _same_start(self._module):
            with torch.enable_grad(), self._paths(), self:
                value = loss()
            if not value.requires_grad or value.numel() != 1:
                raise ValueError("loss() must return one number that depends on the module's parameters")
            values = {**dict(reversed(self.values.items())), **parameters} if intermediates else parameters
            grads = torch.autograd.grad(value, list(values.values()), torch.ones_like(value), allow_unused=True)
            return dict(zip(values, grads, strict=True))

    def seen(self, func: Callable[..., Any], result: Any, *, by_hand: bool) -> None:
        super().seen(func, result, by_hand=by_hand)
        name = f"{self._path[-1]}/{name_of(func)}".lstrip("/")
        results = [result] if isinstance(result, Tensor) else list(result or ())
        for i, value in enumerate(results):
            if isinstance(value, Tensor) and value.requires_grad:
                part = f"{name}[{i}]" if len(results) > 1 else name
                self._times[part] += 1
                again = f"#{self._times[part]}" if self._times[part] > 1 else ""
                self.values[part + again] = value

    @contextmanager
    def _paths(self) -> Iterator[None]:
        """Knows, while a submodule runs, which one it is."""

        def leave(*_: Any) -> None:
            self._path.pop()

        handles = []
        for path, submodule in self._module.named_modules():
            handles.append(submodule.register_forward_pre_hook(lambda *_, path=path: self._path.append(path)))
            handles.append(submodule.register_forward_hook(leave, always_call=True))
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()


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
