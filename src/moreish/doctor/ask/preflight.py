"""The pre-flight: one batch on a copy of the model, before any training; the model itself is not touched."""

import math
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from moreish.doctor.doctor import Doctor
from moreish.doctor.frames.history import OneBatch
from moreish.doctor.judge.finding import Finding
from moreish.doctor.judge.rules import RULES
from moreish.doctor.watch import replay
from moreish.doctor.watch.arguments import Args

STEPS = 60


def preflight(
    model: nn.Module,
    inputs: Tensor | Args,
    targets: Any,
    loss: Callable[[Any, Any], Tensor] = F.cross_entropy,
    *,
    lr: float = 3e-3,
    steps: int = STEPS,
) -> list[Finding]:
    """What one batch tells: the start, the gradient's way, samples that see each other, and whether it can be fitted.

    `inputs` is what the model is called with (a tuple for several arguments), `loss` takes the output and the
    targets. Everything happens on a copy; random states are restored. Raises ValueError if the model cannot be
    copied.
    """
    args = inputs if isinstance(inputs, tuple) else (inputs,)
    twin = replay.copied(model)
    if twin is None:
        raise ValueError("the model cannot be copied (too large, or deepcopy fails), so there is no pre-flight")
    with replay.unchanged_randomness():
        torch.manual_seed(0)
        twin.train()
        ratio = _signal_to_noise(twin, args, targets, loss)
        optimizer = torch.optim.Adam([p for p in twin.parameters() if p.requires_grad], lr)
        curve: list[float] = []
        with Doctor(twin, optimizer, budget=math.inf) as doctor:
            for k in range(steps):
                if k == 8:
                    doctor.pause()
                optimizer.zero_grad()
                value = loss(twin(*args), targets)
                value.backward()
                optimizer.step()
                curve.append(value.item())
        doctor.history.one_batch = OneBatch(curve[0], curve[-1], ratio)
        doctor.judge_again()
    return [f for f in doctor.findings if RULES[f.id].preflight]


def _signal_to_noise(model: nn.Module, args: Args, targets: Any, loss: Callable[[Any, Any], Tensor]) -> float | None:
    """|mean gradient|^2 over its variance between eight parts of the batch; None where it cannot be divided."""
    if not isinstance(targets, Tensor) or not isinstance(args[0], Tensor) or len(targets) != len(args[0]):
        return None
    part = len(targets) // 8
    if part < 2:
        return None
    grads = []
    parameters = [p for p in model.parameters() if p.requires_grad]
    for k in range(8):
        rows = slice(k * part, (k + 1) * part)
        some = tuple(a[rows] if isinstance(a, Tensor) and len(a) == len(targets) else a for a in args)
        try:
            found = torch.autograd.grad(loss(model(*some), targets[rows]), parameters, allow_unused=True)
        except RuntimeError:
            return None
        grads.append(torch.cat([g.reshape(-1) for g in found if g is not None]))
    table = torch.stack(grads)
    noise = table.var(0).sum().item()
    signal = max(table.mean(0).square().sum().item() - noise / 8, 0.0)
    return signal / noise if noise > 0 else None
