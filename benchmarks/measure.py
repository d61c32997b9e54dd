"""How things are measured: the best of several tries, both sides taking turns, on one machine in one run."""

import os
import platform
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

Taking = Callable[[Callable[[], None]], object]  # work that calls what it is given whenever the other may have a turn


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


def seconds(work: Callable[[], object]) -> float:
    """Processor time of one call: other people's processes on the machine do not count."""
    began = time.process_time()
    work()
    return time.process_time() - began


def race(ours: Callable[[], object], theirs: Callable[[], object], tries: int = 5) -> tuple[float, float]:
    """The best processor time of each in seconds, the two taking turns."""
    best_ours = best_theirs = float("inf")
    for _ in range(tries):
        best_ours = min(best_ours, seconds(ours))
        best_theirs = min(best_theirs, seconds(theirs))
    return best_ours, best_theirs


def in_turns(ours: Taking, theirs: Taking) -> tuple[float, float]:
    """Processor time of each in seconds. They go on together, each in a thread of its own, and take turns.

    Each hands the turn over whenever it calls the function that it is given, so that what slows the machine down for
    a while slows down both. For ratios near one of work that takes seconds.
    """
    took = [0.0, 0.0]
    turns = [threading.Semaphore(1), threading.Semaphore(0)]
    done = [False, False]

    def run(mine: int, work: Taking) -> None:
        def hand_over() -> None:
            turns[1 - mine].release()
            if not done[1 - mine]:
                turns[mine].acquire()

        turns[mine].acquire()
        began = time.thread_time()
        try:
            work(hand_over)
        finally:
            took[mine] = time.thread_time() - began
            done[mine] = True
            turns[1 - mine].release()

    with ThreadPoolExecutor(2) as threads:
        for each in [threads.submit(run, mine, work) for mine, work in enumerate((ours, theirs))]:
            each.result()
    return took[0], took[1]


def process_seconds(code: list[str], tries: int = 5) -> tuple[float, float]:
    """Best wall-clock and best processor time of a process of its own."""
    import resource  # which Windows lacks

    wall = cpu = float("inf")
    for _ in range(tries):
        before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        subprocess.run([sys.executable, *code], check=True, stdout=subprocess.DEVNULL)
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
    return f"{model}, {os.cpu_count()} cores, Python {platform.python_version()}, torch {torch.__version__}"


def load() -> str:
    """How busy the machine is with other things, where it says so."""
    return f"load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "load unknown"
