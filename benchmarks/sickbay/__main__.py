"""python -m benchmarks.sickbay [--full] [--half tuning] [--rivals] [--write FILE]: how often is the doctor right?

Thresholds were set on the half "tuning"; figures are those of the half "held-out": another list, other seeds, other
strangers, other pairings of fault and architecture. Every outcome is kept as it ends, in runs/sickbay; a session that
was broken off goes on where it was. `--fresh` forgets what is kept.
"""

import argparse
import os
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import torch
from torch.multiprocessing import get_context

from benchmarks.sickbay import cases, figures, rivals
from benchmarks.sickbay.cases import HALVES, Case
from benchmarks.sickbay.kept import Kept, Row, unpack
from benchmarks.sickbay.ward import observe

Task = tuple[list[Case], int, dict[str, str]]


def chosen(task: Task) -> list[Row]:
    """Outcomes of the first candidates on which the fault can be seeded."""
    candidates, most, twins = task
    rows: list[Row] = []
    for case in candidates:
        row = observe(case, unpack(twins[case.twin.key]) if case.fault else None)
        rows += [row] if row is not None else []
        if len(rows) == most:
            break
    return rows


def visited(task: tuple[Case, str]) -> list[Row]:
    """What one rival says of a case."""
    return [rivals.observe(*task)]


def run(work: Callable[..., list[Row]], tasks: Iterable, kept: Kept, processes: int) -> None:
    """Do the tasks in several processes, keep each outcome as it ends, and say how far it is."""
    tasks = list(tasks)
    if not tasks:
        return
    started = time.perf_counter()
    for n, rows in enumerate(_results(work, tasks, processes), 1):
        for row in rows:
            kept.add(row)
        spent = time.perf_counter() - started
        print(
            f"\r{n}/{len(tasks)}, {spent:.0f} s, about {spent / n * (len(tasks) - n):.0f} s to go ",
            end="",
            flush=True,
        )
    print()


def _results(work: Callable[..., list[Row]], tasks: list, processes: int) -> Iterator[list[Row]]:
    if processes == 1:
        yield from map(work, tasks)
        return
    with get_context("spawn").Pool(processes) as pool:
        yield from pool.imap_unordered(work, tasks)


def half(name: str, seeds: int, each: int, kept: Kept, processes: int) -> list[Row]:
    """Every run of a half: the healthy ones first, they are the twins of the others."""
    fine = list(cases.healthy(name, seeds))
    print(f"{name}: {len(fine)} healthy runs")
    run(chosen, (([c], 1, {}) for c in fine if c.key not in kept.rows), kept, processes)
    twins = {key: row["losses"] for key, row in kept.rows.items() if "losses" in row}
    tasks: list[Task] = []
    for candidates in cases.faulty(name, seeds):
        done = sum(c.key in kept.rows for c in candidates)
        left = [c for c in candidates if c.key not in kept.rows]
        if done < each:
            tasks.append((left, each - done, {c.twin.key: twins[c.twin.key] for c in left}))
    print(f"{name}: {len(tasks)} faults, each on {each} architectures")
    run(chosen, tasks, kept, processes)
    return list(kept.rows.values())


def report(name: str, rows: list[Row], rival_rows: list[Row]) -> str:
    """The page of figures."""
    parts = [
        f"Half: {name}; {len(figures.well(rows))} healthy runs, {len(figures.hurt(rows))} harmful faults, "
        f"{len(figures.tame(rows))} harmless ones.\n",
        *figures.table(rows),
        "\n### Misses and false alarms\n",
        *figures.misses(rows),
        "\n### By fault\n",
        *figures.by_fault(rows),
        "\n### Without one rule at a time\n",
        *figures.ablation(rows),
    ]
    if rival_rows:
        parts += ["\n### Rivals\n", *rivals.table(rival_rows, rows)]
    return "\n".join(parts) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sickbay")
    parser.add_argument("--full", action="store_true", help="three times as many seeds, faults on every pairing")
    parser.add_argument("--half", choices=[*HALVES], default="held-out")
    parser.add_argument("--each", type=int, default=4, help="architectures for each fault at each severity")
    parser.add_argument("--rivals", action="store_true", help="let the rivals that are installed see the same runs")
    parser.add_argument("--processes", type=int, default=min(2, os.cpu_count() or 1))
    parser.add_argument("--work", type=Path, default=Path("runs/sickbay"), help="where outcomes are kept")
    parser.add_argument("--fresh", action="store_true", help="forget what is kept")
    parser.add_argument("--figures-only", action="store_true", help="no new runs")
    parser.add_argument("--write", type=Path, help="write the figures to this file")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    ours, theirs = (
        asked.work / f"{asked.half}{'-full' if asked.full else ''}{end}" for end in (".jsonl", ".rivals.jsonl")
    )
    if asked.fresh:
        for path in (ours, theirs) if asked.rivals else (ours,):
            path.unlink(missing_ok=True)
    kept, seen = Kept(ours), Kept(theirs)
    started = time.perf_counter()
    if not asked.figures_only:
        half(asked.half, 3 if asked.full else 1, 99 if asked.full else asked.each, kept, asked.processes)
        if asked.rivals:
            run(visited, rivals.tasks(kept, seen), seen, asked.processes)
    text = report(asked.half, list(kept.rows.values()), list(seen.rows.values()))
    print(text)
    print(f"{time.perf_counter() - started:.0f} s")
    if asked.write:
        asked.write.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
