"""`make bench`: everything that is said to be fast, beside what one would use instead, in one run, as ratios.

    python -m benchmarks [--only WORD] [--json FILE]

Each module listed below has `rows() -> Iterable[Row]`. names.txt is found through MOREISH_DATA; without it the
bundled names stand in, and the table says so.
"""

import argparse
import datetime
import json
from collections.abc import Iterable
from importlib import import_module
from pathlib import Path

from benchmarks.measure import Row, load, machine

MODULES = (
    "benchmarks.main_job",
    "benchmarks.compiled",
    "benchmarks.backprop",
    "benchmarks.ladder",
    "benchmarks.sequences",
    "benchmarks.doctor",
    "benchmarks.making",
    "benchmarks.conditional",
    "benchmarks.guided",
    "benchmarks.ranking",
    "benchmarks.scoring",
    "benchmarks.reading",
    "benchmarks.memory",
)


def show(title: str, rows: Iterable[Row]) -> list[Row]:
    """Print each row as soon as it is there, the first one under the title."""
    shown = []
    for row in rows:
        if not shown:
            print(f"\n{title}", flush=True)
        print(row.line(), flush=True)
        shown.append(row)
    return shown


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("--only", default="", help="only modules and rows whose name holds this word")
    parser.add_argument("--json", type=Path, help="also write the rows to this file")
    chosen = parser.parse_args()
    print(f"{datetime.date.today()}, {machine()}, {load()}", flush=True)
    rows: list[Row] = []
    for name in MODULES:
        module = import_module(name)
        title = f"{name.removeprefix('benchmarks.')}: {(module.__doc__ or '').splitlines()[0]}"
        rows += show(title, module.rows(chosen.only))
    if chosen.json:
        chosen.json.write_text(json.dumps([row._asdict() for row in rows], indent=1) + "\n")


if __name__ == "__main__":
    main()
