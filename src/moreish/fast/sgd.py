"""Gradient descent for nets of many small parameters, where bookkeeping takes torch longer than the arithmetic."""

from collections.abc import Callable
from typing import Any

import torch

# torch exports neither by name
added = torch._foreach_add  # pyright: ignore[reportPrivateImportUsage]
add_in_place = torch._foreach_add_  # pyright: ignore[reportPrivateImportUsage]


class ForeachSGD(torch.optim.SGD):
    """The same updates and the same state, bit for bit, with one call for all parameters of a group."""

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """As torch's; what torch wraps around it would import its compiler, which takes a second."""
        add = torch.optim.Optimizer.add_param_group
        getattr(add, "__wrapped__", add)(self, param_group)

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:
        """One update of every parameter that has a gradient. Raises ValueError for a closure."""
        if closure is not None:
            raise ValueError("ForeachSGD takes its gradients from .grad and no closure")
        for group in self.param_groups:
            params = [p for p in group["params"] if p.grad is not None]
            if not params:
                continue
            grads: Any = [p.grad for p in params]
            if group["weight_decay"]:
                grads = added(grads, params, alpha=group["weight_decay"])
            if momentum := group["momentum"]:
                for p, grad in zip(params, grads, strict=True):
                    memory = self.state[p]
                    if "momentum_buffer" in memory:
                        memory["momentum_buffer"].mul_(momentum).add_(grad)
                    else:
                        memory["momentum_buffer"] = grad.clone()
                grads = [self.state[p]["momentum_buffer"] for p in params]
            add_in_place(params, grads, alpha=-group["lr"])
