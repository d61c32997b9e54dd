"""python -m benchmarks.sickbay [--full] [--half tuning] [--rivals N] [--write FILE]: how often is the doctor right?

Thresholds were set on the half "tuning"; figures are those of the half "held-out": another list, other seeds, other
strangers, other pairings of fault and architecture. Every outcome is kept as it ends, in runs/sickbay; a run that
was broken off goes on where it was. `--fresh` forgets what is kept.
"""

import argparse
import datetime
import os
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import torch

from benchmarks.measure import machine, names_file
from benchmarks.sickbay import figures, rivals
from benchmarks.sickbay.cases import HALVES
from benchmarks.sickbay.kept import Kept, Row
from benchmarks.sickbay.rounds import half, run, visited

BEGIN, END = "<!-- figures -->", "<!-- end of figures -->"


def report(command: str, rows: list[Row], rival_rows: list[Row]) -> str:
    """The figures of one half, from what is kept."""
    parts = [
        f"`{command}`, {datetime.date.today()}, {machine()}, one thread a run. "
        f"{len(figures.well(rows))} healthy runs, {len(figures.hurt(rows))} harmful faults, "
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


def written(page: Path, text: str) -> str:
    """The page with the figures between its two marks replaced; a page without them is the figures alone."""
    old = page.read_text(encoding="utf-8") if page.exists() else ""
    before, mark, rest = old.partition(BEGIN)
    return f"{before}{BEGIN}\n\n{text}\n{END}{rest.partition(END)[2]}" if mark else text


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sickbay")
    parser.add_argument("--full", action="store_true", help="three times as many seeds, faults on every pairing")
    parser.add_argument("--half", choices=[*HALVES], default="held-out")
    parser.add_argument("--each", type=int, default=8, help="architectures for each fault at each severity")
    parser.add_argument("--rivals", type=int, metavar="N", help="the rivals that are installed see every N-th run")
    parser.add_argument("--processes", type=int, default=min(2, os.cpu_count() or 1))
    parser.add_argument("--work", type=Path, default=Path("runs/sickbay"), help="where outcomes are kept")
    parser.add_argument("--fresh", action="store_true", help="forget what is kept")
    parser.add_argument("--figures-only", action="store_true", help="no new runs")
    parser.add_argument("--write", type=Path, help="put the figures into this page")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    if asked.half == "tuning" and names_file() is None:
        print("names.txt is not there (MOREISH_DATA=folder), so made words stand in for it")
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
            run(visited, rivals.tasks(kept, seen, asked.rivals), seen, asked.processes)
    size = "--full" if asked.full else f"--each {asked.each}"
    beside = f" --rivals {asked.rivals}" if asked.rivals else ""
    command = f"python -m benchmarks.sickbay --half {asked.half} {size}{beside}"
    text = report(command, list(kept.rows.values()), list(seen.rows.values()))
    print(text)
    print(f"{time.perf_counter() - started:.0f} s")
    if asked.write:
        asked.write.write_text(written(asked.write, text), encoding="utf-8")


if __name__ == "__main__":
    main()
