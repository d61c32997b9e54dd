"""See to it that there is a Chromium for the tests of the studio's page; where there is none to be had, say so.

It never fails: the tests that need a browser are then skipped, with the reason. Standard library only.
"""

import os
import shutil
import subprocess
import sys

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "msedge")


def quietly(*command: str) -> bool:
    try:
        return subprocess.run(command, capture_output=True, check=False, timeout=600).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def main() -> int:
    if any(shutil.which(name) for name in NAMES):
        return 0
    print("moreish: no Chromium for the tests of the studio's page: installing one", flush=True)
    root = getattr(os, "geteuid", lambda: 1)() == 0
    if root and shutil.which("apt-get"):
        quietly("apt-get", "update")
        if quietly("apt-get", "install", "-y", "--no-install-recommends", "chromium"):
            return 0
    if not quietly(sys.executable, "-m", "playwright", "install", "chromium"):
        print("moreish: none is to be had here, so the tests in a browser will be skipped", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
