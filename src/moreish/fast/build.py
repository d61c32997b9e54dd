"""Compiles the kernels: one shared library for each level of the processor. Standard library only.

    python -m moreish.fast.build

`hatch_build.py` calls it when moreish is installed. Each library carries the hash of what it was made of, so that one
made of other sources is never used. Why these flags, and never `-ffast-math`: docs/kernels.md.
"""

import hashlib
import os
import platform
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

FOLDER = Path(__file__).parent / "kernels"
SUFFIX = {"darwin": ".dylib", "win32": ".dll"}.get(sys.platform, ".so")
COMPILERS = ("c++", "g++", "clang++")
FLAGS = (
    "-std=c++17",
    "-O3",
    "-fPIC",
    "-shared",
    "-pthread",
    "-fvisibility=hidden",
    "-fno-exceptions",
    "-fno-rtti",
    "-fno-math-errno",
    "-fno-trapping-math",
    "-fno-signed-zeros",
    "-fassociative-math",
    "-ffp-contract=fast",
)
X86 = {
    "baseline": (),
    "avx2": ("-mavx2", "-mfma"),
    "avx512": ("-mavx2", "-mfma", "-mavx512f", "-mavx512bw", "-mavx512dq", "-mavx512vl", "-mprefer-vector-width=512"),
}
SANITIZERS = ("-g", "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-fno-omit-frame-pointer")


class BuildError(Exception):
    """There is no compiler, or it refused the kernels."""


def levels() -> Mapping[str, tuple[str, ...]]:
    """Level -> flags of its own, the least first; NEON is the baseline of arm64."""
    x86 = platform.machine().lower() in ("x86_64", "amd64") and sys.maxsize > 2**32
    return X86 if x86 else {"baseline": ()}


def sources_hash(level: str) -> str:
    """Of all sources and of the flags of this level: what a library must carry to be used."""
    digest = hashlib.sha256(" ".join(FLAGS + levels()[level]).encode())
    for path in sorted(p for p in FOLDER.iterdir() if p.suffix in (".cpp", ".hpp")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes().replace(b"\r\n", b"\n") + b"\0")
    return digest.hexdigest()[:32]


def library_path(level: str) -> Path:
    """Where the library of this level lies."""
    return FOLDER / f"moreish_kernels_{level}{SUFFIX}"


def compiler() -> list[str]:
    """The command: CXX, else the first of COMPILERS that there is. Raises BuildError where there is none."""
    if chosen := os.environ.get("CXX"):
        return shlex.split(chosen)
    for name in COMPILERS:
        if found := shutil.which(name):
            return [found]
    raise BuildError(f"there is no C++ compiler here: none of {', '.join(COMPILERS)} is on the PATH")


def build(level: str, into: Path | None = None, extra: tuple[str, ...] = ()) -> Path:
    """Compile one level, unless its library is up to date; the path of the library. Raises BuildError."""
    target = into or library_path(level)
    made_of = sources_hash(level)
    if not extra and target.exists() and made_of.encode() in target.read_bytes():
        return target
    define = f'-DMOREISH_SOURCES="{made_of}"'
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:  # a library that is in use is never written over
        fresh = Path(folder) / target.name
        flags = [*FLAGS, *levels()[level], *extra, define]
        _run([*compiler(), *flags, "-o", str(fresh), str(FOLDER / "kernels.cpp")])
        os.replace(fresh, target)
    return target


def _run(command: list[str]) -> None:
    try:
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
            said, _ = process.communicate()
    except OSError as error:
        raise BuildError(f"the compiler {command[0]} cannot be started: {error}") from None
    if process.returncode:
        raise BuildError(f"{command[0]} refused the kernels:\n{said.decode(errors='replace')}")


def build_all() -> list[Path]:
    """Every level of this processor's family. Raises BuildError."""
    return [build(level) for level in levels()]


def main() -> int:
    """Build what is not up to date; 0, also where there is no compiler, because the kernels are optional."""
    try:
        for path in build_all():
            print(f"moreish: {path.name} is up to date")
    except BuildError as error:
        print(f"moreish: no compiled kernels, training goes by torch: {error}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
