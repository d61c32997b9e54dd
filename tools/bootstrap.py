"""Make `.venv` and install moreish into it: `bootstrap.py runtime` or `bootstrap.py dev`. Standard library only.

It needs no make and runs on Linux, macOS and Windows alike: `make` itself calls nothing else.

The one thing worth care is PyTorch. On Linux the package index serves a build with gigabytes of CUDA libraries;
without an NVIDIA driver we take the CPU build instead, from a folder that pip is configured to look in if there
is one, else from PyTorch's own index. On macOS and Windows the package index has the CPU build, and CUDA for Windows
is to be had from PyTorch's own index only: https://pytorch.org says which.
"""

import os
import platform
import shutil
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = BIN / ("python.exe" if os.name == "nt" else "python")
PIP = [str(PYTHON), "-m", "pip", "--disable-pip-version-check"]
OLDEST = (3, 11)
TORCH = "torch>=2.10,<3"
CPU_INDEX = "https://download.pytorch.org/whl/cpu"


def say(text: str) -> None:
    print(f"moreish setup: {text}", flush=True)


def pip(*args: str, quiet: bool = False) -> bool:
    """Run pip with its progress bar on a terminal and without a word elsewhere; True if it succeeded."""
    noise = ["-q"] if quiet or not sys.stdout.isatty() else []
    swallow = subprocess.DEVNULL if quiet else None
    return subprocess.run([*PIP, *args, *noise], stdout=swallow, stderr=swallow, check=False).returncode == 0


def nvidia_driver_found() -> bool:
    """True where the driver itself answers, not merely where its tools are installed."""
    smi = shutil.which("nvidia-smi")
    return bool(smi) and subprocess.run([smi, "-L"], capture_output=True, check=False).returncode == 0


def install_torch() -> bool:
    if subprocess.run([*PIP, "show", "-q", "torch"], capture_output=True, check=False).returncode == 0:
        return True
    if platform.system() != "Linux":
        say("installing PyTorch (about 200 MB)")
        return pip("install", TORCH)
    if nvidia_driver_found():
        say("installing PyTorch with CUDA: an NVIDIA driver was found (several GB)")
        return pip("install", TORCH)
    say("installing PyTorch, CPU build (about 200 MB)")
    local = pip("install", "--no-index", "--no-deps", TORCH, quiet=True)
    return local or pip("install", TORCH, "--index-url", CPU_INDEX)


def install_moreish(extras: str) -> bool:
    say(f"installing moreish{extras}")
    return pip("install", "--editable", f"{ROOT}{extras}")


def main(arguments: list[str]) -> int:
    if arguments not in (["runtime"], ["dev"]):
        say("say `bootstrap.py runtime` to use moreish, `bootstrap.py dev` to work on it")
        return 2
    if sys.version_info < OLDEST:
        say(f"moreish needs Python 3.11 or newer, and this is {platform.python_version()}: start it with a newer one")
        return 2
    if not PYTHON.exists():
        say(f"making .venv with Python {platform.python_version()}")
        venv.create(VENV, with_pip=True, clear=VENV.exists())
    dev = arguments == ["dev"]
    if not install_torch() or not install_moreish("[dev]" if dev else ""):
        say("failed: see the lines above; is the network there? Run the same command again to go on.")
        return 1
    (VENV / ".runtime").touch()
    if dev:
        (VENV / ".dev").touch()
    say(f"ready; {BIN.relative_to(ROOT) / 'moreish'} is the command")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
