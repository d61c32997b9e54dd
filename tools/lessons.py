"""Execute the lessons whole, two at a time: `python -m tools.lessons [NUMBER ...]`. Says how long each takes.

What they print and their pictures go to build/lessons. names.txt is fetched first, where it can be.
"""

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from moreish.data.fetch import fetch
from moreish.data.sources import find
from moreish.lessons.table import LESSONS

OUT = Path(__file__).resolve().parent.parent / "build" / "lessons"


def have_list() -> None:
    try:
        find("names.txt")
    except ValueError:
        try:
            fetch("names")
        except ValueError as error:
            print(f"{error}; the lessons take the bundled names", flush=True)


def execute(number: int) -> tuple[int, float, int]:
    """(number, seconds, exit code)."""
    folder = OUT / f"{number:02}"
    folder.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    env = {k: v for k, v in os.environ.items() if k != "MOREISH_SHORT"} | {"OMP_NUM_THREADS": "1"}
    with (folder / "printed.txt").open("w", encoding="utf-8") as out:
        command = [sys.executable, "-m", "moreish", "lessons", "run", str(number), "--to", str(folder)]
        done = subprocess.run(command, stdout=out, stderr=subprocess.STDOUT, cwd=folder, env=env, check=False)
    seconds = time.monotonic() - began
    print(f"lesson {number:2}: {seconds:6.0f} s{'' if done.returncode == 0 else ', FAILED'}", flush=True)
    return number, seconds, done.returncode


def main(numbers: Sequence[str]) -> int:
    have_list()
    began = time.monotonic()
    chosen = [int(n) for n in numbers] or [11, 8, 10, 9, 6, 12, 7, 5, 3, 2, 4, 1]  # the longest first
    assert set(chosen) <= {each.number for each in LESSONS}
    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(execute, chosen))
    print(f"all: {time.monotonic() - began:.0f} s; printed text and pictures: {OUT}")
    return int(any(code for _, _, code in results))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
