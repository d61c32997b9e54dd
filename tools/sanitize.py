"""Run the kernels' tests with the address and undefined-behaviour sanitizers in the kernels. Standard library only.

The libraries are made anew with the sanitizers and, when the tests are over, without them. Leaks are not looked for:
the kernels allocate nothing, and Python and torch free little at their end.
"""

import os
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "src" / "moreish" / "fast"))
import build  # the file alone: moreish would load torch

TESTS = ("tests/fast/test_compiled.py", "tests/fast/test_library.py")


def main() -> int:
    runtime = subprocess.run(
        [*build.compiler(), "-print-file-name=libasan.so"], capture_output=True, encoding="utf-8", check=True
    ).stdout.strip()
    env = os.environ | {
        "LD_PRELOAD": runtime,  # the first of all, because Python itself is without it
        "ASAN_OPTIONS": "detect_leaks=0:halt_on_error=1",
        "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1",
        "OMP_NUM_THREADS": "1",
        "MOREISH_SANITIZED": "1",
    }
    failed = 0
    try:
        for level in build.levels():
            build.build(level, extra=build.SANITIZERS)
        for level in build.levels():
            print(f"moreish: the kernels' tests, {level}, with sanitizers", flush=True)
            command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *TESTS, *sys.argv[1:]]
            failed |= subprocess.run(command, env=env | {"MOREISH_KERNELS": level}, check=False).returncode
    finally:
        for level in build.levels():
            build.library_path(level).unlink(missing_ok=True)
        build.build_all()
    return failed


if __name__ == "__main__":
    sys.exit(main())
