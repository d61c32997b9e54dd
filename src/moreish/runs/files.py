"""What touches the disk: the operations that change it, errors of the system as sentences, strict JSON.

Everything that writes goes through one `Files`, so that a test can put a disk in its place that is full, fails or
loses power at the n-th operation. JSON is strict both ways: no NaN, UTF-8 only.
"""

import contextlib
import errno
import json
import math
import os
import stat
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from moreish.errors import Damaged, RunError

DEEPEST = 64  # levels of JSON in JSON
JSON_LIMIT = 64 * 2**20  # bytes; no JSON file of a run comes near, and a hostile one is not read

RENAME_PAUSES = (0.01, 0.05, 0.2, 0.5)  # seconds

_FULL = "; free some space (what was saved before is safe)"
_CURES = {
    errno.ENOSPC: _FULL,
    getattr(errno, "EDQUOT", errno.ENOSPC): _FULL,  # not every system knows quotas
    errno.EACCES: "; change its permissions or choose another folder",
    errno.EPERM: "; change its permissions or choose another folder",
    errno.EROFS: "; choose a folder on a disk that can be written",
    errno.ENOLCK: "; this disk has no locks: choose a folder on a disk of this computer",
}


class Files:
    """The operations on a disk that change it. Each raises OSError; none is durable before its `sync`."""

    def mkdir(self, path: Path) -> None:
        """Make one new directory."""
        os.mkdir(path)

    def write(self, path: Path, data: bytes) -> None:
        """Write a new file; one that is there already is an error."""
        with open(path, "xb") as file:
            file.write(data)

    def append(self, path: Path, data: bytes) -> None:
        """Write at the end of a file."""
        with open(path, "ab", buffering=0) as file:
            while data:
                data = data[file.write(data) :]

    def truncate(self, path: Path, size: int) -> None:
        """Cut a file back to `size` bytes."""
        os.truncate(path, size)

    def sync(self, path: Path) -> None:
        """Make the contents of a file, or the names in a directory, survive a power cut.

        Where the system opens no directories (Windows) or the disk syncs none (many that are on a network), the
        rename itself is all there is: it comes whole or not at all, and the system decides when it is durable.
        """
        if path.is_dir():
            self._sync_names(path)
            return
        with open(path, "r+b") as file:  # Windows syncs only what is open for writing
            os.fsync(file.fileno())

    def _sync_names(self, folder: Path) -> None:
        try:
            descriptor = os.open(folder, os.O_RDONLY)
        except PermissionError:
            if os.access(folder, os.R_OK):
                return  # it is no matter of permissions: directories are not opened here
            raise
        try:
            os.fsync(descriptor)
        except OSError as error:
            if error.errno not in (errno.EINVAL, errno.ENOTSUP):
                raise
        finally:
            os.close(descriptor)

    def rename(self, old: Path, new: Path) -> None:
        """Give a file or directory another name, in one step; there must be none of the new name.

        On Windows it fails while any process has a file in the directory open, a virus scanner too: what it is only
        for a moment is waited for, then PermissionError is raised.
        """
        for pause in RENAME_PAUSES:
            try:
                os.rename(old, new)
            except PermissionError as error:
                if getattr(error, "winerror", None) is None:
                    raise
                time.sleep(pause)
            else:
                return
        os.rename(old, new)

    def remove(self, path: Path) -> None:
        """Remove one file."""
        os.unlink(path)

    def rmdir(self, path: Path) -> None:
        """Remove one empty directory."""
        os.rmdir(path)

    def remove_tree(self, folder: Path) -> None:
        """Remove a directory with all that is in it, one operation at a time; links are not followed."""
        self.empty(folder)
        self.rmdir(folder)

    def empty(self, folder: Path) -> None:
        """Remove all that is in a directory."""
        for path in list(folder.iterdir()):
            if path.is_dir() and not is_link(path):
                self.remove_tree(path)
            else:
                self.remove(path)

    def make_parents(self, folder: Path) -> None:
        """Make the directories above `folder` that are missing, durably."""
        for parent in reversed([p for p in folder.parents if not p.exists()]):
            with contextlib.suppress(FileExistsError):  # somebody else was faster
                self.mkdir(parent)
            self.sync(parent.parent)


def is_link(path: Path) -> bool:
    """Whether it is a symbolic link, or a junction, which is Windows' own kind."""
    return path.is_symlink() or getattr(os.path, "isjunction", os.path.islink)(path)  # Python 3.11 knows no junctions


@contextlib.contextmanager
def os_errors(path: Path, action: str) -> Iterator[None]:
    """Any OSError inside becomes a RunError with one sentence; `action` as in "cannot be written"."""
    try:
        yield
    except OSError as error:
        where = error.filename or path
        reason = (error.strerror or str(error)).lower()
        raise RunError(f"{where} cannot be {action}: {reason}{_CURES.get(error.errno or 0, '')}") from error


def encode(value: Any) -> bytes:
    """Strict JSON on one line. Raises ValueError for a number that is not finite.

    A lone surrogate (a file name that is not UTF-8) becomes its JSON escape.
    """
    text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    return text.encode("utf-8", "backslashreplace") + b"\n"


def decode(data: bytes, name: str) -> Any:
    """The value of strict JSON of at most `DEEPEST` levels. Raises Damaged, with `name`, for anything else."""
    try:
        value = json.loads(data.decode("utf-8"), parse_constant=_no_constant, parse_float=_finite_float)
    except RecursionError:
        raise Damaged(f"{name} is damaged: it is not JSON that anybody wrote (nested too deeply)") from None
    except ValueError as error:
        raise Damaged(f"{name} is damaged: it is not JSON ({error})") from None
    level = [value]
    for _ in range(DEEPEST):
        level = [v for each in level for v in _inside(each) if isinstance(v, dict | list)]
        if not level:
            return value
    raise Damaged(f"{name} is damaged: it is nested more than {DEEPEST} levels deep")


def _inside(value: Any) -> Iterable[Any]:
    return value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()


def read_bytes(path: Path, limit: int = JSON_LIMIT) -> bytes:
    """The contents of a regular file of at most `limit` bytes."""
    size = regular_size(path)
    if size > limit:
        raise Damaged(f"{path} is damaged: it has {size} bytes, and at most {limit} make sense")
    with os_errors(path, "read"):
        return path.read_bytes()


def regular_size(path: Path) -> int:
    """Bytes in a regular file. Raises Damaged where it is missing, a link, a pipe or a directory."""
    try:
        status = os.lstat(path)
    except FileNotFoundError:
        raise Damaged(f"{path} is missing") from None
    except OSError as error:
        raise RunError(f"{path} cannot be read: {(error.strerror or str(error)).lower()}") from error
    if not stat.S_ISREG(status.st_mode):
        kind = "a link" if stat.S_ISLNK(status.st_mode) else "no plain file"
        raise Damaged(f"{path} is {kind}, and nothing in a run folder may be: put the file itself in its place")
    return status.st_size


def _no_constant(word: str) -> None:
    raise ValueError(f"{word} is not JSON")


def _finite_float(word: str) -> float:
    value = float(word)
    if not math.isfinite(value):
        raise ValueError(f"{word[:20]} is beyond every number")
    return value
