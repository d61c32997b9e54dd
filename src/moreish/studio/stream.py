"""One stream a tab: the list of runs, the records of those it follows, and what happens at this moment.

    event: runs      every run, in a few words, whenever something changed
    event: records   {"run": id, "records": [...]}; the id of the event is where to go on from
    event: reset     {"run": id}: what was sent of it holds no longer
    event: live      {"run": id, "records": [...]}: the newest histograms and items, which are not kept

A tab that is slow is sent less, never later: between two writes nothing waits but the places in the files.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from moreish.runs.commands import LIVE, Window
from moreish.studio.tail import START, Backlog, Place, Record, Tail, spelled

LOOKS = 20  # a second
RUNS_SPACING = 0.5  # seconds between two looks at the list of runs
HEARTBEAT = 10.0
METRICS = "metrics.jsonl"
Summaries = list[dict[str, Any]]


class Stream:
    """What one tab is sent.

    folders : the runs it follows, by id
    summaries : asks for the list of runs
    """

    def __init__(
        self, folders: dict[str, Path], places: dict[str, Place], summaries: Callable[[], Summaries], watch: bool
    ) -> None:
        self._tails = {id: Tail(folder / METRICS, places.get(id, START)) for id, folder in folders.items()}
        self._windows = {id: Window(folder) for id, folder in folders.items()} if watch else {}
        self._live = {id: LiveTail(folder / LIVE) for id, folder in folders.items()}
        self._summaries = summaries
        self._shown: Summaries | None = None
        self._asked = self._sent = self._touched = 0.0

    async def messages(self, closing: asyncio.Event) -> AsyncIterator[bytes]:
        """Until the server closes, or whoever reads goes."""
        yield b"retry: 500\n\n"
        while not closing.is_set():
            found = await asyncio.to_thread(self._look)
            now = time.monotonic()
            if found:
                self._sent = now
                for message in found:
                    yield message
            elif now - self._sent > HEARTBEAT:
                self._sent = now
                yield b": still here\n\n"
            try:
                await asyncio.wait_for(closing.wait(), 1 / LOOKS)
            except TimeoutError:
                continue

    def _look(self) -> list[bytes]:
        """In a thread: what is new."""
        now, found = time.monotonic(), list[bytes]()
        if now - self._touched > 1.0:
            self._touched = now
            for window in self._windows.values():
                window.look()
        if now - self._asked > RUNS_SPACING:
            self._asked, summaries = now, self._summaries()
            if summaries != self._shown:
                self._shown = summaries
                found.append(message("runs", summaries))
        for run, tail in self._tails.items():
            found += self._records(run, tail)
            if live := self._live[run].newest():
                found.append(message("live", {"run": run, "records": live}))
        return found

    def _records(self, run: str, tail: Tail) -> list[bytes]:
        backlog, found = Backlog.empty(), list[bytes]()
        while True:
            read = tail.read()
            if read.reset:
                backlog = Backlog.empty()
                found.append(message("reset", {"run": run}))
            backlog.add(read.records)
            if not read.more:
                break
        if backlog.count:
            places = spelled({id: each.place for id, each in self._tails.items()})
            found.append(message("records", {"run": run, "records": backlog.records()}, places))
        return found


class LiveTail:
    """The newest of each kind in a file that begins anew from time to time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._offset = path.stat().st_size
        except OSError:
            self._offset = 0

    def newest(self) -> list[Record]:
        """What came since, only the last of each event."""
        try:
            size = self._path.stat().st_size
            if size < self._offset:
                self._offset = 0
            if size == self._offset:
                return []
            with open(self._path, "rb") as file:
                file.seek(self._offset)
                lines, newline, _ = file.read().rpartition(b"\n")
        except OSError:
            return []
        self._offset += len(lines) + len(newline)
        newest: dict[str, Record] = {}
        for line in reversed(lines.split(b"\n")[-8:]):
            try:
                record = msgspec.json.decode(line)
            except (msgspec.DecodeError, RecursionError):
                continue
            if isinstance(record, dict):
                newest.setdefault(str(record.get("event")), record)
        return [*newest.values()]


def message(event: str, data: object, id: str | None = None) -> bytes:
    """One event of the stream."""
    head = f"event: {event}\n" + (f"id: {id}\n" if id is not None else "")
    return head.encode() + b"data: " + msgspec.json.encode(data) + b"\n\n"


def chosen(ids: Sequence[str], folder_of: Callable[[str], Path | None]) -> dict[str, Path]:
    """The folders of those ids that are runs."""
    found = {id: folder_of(id) for id in ids[:8]}
    return {id: folder for id, folder in found.items() if folder is not None}
