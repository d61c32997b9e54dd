"""A real disk that is small, for what no injected failure can show."""

import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest


@contextlib.contextmanager
def small_disk(folder: Path, options: str) -> Iterator[Path]:
    """A tmpfs of its own at `folder`; where this process may mount none, the test is skipped and says so.

    To mount takes root. The injected failures of tests/test_crash.py need none.
    """
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    try:
        mounted = subprocess.run(mount, capture_output=True, text=True, check=False)
        refused = mounted.stderr.strip() or "refused" if mounted.returncode else None
    except FileNotFoundError:
        refused = "there is no mount command"
    if refused:
        pytest.skip(f"no tmpfs may be mounted here ({refused}); injected failures cover the same ground")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
