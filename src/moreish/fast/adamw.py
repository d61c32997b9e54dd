"""AdamW for nets of many small parameters, where torch's own bookkeeping takes longer than the arithmetic."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

kernel: Any = torch.ops.aten._fused_adamw_.default


@dataclass
class _Ready:
    """The lists that torch's kernel takes, for those parameters of a group that have gradients.

    steps : (parameters,), updates that each has had; `views` are its elements
    absent : the parameters without a gradient
    """

    params: list[Tensor]
    means: list[Tensor]
    squares: list[Tensor]
    steps: Tensor
    views: list[Tensor]
    absent: list[Tensor]


class FusedAdamW(torch.optim.AdamW):
    """The same updates and the same state, bit for bit, with one call of the fused kernel for each group.

    torch's `step` counts in a tensor of its own for each parameter and collects all lists anew each time.
    """

    def __init__(self, params: Iterable[Any], lr: float, betas: tuple[float, float]) -> None:
        super().__init__(params, lr, betas=betas, fused=True)
        self._ready: dict[int, _Ready] = {}

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """As torch's; what torch wraps around it would import its compiler, which takes a second."""
        add: Any = torch.optim.Optimizer.add_param_group
        getattr(add, "__wrapped__", add)(self, param_group)

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> None:
        """One update of every parameter that has a gradient. Raises ValueError for a closure."""
        if closure is not None:
            raise ValueError("FusedAdamW takes its gradients from .grad and no closure")
        for i, group in enumerate(self.param_groups):
            ready = self._ready.get(i)
            if ready is None or not self._holds(ready, group["params"]):
                ready = self._ready[i] = self._prepared(group["params"])
            if not ready.params:
                continue
            ready.steps += 1
            beta1, beta2 = group["betas"]
            kernel(
                ready.params,
                [p.grad for p in ready.params],
                ready.means,
                ready.squares,
                [],
                ready.views,
                lr=group["lr"],
                beta1=beta1,
                beta2=beta2,
                weight_decay=group["weight_decay"],
                eps=group["eps"],
                amsgrad=False,
                maximize=False,
            )

    def _holds(self, ready: _Ready, params: list[Tensor]) -> bool:
        """Whether the same parameters have gradients, and the state is still the one that was seen."""
        if len(params) != len(ready.params) + len(ready.absent):
            return False
        if any(p.grad is None for p in ready.params) or any(p.grad is not None for p in ready.absent):
            return False
        return all(self.state[p].get("step") is view for p, view in zip(ready.params, ready.views, strict=True))

    def _prepared(self, params: list[Tensor]) -> _Ready:
        """The lists, with zeros for what was never updated; the state holds what is in them."""
        present = [p for p in params if p.grad is not None]
        for p in present:
            if not self.state[p]:
                self.state[p] = {
                    "step": torch.zeros((), device=p.device),
                    "exp_avg": torch.zeros_like(p),
                    "exp_avg_sq": torch.zeros_like(p),
                }
        states = [self.state[p] for p in present]
        steps = torch.stack([state["step"] for state in states]) if present else torch.zeros(0)
        views = list(steps.unbind())
        for state, view in zip(states, views, strict=True):
            state["step"] = view
        return _Ready(
            present,
            [state["exp_avg"] for state in states],
            [state["exp_avg_sq"] for state in states],
            steps,
            views,
            [p for p in params if p.grad is None],
        )
