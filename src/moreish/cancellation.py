"""Long work that can be ended: its loops call `check_cancelled`, and whoever waits for it says what that raises.

    with cancellable(clock.check):
        fitted.more(...)

Where nobody said anything it does nothing. What holds for one thread, or one task, does not hold for others.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_CHECK: ContextVar[Callable[[], None] | None] = ContextVar("check", default=None)


@contextmanager
def cancellable(check: Callable[[], None]) -> Iterator[None]:
    """Inside, `check_cancelled` calls `check`, whose exception ends the work."""
    token = _CHECK.set(check)
    try:
        yield
    finally:
        _CHECK.reset(token)


def check_cancelled() -> None:
    """Raises what the work is to end with, where it is to end."""
    check = _CHECK.get()
    if check is not None:
        check()
