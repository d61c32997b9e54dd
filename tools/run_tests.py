"""Run the tests, as many at a time as there are cores, and say what is being done. Standard library only.

    python tools/run_tests.py [--all] [ARGUMENTS OF PYTEST]

Tests that are marked as slow take more than half of the time, though they are one in fifty: they are left out, and
counted as deselected, unless all are asked for or `CI` is set.
"""

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
    every = "--all" in arguments or bool(os.environ.get("CI"))
    which, words = ([], "all tests") if every else (["-m", "not slow"], "the tests but for the slow ones, which")
    told = "" if every else " `make test-all` runs as well"
    print(f"moreish: running {words}{told}, in {workers} processes", flush=True)
    arguments = [*which, *(a for a in arguments if a != "--all")]
    command = [sys.executable, "-m", "pytest", "-n", str(workers), "--dist", "worksteal", *arguments]
    return subprocess.run(command, env=env, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
