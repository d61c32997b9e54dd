"""The records of a run: `metrics.jsonl`, one JSON object a line, only ever appended to or cut back.

Nothing here knows what a record means. A number that is not finite is written as null, as JavaScript does, so that
every line is strict JSON and a curve has a gap there. Half a line at the end is an interrupted write: readers leave
it out, the next writer cuts it off. Anything else that is no object on a line is refused by its place. Whatever is
cut off is kept in `dropped.jsonl` first, after a line that says where it stood.
"""

import hashlib
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from moreish.errors import Damaged, RunError
from moreish.runs.files import Files, decode, encode, os_errors, regular_size

RECORD_LIMIT = 16 * 2**20  # bytes in one line
CHUNK = 2**20  # bytes that are copied at a time
DROPPED = "dropped.jsonl"


@dataclass(frozen=True)
class MetricsMark:
    """How far the records reached at some moment: bytes, and the SHA-256 of those bytes."""

    offset: int
    sha256: str


class Records:
    """The records in a file, for reading, also while another process appends."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def follow(self, start: int = 0) -> Iterator[tuple[int, dict[str, object]]]:
        """Each record from byte `start` on, with the byte after it: where whoever follows a live run goes on."""
        if regular_size(self.path) < start:
            raise RunError(f"{self.path} was cut back before byte {start}, as a resumed run does: read it anew")
        with os_errors(self.path, "read"), open(self.path, "rb") as file:
            file.seek(start)
            while line := file.readline(RECORD_LIMIT):
                if not line.endswith(b"\n"):
                    if len(line) == RECORD_LIMIT:
                        raise Damaged(f"{self.path} is damaged: the line at byte {start} never ends")
                    return
                yield start + len(line), self._parsed(line, start)
                start += len(line)

    def end(self) -> int:
        """Bytes up to the end of the last whole record."""
        return self._last_line()[0]

    def last(self) -> dict[str, object]:
        """The last whole record; empty where there is none, or it is damaged: whoever reads them all says that."""
        end, line = self._last_line()
        try:
            return self._parsed(line, end - len(line)) if line else {}
        except Damaged:
            return {}

    def starts_with(self, mark: MetricsMark) -> bool:
        """Whether the first records are byte for byte those that the mark was set after."""
        return self.digest(mark.offset).hexdigest() == mark.sha256

    def digest(self, size: int) -> "hashlib._Hash":
        """SHA-256 of the first `size` bytes, to be updated with what comes after them."""
        digest = hashlib.sha256()
        with os_errors(self.path, "read"), open(self.path, "rb") as file:
            while size > 0 and (chunk := file.read(min(size, 2**20))):
                digest.update(chunk)
                size -= len(chunk)
        return digest

    def _last_line(self) -> tuple[int, bytes]:
        size = regular_size(self.path)
        reach = 2**16
        with os_errors(self.path, "read"), open(self.path, "rb") as file:
            while True:
                start = max(0, size - reach)
                file.seek(start)
                chunk = file.read(size - start)
                end = chunk.rfind(b"\n") + 1
                begin = chunk.rfind(b"\n", 0, end - 1) + 1 if end else 0
                if start == 0 or begin:
                    return start + end, chunk[begin:end]
                if reach > RECORD_LIMIT:
                    raise Damaged(f"{self.path} is damaged: its last line has no end within {reach} bytes")
                reach *= 4

    def _parsed(self, line: bytes, start: int) -> dict[str, object]:
        record = decode(line, f"{self.path}, the line at byte {start},")
        if not isinstance(record, dict):
            raise Damaged(f"{self.path}, the line at byte {start}, is damaged: it is not an object")
        return record


class Appender:
    """The end of the records, for the one process that writes them. Raises RunError where the disk refuses."""

    def __init__(self, records: Records, files: Files) -> None:
        self._records = records
        self._path = records.path
        self._files = files
        self._stand_at(records.end())
        self._found = regular_size(self._path) > self._offset  # half a line that somebody else left

    def append(self, record: Mapping[str, object]) -> None:
        """Write one record, whole or not at all."""
        line = encode(_finite(record))
        with os_errors(self._path, "written"):
            self._cut_half_line()
            self._torn = True
            self._files.append(self._path, line)
            self._torn = False
        self._offset += len(line)
        self._digest.update(line)

    def cut(self, offset: int) -> None:
        """Cut the records back to a byte that ends one, and go on from there; the next mark makes it durable.

        What is cut off is kept aside.
        """
        with os_errors(self._path, "written"):
            if self._torn:
                self._files.truncate(self._path, self._offset)
            self._cut_aside(offset)
        self._stand_at(offset)

    def mark(self) -> MetricsMark:
        """Make all records durable, and say how far they reach."""
        with os_errors(self._path, "written"):
            self._cut_half_line()
            self._files.sync(self._path)
        return MetricsMark(self._offset, self._digest.hexdigest())

    def _stand_at(self, offset: int) -> None:
        self._offset, self._digest = offset, self._records.digest(offset)
        self._found = self._torn = False

    def _cut_half_line(self) -> None:
        """Remove the half line that an append left behind, ours or that of a process which died. Raises OSError."""
        if self._torn:  # of a record that whoever appended it was told of
            self._files.truncate(self._path, self._offset)
        elif self._found:
            self._cut_aside(self._offset)
        self._found = self._torn = False

    def _cut_aside(self, offset: int) -> None:
        """Cut the file back, and keep what stood there, durably, before. Raises OSError."""
        size, aside = regular_size(self._path), self._path.with_name(DROPPED)
        if size <= offset:
            return
        if not aside.exists():
            self._files.write(aside, b"")
        if _ends_with(aside, self._path, offset):  # by a process that died before it cut them off
            self._files.truncate(self._path, offset)
            return
        if not ends_in_line(aside):
            self._files.append(aside, b"\n")
        self._files.append(aside, encode({"dropped": {"from": offset, "bytes": size - offset}}))
        with open(self._path, "rb") as file:
            file.seek(offset)
            last = b""
            while chunk := file.read(CHUNK):
                self._files.append(aside, last := chunk)
        if not last.endswith(b"\n"):
            self._files.append(aside, b"\n")
        self._files.sync(aside)
        self._files.sync(aside.parent)
        self._files.truncate(self._path, offset)


def ends_in_line(path: Path) -> bool:
    """Whether nothing, or a whole line, stands at the end of a file. Raises OSError."""
    size = regular_size(path)
    with open(path, "rb") as file:
        file.seek(max(size - 1, 0))
        return file.read(1) in (b"", b"\n")


def _ends_with(aside: Path, records: Path, offset: int) -> bool:
    """Whether the records from `offset` on are kept at the end of what was kept aside. Raises OSError."""
    size = regular_size(records) - offset
    head = encode({"dropped": {"from": offset, "bytes": size}})
    with open(aside, "rb") as kept, open(records, "rb") as file:
        closing = not ends_in_line(records)
        begin = regular_size(aside) - len(head) - size - closing
        if begin < 0:
            return False
        kept.seek(begin)
        file.seek(offset)
        if kept.read(len(head)) != head:
            return False
        while chunk := file.read(CHUNK):
            if kept.read(len(chunk)) != chunk:
                return False
    return True


def _finite(value: object) -> object:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: _finite(v) for key, v in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(v) for v in value]
    return value
