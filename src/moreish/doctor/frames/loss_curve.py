"""The loss of every backward, as windows of steps in bounded memory: where a run has gone between the looks."""

import itertools
import math
import statistics
from typing import NamedTuple

MOST_WINDOWS = 64
FIRST_WIDTH = 4  # losses
EARLY = 50  # steps
FEWEST = 16  # windows before anything is said
LATE = 4  # the last so-many-th of the windows
STILL = 1e-4  # of the loss: what is less is no change
RISEN = 0.1  # of its best
SURE = 9.0  # standard deviations of a stretch, which are estimated from few windows, as is the lowest of many


class Window(NamedTuple):
    """Losses that came one after the other: the step of the last, their mean, the least and the most."""

    step: int
    mean: float
    low: float
    high: float


class LossCurve:
    """Means over windows, which become twice as wide whenever there are too many."""

    def __init__(self) -> None:
        self.windows: list[Window] = []
        self.losses = 0
        self.early = math.inf  # the lowest mean of the first steps of all
        self._width = FIRST_WIDTH
        self._filling: list[float] = []

    def begin(self) -> None:
        """What comes now is the loss of another task."""
        self.windows, self._filling, self._width = [], [], FIRST_WIDTH

    def add(self, step: int, loss: float) -> bool:
        """Note the loss after so many steps; whether a window is full with it."""
        self.losses += 1
        self._filling.append(loss if math.isfinite(loss) else math.inf)
        if len(self._filling) < self._width:
            return False
        seen, self._filling = self._filling, []
        self.windows.append(Window(step, statistics.fmean(seen), min(seen), max(seen)))
        if step <= EARLY:
            self.early = min(self.early, self.windows[-1].mean)
        if len(self.windows) == MOST_WINDOWS:
            self.windows = [_together(self.windows[k : k + 2]) for k in range(0, MOST_WINDOWS, 2)]
            self._width *= 2
        return True

    @property
    def noise(self) -> float:
        """The standard deviation of a window about its neighbours, from how one differs from the next."""
        pairs = [abs(b.mean - a.mean) for a, b in itertools.pairwise(self.windows)]
        return statistics.median(pairs) / 0.954 if pairs else math.inf  # the median size of N(0, 2)

    @property
    def best(self) -> Window | None:
        """The lowest of all stretches of an eighth of the windows, as one; None before there are enough."""
        if len(self.windows) < FEWEST:
            return None
        stretches = (self.windows[k : k + self._stretch] for k in range(len(self.windows) - self._stretch + 1))
        return min(map(_together, stretches), key=lambda w: w.mean)

    @property
    def now(self) -> Window | None:
        """The last eighth of the windows as one; None before there are enough."""
        return _together(self.windows[-self._stretch :]) if len(self.windows) >= FEWEST else None

    @property
    def _stretch(self) -> int:
        return max(2, len(self.windows) // 8)

    def has_risen(self, share: float = RISEN) -> bool:
        """Whether the loss is above its best by a share of that, and by more than can be noise."""
        best, now = self.best, self.now
        if best is None or now is None or not math.isfinite(best.mean):
            return False
        chance = SURE * self.noise / math.sqrt(self._stretch)
        return now.mean > best.mean + max(share * abs(best.mean), chance)

    def stands_since(self) -> int | None:
        """The step since which each loss is the same number to four digits; None where they differ, or are 0."""
        value = self.windows[-1].mean if self.windows else 0.0
        if len(self.windows) < FEWEST or not math.isfinite(value) or value == 0:
            return None
        apart = STILL * abs(value)
        same = itertools.takewhile(
            lambda w: value - apart <= w.low and w.high <= value + apart, reversed(self.windows)
        )
        steps = [w.step for w in same]
        return steps[-1] if len(steps) >= max(2, len(self.windows) // LATE) else None


def _together(windows: list[Window]) -> Window:
    mean = statistics.fmean(w.mean for w in windows)
    return Window(windows[-1].step, mean, min(w.low for w in windows), max(w.high for w in windows))
