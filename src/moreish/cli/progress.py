"""A bar for requests that take a while: on stderr, and only where somebody looks."""

from collections.abc import Iterable, Iterator
from typing import TypeVar

from moreish.cli.show import err, out, printable

Thing = TypeVar("Thing")
AFTER = 2000  # items: of fewer there is nothing to wait for
SHOWN_EVERY = 0.1  # seconds


def counted(things: Iterable[Thing], total: int, doing: str, quiet: bool = False) -> Iterator[Thing]:
    """The things as they come; for a long request that goes into a file or a pipe a bar says how many came so far.

    There is none where the things themselves are shown on a terminal, where stderr is none, and where `quiet` asks
    for none. It is gone when the last thing has come, or the caller stops.
    """
    if quiet or total < AFTER or out.is_terminal or not err.is_terminal:
        yield from things
        return
    from time import monotonic

    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=err, transient=True) as shown:
        task, told = shown.add_task(printable(doing), total=total), monotonic()
        for done, thing in enumerate(things, 1):
            yield thing
            if done % 64 == 0 and monotonic() - told > SHOWN_EVERY:
                shown.update(task, completed=done)
                told = monotonic()
