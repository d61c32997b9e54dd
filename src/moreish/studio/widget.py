"""A run in a notebook, live: the studio's charts as an anywidget. Needs the extra [notebook].

What a server tells the page, a kernel tells the widget: a snapshot of the records is part of its state, what comes
after it are messages with numbers, and a view that missed one asks for a new snapshot. A thread follows the files
while the run is trained, in this process or in another one; it says that somebody looks, so that the training shows
the histograms of the moment.
"""

import threading
from collections.abc import Callable
from contextlib import suppress
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from moreish.errors import RunError, Unmet, how_to_install
from moreish.runs import commands
from moreish.runs.commands import LIVE, Window
from moreish.runs.folder import METRICS, Run
from moreish.studio.page import NO_PAGE, WIDGET
from moreish.studio.stream import LiveTail
from moreish.studio.tail import Backlog, Record, Tail

if TYPE_CHECKING:
    from anywidget import AnyWidget

SPACING = 0.2  # seconds between two looks at the files
IDLE = 5.0  # seconds without a word after which a run that nobody trains is left alone
NO_WIDGET = f"watching a run in a notebook needs anywidget: {how_to_install('notebook')}"
CAN = commands.Pause | commands.Go | commands.Step | commands.Stop
Message = dict[str, Any]


class News(NamedTuple):
    """What came since the last look."""

    records: list[Record]
    live: list[Record]
    reset: bool  # what was told before holds no longer
    changed: bool  # the run does something else now


def state_of(run: Run) -> Message:
    """A run in a few words, as the page's list of runs has it. Raises RunError where it is damaged."""
    facts = run.summary()
    state = "done" if facts["finished"] else "running" if facts["running"] else "stopped"
    return {"run": run.name, "step": facts["step"], "val_loss": facts["val_loss"], "state": state, "said": ""}


class Follower:
    """What a run says from here on; `records` is all that it has said, thinned."""

    def __init__(self, run: Run) -> None:
        self.run, self.summary = run, state_of(run)
        self._tail, self._live = Tail(run.folder / METRICS), LiveTail(run.folder / LIVE)
        self._window, self._backlog = Window(run.folder), Backlog.empty()
        self.look()

    @property
    def running(self) -> bool:
        """Whether somebody trains it."""
        return self.summary["state"] == "running"

    @property
    def records(self) -> list[Record]:
        """Everything so far: of many steps the extremes, of many histograms some."""
        return self._backlog.records()

    def look(self) -> News:
        """What is new in the files."""
        records: list[Record] = []
        reset, more = False, True
        while more:
            read = self._tail.read()
            if read.reset:
                self._backlog, records, reset = Backlog.empty(), [], True
            self._backlog.add(read.records)
            records += read.records
            more = read.more
        before = self.summary
        with suppress(RunError, OSError):
            self.summary = state_of(self.run)
        if self.running:
            self._window.look()
        return News(records, self._live.newest(), reset, self.summary["state"] != before["state"])


class Channel:
    """A follower and whoever it tells: `show` takes a snapshot, `send` a message."""

    def __init__(self, run: Run, show: Callable[[Message], None], send: Callable[[Message], None]) -> None:
        self._follower, self._show, self._send = Follower(run), show, send
        self._number, self._lock, self._closed = 0, threading.RLock(), threading.Event()
        self._thread: threading.Thread | None = None

    def snapshot(self) -> Message:
        """Everything so far."""
        follower = self._follower
        return {"number": self._number, "summary": follower.summary, "records": follower.records}

    def start(self) -> None:
        """Follow the files in a thread, until the run is trained no more."""
        with self._lock:
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._follow, name="moreish-watch", daemon=True)
                self._thread.start()

    def close(self) -> None:
        """Follow no longer."""
        self._closed.set()

    def hear(self, message: object) -> None:
        """What a view says: that it is there, or what is wanted of whoever trains. Anything else is passed over."""
        match message:
            case {"kind": "hello", "number": int(number)}:
                with self._lock:
                    if number < self._number:
                        self._show(self.snapshot())
                    self.start()
            case {"kind": "command", "command": dict(command)}:
                with suppress(msgspec.ValidationError, RunError):
                    commands.steer(self._follower.run.folder, msgspec.convert(command, CAN))
            case _:
                pass

    def tell(self) -> bool:
        """Pass on what is new; whether there was anything."""
        with self._lock:
            news = self._follower.look()
            if news.live:
                self._send({"kind": "live", "records": news.live})
            if not (news.records or news.reset or news.changed):
                return False
            self._number += 1
            told = {"summary": self._follower.summary, "records": news.records, "reset": news.reset}
            self._send({"kind": "records", "number": self._number, **told})
            return True

    def _follow(self) -> None:
        idle = 0.0
        while not self._closed.wait(SPACING):
            idle = 0.0 if self.tell() or self._follower.running else idle + SPACING
            if idle > IDLE:
                break
        with self._lock:
            self._show(self.snapshot())  # what a notebook saves with itself


def watch(run: Run) -> "AnyWidget":
    """A widget that shows this run, and follows it while it is trained.

    Raises Unmet without anywidget or the built page, RunError for a damaged run.
    """
    if find_spec("anywidget") is None:
        raise Unmet(NO_WIDGET)
    if not WIDGET.exists():
        raise Unmet(NO_PAGE)
    from moreish.studio.anywidgets import RunWidget

    return RunWidget(run)
