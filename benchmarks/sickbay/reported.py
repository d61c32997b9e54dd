"""python -m benchmarks.sickbay.reported FOLDER [--expected FILE] [--table NAME] [--processes N] [--write FILE]

Every script of a folder as a user would watch it: `moreish doctor --json SCRIPT` in a process of its own. A script
`bad_*.py` is ill, `ok_*.py` is well, `unsure_*.py` has a mistake whose harm was not shown. A table NAME of a TOML
file says of each ill one which first findings name the right cause: `accept` by id or slug, `pattern` by their
sentence, and which only name a symptom (`near`). Printed is every script with what was said first, then the figures.
"""

import argparse
import datetime
import json
import os
import re
import subprocess
import sys
import time
import tomllib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measure import machine

LONGEST = 300  # seconds of one script
TABLE = Path(__file__).parent / "scripts" / "expected.toml"


@dataclass(frozen=True)
class Told:
    """What the doctor said of one script: alarms, worst first, as (id, slug, sentence); how long it took."""

    name: str
    alarms: list[tuple[str, str, str]]
    steps: int
    seconds: float
    failure: str = ""

    @property
    def ill(self) -> bool:
        """Whether the script is said to be ill."""
        return self.name.startswith("bad_")

    def is_right(self, expected: dict) -> bool:
        """Whether the first finding names the cause."""
        if not self.alarms:
            return False
        id, slug, sentence = self.alarms[0]
        named = {id, slug} & set(expected.get("accept", []))
        return bool(named) or bool(expected.get("pattern") and re.search(expected["pattern"], sentence))


def told(script: Path) -> Told:
    """Watch one script."""
    environment = dict(os.environ, OMP_NUM_THREADS="1")
    command = [sys.executable, "-m", "moreish", "doctor", "--json", str(script.resolve())]
    began = time.perf_counter()
    try:
        done = subprocess.run(command, capture_output=True, timeout=LONGEST, check=False, env=environment, text=True)
        plain = json.loads(done.stdout)
    except (subprocess.TimeoutExpired, json.JSONDecodeError) as failure:
        return Told(script.stem, [], 0, time.perf_counter() - began, type(failure).__name__)
    alarms = [(f["id"], f["slug"], f["sentence"]) for f in plain["findings"] if f["severity"] != "info"]
    return Told(script.stem, alarms, plain["steps"], time.perf_counter() - began)


def verdict(each: Told, expected: dict[str, dict]) -> str:
    """One word for what came of a script."""
    if each.failure:
        return each.failure
    if not each.ill:
        return "silent" if not each.alarms else "word" if each.name.startswith("unsure_") else "FALSE ALARM"
    if not each.alarms:
        return "MISSED"
    return "right" if each.is_right(expected.get(each.name, {})) else "found"


def table(rows: list[Told], expected: dict[str, dict]) -> list[str]:
    """Every script, then the figures, in Markdown."""
    lines = ["| script | outcome | first finding |", "|---|---|---|"]
    for each in rows:
        first = f"{each.alarms[0][0]} {each.alarms[0][1]}" if each.alarms else ""
        lines.append(f"| {each.name} | {verdict(each, expected)} | {first} |")
    ill = [r for r in rows if r.ill]
    well = [r for r in rows if r.name.startswith("ok_")]
    found, right = sum(bool(r.alarms) for r in ill), sum(r.is_right(expected.get(r.name, {})) for r in ill)
    alarmed = sum(bool(r.alarms) for r in well)
    figures = [
        f"{found} of {len(ill)} ill ones found ({found / max(len(ill), 1):.0%}), the right cause first in {right} "
        f"({right / max(len(ill), 1):.0%}); {alarmed} of {len(well)} healthy ones alarmed.",
    ]
    return [*figures, "", *lines]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sickbay.reported")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--expected", type=Path, default=TABLE)
    parser.add_argument("--table", help="of the file; the folder's name unless given")
    parser.add_argument("--only", default="", help="scripts with this in their names")
    parser.add_argument("--processes", type=int, default=min(2, os.cpu_count() or 1))
    parser.add_argument("--write", type=Path)
    chosen = parser.parse_args()
    expected = tomllib.loads(chosen.expected.read_text(encoding="utf-8")).get(chosen.table or chosen.folder.name, {})
    scripts = [s for s in sorted(chosen.folder.glob("*.py")) if chosen.only in s.stem]
    rows = []
    with ThreadPoolExecutor(chosen.processes) as pool:
        for each in pool.map(told, scripts):
            first = each.alarms[0][:2] if each.alarms else ""
            print(
                f"{verdict(each, expected):<12} {each.name:<36} {each.seconds:5.1f} s  {' '.join(first)}", flush=True
            )
            rows.append(each)
    lines = table(rows, expected)
    print("\n" + lines[0])
    if chosen.write:
        head = f"`python -m benchmarks.sickbay.reported`, {datetime.date.today()}, {machine()}, one thread a run.\n\n"
        chosen.write.write_text(head + "\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
