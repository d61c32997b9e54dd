"""AdamW for nets of many small parameters, where torch's own bookkeeping takes longer than the arithmetic."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.optim.optimizer import ParamsT

kernel = torch.ops.aten._fused_adamw_.default


@dataclass
class _KernelArguments:
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

    def __init__(self, params: ParamsT, lr: float, betas: tuple[float, float]) -> None:
        super().__init__(params, lr, betas=betas, fused=True)
        self._cached: dict[int, _KernelArguments] = {}

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """As torch's; what torch wraps around it would import its compiler, which takes a second."""
        add = torch.optim.Optimizer.add_param_group
        getattr(add, "__wrapped__", add)(self, param_group)

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:
        """One update of every parameter that has a gradient. Raises ValueError for a closure."""
        if closure is not None:
            raise ValueError("FusedAdamW takes its gradients from .grad and no closure")
        for i, group in enumerate(self.param_groups):
            cached = self._cached.get(i)
            if cached is None or not self._is_current(cached, group["params"]):
                cached = self._cached[i] = self._arguments(group["params"])
            if not cached.params:
                continue
            cached.steps += 1
            beta1, beta2 = group["betas"]
            kernel(
                cached.params,
                [p.grad for p in cached.params],
                cached.means,
                cached.squares,
                [],
                cached.views,
                lr=group["lr"],
                beta1=beta1,
                beta2=beta2,
                weight_decay=group["weight_decay"],
                eps=group["eps"],
                amsgrad=False,
                maximize=False,
            )

    def _is_current(self, cached: _KernelArguments, params: list[Tensor]) -> bool:
        """Whether the same parameters have gradients, and the state is still the one that was seen."""
        if len(params) != len(cached.params) + len(cached.absent):
            return False
        if any(p.grad is None for p in cached.params) or any(p.grad is not None for p in cached.absent):
            return False
        return all(self.state[p].get("step") is view for p, view in zip(cached.params, cached.views, strict=True))

    def _arguments(self, params: list[Tensor]) -> _KernelArguments:
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
        return _KernelArguments(
            present,
            [state["exp_avg"] for state in states],
            [state["exp_avg_sq"] for state in states],
            steps,
            views,
            [p for p in params if p.grad is None],
        )
