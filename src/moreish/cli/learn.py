"""moreish learn."""

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from moreish.cli.flags import Json, file

if TYPE_CHECKING:
    from moreish.lessons.exercises import Exercise
    from moreish.lessons.learning import Learner, Verdict

Flag = Annotated[bool, Parameter(negative=())]
LOOK = 0.3  # seconds between two looks at the file


def learn(
    what: Literal["exercises", "diagnose"] = "exercises",
    *,
    check: Annotated[str | None, Parameter(converter=file)] = None,
    hint: Flag = False,
    list: Flag = False,
    reset: str | None = None,
    to: Path | None = None,
    seed: int | None = None,
    answer: int | None = None,
    json: Json = False,
) -> None:
    """Exercises that judge themselves: the next one is opened, and judged again at every save.

    Parameters
    ----------
    what
        exercises; or diagnose: a sick run, of which you say what is wrong. There is no end of them.
    check
        Judge one file (or the file of an exercise such as 3.2) once, and say what is wrong with it.
    hint
        One more hint for the exercise that failed last, else for the next one.
    list
        All exercises, and which are passed.
    reset
        Begin an exercise anew, such as 3.2.
    to
        The folder that holds your files; without it, moreish-learn.
    seed
        Of a run to diagnose; without it another one each time.
    answer
        The number of your diagnosis, where nobody can be asked.
    """
    if what == "diagnose":
        _diagnose(seed, answer)
        return
    if seed is not None or answer is not None:
        raise ValueError("--seed and --answer are for: moreish learn diagnose")
    from moreish.lessons.exercises import exercise
    from moreish.lessons.learning import FOLDER, Learner

    learner = Learner.at(to or Path(FOLDER))
    if list:
        _list(learner, json)
    elif reset is not None:
        print(learner.reset(exercise(reset)))
    elif hint:
        _hint(learner)
    elif check is not None:
        _check(learner, check, json)
    else:
        _watch(learner)


def _list(learner: "Learner", json: bool) -> None:
    from moreish.cli.show import emit, show, table
    from moreish.lessons.exercises import EXERCISES

    if json:
        for each in EXERCISES:
            emit({"exercise": each.id, "asks": each.asks, "passed": each.id in learner.passed})
        return
    rows = [("passed" if e.id in learner.passed else "", e.id, e.asks) for e in EXERCISES]
    show(table([("", "left"), ("", "left"), ("", "left")], rows))
    print(f"\n{len(learner.passed)} of {len(EXERCISES)} passed")


def _hint(learner: "Learner") -> None:
    chosen = learner.puzzling()
    if chosen is None:
        print("All are passed: there is nothing to hint at.")
        return
    print(f"{chosen.id} {chosen.asks}: {learner.hint(chosen)}")


def _check(learner: "Learner", which: str, json: bool) -> None:
    from moreish.cli.show import emit
    from moreish.errors import Unmet
    from moreish.lessons.exercises import exercise

    path = Path(which)
    if not path.exists():
        chosen = exercise(which)
        path = learner.open(chosen)
    chosen = exercise(path.name)
    verdict = learner.check(path)
    if json:
        emit({"exercise": chosen.id, "passed": verdict.passed, "said": verdict.said, "file": str(path)})
        if not verdict.passed:
            raise Unmet(verdict.said)
        return
    _tell_printed(verdict)
    if not verdict.passed:
        raise Unmet(f"{path}: {verdict.said}")
    print(f"{chosen.id} {chosen.asks}: passed. Ours: moreish lessons solution {chosen.id}")


def _tell_printed(verdict: "Verdict") -> None:
    from moreish.cli.show import note

    if verdict.printed.strip():
        note(verdict.printed.rstrip()[-2000:])


def _watch(learner: "Learner") -> None:
    """Open, judge at every save, go on to the next; Ctrl-C ends it, and everything is kept."""
    from moreish.cli.show import note, out, text
    from moreish.lessons.exercises import EXERCISES

    keys, later = _keys(), set[str]()
    while (chosen := learner.next(later)) is not None:
        path = learner.open(chosen)
        out.print(text((f"{chosen.id} {chosen.asks}", "bold")))
        print(f"  write it in {path}", flush=True)
        note("  judged at every save; h and Enter: a hint, s: our solution, n: later, q: enough for today")
        match _until_passed(learner, chosen, path, keys):
            case "n":
                later.add(chosen.id)
                continue
            case "q":
                return
        print(
            f"  passed: {len(learner.passed)} of {len(EXERCISES)}. Ours: moreish lessons solution {chosen.id}\n",
            flush=True,
        )
    if later:
        print(f"{len(later)} left for later: moreish learn begins with the first of them again.")
        return
    print("All are passed. There are sick runs without end: moreish learn diagnose")


def _until_passed(learner: "Learner", chosen: "Exercise", path: Path, keys: "_Keys") -> Literal["passed", "n", "q"]:
    """How it ends: it is passed, or left for later, or enough for today."""
    from moreish.cli.show import printable

    judged = None
    while True:
        try:
            written = path.stat().st_mtime_ns, path.stat().st_size
        except OSError:
            written = None
        if written is not None and written != judged:
            judged = written
            verdict = learner.check(path)
            _tell_printed(verdict)
            if verdict.passed:
                return "passed"
            print(f"  {time.strftime('%H:%M:%S')} {printable(verdict.said)}", flush=True)
        match keys.next():
            case "h":
                print(f"  hint: {learner.hint(chosen)}", flush=True)
            case "s":
                print(chosen.solution, flush=True)
            case "n" | "q" as key:
                return key
            case _:
                time.sleep(LOOK)


class _Keys:
    """Lines typed meanwhile, by a thread, since no system lets a program wait for them and for files alike."""

    def __init__(self) -> None:
        from queue import Queue
        from threading import Thread

        self._lines: Queue[str] = Queue()
        Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        for line in sys.stdin:
            self._lines.put(line.strip().lower())

    def next(self) -> str | None:
        """The next line typed, if there is one."""
        return None if self._lines.empty() else self._lines.get()


def _keys() -> _Keys:
    return _Keys()


def _diagnose(seed: int | None, answer: int | None) -> None:
    import random

    from moreish.cli.show import telling
    from moreish.errors import Unmet

    seed = random.randrange(10**6) if seed is None else seed
    with telling("training a net with something wrong in it, or not", False):
        from moreish.lessons.diagnosing import case

        found = case(seed)
    print(f"A net of two hidden layers on names, trained for 120 steps (seed {seed}):\n")
    print(*(f"  {line}" for line in found.seen), sep="\n")
    print("\nWhat is wrong with it?\n")
    print(*(f"  {k}  {choice}" for k, choice in enumerate(found.choices, start=1)), sep="\n")
    answer = _asked(len(found.choices)) if answer is None else answer
    if answer is None:
        print(f"\nSay which: moreish learn diagnose --seed {seed} --answer N")
        return
    right = found.choices[found.right - 1]
    print(f"\n{'Yes' if answer == found.right else 'No'}: {right}.\n\nThe doctor says:\n{found.report}")
    if answer != found.right:
        raise Unmet(f"it was {found.right}, {right}")


def _asked(count: int) -> int | None:
    if not sys.stdin.isatty():
        return None
    while True:
        line = input("number: ").strip()
        if line.isdecimal() and 1 <= int(line) <= count:
            return int(line)
