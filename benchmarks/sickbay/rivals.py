"""Rivals: other tools for PyTorch that can be had from PyPI, in the same harness, on the same runs.

Each adapter uses a tool as its own front page does, at its default settings. What it says at its level "warning" or
above is an alarm. Its words are mapped to the catalogue generously: every fault that the words could be meant for
counts as named, and where a tool's first word is judged, its worst one comes first.

To install them apart from everything else:
    pip install --no-deps --target FOLDER torchmortem==0.1.1 torchtest2==0.1.0
    pip install --no-deps --target FOLDER neural-observatory==0.5.1 torchdiag==0.1.0
    PYTHONPATH=FOLDER python -m benchmarks.sickbay --rivals 4
"""

import contextlib
import copy
import importlib.util
import io
import logging
import time
from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import asdict, dataclass

import torch

from benchmarks.sickbay.cases import Case
from benchmarks.sickbay.figures import alarms, fault, first_is_right, hurt, share, well
from benchmarks.sickbay.kept import Kept, Row
from benchmarks.sickbay.ward import Stay, admit, loop, quiet


@dataclass(frozen=True)
class Alarm:
    """What a rival said: its own words, the faults that may be meant, and how bad it called it (2 is its worst)."""

    words: str
    causes: tuple[str, ...]
    level: int


Watching = Generator[None, float | None, list[Alarm]]
Adapter = Callable[[Stay, Case], Watching]


@dataclass(frozen=True)
class Rival:
    """A tool, its version and its adapter."""

    module: str
    version: str
    watch: Adapter

    def is_installed(self) -> bool:
        """Whether it can be imported."""
        return importlib.util.find_spec(self.module) is not None


RIVALS: dict[str, Rival] = {}
LONGEST = 600  # steps of a run that the rivals see: two of them multiply the time of a step by ten


def rival(name: str, version: str) -> Callable[[Adapter], Adapter]:
    """Enter an adapter into the table."""

    def enter(watch: Adapter) -> Adapter:
        RIVALS[name] = Rival(watch.__name__, version, watch)
        return watch

    return enter


def meant(words: str, table: dict[str, str]) -> tuple[str, ...]:
    """The faults of every entry whose words occur in what was said."""
    return tuple(dict.fromkeys(id for k, ids in table.items() if k in words.lower() for id in ids.split()))


def first_batch(stay: Stay, case: Case) -> tuple[torch.Tensor, torch.Tensor]:
    """The batch that the run begins with."""
    return stay.batch(torch.Generator().manual_seed(case.seed))


TORCHMORTEM = {
    "dead units": "F06 F07 F21",
    "vanishing": "F09 F08 F04 F05 F16 F17 F21",
    "exploding": "F10 F08 F13 F20 F01",
    "gradient stalling": "F16 F17 F18 F14 F19",
    "gradient noise": "F46 F24 F37 F41",
    "divergence": "F13 F10 F15 F20 F47",
    "plateau": "F14 F19 F22 F24 F38 F40 F16 F21",
    "catapult": "F13 F01 F03",
    "edge of stability": "F13",
    "rank collapse": "F21 F39 F08",
    "saturation": "F04 F05 F06",
    "ratio too low": "F14 F12 F19 F18 F16",
    "ratio too high": "F13 F11 F20",
    "norm explosion": "F42 F13 F20",
    "stagnant weight": "F14 F19 F18 F16",
    "norm imbalance": "F01 F04 F05 F08 F21",
}


@rival("torchmortem", "0.1.1")
def torchmortem(stay: Stay, case: Case) -> Watching:
    """`with Autopsy(model, optimizer=optimizer)`, one `step` a step, the report's findings."""
    import torchmortem as tool  # type: ignore[import-not-found]

    with tool.Autopsy(stay.patient[0], optimizer=stay.patient[1]) as autopsy:
        while (loss := (yield)) is not None:
            autopsy.step(loss=loss)
    return [Alarm(f.title, meant(f.title, TORCHMORTEM), int(f.severity)) for f in autopsy.get_report().findings]


OBSERVATORY = {
    "nan": "F15 F13",
    "inf": "F15 F13",
    "dead": "F06 F07",
    "spars": "F07",
    "saturat": "F04 F05 F06",
    "vanish": "F09 F08 F14 F16 F17 F21 F38",
    "explod": "F10 F13 F01 F20",
    "collaps": "F21 F16 F17 F08 F23",
    "spike": "F10 F13 F15",
    "drift": "F13 F20 F42 F11",
    "parameter change": "F13 F11 F20",
    "near zero": "F21 F08",
}


@rival("neural-observatory", "0.5.1")
def neural_observatory(stay: Stay, case: Case) -> Watching:
    """`with Observatory(model)`, one `step` a step, `report()` at the end."""
    import neural_observatory as tool  # type: ignore[import-not-found]

    with tool.Observatory(stay.patient[0]) as observatory:
        while (yield) is not None:
            observatory.step()
        results = observatory.report().results
    level = {"warning": 1, "critical": 2}
    return [
        Alarm(f"{r.analyzer_name}: {w}", meant(f"{r.analyzer_name}: {w}", OBSERVATORY), level.get(r.status.value, 0))
        for r in results
        for w in r.warnings or [""]
    ]


TORCHTEST2 = {
    "output_finite": "F15",
    "output_varies": "F21 F23 F07 F08 F16",
    "eval_determinism": "F32 F33 F41",
    "initial_loss": "F01 F02 F38 F40 F03",
    "loss": "F15",
    "optimizer_coverage": "F18",
    "gradient_flow": "F16 F17 F07 F21 F04 F05 F09",
    "gradient_magnitude": "F10 F01 F04 F05 F08",
    "params_change": "F19 F18 F16 F14",
    "input_dependency": "F23 F16 F07 F21 F15",
    "batch_independence": "F45 F33 F37 F35",
    "overfit_batch": "F13 F14 F19 F20 F24 F38 F40 F41 F47 F21 F16 F08 F18 F07 F04 F05 F39 F45",
}


@rival("torchtest2", "0.1.0")
def torchtest2(stay: Stay, case: Case) -> Watching:
    """`check_model` on the first batch, before training; WARN and FAIL are alarms."""
    import torchtest2 as tool  # type: ignore[import-not-found]

    x, y = first_batch(stay, case)
    report = tool.check_model(stay.patient[0], x, y, loss_fn=stay.loss, optimizer=stay.patient[1])
    yield from ()
    level = {"WARN": 1, "FAIL": 2}
    return [
        Alarm(f"{r.name}: {r.message}", meant(r.name, TORCHTEST2), level.get(r.status.value, 0))
        for r in report.results
    ]


@rival("torchdiag", "0.1.0")
def torchdiag(stay: Stay, case: Case) -> Watching:
    """`verify_step` on a copy, `check_gradients` every 100 steps, `check_dead_neurons` at both ends."""
    import torchdiag as tool  # type: ignore[import-not-found]

    model = stay.patient[0]
    batch = first_batch(stay, case)
    step = tool.verify_step(*copy.deepcopy(stay.patient), stay.loss, *batch)
    said = [Alarm("loss is not finite", ("F15",), 2)] if not _finite(step.get("loss")) else []
    if step.get("params_updated") == 0 and step.get("params_unchanged"):
        said.append(Alarm("no parameter changed", ("F19", "F14", "F18"), 2))
    gradients = {"no_grad": ("F16",), "EXPLODE": ("F10", "F13", "F01", "F20", "F15"), "VANISH": ("F09", "F08", "F17")}
    seen = 0

    def dead() -> list[Alarm]:
        found = tool.check_dead_neurons(model, batch[0])
        return [
            Alarm(f"dead neurons in {n}", ("F07", "F06", "F21"), 1) for n, d in found.items() if d["dead_pct"] > 20
        ]

    said += dead()
    while (yield) is not None:
        if seen % 100 == 0:
            status = {v["status"] for v in tool.check_gradients(model).values()} - {"OK"}
            said += [Alarm(f"gradient {s}", gradients[s], 2) for s in status]
        seen += 1
    return [*said, *dead()]


def _finite(loss: object) -> bool:
    return isinstance(loss, float) and loss - loss == 0


def tasks(kept: Kept, seen: Kept, every: int = 2) -> list[tuple[Case, str]]:
    """What the rivals have yet to see: every so many-th of the twins, traps and faults of the doctor."""
    installed = [name for name, r in RIVALS.items() if r.is_installed()]
    for name in RIVALS.keys() - set(installed):
        print(f"{name} is not installed, so it is left out (see benchmarks/sickbay/rivals.py)")
    mine = [Case.of(r) for r in kept.rows.values() if r["case"]["kind"] != "stranger"]
    fine, sick = ([c for c in mine if bool(c.fault) == bad] for bad in (False, True))
    some = [c for c in [*fine[::every], *sick[::every]] if c.steps <= LONGEST]
    return [(c, name) for c in some for name in installed if f"{c.key}|{name}" not in seen.rows]


def observe(case: Case, name: str) -> Row:
    """One run with one rival watching: its alarms, worst first. A crash of the rival is kept as a failure."""
    torch.set_num_threads(1)
    logging.disable(logging.CRITICAL)
    stay = admit(case)
    assert stay is not None
    started = time.perf_counter()
    said: list[Alarm] = []
    failure = ""
    with contextlib.redirect_stdout(io.StringIO()), quiet():
        watching = RIVALS[name].watch(stay, case)
        try:
            said = _visit(watching, stay, case)
        except Exception as error:  # whatever a tool may raise on a run that is broken on purpose
            failure = f"{type(error).__name__}: {str(error)[:200]}"
    alarms = sorted((a for a in said if a.level > 0), key=lambda a: -a.level)
    return {
        "key": f"{case.key}|{name}",
        "case": asdict(case),
        "rival": name,
        "alarms": [asdict(a) for a in alarms[:20]],
        "failure": failure,
        "seconds": time.perf_counter() - started,
    }


def _visit(watching: Watching, stay: Stay, case: Case) -> list[Alarm]:
    """Run the loop with the rival told of every step; what it has to say at the end."""
    try:
        next(watching)
        loop(stay, case.steps, case.seed, watching.send)
        watching.send(None)
    except StopIteration as end:
        return end.value
    return []


def table(rival_rows: Sequence[Row], rows: Iterable[Row]) -> list[str]:
    """The rivals beside the doctor, all on exactly the same runs."""
    by_key = {r["key"]: r for r in rows}
    lines = [
        "| tool | runs | healthy runs alarmed | harmful faults alarmed | right cause first | right cause at all "
        "| at its worst level: healthy, harmful | crashed |",
        "|---|---|---|---|---|---|---|---|",
    ]
    seen = {r["key"].rpartition("|")[0] for r in rival_rows}
    ours = [r for k, r in by_key.items() if k in seen]
    lines.append(
        f"| the doctor | {len(ours)} | {share(well(ours), lambda r: bool(alarms(r)))} | "
        f"{share(hurt(ours), lambda r: bool(alarms(r)))} | {share(hurt(ours), first_is_right)} | "
        f"{share(hurt(ours), lambda r: any(f.id == fault(r) for f in alarms(r)))} | {_worst(well(ours), _is_sick)}, "
        f"{_worst(hurt(ours), _is_sick)} | {sum(bool(r['failure']) for r in ours)} |"
    )
    for name, tool in RIVALS.items():
        theirs = [r for r in rival_rows if r["rival"] == name]
        fine = [r for r in theirs if not fault(r)]
        sick = [r for r in theirs if fault(r) and by_key[r["key"].rpartition("|")[0]]["harmful"]]
        lines.append(
            f"| {name} {tool.version} | {len(theirs)} | {share(fine, lambda r: bool(r['alarms']))} | "
            f"{share(sick, lambda r: bool(r['alarms']))} | "
            f"{share(sick, lambda r: bool(r['alarms']) and fault(r) in r['alarms'][0]['causes'])} | "
            f"{share(sick, lambda r: any(fault(r) in a['causes'] for a in r['alarms']))} | "
            f"{_worst(fine, _is_severe)}, {_worst(sick, _is_severe)} | {sum(bool(r['failure']) for r in theirs)} |"
        )
    return lines


def _worst(rows: Sequence[Row], holds: Callable[[Row], bool]) -> str:
    return f"{sum(map(holds, rows))}/{len(rows)}"


def _is_sick(row: Row) -> bool:
    return any(f.severity == "sick" for f in alarms(row))


def _is_severe(row: Row) -> bool:
    return any(a["level"] > 1 for a in row["alarms"])
