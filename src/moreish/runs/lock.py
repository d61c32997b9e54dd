"""The lock of a run: a lock of the system on an open file, so that it goes with the process that held it.

filelock's lock on a descriptor is `flock` on Linux and macOS and `LockFileEx` on Windows: it belongs to the open
file, so two writers in one process exclude each other like two processes, and nobody cleans up after a crash. The
file itself is empty, is never removed and means nothing. It knows no shared locks: whoever only asks takes the lock
for some microseconds, and everybody tries more than once, so neither a writer that begins nor another who asks is
misled. Two computers that share a folder exclude each other where their network disk passes locks on; one that
refuses locks is named in a sentence before anything is written.
"""

import contextlib
import time
from pathlib import Path
from typing import IO

from moreish.errors import RunError
from moreish.runs.files import Files, os_errors

WRITER_TRIES, ASKER_TRIES = 20, 5
PAUSE = 0.01  # seconds between two tries; whoever asks lets go a thousand times sooner


class Lock:
    """The lock at `path`, held by at most one `Lock` on this computer."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: IO[bytes] | None = None

    @property
    def taken(self) -> bool:
        """Whether it is this object that holds it."""
        return self._file is not None

    def take(self, files: Files) -> None:
        """Take it. Raises RunError where another holds it, or where the disk has no locks."""
        assert self._file is None, "taken already"
        with os_errors(self.path, "written"):
            if not self.path.exists():
                with contextlib.suppress(FileExistsError):
                    files.write(self.path, b"")
            file = open(self.path, "r+b")  # noqa: SIM115 (it stays open for as long as the lock is held)
            try:
                if _try(file, WRITER_TRIES):
                    self._file = file
            finally:
                if self._file is None:
                    file.close()
        if self._file is None:
            folder = self.path.parent
            raise RunError(
                f"{folder} is being written by another process: wait for it or stop it, or train a new run"
            )

    def free(self) -> None:
        """Let it go."""
        assert self._file is not None, "not taken"
        with self._file as file:
            self._file = None
            _let_go(file)

    def held(self) -> bool:
        """Whether anybody holds it. False where no lock can be had at all: nobody could have begun to write there."""
        if not self.path.is_file():
            return False
        with os_errors(self.path, "read"), _opened(self.path) as file:
            try:
                if not _try(file, ASKER_TRIES):
                    return True
            except OSError:
                return False
            _let_go(file)
            return False


def _opened(path: Path) -> IO[bytes]:
    """For writing where that is allowed, because network disks lock only such files; nothing is written."""
    try:
        return open(path, "r+b")
    except OSError:
        return open(path, "rb")


def _try(file: IO[bytes], tries: int) -> bool:
    from filelock import lock_descriptor  # it takes a while to load, and many a run is only read

    for n in range(tries):
        if n:
            time.sleep(PAUSE)
        if lock_descriptor(file.fileno(), blocking=False):
            return True
    return False


def _let_go(file: IO[bytes]) -> None:
    """Before it is closed: Windows frees the locks of a closed file only when it finds the time."""
    from filelock import unlock_descriptor

    unlock_descriptor(file.fileno())
