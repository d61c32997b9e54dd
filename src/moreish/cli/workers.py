"""Processes beside this one that work on the same study."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def helpers(study: Path, trials: int, count: int, population: bool) -> Iterator[None]:
    """So many of them inside; each ends when all trials are done. What ends us ends them too, and nothing is lost."""
    command = [sys.executable, "-m", "moreish", "sweep", "--study", str(study), "--trials", str(trials), "--quiet"]
    command += ["--population"] if population else []
    running = [subprocess.Popen(command, stdout=subprocess.DEVNULL) for _ in range(count)]
    try:
        yield
        for process in running:
            process.wait()
    except BaseException:
        for process in running:
            process.terminate()  # as Ctrl-C: it saves what it trains
        raise
