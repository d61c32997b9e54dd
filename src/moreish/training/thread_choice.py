"""How many threads compute the steps of a time budget: as many as are measured to be the fastest just now.

A small net gains half from a second core on a quiet machine. On a busy one its threads wait for one another, and each
step takes up to a hundred times as long. So both are tried, now and again, and what is slow is left at once.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import median

import torch

from moreish.training.state import TrainState

FIRST, TRIED = 3, 6
"""Steps that are left out because torch loads things in them, and steps that are timed of each count."""
HOPELESS = 2.0  # times as long as before: not tried to the end
WORTH = 0.9  # of the time before: more threads are kept for less
AGAIN_SECONDS = 2.0  # until the other count is tried again; each failure doubles it
RECENT = 8


@dataclass
class ThreadChoice:
    """Chooses the threads of each step, from 1 to `most`, doubling.

    count : with so many the next steps are computed; `trying`, where another count is tried
    pace : seconds a symbol that `count` was last found to take
    """

    most: int
    count: int = 1
    trying: int | None = None
    pace: float = 0.0
    _left_out: int = FIRST
    _seen: list[float] = field(default_factory=list)
    _again: float = 0.0
    _wait: float = AGAIN_SECONDS

    @contextmanager
    def working(self, symbols: int) -> Iterator[None]:
        """Around a step over so many symbols."""
        torch.set_num_threads(self.trying or self.count)
        began = time.monotonic()
        yield
        now = time.monotonic()
        self.took((now - began) / symbols, now)

    def took(self, pace: float, now: float) -> None:
        """A step took so many seconds a symbol."""
        if self._left_out:
            self._left_out -= 1
            return
        self._seen.append(pace)
        if self.trying is not None:
            self._judge(self.trying, now)
        elif self.pace == 0:
            if len(self._seen) == TRIED:
                self._settle(self.count, median(self._seen), now)
                self._try(self._other, now)
        else:
            self._watch(now)

    @property
    def _other(self) -> int:
        return self.count * 2 if self.count * 2 <= self.most else self.count // 2

    def _watch(self, now: float) -> None:
        """Whether it is as fast as it was, and whether it is time to try another count."""
        self._seen = self._seen[-RECENT:]
        if len(self._seen) < RECENT:
            return
        if self.count > 1 and median(self._seen) > HOPELESS * self.pace:
            self.count, self.pace, self._seen = 1, 0.0, []  # somebody else is at work now
        elif now >= self._again:
            self.pace = median(self._seen)
            self._try(self._other, now)

    def _try(self, count: int, now: float) -> None:
        if 1 <= count <= self.most and count != self.count:
            self.trying, self._seen = count, []
        else:
            self._again = now + self._wait

    def _judge(self, tried: int, now: float) -> None:
        """Of what is tried: keep it, leave it, or see more of it."""
        hopeless = min(self._seen) > (HOPELESS if len(self._seen) > 1 else 2 * HOPELESS) * self.pace
        if not hopeless and len(self._seen) < TRIED:
            return
        found, more = median(self._seen), tried > self.count
        if not hopeless and (found < WORTH * self.pace if more else found * WORTH < self.pace):
            self._settle(tried, found, now)
            if more:
                self._try(tried * 2, now)
        else:
            self._wait *= 2
            self._settle(self.count, self.pace, now)

    def _settle(self, count: int, pace: float, now: float) -> None:
        self.count, self.pace, self.trying, self._seen, self._again = count, pace, None, [], now + self._wait


def thread_choice_for(state: TrainState) -> ThreadChoice | None:
    """For a training whose time is counted, on a processor whose threads nobody has set; None for any other.

    The steps of any other are the same bit for bit each time, which those of another number of threads would not be.
    """
    options = state.options
    if options.time_budget is None or options.threads or options.device != "cpu" or state.most_threads == 1:
        return None
    return ThreadChoice(state.most_threads, torch.get_num_threads())
