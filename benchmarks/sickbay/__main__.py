"""python -m benchmarks.sickbay [--full] [--half tuning] [--write FILE]: how often is the doctor right?

Thresholds were set on the half "tuning" (names, seed 0); figures are those of the half "held-out": another list,
other seeds, other pairings of fault and architecture.
"""

import argparse
import math
import sys
import time
from pathlib import Path

import torch

from benchmarks.sickbay.ward import TRAPS, Outcome, all_faults, all_healthy, faulty, healthy, trapped

HALVES = {"tuning": ("names", 0), "held-out": ("words", 101)}
PAIRINGS = {
    "tuning": ("mlp tanh", "mlp relu", "deep tanh", "deep batchnorm", "classifier"),
    "held-out": ("deep batchnorm", "mlp relu", "classifier", "deep tanh", "mlp tanh", "gru", "transformer"),
}


def wilson(hits: int, n: int, z: float = 1.96) -> str:
    """`hits/n = share (low-high)` with Wilson's 95 % interval."""
    if n == 0:
        return "0/0"
    share = hits / n
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return f"{hits}/{n} = {share:.0%} ({centre - half:.0%} to {centre + half:.0%})"


def harmful(sick: Outcome, twin: Outcome) -> bool:
    """Whether the val loss is worse than the healthy twin's by more than two standard errors of the difference."""
    if not math.isfinite(sick.val):
        return True
    if len(sick.losses) != len(twin.losses):
        return sick.val > twin.val
    gap = sick.losses - twin.losses
    return gap.mean().item() > 2 * gap.std().item() / math.sqrt(len(gap))


def told(outcome: Outcome) -> str:
    """The alarms, shortly."""
    return ", ".join(f"{f.id}@{f.layer or 'run'}" for f in outcome.alarms[:3]) or "nothing"


def healthy_half(half: str, steps: int, seeds: int) -> list[tuple[str, Outcome]]:
    """Every architecture, optimizer and trap."""
    list_name, first = HALVES[half]
    rows = []
    for seed in range(first, first + seeds):
        for name, optimizer in all_healthy():
            rows.append((f"{name}, {optimizer}, {seed}", healthy(name, optimizer, list_name, seed, steps)))
        rows += [(f"trap: {trap.name}, {seed}", trapped(trap, list_name, seed, steps)) for trap in TRAPS]
    for row, outcome in rows:
        if outcome.alarms or outcome.failure:
            print(f"  alarm on {row}: {told(outcome)} {outcome.failure}", flush=True)
    return rows


def fault_half(half: str, steps: int, worlds_each: int) -> list[tuple[str, Outcome, bool, bool | None]]:
    """Every fault at two severities on some architectures: (words, outcome, harmful, mended by the first remedy)."""
    list_name, seed = HALVES[half]
    twins: dict[tuple[str, str], Outcome] = {}
    rows = []
    for k, (id, severity) in enumerate(all_faults()):
        done = 0
        for j in range(len(PAIRINGS[half])):
            name = PAIRINGS[half][(k + j) % len(PAIRINGS[half])]
            optimizer = ("SGD", "AdamW")[(k + j) % 2]
            outcome = faulty(name, optimizer, list_name, seed, steps, id, severity, None)
            if outcome is None:
                continue
            twin = twins.setdefault((name, optimizer), healthy(name, optimizer, list_name, seed, steps))
            hurt = harmful(outcome, twin)
            first = outcome.alarms[0] if outcome.alarms else None
            mended = None
            if hurt and first is not None and first.operation is not None:
                again = faulty(name, optimizer, list_name, seed, steps, id, severity, first)
                mended = again is not None and again.val < twin.val + 0.3 * (min(outcome.val, 10.0) - twin.val)
            rows.append((f"{id} x {severity:g} on {name}, {optimizer}", outcome, hurt, mended))
            right = first is not None and first.id == id
            if (hurt and not right) or outcome.failure or mended is False:
                state = "harmful" if hurt else "harmless"
                print(
                    f"  {rows[-1][0]} ({state}, val {outcome.val:.3f}, twin {twin.val:.3f}): {told(outcome)} "
                    f"mended={mended} {outcome.failure}",
                    flush=True,
                )
            done += 1
            if done == worlds_each:
                break
    return rows


def layer_right(outcome: Outcome, id: str) -> bool:
    """Whether the finding of the seeded fault names the layer (or lists it among those that show it)."""
    return any(f.id == id and (f.layer == outcome.layer or outcome.layer in f.layers) for f in outcome.alarms)


def figures(half: str, well: list, sick: list, steps: int) -> list[str]:
    """The table of one half."""
    alarmed = sum(bool(o.alarms) for _, o in well)
    hurt = [(w, o, m) for w, o, h, m in sick if h]
    tame = [(w, o) for w, o, h, _ in sick if not h]
    found = sum(bool(o.alarms) for _, o, _ in hurt)
    first = sum(bool(o.alarms) and o.alarms[0].id == w.split()[0] for w, o, _ in hurt)
    placed = [
        layer_right(o, w.split()[0]) for w, o, _ in hurt if o.layer and any(f.id == w.split()[0] for f in o.alarms)
    ]
    mends = [m for *_, m in hurt if m is not None]
    at_start = [o for w, o, _ in hurt if w.split()[0] in ("F01", "F04", "F07", "F08", "F21") and o.alarms]
    early = sum(o.alarms[0].step == 0 for o in at_start)
    tactless = sum(bool(o.alarms) for _, o in tame)
    return [
        f"| figure, {half} half, {steps} steps a run | value (Wilson 95 %) | target |",
        "|---|---|---|",
        f"| healthy runs with any finding of watch or above | {wilson(alarmed, len(well))} | <= 5 % |",
        f"| recall on harmful faults | {wilson(found, len(hurt))} | >= 95 % |",
        f"| right cause first | {wilson(first, len(hurt))} | >= 85 % |",
        f"| right layer, where the cause was found and has one | {wilson(sum(placed), len(placed))} | >= 90 % |",
        f"| first remedy, applied automatically, mends | {wilson(sum(mends), len(mends))} | >= 80 % |",
        f"| init faults found before the first update | {wilson(early, len(at_start))} | all |",
        f"| harmless faults that were reported all the same | {wilson(tactless, len(tame))} | |",
    ]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sickbay")
    parser.add_argument("--full", action="store_true", help="three seeds, every fault on three architectures")
    parser.add_argument("--half", choices=[*HALVES], default="held-out")
    parser.add_argument("--steps", type=int, default=600)
    parser.add_argument("--write", type=Path, help="append the figures to this file")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    started = time.perf_counter()
    well = healthy_half(asked.half, asked.steps, 3 if asked.full else 1)
    sick = fault_half(asked.half, asked.steps, 3 if asked.full else 1)
    lines = figures(asked.half, well, sick, asked.steps)
    misses = [f"- {w}: {told(o)}" for w, o, h, _ in sick if h and (not o.alarms or o.alarms[0].id != w.split()[0])]
    misses += [f"- healthy {w}: {told(o)}" for w, o in well if o.alarms]
    lines += ["", "Misses and false alarms:", *(misses or ["- none"])]
    print("\n".join(lines))
    print(f"{time.perf_counter() - started:.0f} s", file=sys.stderr)
    if asked.write:
        asked.write.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
