"""What a person wants of a training that runs: lines of `commands.jsonl` in its run folder.

    steer(run.folder, commands.Pause())

Anybody may append a line, as a person at a page or another program would; the process that trains reads on between
two steps, from where the file ended when that process was started: what is wanted while it loads is done after its
first step. So a command is read once and by the process that it was meant for. What a command did stands in the run's
events (`events.Intervention`); a line that is no command is passed over.
"""

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from moreish.runs.files import Files, os_errors
from moreish.runs.records import ends_in_line

COMMANDS, WATCHED, LIVE = "commands.jsonl", "watched", "live.jsonl"
EARLIER = "MOREISH_EARLIER_COMMANDS"  # in the environment of a process: bytes that were there before it
MOST = 2**20  # bytes of commands that are read at once
LIVE_LIMIT = 4 * 2**20  # bytes after which the pictures of the moment begin anew
LOOK = 0.02  # seconds between two looks at what is wanted
WATCHED_SPACING, SAMPLES_SPACING = 0.25, 1.0  # seconds
SAMPLES_SHARE = 0.03  # of the thread's time on the processor that items for whoever looks may take
STALE = 3.0  # seconds after which nobody is taken to look any more

Factor = Annotated[float, Meta(ge=0, le=1e6)]


class Command(msgspec.Struct, frozen=True, tag_field="command", tag=str.lower):
    """What all commands have in common: the name of the class in small letters is the value of `command`."""


class Pause(Command, frozen=True):
    """Stand still after this step."""


class Go(Command, frozen=True):
    """Go on."""


class Step(Command, frozen=True):
    """Take one step, and stand still again."""


class Lr(Command, frozen=True):
    """Multiply the learning rate by this, whatever the schedule says."""

    factor: Factor


class Stop(Command, frozen=True):
    """Save everything and end; `moreish train --resume` goes on."""


class Save(Command, frozen=True):
    """Save a checkpoint now, and go on."""


class Break(Command, frozen=True):
    """Break the net in a way that is known: see `doctor.treat.faults`."""

    fault: Annotated[str, Meta(max_length=16)]
    severity: float | None = None


class Undo(Command, frozen=True):
    """Take back what faults have put in place; weights that were trained meanwhile stay."""


class Heal(Command, frozen=True):
    """Do what a finding advises: see `doctor.treat.remedies`."""

    remedy: Annotated[str, Meta(max_length=64)]
    arguments: dict[str, Any] = {}


COMMAND = Pause | Go | Step | Lr | Stop | Save | Break | Undo | Heal
_decoder: msgspec.json.Decoder[COMMAND] = msgspec.json.Decoder(COMMAND)


def decode(line: bytes | str) -> COMMAND:
    """The command on this line. Raises ValueError for anything else."""
    try:
        return _decoder.decode(line)
    except (msgspec.DecodeError, RecursionError) as error:
        raise ValueError(f"this is no command: {error}") from None


def steer(folder: Path, command: COMMAND) -> None:
    """Tell whoever trains this run. Raises RunError where the disk refuses."""
    path = folder / COMMANDS
    with os_errors(path, "written"):
        begin = b"" if not path.exists() or ends_in_line(path) else b"\n"  # half a line is nobody's command
        Files().append(path, begin + msgspec.json.encode(command) + b"\n")


def written(folder: Path) -> int:
    """Bytes of commands that there are: those of whoever trained the run until now."""
    try:
        return os.stat(folder / COMMANDS).st_size
    except OSError:
        return 0


def earlier(folder: Path) -> int:
    """Bytes of commands that are not for this process: as whoever started it says, else all that there are."""
    said, now = os.environ.get(EARLIER, ""), written(folder)
    return min(int(said), now) if said.isascii() and said.isdigit() else now


class Inbox:
    """The commands of a run after the `earlier` bytes, which were for others."""

    def __init__(self, folder: Path, earlier: int = 0) -> None:
        self._folder, self._path = folder, folder / COMMANDS
        self._offset = earlier

    def read(self) -> list[COMMAND]:
        """What came since it was last asked; costs a look at the file's size where nothing did."""
        if written(self._folder) <= self._offset:
            return []
        try:
            with open(self._path, "rb") as file:
                file.seek(self._offset)
                lines = file.read(MOST)
        except OSError:
            return []
        whole, newline, _ = lines.rpartition(b"\n")
        if not newline and len(lines) == MOST:  # no command is so long: its end is passed over as no command either
            newline = lines
        self._offset += len(whole) + len(newline)
        found: list[COMMAND] = []
        for line in whole.split(b"\n"):
            with contextlib.suppress(ValueError):
                found.append(decode(line))
        return found


class Window:
    """What a training shows of the moment while somebody looks: `live.jsonl`, begun anew when it is long.

    Nothing of it is needed afterwards, so nothing is made durable, and a disk that refuses is no fault.
    """

    def __init__(self, folder: Path) -> None:
        self._watched, self._path = folder / WATCHED, folder / LIVE
        self._records = folder / "metrics.jsonl"

    def look(self) -> None:
        """Say that somebody looks; whoever does says it again every second. Before there is a run nothing is said."""
        with contextlib.suppress(OSError):
            if self._records.exists():
                self._watched.touch()

    def watched(self) -> bool:
        """Whether somebody has said so lately."""
        try:
            return time.time() - os.stat(self._watched).st_mtime < STALE
        except OSError:
            return False

    def show(self, record: dict[str, Any]) -> None:
        """One more line, with the time on the clock."""
        with contextlib.suppress(OSError, ValueError):
            line = msgspec.json.encode(record | {"time": time.time()}) + b"\n"
            goes_on = self._path.exists() and self._path.stat().st_size < LIVE_LIMIT
            with self._path.open("ab" if goes_on else "wb", buffering=0) as file:
                file.write(line)


class Remote:
    """The end of the commands where a run is trained: what is wanted, and who looks.

    stop_requested : whether the process is to end for another reason, such as Ctrl-C
    earlier : bytes of commands that were for others
    """

    def __init__(self, folder: Path, stop_requested: Callable[[], bool], earlier: int = 0) -> None:
        self.stop_requested, self.stopped, self.paused = stop_requested, False, False
        self._inbox, self._window = Inbox(folder, earlier), Window(folder)
        self._asked, self._looked, self._watched = 0.0, 0.0, False
        self._sampled = self._rested = 0.0

    def commands(self) -> list[COMMAND]:
        """What came since it was last asked; looks no more often than every LOOK seconds."""
        now = time.monotonic()
        if now - self._asked < LOOK:
            return []
        self._asked = now
        return self._inbox.read()

    def stand_still(self) -> Iterator[bool]:
        """For what can only be paused and stopped: end when it may go on, or is to stop.

        Tells when it begins to stand still and when it no longer does.
        """
        was = self.paused
        while True:
            for command in self.commands():
                match command:
                    case Pause() | Step():
                        self.paused = True
                    case Go():
                        self.paused = False
                    case Stop():
                        self.stopped, self.paused = True, False
                    case _:
                        pass
            if self.paused != was:
                was = self.paused
                yield was
            if not self.paused or self.stopped or self.stop_requested():
                return
            time.sleep(LOOK)

    @property
    def watched(self) -> bool:
        """Whether somebody looks."""
        now = time.monotonic()
        if now - self._looked > WATCHED_SPACING:
            self._looked, self._watched = now, self._window.watched()
        return self._watched

    def show_samples(self, make: Callable[[], dict[str, Any]]) -> None:
        """New items, where somebody looks who was shown none for a second and there is time to make some."""
        now, worked = time.monotonic(), time.thread_time()
        if not self.watched or now - self._sampled < SAMPLES_SPACING or worked < self._rested:
            return
        self.show(make())
        self._sampled, done = now, time.thread_time()
        self._rested = done + (done - worked) / SAMPLES_SHARE

    def show(self, record: dict[str, Any]) -> None:
        """Let them see it; it is not kept."""
        self._window.show(record)
