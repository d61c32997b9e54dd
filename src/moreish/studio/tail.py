"""Following a run's records: from a byte on, noticing where they were cut back, thinned where they are many.

The file is the queue: whoever follows holds a place in it and nothing else. The place is an offset and the CRC of the
line before it, so that a file which was cut back and grew again, as a resumed run's, is noticed and read anew.
"""

import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote, unquote

import msgspec

CHUNK = 2**20  # bytes read at a time
LINE = 2**16  # bytes before a place in which the line that ends there is looked for
MOST_STEPS = 4000  # step events of one run that are sent at once
MOST_HISTOGRAMS = 60
Record = dict[str, Any]

_decoder = msgspec.json.Decoder()


class Place(NamedTuple):
    """Bytes read so far, and the CRC of the last line of them."""

    offset: int = 0
    crc: int = 0


START = Place()


class Read(NamedTuple):
    """New records; whether what was read before is no longer so; whether more waits."""

    records: list[Record]
    reset: bool
    more: bool


class Tail:
    """One reader of one file. Lines that are no JSON objects are passed over: they are a stranger's."""

    def __init__(self, path: Path, place: Place = START) -> None:
        self.path, self.place = path, place

    def read(self, limit: int = CHUNK) -> Read:
        """What came since; nothing where the file is not there."""
        try:
            with open(self.path, "rb") as file:
                size = file.seek(0, 2)
                reset = not self._stands(file, size)
                if reset:
                    self.place = START
                if size <= self.place.offset:
                    return Read([], reset, False)
                file.seek(self.place.offset)
                data = file.read(limit)
        except OSError:
            return Read([], False, False)
        whole, newline, _ = data.rpartition(b"\n")
        if not newline:
            return Read([], reset, False)
        lines = whole.split(b"\n")
        self.place = Place(self.place.offset + len(whole) + 1, zlib.crc32(lines[-1]))
        return Read(list(records_in(lines)), reset, size > self.place.offset)

    def _stands(self, file: Any, size: int) -> bool:
        """Whether the line before our place is still the one that we have read."""
        offset = self.place.offset
        if offset == 0 or size < offset:
            return offset == 0
        start = max(0, offset - LINE)
        file.seek(start)
        before = file.read(offset - start)
        if not before.endswith(b"\n"):
            return False
        while start and b"\n" not in before[:-1]:  # a line longer than LINE
            start = max(0, start - CHUNK)
            file.seek(start)
            before = file.read(offset - start)
        return zlib.crc32(before[:-1].rpartition(b"\n")[2]) == self.place.crc


def records_in(lines: Iterable[bytes]) -> Iterable[Record]:
    """The JSON objects on these lines."""
    for line in lines:
        try:
            record = _decoder.decode(line)
        except (msgspec.DecodeError, RecursionError):
            continue
        if isinstance(record, dict):
            yield record


@dataclass
class Backlog:
    """Many records as few: of steps the least and the greatest loss of each bucket, of histograms some.

    Everything else is kept, in order.
    """

    kept: list[tuple[int, Record]]
    steps: list[tuple[int, Record]]
    histograms: list[tuple[int, Record]]
    count: int = 0

    @classmethod
    def empty(cls) -> "Backlog":
        """Nothing yet."""
        return cls([], [], [])

    def add(self, records: Iterable[Record]) -> None:
        """More records, after those before."""
        for record in records:
            name = record.get("event")
            kind = {"step": self.steps, "histograms": self.histograms}.get(name if isinstance(name, str) else "")
            (self.kept if kind is None else kind).append((self.count, record))
            self.count += 1
        if len(self.steps) > 2 * MOST_STEPS:
            self.steps = extremes(self.steps, MOST_STEPS)
        if len(self.histograms) > 2 * MOST_HISTOGRAMS:
            self.histograms = [*self.histograms[:-1:2], self.histograms[-1]]

    def records(self) -> list[Record]:
        """What is left of all, in order."""
        return [record for _, record in sorted(self.kept + self.steps + self.histograms, key=lambda pair: pair[0])]


def extremes(steps: list[tuple[int, Record]], most: int) -> list[tuple[int, Record]]:
    """At most so many: of each bucket the one with the least loss and the one with the greatest; the last one too."""
    size = -(-2 * len(steps) // most)
    found: list[tuple[int, Record]] = []
    for i in range(0, len(steps), size):
        bucket = steps[i : i + size]
        by_loss = sorted(bucket, key=lambda pair: _number(pair[1].get("loss")))
        found += sorted({id(pair): pair for pair in (by_loss[0], by_loss[-1])}.values(), key=lambda pair: pair[0])
    return found if found[-1] is steps[-1] else [*found, steps[-1]]


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else float("inf")


def whole(path: Path) -> list[Record]:
    """Everything that a file holds, thinned."""
    tail, backlog = Tail(path), Backlog.empty()
    while True:
        found = tail.read()
        backlog.add(found.records)
        if not found.more:
            return backlog.records()


def spelled(places: dict[str, Place]) -> str:
    """Places in several runs as the id of an event."""
    return ",".join(f"{quote(run, safe='')}:{place.offset}:{place.crc:08x}" for run, place in places.items())


def understood(text: str) -> dict[str, Place]:
    """The places that an id speaks of; what is none is passed over, and read from the beginning."""
    found: dict[str, Place] = {}
    for part in text.split(",")[:64]:
        run, _, rest = part.partition(":")
        offset, _, crc = rest.partition(":")
        if offset.isascii() and offset.isdigit() and len(offset) < 16:
            try:
                found[unquote(run)] = Place(int(offset), int(crc or "0", 16))
            except ValueError:
                continue
    return found
