"""Run the tests, as many at a time as there are cores, and say what is being done. Standard library only."""

import os
import subprocess
import sys
from pathlib import Path

KERNELS = Path(__file__).resolve().parent.parent / "src" / "moreish" / "fast" / "build.py"


def usable_cores() -> int:
    """As `moreish.fitting.cores`, which is not there yet where this runs."""
    if ask := getattr(os, "process_cpu_count", None):
        return ask() or 1
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def main(arguments: list[str]) -> int:
    workers = max(2, usable_cores())
    # One thread for each worker: tiny tensors gain nothing from a second, and the workers share the cores. Windows
    # would read the tests' own files in the code page of the country.
    env = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1", "PYTHONUTF8": "1"}
    subprocess.run([sys.executable, str(KERNELS)], check=False)  # what is up to date is left alone
    print(f"moreish: running the tests in {workers} processes", flush=True)
    command = [sys.executable, "-m", "pytest", "-n", str(workers), "--dist", "worksteal", *arguments]
    return subprocess.run(command, env=env, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
