"""What only some systems have: a test that needs it says so, and is skipped elsewhere with the reason."""

import os
import signal
from pathlib import Path

import pytest

needs_signals = pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="no signals are sent to others here")
needs_groups = pytest.mark.skipif(not hasattr(os, "killpg"), reason="processes have no groups here")
needs_pipes = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")
needs_proc = pytest.mark.skipif(not Path("/proc/self/fdinfo").exists(), reason="there is no /proc here")


def link(path: Path, target: Path) -> None:
    """Make `path` a symbolic link; where that takes a right that this process lacks, the test is skipped."""
    try:
        path.symlink_to(target)
    except OSError as error:
        pytest.skip(f"no links may be made here ({error})")
