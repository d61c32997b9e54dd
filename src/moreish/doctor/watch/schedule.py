"""When to look: the one place that decides it, for steps and for evaluations."""

import math
import sys

from moreish.doctor.watch.clock import CALM_LOOKS, WORRIED_LOOKS, Clock
from moreish.doctor.watch.forecast import EvaluationForecast

FIRST_EVALUATIONS, WORRIED_EVALUATIONS = 3, 16  # that are looked at in any case, and in a run that worries
SPREAD_EVALUATIONS = 12  # looked at before they are earned, each after so many times the steps of the last
SURE_EVALUATIONS = 8  # of them whatever looking has cost
EVALUATION_SPACING = 1.2
MOST_FORETOLD = 64  # evaluations that are waited for because a model was switched to eval mode
RESERVED = 1.3  # times what may be spent in advance, so that looks at steps leave something for evaluations
BRIEF = 10e-3  # seconds of a step below which a hook on a model is there only when an evaluation is likely
SETTLING = 400  # steps that have it in any case


class Schedule:
    """Whether the step that comes now is looked at, whether an evaluation is, and when to ask again.

    The clock knows what looking has cost, and looks closer where the last look was worrying; the forecast knows when
    an evaluation is likely. Between looks a step meets two comparisons: with `wake_at`, the step before which there
    is nothing to do, and with `late`, the time from which it took too long to be an ordinary one.
    """

    def __init__(self, budget: float) -> None:
        self.clock = Clock(budget)
        self.forecast = EvaluationForecast()
        self.wake_at = 0
        self.late = math.inf
        self.limit = math.inf  # seconds that make a pause
        self.evaluations = 0  # looked at so far
        self._next_evaluation = self._foretold = 0
        self._settled = SETTLING

    def begin(self, step: int) -> None:
        """The doctor comes after so many steps."""
        self._settled = step + SETTLING

    def turned(self, step: int) -> None:
        """The run takes a turn after so many steps: what comes now is looked at."""
        if step:
            self.clock.turned()
            self.wake_at = 0

    def asked(self) -> None:
        """What is heard between two looks cannot be judged without one."""
        self.clock.asked()
        self.wake_at = 0

    def worried(self) -> None:
        """What is known between two looks asks for a closer one."""
        if not self.clock.worried:
            self.clock.worry()
            self.wake_at = 0

    def due(self, step: int) -> bool:
        """Whether to look at the step that comes now."""
        return self.clock.due(step)

    def evaluation_due(self, step: int) -> bool:
        """Whether to look at an evaluation before the step that comes now; it is counted then."""
        self.forecast.evaluated(step)
        due = self._wants_evaluation(step)
        if due:
            self.evaluations += 1
            self._next_evaluation = math.ceil(step * EVALUATION_SPACING)
        return due

    def foretold(self, step: int) -> bool:
        """Whether to wait for the evaluation that is about to come before this step; no longer than until it."""
        if self._foretold >= MOST_FORETOLD or not self._wants_evaluation(step):
            return False
        self._foretold, self.wake_at = self._foretold + 1, 0
        return True

    def _wants_evaluation(self, step: int) -> bool:
        most = WORRIED_EVALUATIONS if self.clock.worried else FIRST_EVALUATIONS
        if self.evaluations < most or self.clock.due(step):
            return True
        if step < self._next_evaluation:
            return False
        sure = self.evaluations < SURE_EVALUATIONS
        return sure or (self.evaluations < SPREAD_EVALUATIONS and self.clock.affords_in_advance(RESERVED))

    def wants_triage(self, seen: int) -> bool:
        """Whether a worrying run can still be looked at more closely, after so many frames."""
        return seen <= CALM_LOOKS + WORRIED_LOOKS

    def looked(self, step: int, worried: bool) -> None:
        """A step was looked at, and what was seen asks for a closer look or does not."""
        self.clock.looked(step, worried)

    def ended(self, step: int, now: float) -> None:
        """A step that was not looked at is done, at this time of a clock on the wall."""
        if now >= self.late:
            self.forecast.paused(step - 1)

    def awaits_evaluation(self, step: int, now: float, unseen: bool) -> bool:
        """Whether an evaluation may come now, while no look is due; `wake_at` is when to ask again.

        `unseen` is whether nothing but evaluations can be seen (of compiled models).
        """
        self.forecast.reached(step, now)
        self.limit = self.forecast.limit
        if unseen or step < self._settled:
            expected, until = True, sys.maxsize if unseen else self._settled
        elif self.forecast.ordinary > BRIEF:
            expected, until = True, step + SETTLING
        else:
            expected = self.forecast.likely(step)
            until = step + 1 if expected else self.forecast.next(step)
        self.wake_at = min(self.clock.asleep, until)
        return expected
