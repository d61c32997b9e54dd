"""A clock that decides how often the doctor may look, by time and not by a count of steps."""

import math
import time

ADVANCE = 10.0  # seconds of run whose budget may be spent beforehand, so that short runs are seen as well
DENSE = 6  # the first steps are looked at one by one
GROWTH = 1.05  # afterwards the steps looked at in advance lie apart by at least this factor
REACH = 2000  # the step up to which the advance should last
FRAMES = 40  # looked at in advance at most: a fast net's steps are worth no more frames than a slow one's

LONGEST_SLEEP = 1000  # steps


class Clock:
    """Keeps the time spent looking below `budget` times the time of the run.

    The first frame is always taken and not charged (it warms things up, and replays the first batch). Further
    frames are taken in advance: up to `budget * ADVANCE` seconds may be spent before they are earned, on up to
    `FRAMES` steps, the first ones and then such that lie ever farther apart. An infinite budget looks at every step.

    Time is that of this thread on the processor, so that a busy machine does not make looking seem dear.
    """

    def __init__(self, budget: float) -> None:
        if not budget > 0:
            raise ValueError(f"the doctor's budget is a share of the time above 0, not {budget}")
        self.budget = budget
        self.started = time.thread_time()
        self.spent = 0.0
        self.frames = 0
        self._free = 0.0
        self._next_in_advance = 0
        self._first: int | None = None
        self._asleep = 0  # the step before which there is no need to read the time

    def due(self, step: int) -> bool:
        """Whether the step that comes now may be looked at."""
        if math.isinf(self.budget) or self.frames == 0:
            return True
        if step < self._asleep:
            return False
        charged = self.spent - self._free
        cost = charged + charged / max(self.frames - 1, 1)  # with one more frame
        elapsed = self.elapsed()
        if cost <= self.budget * elapsed:
            return True
        advance = self.frames < FRAMES and cost <= self.budget * ADVANCE
        if advance and step >= self._next_in_advance:
            return True
        self._sleep(step, elapsed, cost / self.budget - elapsed)
        if advance:
            self._asleep = min(self._asleep, self._next_in_advance)
        return False

    def _sleep(self, step: int, elapsed: float, missing: float) -> None:
        """Ask for the time again when half of the seconds still missing should have passed: reading it takes some."""
        if self._first is None:
            self._first = step - 1
        pace = elapsed / max(step - self._first, 1)
        self._asleep = step + max(1, min(LONGEST_SLEEP, int(missing / max(pace, 1e-9) / 2)))

    def looked(self, step: int) -> None:
        """Note that the step was looked at."""
        if self.frames == 0:
            self._free = self.spent
        self.frames += 1
        self._next_in_advance = step + 1 if step < DENSE else math.ceil((step + 1) * self._growth(step))

    def _growth(self, step: int) -> float:
        """The factor between steps looked at in advance, so that what is left of the advance lasts to `REACH`."""
        charged = self.spent - self._free
        left = (self.budget * ADVANCE - charged) / max(charged / max(self.frames - 1, 1), 1e-9)
        left = min(left, FRAMES - self.frames)
        return max(GROWTH, (REACH / (step + 1)) ** (1 / max(left, 1.0))) if step < REACH else GROWTH

    def elapsed(self) -> float:
        """Seconds that this thread has worked since the doctor came."""
        return time.thread_time() - self.started


class Spent:
    """`with Spent(clock):` adds the time inside to what the doctor has spent. Nested blocks count once."""

    __slots__ = ("clock", "depth", "since")

    def __init__(self, clock: Clock) -> None:
        self.clock, self.depth, self.since = clock, 0, 0.0

    def __enter__(self) -> None:
        if self.depth == 0:
            self.since = time.thread_time()
        self.depth += 1

    def __exit__(self, *exception: object) -> None:
        self.depth -= 1
        if self.depth == 0:
            self.clock.spent += time.thread_time() - self.since
