"""The sealed folder: files that are written once, with a manifest of their sizes and hashes that is written last.

    folder/
      state.json, ...     any files
      manifest.json       {"format": 1, "files": {name: {"size", "sha256"}}, "sha256": of all the rest}

A folder whose manifest verifies is whole; one flipped byte in any file, the manifest included, is refused by name.

Everything that writes goes through one `Files`, so that a test can put a disk in its place that is full, fails or
loses power at the n-th operation. JSON is strict both ways: no NaN, UTF-8 only.

    ValueError
      RunError            a run cannot be used as asked; the sentence says what, where and what to do
        Damaged           it is not what was written: passed over where an older checkpoint can serve
        TooNew            a later release wrote it: never passed over
"""

import contextlib
import errno
import hashlib
import json
import os
import re
import stat
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FORMAT = 1
MANIFEST = "manifest.json"
JSON_LIMIT = 64 * 2**20  # bytes; no JSON file of a run comes near, and a hostile one is not read

_SHA256 = re.compile(r"[0-9a-f]{64}")
_CURES = {
    errno.ENOSPC: "; free some space (what was saved before is safe)",
    errno.EDQUOT: "; free some space (what was saved before is safe)",
    errno.EACCES: "; change its permissions or choose another folder",
    errno.EPERM: "; change its permissions or choose another folder",
    errno.EROFS: "; choose a folder on a disk that can be written",
}


class RunError(ValueError):
    """A run cannot be used as asked; the sentence says what, where and what to do."""


class Damaged(RunError):
    """Something in a run folder is not what was written."""


class TooNew(RunError):
    """Something in a run folder was written by a later release."""


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
        """Make the contents of a file, or the names in a directory, survive a power cut."""
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def rename(self, old: Path, new: Path) -> None:
        """Give a file or directory another name, in one step."""
        os.rename(old, new)

    def remove(self, path: Path) -> None:
        """Remove one file."""
        os.unlink(path)

    def rmdir(self, path: Path) -> None:
        """Remove one empty directory."""
        os.rmdir(path)

    def remove_tree(self, folder: Path) -> None:
        """Remove a directory with all that is in it, one operation at a time; links are not followed."""
        for path in list(folder.iterdir()):
            if path.is_dir() and not path.is_symlink():
                self.remove_tree(path)
            else:
                self.remove(path)
        self.rmdir(folder)

    def make_parents(self, folder: Path) -> None:
        """Make the directories above `folder` that are missing, durably."""
        for parent in reversed([p for p in folder.parents if not p.exists()]):
            with contextlib.suppress(FileExistsError):  # somebody else was faster
                self.mkdir(parent)
            self.sync(parent.parent)


@contextlib.contextmanager
def told(path: Path, action: str) -> Iterator[None]:
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
    """The value of strict JSON. Raises Damaged, with `name` in the sentence, for anything else."""
    try:
        return json.loads(data.decode("utf-8"), parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise Damaged(f"{name} is damaged: it is not JSON ({error})") from None


def read_bytes(path: Path, limit: int = JSON_LIMIT) -> bytes:
    """The contents of a regular file of at most `limit` bytes."""
    size = regular_size(path)
    if size > limit:
        raise Damaged(f"{path} is damaged: it has {size} bytes, and at most {limit} make sense")
    with told(path, "read"):
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


def sha256(data: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


@dataclass(frozen=True)
class Entry:
    """What the manifest says of one file."""

    size: int
    sha256: str


def write_sealed(files: Files, folder: Path, contents: Mapping[str, bytes]) -> None:
    """Write every file into `folder`, which exists, sync each, the manifest last, then the folder itself."""
    entries = {name: {"size": len(data), "sha256": sha256(data)} for name, data in contents.items()}
    for name, data in contents.items():
        files.write(folder / name, data)
        files.sync(folder / name)
    files.write(folder / MANIFEST, _manifest_bytes({"format": FORMAT, "files": entries}))
    files.sync(folder / MANIFEST)
    files.sync(folder)


def read_manifest(folder: Path, required: Collection[str], allowed: Collection[str] = ()) -> dict[str, Entry]:
    """The entries of the manifest: every name in `required`, and none beyond those and `allowed`.

    Raises Damaged where the manifest is not byte for byte what was written, TooNew for a later format.
    """
    path = folder / MANIFEST
    data = read_bytes(path)
    value = decode(data, str(path))
    body = {k: v for k, v in value.items() if k != "sha256"} if isinstance(value, dict) else {}
    if not body or data != _manifest_bytes(body):
        raise Damaged(f"{path} is damaged: it does not match its own hash")
    check_format(body.get("format"), path)
    listed = body.get("files")
    if not isinstance(listed, dict) or not set(required) <= set(listed) <= {*required, *allowed}:
        raise Damaged(f"{path} is damaged: it does not list the files that belong here")
    return {name: _entry(value, name, path) for name, value in listed.items()}


def check_format(value: Any, path: Path) -> None:
    """Raises TooNew for the format of a later release, Damaged for something that is no format."""
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise Damaged(f"{path} is damaged: it does not say which format it has")
    if value > FORMAT:
        raise TooNew(
            f"{path} has format {value}, written by a later moreish; this one reads up to {FORMAT}: upgrade moreish"
        )


def verify_size(folder: Path, name: str, entry: Entry) -> None:
    """Raises Damaged where the file is missing or has another size than the manifest says."""
    size = regular_size(folder / name)
    if size != entry.size:
        raise Damaged(f"{folder / name} is damaged: it has {size} bytes instead of {entry.size}")


def verify(folder: Path, name: str, entry: Entry) -> None:
    """Raises Damaged where one byte of the file differs from what the manifest says."""
    verify_size(folder, name, entry)
    try:
        with open(folder / name, "rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        raise Damaged(f"{folder / name} is missing") from None
    except OSError as error:
        raise Damaged(f"{folder / name} cannot be read: {(error.strerror or str(error)).lower()}") from error
    if found != entry.sha256:
        raise Damaged(f"{folder / name} is damaged: its hash is not the one in {MANIFEST}")


def read_verified(folder: Path, name: str, entry: Entry) -> bytes:
    """The contents of a small file, hashed as they were read."""
    verify_size(folder, name, entry)
    data = read_bytes(folder / name)
    if sha256(data) != entry.sha256:
        raise Damaged(f"{folder / name} is damaged: its hash is not the one in {MANIFEST}")
    return data


def is_sha256(value: Any) -> bool:
    """Whether `value` is a SHA-256 in hexadecimal."""
    return isinstance(value, str) and _SHA256.fullmatch(value) is not None


def is_count(value: Any) -> bool:
    """Whether `value` is a whole number that can count steps or bytes."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**63


def _entry(value: Any, name: str, path: Path) -> Entry:
    if isinstance(value, dict) and is_count(value.get("size")) and is_sha256(value.get("sha256")):
        return Entry(value["size"], value["sha256"])
    raise Damaged(f"{path} is damaged: what it says of {name} is no size and hash")


def _manifest_bytes(body: Mapping[str, Any]) -> bytes:
    """The manifest with its own hash, the same bytes for the same body."""
    own = sha256(json.dumps(body, sort_keys=True).encode())
    return (json.dumps({**body, "sha256": own}, sort_keys=True, indent=1) + "\n").encode()


def _no_constant(word: str) -> None:
    raise ValueError(f"{word} is not JSON")
