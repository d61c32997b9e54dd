"""A learner's folder: the exercises that were opened, what was passed, how many hints were taken."""

import json
import subprocess
import sys
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

from moreish.lessons.exercises import EXERCISES, Exercise, exercise

__all__ = ["Learner", "Verdict", "check", "replace"]

FOLDER = "moreish-learn"
PROGRESS = "progress.json"
GRACE = 20.0  # seconds on top of an exercise's own, for Python and torch to be loaded on a slow machine


class Verdict(NamedTuple):
    """What came of a judgement: whether it passed, what was said, and what the answer printed itself."""

    passed: bool
    said: str
    printed: str = ""


@dataclass
class Learner:
    """A folder of exercises and how far they are.

    failed : the exercise that was judged last, where it did not pass
    """

    folder: Path
    passed: list[str] = field(default_factory=list)
    hints: dict[str, int] = field(default_factory=dict)
    failed: str = ""

    @classmethod
    def at(cls, folder: Path) -> "Learner":
        """What is written in the folder; a new learner where nothing is. Raises ValueError where it is damaged."""
        path = folder / PROGRESS
        if not path.exists():
            return cls(folder)
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
            known = {each.id for each in EXERCISES}
            passed = [id for id in found["passed"] if id in known]
            hints = {id: int(n) for id, n in found["hints"].items() if id in known}
            failed = found.get("failed", "")
        except (ValueError, KeyError, TypeError, AttributeError):
            raise ValueError(
                f"{path} is not what moreish wrote there: remove it, and the exercises begin anew"
            ) from None
        return cls(folder, passed, hints, failed if failed in known else "")

    def save(self) -> None:
        """Write progress."""
        self.folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps({"passed": self.passed, "hints": self.hints, "failed": self.failed}, indent=1)
        (self.folder / PROGRESS).write_text(text + "\n", encoding="utf-8")

    def next(self, later: Collection[str] = ()) -> Exercise | None:
        """The first exercise that is neither passed nor left for later; None where there is none."""
        return next((each for each in EXERCISES if each.id not in {*self.passed, *later}), None)

    def open(self, chosen: Exercise, anew: bool = False) -> Path:
        """Its file in the folder, written unless it is there."""
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / chosen.file
        if anew or not path.exists():
            path.write_text(chosen.task, encoding="utf-8", newline="\n")
        return path

    def reset(self, chosen: Exercise) -> Path:
        """Its file as it was, and not passed."""
        self.passed = [id for id in self.passed if id != chosen.id]
        self.hints.pop(chosen.id, None)
        self.failed = "" if self.failed == chosen.id else self.failed
        self.save()
        return self.open(chosen, anew=True)

    def check(self, path: Path) -> Verdict:
        """Judge a file, and remember it where it passes. Raises ValueError where it is no exercise's file."""
        chosen = exercise(path.name)
        verdict = check(chosen, path)
        failed = "" if verdict.passed else chosen.id
        if (verdict.passed and chosen.id not in self.passed) or failed != self.failed:
            self.failed = failed
            self.passed += [chosen.id] * (verdict.passed and chosen.id not in self.passed)
            self.save()
        return verdict

    def puzzling(self) -> Exercise | None:
        """The one that a hint is wanted for: what failed last, else the next."""
        return exercise(self.failed) if self.failed else self.next()

    def hint(self, chosen: Exercise) -> str:
        """The next hint; after the last one, the last again."""
        shown = min(self.hints.get(chosen.id, 0), len(chosen.hints) - 1)
        self.hints[chosen.id] = shown + 1
        self.save()
        return f"{chosen.hints[shown]} ({shown + 1} of {len(chosen.hints)})"


def check(chosen: Exercise, path: Path) -> Verdict:
    """Judge in a process of its own, which is ended when its time is over."""
    try:
        path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} cannot be read: {error}") from None
    command = [sys.executable, "-m", "moreish.lessons.child", chosen.id, str(path)]
    try:
        done = subprocess.run(command, capture_output=True, timeout=chosen.seconds + GRACE, check=False)
    except subprocess.TimeoutExpired as error:
        printed = (error.stderr or b"").decode("utf-8", "replace")
        return Verdict(
            False, f"it takes longer than {chosen.seconds:g} seconds: is there a loop that never ends?", printed
        )
    printed = done.stderr.decode("utf-8", "replace")
    try:
        said = json.loads(done.stdout)["said"]
    except (ValueError, KeyError, TypeError):
        last = printed.strip().splitlines()[-1:] or ["nothing was said"]
        return Verdict(False, f"the file ends Python itself (exit code {done.returncode}): {last[0]}", printed)
    return Verdict(said is None, said or "", printed)
