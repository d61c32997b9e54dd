"""A clock that decides how often the doctor may look, by time and not by a count of steps."""

import math
import threading
import time

BUDGET = 0.015  # share of the time that looking may take, where nothing else is asked for
ADVANCE = 27.0  # seconds of run whose budget may be spent beforehand, so that short runs are seen as well
WORRIED_ADVANCE = 120.0  # where a run does not do well: whoever has a sick one wants to know why
CALM_LOOKS = 5  # looks in advance at a run that does well
CALM_SPACING = 4.8  # each after so many times the steps of the last
WORRIED_LOOKS = 48  # looks in advance at a run that does not
WORRIED_SPACING = 1.08  # times the steps of the last, at least
REACH = 300  # steps over which the looks in advance are spread that can be paid for
UNTIMED = 1.0  # for each second that is timed: calls on their way through modes and hooks, caches to be filled again
LONGEST_SLEEP = 1000  # steps
ANEW, MOST_ANEW = 4, 4  # looks where a run takes a turn, such as a new optimizer, and turns that are looked at
ASKED, MOST_ASKED = 3, 4  # looks where what is heard of a run cannot be judged without, and times that is asked for


class Clock:
    """Keeps the time spent looking below `budget` times the time of the run.

    The first frame is always taken and not charged (it warms things up, and replays the first batch), and the
    second shows what a frame costs. Further frames are taken in advance: up to `budget * ADVANCE` seconds may be
    spent before they are earned, on up to `CALM_LOOKS` steps in all that lie ever farther apart; where the last look
    was worrying, `budget * WORRIED_ADVANCE` on more, and closer ones. An infinite budget looks at every step.

    Time is that of this thread on the processor, so that a busy machine does not make looking seem dear.
    """

    def __init__(self, budget: float) -> None:
        if not budget > 0:
            raise ValueError(f"the doctor's budget is a share of the time above 0, not {budget}")
        self.budget, self.unbounded = budget, math.isinf(budget)
        self.thread = threading.get_ident()
        self.started = self._latest = time.thread_time()
        self.spent = 0.0
        self.frames = 0
        self.asleep = 0  # the step before which there is no need to ask
        self.worried = False
        self._close = 0  # frames taken because the one before was worrying
        self._owed = self._turns = self._asked = 0
        self._free = 0.0
        self._began = 0
        self._next_in_advance = 0
        self._first: int | None = None
        self._stopped: float | None = None

    def due(self, step: int) -> bool:
        """Whether the step that comes now may be looked at."""
        if self.unbounded or self.frames == 0 or self._owed:
            return True
        if step < self.asleep:
            return False
        cost, elapsed = self._cost(), self.elapsed()
        if cost <= self.budget * elapsed:
            return True
        left = WORRIED_LOOKS - self._close if self.worried else CALM_LOOKS - (self.frames - self._close)
        advance = left > 0 and self.affords_in_advance()
        if advance and step >= self._next_in_advance:
            return True
        self._sleep(step, elapsed, cost / self.budget - elapsed)
        if advance:
            self.asleep = min(self.asleep, self._next_in_advance)
        return False

    def affords_in_advance(self, more: float = 1.0) -> bool:
        """Whether one more look can be paid for before it is earned, where `more` times as much may be spent."""
        seconds = WORRIED_ADVANCE if self.worried else ADVANCE
        return self.unbounded or self._cost() <= more * self.budget * seconds

    def _cost(self) -> float:
        """Seconds that looking will have taken, with one more frame."""
        charged = (1 + UNTIMED) * (self.spent - self._free)
        return charged + charged / max(self.frames - 1, 1)

    def turned(self) -> None:
        """The run is no longer what it was: the next steps are looked at, whatever that costs."""
        if self._turns < MOST_ANEW:
            self._turns, self._owed, self.asleep = self._turns + 1, ANEW, 0

    def asked(self) -> None:
        """What is heard between the looks needs a look to be judged: the next steps are looked at."""
        if self._asked < MOST_ASKED:
            self._asked, self._owed, self.asleep = self._asked + 1, ASKED, 0

    def worry(self) -> None:
        """Look more closely from now on, until a look says that all is well."""
        self.worried, self.asleep, self._next_in_advance = True, 0, 0

    def _sleep(self, step: int, elapsed: float, missing: float) -> None:
        """Ask for the time again when half of the seconds still missing should have passed: reading it takes some."""
        if self._first is None:
            self._first = step - 1
        pace = max(elapsed / max(step - self._first, 1), 1e-9)
        self.asleep = step + max(1, min(LONGEST_SLEEP, int(missing / pace / 2)))

    def looked(self, step: int, worried: bool = False) -> None:
        """Note that the step was looked at, and whether what was seen asks for a closer look."""
        if self.frames == 0:
            self._free, self._began = self.spent, step
        self.frames += 1
        self._owed = max(0, self._owed - 1)
        self._close += self.worried
        self.worried = worried
        spacing = self._worried_spacing() if worried else CALM_SPACING
        steps = step + 1 - self._began  # a run that goes on is looked at like one that begins
        self._next_in_advance = self._began + math.ceil(steps * spacing)

    def _worried_spacing(self) -> float:
        """So far apart that the budget for looks in advance lasts for `REACH` steps: what goes wrong late is seen."""
        each = (1 + UNTIMED) * (self.spent - self._free) / max(self.frames - 1, 1)
        affordable = self.budget * WORRIED_ADVANCE / each if each > 0 else math.inf
        return min(max(WORRIED_SPACING, REACH ** (1 / max(affordable, 1))), CALM_SPACING)

    def share(self) -> float:
        """Share of the time so far that looking took."""
        return (1 + UNTIMED) * self.spent / max(self.elapsed(), 1e-9)

    def stop(self) -> None:
        """The doctor goes: what comes now is no time of the run."""
        self._stopped = self._now()

    def elapsed(self) -> float:
        """Seconds that this thread has worked since the doctor came, until it went."""
        return (self._now() if self._stopped is None else self._stopped) - self.started

    def _now(self) -> float:
        """The time of the thread that is watched; from another one, the latest that is known."""
        if threading.get_ident() == self.thread:
            self._latest = time.thread_time()
        return self._latest


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
