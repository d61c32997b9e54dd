"""The runs there are, by id, and the processes that train them. An id comes from a listing, never from a client."""

import contextlib
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from moreish.errors import RunError
from moreish.runs import commands
from moreish.runs.folder import CONFIG, METRICS, Run, claim_folder, list_runs, refuse_strangers
from moreish.studio.ending import why_it_broke

LAST_WORDS = 2000  # characters of what a process said last
UNKNOWN: dict[str, object] = {"step": None, "val_loss": None, "since": None, "ready": False}
LEAVING = 0.3  # seconds that trainings are given when the studio closes


class Started:
    """A process that trains a run, from before its folder is whole."""

    def __init__(self, run: str, arguments: Sequence[str], folder: Path, note: str = "") -> None:
        self.run, self.folder, self.note = run, folder, note
        earlier = {commands.EARLIER: str(commands.written(folder))}  # what is wanted from here on is for this process
        self.listed = self.dropped = False  # whether its folder was whole once; whether it was told to end before
        self._said: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 (as long as the process)
        command = [sys.executable, "-m", "moreish", *arguments]
        self.process = subprocess.Popen(
            command, env=os.environ | earlier, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=self._said
        )

    @property
    def ended(self) -> bool:
        """Whether the process is gone."""
        return self.process.poll() is not None

    @property
    def removed(self) -> bool:
        """Whether nothing is left to tell of it: its folder was taken away, and it has ended."""
        if not self.ended or not (self.listed or self.dropped):
            return False
        return self.dropped or self.process.returncode == 0 or self.interrupted or not self.folder.exists()

    @property
    def interrupted(self) -> bool:
        """Whether it was asked to end, and did."""
        return self.last_words().startswith("interrupted")

    def forget(self) -> None:
        """Let go of what it said."""
        self._said.close()

    def last_words(self) -> str:
        """The last line that it said, where it failed."""
        if not self.ended or self.process.returncode == 0:
            return ""
        with contextlib.suppress(OSError, ValueError):
            size = self._said.seek(0, 2)
            self._said.seek(max(0, size - LAST_WORDS))
            lines = self._said.read().decode("utf-8", "replace").strip().splitlines()
            return lines[-1].removeprefix("moreish: ") if lines else ""
        return ""


class Listing:
    """The runs in `root`, and those that were named by a folder when the studio was opened."""

    def __init__(self, root: Path, opened: Sequence[Path] = ()) -> None:
        self.root = root
        self._opened = {folder.resolve().name: folder for folder in opened}
        self._started: dict[str, Started] = {}
        self._known: dict[str, tuple[object, dict[str, object]]] = {}
        self._lock = threading.Lock()

    def ids(self) -> list[str]:
        """Every run, those of the root in their order."""
        try:
            found = list_runs(self.root)
        except RunError:
            found = []
        return [*self._opened, *(id for id in found if id not in self._opened)]

    def folder(self, id: str) -> Path | None:
        """The folder of a run that is listed, or is being started."""
        if id in self._opened:
            return self._opened[id]
        return self.root / id if id in self._started or id in self.ids() else None

    def followed(self, id: str) -> Path | None:
        """The folder of a run whose records may be read on: nothing in it leads elsewhere."""
        folder = self.folder(id)
        if folder is None:
            return None
        with contextlib.suppress(RunError):
            refuse_strangers(folder)
            return folder
        return None

    def run(self, id: str) -> Run:
        """The run. Raises RunError where it is none, or none yet."""
        folder = self.folder(id)
        if folder is None:
            raise RunError(f'there is no run "{id[:200]}" here')
        if self._begins(id):
            raise RunError(f"{id} is only beginning: ask again when its first step is taken")
        return Run(folder)

    def _begins(self, id: str) -> bool:
        """Whether its process runs, and has not made its folder whole yet."""
        started = self._started.get(id)
        return started is not None and not started.ended and not started.listed and id not in self.ids()

    def summaries(self) -> list[dict[str, object]]:
        """A row of each run: name, step, val loss, what it is doing, when it was begun, whether it can be asked."""
        with self._lock:
            rows = [self._summary(id) for id in self.ids()]
            listed = {row["run"] for row in rows}
            for id, started in [*self._started.items()]:
                started.listed |= id in listed
                if id not in listed and started.removed:
                    _unclaim(started.folder)
                    self._started.pop(id).forget()
                elif id not in listed:
                    rows.append(self._unlisted(started))
            return rows

    def _unlisted(self, started: Started) -> dict[str, object]:
        """The row of a process whose folder is not whole yet, or was taken away."""
        row: dict[str, object] = {"run": started.run, "state": "starting", "said": "", **UNKNOWN}
        if started.listed and not started.ended:
            row |= {"state": "damaged", "said": "its folder was taken away while it trained"}
        if started.ended:
            _unclaim(started.folder)
            row |= {"state": "failed", "said": started.last_words() or "it ended without a word"}
        return row

    def _summary(self, id: str) -> dict[str, object]:
        folder, started = self.folder(id), self._started.get(id)
        assert folder is not None
        try:
            status = (folder / METRICS).stat()
            changed = (status.st_size, status.st_mtime_ns, started, started is not None and started.ended)
            known = self._known.get(id)
            if known is not None and known[0] == changed and known[1]["state"] not in ("running", "starting"):
                return known[1]
            row = self._asked(id, Run(folder), started)
        except (OSError, ValueError) as error:
            return {"run": id, "state": "damaged", "said": str(error), **UNKNOWN}
        self._known[id] = changed, row
        return row

    def _asked(self, id: str, run: Run, started: Started | None) -> dict[str, object]:
        ended = started is not None and started.ended
        facts = run.summary()
        if started is not None and ended and facts["running"]:  # by another: what ours said is of no matter any more
            self._started.pop(id).forget()
            started = None
        alive = facts["running"] or (started is not None and not ended)
        state = "done" if facts["finished"] else "running" if alive else "stopped"
        said = started.note if started is not None and state == "running" else ""
        if started is not None and ended and not facts["finished"] and (said := started.last_words()):
            state = "stopped" if started.interrupted else "failed"
        if state in ("stopped", "failed") and (why := why_it_broke(run)):
            state, said = "failed", why
        if not alive and (lost := run.lost_records()):
            state, said = "damaged", f"{lost}; its model is whole, but it cannot go on without a copy of that file"
        row = {"run": id, "step": facts["step"], "val_loss": facts["val_loss"], "state": state, "said": said}
        return row | {"since": (run.folder / CONFIG).stat().st_mtime, "ready": bool(run.steps())}

    def start(self, stem: str, arguments: Sequence[str]) -> str:
        """Train a new run in a process of its own; its id."""
        folder = claim_folder(self.root, stem)
        self._started[folder.name] = Started(folder.name, [*arguments, "--out", str(folder), "-q"], folder)
        return folder.name

    def resume(self, id: str) -> str:
        """Go on with a run that was stopped; what of its records goes aside, in a sentence.

        Raises RunError where there is nothing to go on with, or somebody goes on with it already.
        """
        with self._lock:
            run, before = self.run(id), self._started.get(id)
            if run.finished:
                raise RunError(f"{id} is finished")
            if run.running or (before is not None and not before.ended):
                raise RunError(f"{id} is running already")
            if lost := run.lost_records():
                raise RunError(f"{id} cannot go on: {lost}; bring that file back from a copy, or train a new run")
            note = run.goes_aside()
            self._started[id] = Started(id, ["train", "--resume", str(run.folder), "-q"], run.folder, note)
            if before is not None:
                before.forget()
            return note

    def steer(self, id: str, command: commands.COMMAND) -> None:
        """Write a command for whoever trains the run; one that is only beginning can be stopped, and is gone then.

        Raises RunError where nobody is there who would read it.
        """
        if isinstance(command, commands.Stop) and self._begins(id):
            self._started[id].dropped = True
            self._started[id].process.terminate()
            return
        run, started = self.run(id), self._started.get(id)
        if run.finished:
            raise RunError(f"{id} has ended, and nothing can be done to it any more: train a new run of its list")
        if not run.running and (started is None or started.ended):
            raise RunError(f"nobody trains {id} now, so nobody would do it: go on with it first")
        commands.steer(run.folder, command)

    def close(self) -> None:
        """Let every training that was begun here save what it has, and end."""
        for id, started in [*self._started.items()]:
            if started.ended:
                started.forget()
            elif self._begins(id):
                started.process.terminate()  # it would read no command that came before its folder
            else:
                with contextlib.suppress(RunError):
                    commands.steer(started.folder, commands.Go())
                    commands.steer(started.folder, commands.Stop())


def _unclaim(folder: Path) -> None:
    """Take away a folder that was claimed for a run and never filled."""
    with contextlib.suppress(OSError):
        folder.rmdir()
