"""When a run is likely to be evaluated, known from round numbers and from its pauses so far."""

import math
from collections import deque

ROUND = 100  # steps: people evaluate after round numbers of them
PAUSE = 3.0  # ordinary steps: whatever takes longer between two steps may have been an evaluation
APART = 10  # steps at least between two evaluations that foretell a third: whoever acts calls its net at every step
REMEMBERED = 8  # pauses, so that accidental ones do not hide the distance between the others


class EvaluationForecast:
    """Guesses after which steps a run is evaluated, so that nothing need be hooked up at all others.

    Evaluations take longer than a step and lie at equal distances, so where three pauses did, a fourth is expected;
    where one was seen to be an evaluation, a second as far on, however short they are. A wrong guess costs a hook
    for two steps.
    """

    def __init__(self) -> None:
        self.ordinary = math.inf  # seconds of a step
        self.limit = math.inf  # seconds that make a pause
        self._pauses: deque[int] = deque(maxlen=REMEMBERED)
        self._evaluated = 0
        self._expected: set[int] = set()
        self._began: tuple[int, float] | None = None

    def reached(self, step: int, now: float) -> None:
        """So many steps are done at this time of a clock on the wall."""
        if self._began is None:
            self._began = step, now
        began, since = self._began
        if step > began:
            self.ordinary = (now - since) / (step - began)
            self.limit = PAUSE * self.ordinary

    def paused(self, step: int) -> None:
        """More time than `limit` went by after this step and before the next one was done."""
        twice = {2 * step - p for p in self._pauses if 2 * p - step in self._pauses}
        self._expected = twice.union(s for s in self._expected if s > step)
        self._pauses.append(step)

    def evaluated(self, step: int) -> None:
        """An evaluation was seen after this step; the first is taken for the end of an epoch."""
        if step - self._evaluated >= APART:
            self._expected = {2 * step - self._evaluated}.union(s for s in self._expected if s > step)
        self._evaluated = max(step, self._evaluated)

    def next(self, step: int) -> int:
        """The first step, this one or a later one, after which an evaluation is likely."""
        return min([step + -step % ROUND, *(s for s in self._expected if s >= step)])

    def likely(self, step: int) -> bool:
        """Whether an evaluation is likely after this step, or was after the last: loops count from 0 or from 1."""
        return self.next(step - 1) <= step
