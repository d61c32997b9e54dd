"""Build the wheel and the source package, install each in an empty environment and use it. Standard library only.

    python tools/wheels.py              both, with PyTorch, on this Python
    python tools/wheels.py --light      without PyTorch, which counting needs none of: every Python that is found
    python tools/wheels.py --oldest     likewise on this Python, with the oldest releases that pyproject.toml allows

A light check installs in seconds what a whole one needs minutes for, and finds what breaks most often: a file that
was left out of the package, an import that only works in the repository, a release that is too old.
"""

import os
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Sequence
from pathlib import Path
from shutil import which

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
TORCH = next(line for line in PROJECT["dependencies"] if line.startswith("torch"))
LIGHT = [line for line in PROJECT["dependencies"] if line != TORCH]
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
COUNTING = (
    ["--version"],
    ["--help"],
    ["inspect", "minerals"],
    ["train", "minerals", "--model", "ngram", "--out", "run", "-q"],
    ["more", "run", "-n", "3"],
    ["score", "run", "quartz"],
    ["evaluate", "run"],
    ["runs", "--root", "."],
    ["more", "minerals", "-n", "2", "--starts-with", "qu"],
)
TRAINING = (["train", "minerals", "--model", "gru", "--steps", "3", "--out", "net", "-q"], ["more", "net", "-n", "2"])


def main(arguments: list[str]) -> int:
    if arguments not in ([], ["--light"], ["--oldest"]):
        print(__doc__)
        return 2
    light = bool(arguments)
    with tempfile.TemporaryDirectory(prefix="moreish-wheels-") as folder:
        built = build(Path(folder) / "dist")
        pythons = found_pythons() if arguments == ["--light"] else [sys.executable]
        for python in pythons:
            for artefact in built:
                pins = oldest() if arguments == ["--oldest"] else []
                use(python, artefact, Path(folder), light=light, pins=pins)
    print(f"{len(pythons) * len(built)} passed, 0 failed", flush=True)
    return 0


def build(to: Path) -> list[Path]:
    """The wheel and the source package, by the build backend itself."""
    for target in ("sdist", "wheel"):
        run([sys.executable, "-m", "hatchling", "build", "-t", target, "-d", str(to)], ROOT)
    return sorted(to.iterdir())


def found_pythons() -> list[str]:
    """One of each release that can be had here."""
    found = [sys.executable]
    for release in PYTHONS:
        candidate = which(f"python{release}") or newest_of_pyenv(release)
        if candidate and release != f"{sys.version_info.major}.{sys.version_info.minor}":
            probe = subprocess.run([candidate, "-c", "import venv"], capture_output=True, check=False)
            candidate = candidate if probe.returncode == 0 else newest_of_pyenv(release)
            found += [candidate] if candidate else []
    return found


def newest_of_pyenv(release: str) -> str | None:
    """pyenv's, which stands on the path only where it was chosen."""
    root = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    found = sorted(root.glob(f"{release}.*/bin/python")) if root.is_dir() else []
    return str(found[-1]) if found else None


def oldest() -> list[str]:
    """`numpy==2` for `numpy>=2`, of everything that is needed without PyTorch."""
    return [re.sub(r">=([\w.]+).*", r"==\1", line) for line in LIGHT]


def use(python: str, artefact: Path, folder: Path, *, light: bool, pins: Sequence[str]) -> None:
    """Install it in an environment that has nothing else, in a folder from which the repository is not seen."""
    name = f"{Path(python).parent.parent.name}-{artefact.suffix.removeprefix('.')}{'-oldest' * bool(pins)}"
    print(f"moreish wheels: {artefact.name}, {python}{', oldest' * bool(pins)}", flush=True)
    where = folder / name
    run([python, "-m", "venv", str(where)], folder)
    own = where / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    pip = [str(own), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    if light:
        run([*pip, *(pins or LIGHT)], folder)
        run([*pip, "--no-deps", str(artefact)], folder)
    else:
        local = subprocess.run([*pip, "--no-index", TORCH], capture_output=True, check=False)
        if local.returncode:
            run([*pip, "--no-index", "--no-deps", TORCH], folder, ok=(0, 1))
        run([*pip, str(artefact)], folder)
    work = where / "work"
    work.mkdir()
    for command in (*COUNTING, *(() if light else TRAINING)):
        run([str(own), "-m", "moreish", *command], work)


def run(command: Sequence[str], where: Path, ok: tuple[int, ...] = (0,)) -> None:
    """Run it, and end with all that it said where it fails."""
    clean = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "PYTHONHOME")}
    env = clean | {"PYTHONUTF8": "1", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=where, env=env, capture_output=True, text=True, encoding="utf-8", check=False)
    if done.returncode not in ok or "Traceback" in done.stderr:
        print(f"{' '.join(command)}\n{done.stdout}{done.stderr}\n0 passed, 1 failed", flush=True)
        raise SystemExit(1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
