"""A clock that decides how often the doctor may look, by wall time and not by a count of steps."""

import math
import time

ADVANCE = 4.0  # seconds of run whose budget may be spent beforehand, so that short runs are seen as well
DENSE = 10  # the first steps are looked at one by one while the advance lasts
GROWTH = 1.06  # afterwards the steps looked at in advance lie apart by this factor


class Clock:
    """Keeps the time spent looking below `budget` times the time of the run.

    The first frames are taken in advance: up to `budget * ADVANCE` seconds may be spent before they are earned,
    on the first steps and then on steps that lie ever farther apart. An infinite budget looks at every step.
    """

    def __init__(self, budget: float) -> None:
        if not budget > 0:
            raise ValueError(f"the doctor's budget is a share of wall time above 0, not {budget}")
        self.budget = budget
        self.started = time.perf_counter()
        self.spent = 0.0
        self.frames = 0
        self._next_in_advance = 0

    def due(self, step: int) -> bool:
        """Whether the step that comes now may be looked at."""
        if math.isinf(self.budget) or step == 0:
            return True
        elapsed = time.perf_counter() - self.started
        frame = self.spent / max(self.frames, 1)
        if self.spent + frame <= self.budget * elapsed:
            return True
        return step >= self._next_in_advance and self.spent + frame <= self.budget * ADVANCE

    def looked(self, step: int) -> None:
        """Note that the step was looked at."""
        self.frames += 1
        self._next_in_advance = step + 1 if step < DENSE else math.ceil((step + 1) * GROWTH)

    def elapsed(self) -> float:
        """Seconds since the doctor came."""
        return time.perf_counter() - self.started


class Spent:
    """`with Spent(clock):` adds the time inside to what the doctor has spent. Nested blocks count once."""

    __slots__ = ("clock", "depth", "since")

    def __init__(self, clock: Clock) -> None:
        self.clock, self.depth, self.since = clock, 0, 0.0

    def __enter__(self) -> None:
        if self.depth == 0:
            self.since = time.perf_counter()
        self.depth += 1

    def __exit__(self, *exception: object) -> None:
        self.depth -= 1
        if self.depth == 0:
            self.clock.spent += time.perf_counter() - self.since
