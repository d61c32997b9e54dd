"""A script or module under observation: any training, run as it is; models and optimizers are found by themselves."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from moreish.doctor.ask.program import Program, before_leaving
from moreish.doctor.ask.ward import Ward
from moreish.doctor.ask.watched import Watched
from moreish.doctor.judge.finding import Finding
from moreish.doctor.watch.clock import BUDGET


@dataclass(frozen=True)
class Wishes:
    """What is wanted of the doctor: see `Doctor`."""

    budget: float = BUDGET
    ignore: Iterable[str] = ()
    on_finding: Callable[[Finding], object] | None = None
    stop_on: str | None = None


def watch_script(
    path: str | Path,
    argv: Sequence[str] = (),
    *,
    budget: float = BUDGET,
    ignore: Iterable[str] = (),
    on_finding: Callable[[Finding], object] | None = None,
    stop_on: str | None = None,
) -> Watched:
    """Run a script as `python path *argv` would, and watch every optimizer it makes and the models they train.

    The script's own output goes where it always goes. An exception of the script ends it and is returned as
    `error`; sys.exit(0) is no error. Raises ValueError if there is no such file.
    """
    return watch_program(Program(str(path), argv), Wishes(budget, ignore, on_finding, stop_on))


def watch_module(
    name: str,
    argv: Sequence[str] = (),
    *,
    budget: float = BUDGET,
    ignore: Iterable[str] = (),
    on_finding: Callable[[Finding], object] | None = None,
    stop_on: str | None = None,
) -> Watched:
    """As `watch_script`, of `python -m name *argv`."""
    return watch_program(Program(name, argv, module=True), Wishes(budget, ignore, on_finding, stop_on))


def watch_program(
    program: Program, wishes: Wishes, told: Callable[[Watched, int], int] = lambda _, code: code
) -> Watched:
    """Watch a program. Where it ends the process with `os._exit`, `told` is asked for the exit code first."""
    ward = Ward(wishes.budget, wishes.ignore, wishes.on_finding, wishes.stop_on)
    with before_leaving(lambda code: told(ward.watched(), code)), program.main() as run, ward.open():
        error = run()
    if isinstance(error, SystemExit) and not error.code:
        error = None
    return ward.watched(error)
