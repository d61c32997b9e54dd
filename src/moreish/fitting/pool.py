"""Tasks that do not know of one another, run in several processes; results come in the order of the tasks."""

import contextlib
import subprocess
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from types import TracebackType
from typing import Any, Self

from moreish.errors import Unmet
from moreish.fitting import channel
from moreish.fitting.channel import Channel, Failure
from moreish.fitting.cores import usable_cores

ALONE = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}  # read when torch is loaded


def in_processes(processes: int = 0) -> Callable[[Callable[[Any], Any], Sequence[Any]], Iterator[Any]]:
    """A way to run a function of a module on many tasks, in so many processes (0: as many as there are cores).

    Raises ValueError as a task does, Unmet where a process dies or fails otherwise.
    """
    count = processes or usable_cores()

    def run(function: Callable[[Any], Any], tasks: Sequence[Any]) -> Iterator[Any]:
        if min(count, len(tasks)) < 2:
            yield from map(function, tasks)
            return
        yield from _run(function, tasks, min(count, len(tasks)))

    return run


class Helpers:
    """Processes that each do a task while their owner does one: so many, or fewer where the system starts no more.

    To be used in a `with` statement. One that dies is not there any more, and what it was to do is still to be done.
    """

    def __init__(self, count: int) -> None:
        self._children: dict[Channel, subprocess.Popen[bytes]] = {}
        self._busy: dict[int, Channel] = {}
        with contextlib.suppress(OSError):  # too many processes, or too many open files
            for _ in range(count):
                child, way = channel.start(__name__, ALONE)
                self._children[way] = child

    def __len__(self) -> int:
        return len(self._children)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        for way in [*self._children]:
            self._end(way)

    def begin(self, function: Callable[[Any], Any], task: Any) -> int | None:
        """Let one of them do it: a number to ask for the result by; None where all are busy."""
        idle = [way for way in self._children if way not in self._busy.values()]
        for way in idle:
            try:
                way.send((function.__module__, function.__name__, task))
            except OSError:
                self._end(way)
                continue
            number = max(self._busy, default=-1) + 1
            self._busy[number] = way
            return number
        return None

    def result(self, number: int) -> Any:
        """What came of it, waited for; None where the process died or failed."""
        channel.wait([self._busy[number]])
        way = self._busy.pop(number)
        try:
            return _received(way)
        except (Unmet, ValueError):
            self._end(way)
            return None

    def _end(self, way: Channel) -> None:
        child = self._children.pop(way)
        child.kill()
        child.wait()
        way.close()


def _run(function: Callable[[Any], Any], tasks: Sequence[Any], count: int) -> Iterator[Any]:
    children = [channel.start(__name__, ALONE) for _ in range(count)]
    try:
        owners = {way: child for child, way in children}
        waiting, busy, done, following = list(owners), {}, {}, 0
        for number in range(len(tasks)):
            while number not in done:
                while waiting and following < len(tasks):
                    way = waiting.pop()
                    _send(way, (function.__module__, function.__name__, tasks[following]))
                    busy[way], following = following, following + 1
                for way in channel.wait(busy):
                    done[busy.pop(way)] = _received(way)
                    waiting.append(way)
            yield done.pop(number)
    finally:
        for child, way in children:
            child.kill()
            child.wait()
            way.close()


def _send(way: Channel, message: object) -> None:
    try:
        way.send(message)
    except OSError:
        raise _died() from None


def _received(way: Channel) -> Any:
    try:
        found = way.receive()
    except (EOFError, OSError):
        raise _died() from None
    if isinstance(found, Failure):
        raise Unmet(f"a process that was started for a part of the work failed: {found.what}")
    if isinstance(found, ValueError):
        raise found
    return found


def _died() -> Unmet:
    return Unmet(
        "a process that was started for a part of the work ended before it was done, perhaps for want of memory; "
        "what was done is kept: run the same command again"
    )


def work(owner: Channel) -> None:
    """The life of such a process."""
    while True:
        module, name, task = owner.receive()
        try:
            result = getattr(import_module(module), name)(task)
        except ValueError as error:
            result = ValueError(str(error))
        owner.send(result)
