"""How things are measured: the best of several tries, both sides taking turns, on one machine in one run."""

import os
import platform
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple


class Row(NamedTuple):
    """One line of the table. `ratio` says how many times better ours is, or is left out."""

    name: str
    ours: str
    theirs: str = ""
    ratio: float | None = None
    target: str = ""

    def line(self) -> str:
        """The row as text."""
        digits = 3 if self.ratio is not None and abs(self.ratio - 1) < 0.3 else 1
        ratio = f"{self.ratio:8.{digits}f}x" if self.ratio is not None else " " * 9
        return f"  {self.name:<58} {self.ours:>22} {self.theirs:>22} {ratio}  {self.target}"


def seconds(work: Callable[[], Any]) -> float:
    """Processor time of one call: other people's processes on the machine do not count."""
    began = time.process_time()
    work()
    return time.process_time() - began


def race(ours: Callable[[], Any], theirs: Callable[[], Any], tries: int = 5) -> tuple[float, float]:
    """The best processor time of each in seconds, the two taking turns."""
    best_ours = best_theirs = float("inf")
    for _ in range(tries):
        best_ours = min(best_ours, seconds(ours))
        best_theirs = min(best_theirs, seconds(theirs))
    return best_ours, best_theirs


def paired(ours: Callable[[], Any], theirs: Callable[[], Any], tries: int) -> tuple[float, float]:
    """The processor times of the pair whose ratio is the median: for ratios near one, which the best of each blur.

    Which of the two goes first changes from pair to pair.
    """
    pairs = []
    for i in range(tries):
        if i % 2:
            other = seconds(theirs)
            pairs.append((seconds(ours), other))
        else:
            pairs.append((seconds(ours), seconds(theirs)))
    return sorted(pairs, key=lambda pair: pair[0] / pair[1])[tries // 2]


def process_seconds(code: list[str], tries: int = 5, **more: Any) -> tuple[float, float]:
    """Best wall-clock and best processor time of a process of its own."""
    wall = cpu = float("inf")
    for _ in range(tries):
        before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        subprocess.run([sys.executable, *code], check=True, stdout=subprocess.DEVNULL, **more)
        wall = min(wall, time.perf_counter() - began)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = min(cpu, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return wall, cpu


def names_file() -> Path | None:
    """The lectures' list, where MOREISH_DATA has it."""
    return _in_data("names.txt")


def text_file() -> Path | None:
    """The lectures' running text, where MOREISH_DATA has it."""
    return _in_data("tinyshakespeare.txt")


def _in_data(name: str) -> Path | None:
    folder = os.environ.get("MOREISH_DATA")
    path = Path(folder or "") / name
    return path if folder and path.exists() else None


def machine() -> str:
    """Processor, cores, Python and torch in one line."""
    import torch

    model = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [line.partition(":")[2].strip() for line in info.read_text().splitlines() if "model name" in line]
        model = names[0] if names else model
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    return f"{model}, {os.cpu_count()} cores, Python {platform.python_version()}, torch {torch.__version__}{load}"
