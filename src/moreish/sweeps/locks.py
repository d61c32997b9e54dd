"""Locks of a study: of the system, on open files, so that they go with the process that held them."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from filelock import lock_descriptor, unlock_descriptor


class FileLock:
    """The lock on a file, which is made where it is missing and means nothing."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: IO[bytes] | None = None

    def take(self, wait: bool = True) -> bool:
        """Take it; False where another has it, and `wait` is not asked for."""
        file = open(self.path, "ab")  # noqa: SIM115 (it stays open for as long as the lock is held)
        try:
            if lock_descriptor(file.fileno(), blocking=wait):
                self._file = file
                return True
        finally:
            if self._file is None:
                file.close()
        return False

    def free(self) -> None:
        """Let it go."""
        assert self._file is not None, "not taken"
        with self._file as file:
            self._file = None
            unlock_descriptor(file.fileno())

    @contextmanager
    def held(self) -> Iterator[None]:
        """It is ours inside."""
        self.take()
        try:
            yield
        finally:
            self.free()
