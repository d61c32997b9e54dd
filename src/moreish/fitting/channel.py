"""A child process and messages to and from it, alike on Linux, macOS and Windows.

The child is an ordinary Python with one line to run, and its standard input and output carry the messages, each a
pickle with its length before it; both ends belong to one program on one machine. Why not `multiprocessing`: its spawn
runs the user's script a second time in every child, so that a script without `if __name__ == "__main__"` fails, and
one read from standard input cannot be run again at all; its pipes reach a child that is started otherwise only by
ways that differ from system to system. The two streams that every process has need no name, no port and no key, and
say themselves when the other end is gone. A thread at each end takes in what comes, so neither waits for the other
to read.

Ctrl-C is the owner's affair: the child has a group of its own, and its first act, long before torch is loaded, is
to ignore both requests to stop.
"""

import contextlib
import os
import pickle
import signal
import struct
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib import import_module
from io import FileIO
from typing import Any, NoReturn

from moreish.cancellation import check_cancelled

LENGTH = struct.Struct("<Q")
LOOK_UP = 0.2  # seconds after which a wait looks up: Windows shows a Ctrl-C only to who is awake

_arrived = threading.Condition()
_END = object()


@dataclass(frozen=True)
class Failure:
    """The last message of a child that could not do its work."""

    what: str


class Channel:
    """Messages over two streams without a buffer, in whose lock the end of a program would find a thread asleep.

    at_end : called by the thread that reads when the other end is gone
    """

    def __init__(self, incoming: FileIO, outgoing: FileIO, at_end: Callable[[], None] | None = None) -> None:
        self._incoming, self._outgoing, self._at_end = incoming, outgoing, at_end
        self._messages: deque[Any] = deque()
        self._reader = threading.Thread(target=self._take_in, daemon=True)
        self._reader.start()

    def send(self, message: Any) -> None:
        """Raises OSError where the other end is gone."""
        data = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
        left = memoryview(LENGTH.pack(len(data)) + data)
        while left:
            left = left[self._outgoing.write(left) :]

    def receive(self) -> Any:
        """The next message, waited for. Raises EOFError where the other end is gone."""
        wait([self])
        data = self._messages[0]
        if data is _END:  # it stays, for whoever asks again
            raise EOFError
        self._messages.popleft()
        return pickle.loads(data)

    @property
    def waiting(self) -> bool:
        """Whether `receive` would answer at once."""
        return bool(self._messages)

    def close(self) -> None:
        """To be called when the other end is gone."""
        self._outgoing.close()
        self._reader.join()

    def _take_in(self) -> None:
        with self._incoming:
            while (message := self._read()) is not _END:
                self._arrive(message)
        if self._at_end:
            self._at_end()
        self._arrive(_END)

    def _arrive(self, message: Any) -> None:
        with _arrived:
            self._messages.append(message)
            _arrived.notify_all()

    def _read(self) -> Any:
        """The bytes of one message, or `_END`."""
        try:
            (length,) = LENGTH.unpack(self._exactly(LENGTH.size))
            return self._exactly(length)
        except (EOFError, OSError, ValueError):  # ended, broken, or closed here
            return _END

    def _exactly(self, count: int) -> bytearray:
        data = bytearray(count)
        left = memoryview(data)
        while left:
            if not (came := self._incoming.readinto(left)):
                raise EOFError
            left = left[came:]
        return data


def wait(channels: Iterable[Channel]) -> list[Channel]:
    """Those that have a message or have come to their end, as soon as there are any."""
    channels = list(channels)
    with _arrived:
        while not (found := [channel for channel in channels if channel.waiting]):
            _arrived.wait(LOOK_UP)
            check_cancelled()
    return found


def start(module: str, environment: Mapping[str, str]) -> tuple["subprocess.Popen[bytes]", Channel]:
    """A child that runs `work(channel)` of this module, with `environment` laid over ours; and the way to it.

    It imports from where this process imports: a script in the folder that the user happens to be in hides nothing
    there that it does not hide here.
    """
    code = f"import sys; sys.path[:] = {sys.path!r}; from moreish.fitting import channel; channel.serve({module!r})"
    child = subprocess.Popen(
        [sys.executable, "-c", code],
        bufsize=0,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=os.environ | environment,
        start_new_session=True,  # heeded but on Windows
        creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),  # Windows alone has it
    )
    assert isinstance(child.stdin, FileIO)
    assert isinstance(child.stdout, FileIO)
    return child, Channel(child.stdout, child.stdin)


def serve(module: str) -> None:
    """The child's life. It ends with its work, or at once when its owner is gone."""
    for request in (signal.SIGINT, signal.SIGTERM):
        signal.signal(request, signal.SIG_IGN)
    incoming, outgoing = FileIO(os.dup(0), "r"), FileIO(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)  # what anybody prints goes to standard error
    channel = Channel(incoming, outgoing, at_end=_vanish)
    with contextlib.suppress(EOFError, BrokenPipeError):
        try:
            import_module(module).work(channel)
        except (EOFError, BrokenPipeError):
            raise
        except Exception as error:
            channel.send(Failure(f"{type(error).__name__}: {error}"))


def _vanish() -> NoReturn:
    os._exit(0)
