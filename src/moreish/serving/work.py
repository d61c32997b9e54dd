"""Work for requests: threads of our own, so many requests in line, so many seconds each, ended between batches.

The threads are daemons, and each request's clock can be stopped, so that a server ends at once when it is asked to.
"""

import asyncio
import contextlib
import contextvars
import os
import queue
import sys
import threading
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from moreish.cancellation import cancellable
from moreish.options import option

T = TypeVar("T")
CLOSING = "the server is closing, or nobody waits for this any more"


@dataclass(frozen=True)
class Limits:
    """How much a server takes on at once."""

    seconds: float = option(30.0, "the time of one request, from when it is worked on", above=0)
    threads: int = option(min(4, os.cpu_count() or 1), "requests that are worked on at once", low=1)
    waiting: int = option(64, "requests that wait for their turn", low=0)
    body: int = option(4 * 2**20, "bytes in the body of a request", low=1)
    body_seconds: float = option(10.0, "the time in which a body must have come", above=0)


class Busy(Exception):
    """Too many requests wait already."""


class Ended(Exception):
    """A request's work ends here."""


class TimeIsUp(Ended):
    """It took as long as it may."""


class Stopped(Ended):
    """Nobody waits for the answer any more, or the server is closing."""


class Clock:
    """The time that a request has; whoever works on it calls `check` between batches."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._until = float("inf")
        self._stopped = threading.Event()

    def start(self) -> None:
        """From here on time counts."""
        self._until = time.monotonic() + self.seconds

    def stop(self) -> None:
        """The work is to end; from any thread."""
        self._stopped.set()

    def check(self) -> None:
        """Raises TimeIsUp or Stopped."""
        if self._stopped.is_set():
            raise Stopped(CLOSING)
        if time.monotonic() > self._until:
            raise TimeIsUp(f"the {self.seconds:g} seconds that a request may take are over: ask for less at once")


class _Job(Generic[T]):
    """Work, and the future of an event loop that waits for its result."""

    def __init__(self, work: Callable[[Clock], T], clock: Clock) -> None:
        self.work, self.clock = work, clock
        self.context = contextvars.copy_context()
        self.loop = asyncio.get_running_loop()
        self.future: asyncio.Future[T] = self.loop.create_future()

    def run(self) -> None:
        """In a thread of the workers, in the context of whoever waits."""
        self.context.run(self._run)

    def _run(self) -> None:
        self.clock.start()
        result, error = None, None
        try:
            with cancellable(self.clock.check):
                self.clock.check()
                result = self.work(self.clock)
        except BaseException as raised:
            error = raised
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits
            self.loop.call_soon_threadsafe(self._settle, result, error)

    def _settle(self, result: Any, error: BaseException | None) -> None:
        if self.future.done():
            return
        if error is not None:
            self.future.set_exception(error)
        else:
            self.future.set_result(result)


class Workers:
    """Threads that do the work of requests, first come, first served. To be used from one event loop."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._jobs: queue.SimpleQueue[_Job[Any]] = queue.SimpleQueue()
        self._clocks: set[Clock] = set()
        self._threads: list[threading.Thread] = []
        self._closing = False

    async def run(self, work: Callable[[Clock], T], gone: Callable[[], Coroutine[Any, Any, None]]) -> T:
        """The result of the work, which ends where `gone` comes to its end first.

        Raises Busy where too many wait, Stopped where the server closes before the work hears of it, and what the
        work raises.
        """
        if self._closing:
            raise Busy("the server is closing")
        if len(self._clocks) >= self.limits.threads + self.limits.waiting:
            raise Busy(f"{len(self._clocks)} requests are being answered or wait: ask again in a moment")
        self._start()
        job = _Job(work, Clock(self.limits.seconds))
        self._clocks.add(job.clock)
        self._jobs.put(job)
        watching = asyncio.create_task(gone())
        watching.add_done_callback(lambda _: job.clock.stop())
        try:
            return await job.future
        except asyncio.CancelledError:
            if self._closing:  # uvicorn's patience is over; it would answer 500 for us
                raise Stopped(CLOSING) from None
            raise
        finally:
            watching.cancel()
            job.clock.stop()
            self._clocks.discard(job.clock)

    def stop(self) -> None:
        """End what is being worked on, between its batches, and take no more."""
        self._closing = True
        for clock in list(self._clocks):
            clock.stop()

    def _start(self) -> None:
        """The threads, with the first request."""
        while len(self._threads) < self.limits.threads:
            name = f"moreish-work-{len(self._threads)}"
            thread = threading.Thread(target=self._serve, name=name, daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self) -> None:
        if "torch" in sys.modules:  # a net's many small products are no work for several threads
            sys.modules["torch"].set_num_threads(1)
        while True:
            self._jobs.get().run()
