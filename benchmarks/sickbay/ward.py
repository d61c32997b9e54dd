"""A ward: one run, healthy, broken or mended, under the doctor's eyes."""

import contextlib
import math
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from benchmarks.sickbay.cases import Case
from benchmarks.sickbay.kept import Row, pack, unfolded
from benchmarks.sickbay.strangers import STRANGERS
from benchmarks.sickbay.worlds import TRAPS, WORLDS, Data, Trap, load
from moreish.doctor import Doctor, Finding, preflight
from moreish.doctor.judge.rules import RULES
from moreish.doctor.treat.faults import Broken, seed_fault
from moreish.doctor.treat.remedies import apply

BATCH = 32
EVERY = 100
WORST = 10.0  # a val loss above this counts as this much when it is asked how much of the damage was mended
Patient = tuple[nn.Module, torch.optim.Optimizer]
Watcher = Callable[[float], None]


@dataclass
class Stay:
    """What a run needs: the patient, the data, and what is done to it."""

    patient: Patient
    train: Data
    val: Data
    broken: Broken = field(default_factory=Broken)
    trap: Trap | None = None

    def batch(self, g: torch.Generator) -> Data:
        """The next batch, as the fault leaves it."""
        rows = torch.randint(0, len(self.train[0]), (BATCH,), generator=g)
        return self.broken.batch((self.train[0][rows], self.train[1][rows]))

    def loss(self, logits: Tensor, y: Tensor) -> Tensor:
        """Cross-entropy over all places."""
        smoothing = self.trap.smoothing if self.trap else 0.0
        return F.cross_entropy(logits.reshape(-1, logits.shape[-1]), y.reshape(-1), label_smoothing=smoothing)


def admit(case: Case, cure: Finding | None = None) -> Stay | None:
    """A patient, with its fault if it has one; None where the fault cannot be seeded on it."""
    torch.manual_seed(1000 + case.seed)
    if case.kind == "trap":
        trap = next(t for t in TRAPS if t.name == case.world)
        model = trap.build()
        optimizer = trap.optimizer(iter([p for p in model.parameters() if p.requires_grad]))
        return Stay((model, optimizer), *load("window 3", case.list_name, case.seed), trap=trap)
    world = WORLDS[case.world]
    model = world.build()
    patient = model, getattr(torch.optim, case.optimizer)(model.parameters(), lr=world.lr[case.optimizer])
    stay = Stay(patient, *load(world.data, case.list_name, case.seed))
    if case.fault:
        broken = seed_fault(case.fault, *patient, case.severity)
        if broken is None:
            return None
        stay.broken = broken
    if cure is not None and cure.operation is not None:
        with contextlib.suppress(ValueError):
            stay.broken.handles += apply(cure.operation, patient[0], [patient[1]])
    return stay


def losses_of(model: nn.Module, data: Data) -> Tensor:
    """Loss of every val row, in evaluation mode as far as the model obeys."""
    x, y = data[0][:1500], data[1][:1500]
    with torch.no_grad():
        logits = model(x)
    return F.cross_entropy(logits.reshape(-1, logits.shape[-1]), y.reshape(-1), reduction="none")[y.reshape(-1) >= 0]


def loop(stay: Stay, steps: int, seed: int, on_loss: Watcher | None = None) -> None:
    """A training loop as people write it, with an evaluation now and then."""
    (model, optimizer), trap = stay.patient, stay.trap
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
        total = 0.0
        for _ in range(accumulate):
            x, y = stay.batch(g)
            loss = stay.loss(model(x), y) / accumulate
            loss.backward()
            total += loss.item()
        if trap is not None and trap.clip:
            nn.utils.clip_grad_norm_(model.parameters(), trap.clip)
        optimizer.step()
        if on_loss is not None:
            on_loss(total)
        if step % EVERY == EVERY - 1:
            model.eval()
            losses_of(model, (stay.val[0][:300], stay.val[1][:300]))
            model.train()


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """No warnings of torch about runs that are broken on purpose."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def watched(stay: Stay, case: Case) -> tuple[Doctor, Tensor]:
    """The run under the doctor's eyes, and the loss of every val item at its end."""
    with quiet(), Doctor(*stay.patient) as doctor:
        loop(stay, case.steps, case.seed)
    model = stay.patient[0].eval()
    return doctor, losses_of(model, stay.val)


def observe(case: Case, twin: Tensor | None = None) -> Row | None:
    """The outcome of a case as plain values; None where the fault cannot be seeded.

    `twin` holds the losses of the healthy twin, item by item, for a case with a fault.
    """
    torch.set_num_threads(1)
    started = time.process_time()
    row: Row = {"key": case.key, "case": vars(case)}
    if case.kind == "stranger":
        row.update(_outcome(_strange(case)))
    else:
        stay = admit(case)
        if stay is None:
            return None
        doctor, losses = watched(stay, case)
        row.update(_outcome(doctor), layers=[stay.broken.layer, *stay.broken.others], val=mean(losses))
        if case.kind == "healthy":
            row["losses"] = pack(losses)
        if twin is not None:
            row.update(_judged(case, doctor, losses, twin))
    row["seconds"] = time.process_time() - started
    return row


def _outcome(doctor: Doctor) -> Row:
    failure = "; ".join(n for n in doctor.notes if "failed" in n)
    return {
        "findings": unfolded(doctor.findings),
        "first_alarm": doctor.first_alarm,
        "cost": doctor.cost,
        "frames": doctor.history.seen,
        "failure": failure,
    }


def _strange(case: Case) -> Doctor:
    torch.manual_seed(1000 + case.seed)
    run = STRANGERS[case.world].build(case.steps)
    with quiet(), Doctor(run.models, run.optimizers) as doctor:
        for step in range(case.steps):
            run.step(step)
    return doctor


def _judged(case: Case, doctor: Doctor, losses: Tensor, twin: Tensor) -> Row:
    """Whether the fault did harm, whether the first remedy mends, and what one batch tells beforehand."""
    row: Row = {"twin": mean(twin), "harmful": harmful(losses, twin), "mended": None, "mended_val": None}
    first = next((f for f in doctor.findings if f.severity != "info"), None)
    if row["harmful"] and first is not None and first.operation is not None:
        again = admit(case, first)
        assert again is not None
        _, after = watched(again, case)
        row["mended_val"] = mean(after)
        row["mended"] = mended(after, losses, twin)
    if case.fault and RULES[case.fault].at_start:
        stay = admit(case)
        assert stay is not None
        x, y = stay.batch(torch.Generator().manual_seed(case.seed))
        with quiet():
            found = preflight(stay.patient[0], x, y, stay.loss)
        row["preflight"] = [f.id for f in found if f.severity != "info"]
    return row


def mean(losses: Tensor) -> float:
    """Mean loss; infinite where it is not a number."""
    value = losses.mean().item()
    return value if math.isfinite(value) else math.inf


def harmful(sick: Tensor, twin: Tensor) -> bool:
    """Whether the val loss is worse than the healthy twin's by more than two standard errors of the difference."""
    if not math.isfinite(mean(sick)):
        return True
    gap = sick - twin
    return gap.mean().item() > 2 * gap.std().item() / math.sqrt(len(gap))


def mended(after: Tensor, sick: Tensor, twin: Tensor) -> bool:
    """No longer harmful, or at least 70 % of the damage undone."""
    damage = min(mean(sick), WORST) - mean(twin)
    return not harmful(after, twin) or mean(after) < mean(twin) + 0.3 * damage
