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

from benchmarks.measure import Row, machine

MODULES = ("benchmarks.main_job", "benchmarks.backprop", "benchmarks.ladder", "benchmarks.doctor")


def show(rows: Iterable[Row]) -> list[Row]:
    """Print each row as soon as it is there."""
    shown = []
    for row in rows:
        print(row.line(), flush=True)
        shown.append(row)
    return shown


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("--only", default="", help="only modules and rows whose name holds this word")
    parser.add_argument("--json", type=Path, help="also write the rows to this file")
    chosen = parser.parse_args()
    print(f"{datetime.date.today()}, {machine()}", flush=True)
    rows: list[Row] = []
    for name in MODULES:
        if chosen.only and chosen.only not in name and not hasattr(import_module(name), "rows"):
            continue
        module = import_module(name)
        print(f"\n{name.removeprefix('benchmarks.')}: {(module.__doc__ or '').splitlines()[0]}", flush=True)
        rows += show(module.rows(chosen.only))
    if chosen.json:
        chosen.json.write_text(json.dumps([row._asdict() for row in rows], indent=1) + "\n")


if __name__ == "__main__":
    main()
