"""Asked to stop: Ctrl-C and SIGTERM become a question that training answers when everything is saved."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from moreish.training.launch import launched


@contextmanager
def stop_requests() -> Iterator[Callable[[], bool]]:
    """Whether Ctrl-C or SIGTERM came, as a function; a second one raises KeyboardInterrupt at once.

    Under torchrun it does not: the launcher passes a Ctrl-C on to processes that the terminal told already, waits for
    them to save, and ends those that do not.

    Outside the main thread signals cannot be caught, and the answer is always no.
    """
    came: list[int] = []

    def note(number: int, _: FrameType | None) -> None:
        if came and launched() is None:
            raise KeyboardInterrupt
        came.append(number)

    if threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return
    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: bool(came)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
