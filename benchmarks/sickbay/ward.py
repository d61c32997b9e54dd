"""A ward: one run, healthy, broken or mended, under the doctor's eyes."""

import contextlib
import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from benchmarks.sickbay.worlds import TRAPS, WORLDS, Data, Trap, World, load
from moreish.doctor import Doctor, Finding
from moreish.doctor.faults import FAULTS, Broken, seed_fault
from moreish.doctor.remedies import apply

BATCH = 32
EVERY = 100
Patient = tuple[nn.Module, torch.optim.Optimizer]


@dataclass
class Outcome:
    """What a run came to: loss per val item, and what was found."""

    losses: Tensor
    findings: list[Finding] = field(default_factory=list)
    layer: str = ""
    failure: str = ""

    @property
    def alarms(self) -> list[Finding]:
        """Findings of watch or above, worst first."""
        return [f for f in self.findings if f.severity != "info"]

    @property
    def val(self) -> float:
        """Mean loss on val; infinite where it is not a number."""
        mean = self.losses.mean().item()
        return mean if math.isfinite(mean) else math.inf


def admit(world: World, optimizer: str, seed: int) -> Patient:
    """A healthy model and its optimizer."""
    torch.manual_seed(1000 + seed)
    model = world.build()
    return model, getattr(torch.optim, optimizer)(model.parameters(), lr=world.lr[optimizer])


def losses_of(model: nn.Module, data: Data) -> Tensor:
    """Loss of every val row, in evaluation mode as far as the model obeys."""
    x, y = data[0][:1500], data[1][:1500]
    with torch.no_grad():
        logits = model(x)
    return F.cross_entropy(logits.reshape(-1, logits.shape[-1]), y.reshape(-1), reduction="none")[y.reshape(-1) >= 0]


def loop(
    patient: Patient, train: Data, val: Data, steps: int, broken: Broken, seed: int, trap: Trap | None = None
) -> None:
    """A training loop as people write it, with an evaluation now and then."""
    model, optimizer = patient
    g = torch.Generator().manual_seed(seed)
    top = [group["lr"] for group in optimizer.param_groups]
    accumulate = trap.accumulate if trap else 1
    model.train()
    for step in range(steps):
        if trap is not None and trap.schedule:
            share = min((step + 1) / 50, 0.5 + 0.5 * math.cos(math.pi * step / steps))
            for group, lr in zip(optimizer.param_groups, top, strict=True):
                group["lr"] = lr * share
        optimizer.zero_grad()
        for _ in range(accumulate):
            rows = torch.randint(0, len(train[0]), (BATCH,), generator=g)
            x, y = broken.batch((train[0][rows], train[1][rows]))
            logits = model(x)
            loss = F.cross_entropy(
                logits.reshape(-1, logits.shape[-1]), y.reshape(-1), label_smoothing=trap.smoothing if trap else 0.0
            )
            (loss / accumulate).backward()
        if trap is not None and trap.clip:
            nn.utils.clip_grad_norm_(model.parameters(), trap.clip)
        optimizer.step()
        if step % EVERY == EVERY - 1:
            model.eval()
            losses_of(model, (val[0][:300], val[1][:300]))
            model.train()


def healthy(name: str, optimizer: str, list_name: str, seed: int, steps: int) -> Outcome:
    """A healthy run."""
    world = WORLDS[name]
    train, val = load(world.data, list_name, seed)
    return _watched(lambda: admit(world, optimizer, seed), train, val, steps, seed, lambda patient: Broken())


def trapped(trap: Trap, list_name: str, seed: int, steps: int) -> Outcome:
    """A healthy run that looks suspicious."""
    train, val = load(WORLDS["mlp tanh"].data, list_name, seed)

    def build() -> Patient:
        torch.manual_seed(1000 + seed)
        model = trap.build()
        return model, trap.optimizer(iter([p for p in model.parameters() if p.requires_grad]))

    return _watched(build, train, val, steps, seed, lambda patient: Broken(), trap)


def faulty(
    name: str,
    optimizer: str,
    list_name: str,
    seed: int,
    steps: int,
    fault: str,
    severity: float,
    cure: Finding | None,
) -> Outcome | None:
    """A run with a fault, and with the operation of a finding applied where `cure` is given; None if not possible."""
    world = WORLDS[name]
    train, val = load(world.data, list_name, seed)
    if seed_fault(fault, *admit(world, optimizer, seed), severity) is None:
        return None

    def breaks(patient: Patient) -> Broken:
        broken = seed_fault(fault, *patient, severity)
        assert broken is not None
        if cure is not None and cure.operation is not None:
            with contextlib.suppress(ValueError):
                broken.handles += apply(cure.operation, patient[0], [patient[1]])
        return broken

    return _watched(lambda: admit(world, optimizer, seed), train, val, steps, seed, breaks)


def _watched(
    build: Callable[[], Patient],
    train: Data,
    val: Data,
    steps: int,
    seed: int,
    breaks: Callable[[Patient], Broken],
    trap: Trap | None = None,
) -> Outcome:
    patient = build()
    broken = breaks(patient)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with Doctor(*patient) as doctor:
            loop(patient, train, val, steps, broken, seed, trap)
    patient[0].eval()
    failure = "; ".join(n for n in doctor.notes if "failed" in n)
    return Outcome(losses_of(patient[0], val), doctor.findings, broken.layer, failure)


def all_healthy() -> list[tuple[str, str]]:
    """Every architecture with every optimizer."""
    return [(name, optimizer) for name, world in WORLDS.items() for optimizer in world.lr]


def all_faults() -> list[tuple[str, float]]:
    """Every fault at its mildest and its worst."""
    return [(id, s) for id, f in FAULTS.items() for s in dict.fromkeys((f.severities[0], f.severities[-1]))]


__all__ = ["TRAPS", "Outcome", "all_faults", "all_healthy", "faulty", "healthy", "losses_of", "trapped"]
