"""The rounds: cases are worked off in several processes, and each outcome is kept as it ends."""

import time
from collections.abc import Callable, Iterable, Iterator

from torch.multiprocessing import get_context

from benchmarks.sickbay import cases, rivals
from benchmarks.sickbay.cases import Case
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
