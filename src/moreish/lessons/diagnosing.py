"""Sick runs to diagnose, as many as there are seeds: a small net on names, broken by one of the doctor's faults."""

import math
import random
from functools import cache
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

import moreish
from moreish.data.batches import windows
from moreish.doctor import FAULTS, Doctor, inside, seed_fault

STEPS, BATCH = 120, 32
NOTHING = "nothing: it is healthy"
SEEN = ("F01", "F04", "F13", "F14", "F16", "F18", "F19", "F20", "F21", "F24", "F25", "F79", "F80")
"""Faults that an MLP can have, and that leave a trace in what is shown."""


class Case(NamedTuple):
    """A run to diagnose: what is seen, the answers to choose from, which one is right, and the doctor's report."""

    seen: list[str]
    choices: list[str]
    right: int
    report: str


@cache
def case(seed: int) -> Case:
    """The case of this seed: one in six is healthy."""
    rng = random.Random(seed)
    fault = None if rng.random() < 1 / 6 else rng.choice([id for id in SEEN if id in FAULTS])
    seen, report = _trained(fault, seed)
    right = NOTHING if fault is None else FAULTS[fault].words
    others = [FAULTS[id].words for id in SEEN if id in FAULTS and id != fault]
    if fault is not None:
        others.append(NOTHING)
    choices = [right, *rng.sample(others, 3)]
    rng.shuffle(choices)
    return Case(seen, choices, choices.index(right) + 1, report)


def _trained(fault: str | None, seed: int) -> tuple[list[str], str]:
    x, y = (torch.from_numpy(a.astype("int64")) for a in windows(moreish.read("names").split("train"), 3))
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        net = nn.Sequential(
            nn.Embedding(27, 10),
            nn.Flatten(),
            nn.Linear(30, 64),
            nn.Tanh(),
            nn.Linear(64, 64),
            nn.Tanh(),
            nn.Linear(64, 27),
        )
        with torch.no_grad():
            last = net.get_submodule("6").get_parameter("weight")
            last *= 0.1
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    broken = seed_fault(fault, net, optimizer) if fault else None
    g = torch.Generator().manual_seed(seed)
    losses: list[float] = []
    before = {name: p.detach().clone() for name, p in net.named_parameters()}
    with Doctor(net, optimizer, budget=0.5) as doctor:
        for _ in range(STEPS):
            rows = torch.randint(len(x), (BATCH,), generator=g)
            batch = x[rows], y[rows]
            xb, yb = broken.batch(batch) if broken else batch
            loss = F.cross_entropy(net(xb), yb)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
            if not math.isfinite(losses[-1]):
                break
    return _seen(net, losses, before, x[:64], y[:64]), doctor.report()


def _seen(net: nn.Module, losses: list[float], before: dict[str, Tensor], x: Tensor, y: Tensor) -> list[str]:
    """What a learner gets to see: losses, what is stuck, slopes, how far weights moved."""
    at = [0, 1, 5, 10, 20, 40, 80, len(losses) - 1]
    lines = ["loss at step " + ", ".join(f"{k}: {losses[k]:.3f}" for k in at if k < len(losses))]
    lines.append(f"(knowing nothing: {math.log(27):.3f}; pairs of letters: 2.58)")
    seen = inside(net, x, lambda logits: F.cross_entropy(logits, y))
    for layer in seen.layers:
        if layer.op.endswith("tanh"):
            stuck = float((layer.output.abs() > 0.97).float().mean())
            slope = float(layer.gradient.std()) if layer.gradient is not None else 0.0
            lines.append(f"{layer.layer}: std {float(layer.output.std()):.2f}, stuck {stuck:.0%}, slopes {slope:.1e}")
    for name, p in net.named_parameters():
        if p.dim() > 1:
            moved = float((p.detach() - before[name]).norm() / before[name].norm().clamp_min(1e-12))
            lines.append(f"{name}: std {float(p.detach().std()):.3f}, moved by {moved:.2%} of its size")
    return lines
