"""Run the kernels' tests with the address and undefined-behaviour sanitizers in the kernels. Standard library only.

In a copy of the sources, so that nothing else ever loads such a library. Leaks are not looked for: the kernels
allocate nothing, and Python and torch free little at their end.
"""

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parent.parent
COPY = ROOT / "build" / "sanitize"
TESTS = tuple(f"tests/fast/test_{name}.py" for name in ("compiled", "reading", "recurrent", "streams", "transformer"))


def load_build() -> ModuleType:
    """The copy's `fast/build.py` alone: moreish would load torch."""
    spec = importlib.util.spec_from_file_location("build", COPY / "moreish" / "fast" / "build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def main() -> int:
    shutil.rmtree(COPY, ignore_errors=True)
    built = shutil.ignore_patterns("__pycache__", "*.so", "*.dylib")
    shutil.copytree(ROOT / "src" / "moreish", COPY / "moreish", ignore=built)
    build = load_build()
    asked = subprocess.run(
        [*build.compiler(), "-print-file-name=libasan.so"], capture_output=True, encoding="utf-8", check=True
    )
    env = os.environ | {
        "LD_PRELOAD": asked.stdout.strip(),  # the first of all, because Python itself is without it
        "ASAN_OPTIONS": "detect_leaks=0:halt_on_error=1",
        "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1",
        "OMP_NUM_THREADS": "1",
        "PYTHONPATH": os.pathsep.join([str(COPY), str(ROOT)]),
    }
    for level in build.levels():
        build.build(level, extra=build.SANITIZERS)
    failed = 0
    for level in build.levels():
        print(f"moreish: the kernels' tests, {level}, with sanitizers", flush=True)
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *TESTS, *sys.argv[1:]]
        failed |= subprocess.run(command, cwd=ROOT, env=env | {"MOREISH_KERNELS": level}, check=False).returncode
    return failed


if __name__ == "__main__":
    sys.exit(main())
