"""Courses over the frames of a run: of the loss, and of each group of an optimizer, with what is cut off."""

import itertools
import math
import statistics
from collections import defaultdict
from dataclasses import dataclass
from typing import NamedTuple

from moreish.doctor.frames.groups import Group
from moreish.doctor.frames.history import History

CUT = 0.1  # share of the gradient that is left, below which clipping is what sets the size of the steps


class Course(NamedTuple):
    """What one group of an optimizer was over the frames in which it stepped."""

    steps: list[int]
    groups: list[Group]

    @property
    def rates(self) -> list[float]:
        """Its learning rates."""
        return [g.lr for g in self.groups]


def courses(history: History) -> list[Course]:
    """The course of every group that stepped."""
    seen: dict[tuple[int, int], Course] = defaultdict(lambda: Course([], []))
    for frame in history.training():
        for group in frame.groups:
            course = seen[group.optimizer, group.place]
            course.steps.append(frame.step)
            course.groups.append(group)
    return list(seen.values())


def clipped(history: History) -> tuple[float, Group] | None:
    """The median share that clipping leaves of the gradient, with the group, where it sets the size of every step.

    A share that is the same every time is a scale that was taken off, and no clipping.
    """
    for course in courses(history):
        left = [g.left for g in course.groups if g.left is not None]
        scaled = bool(left) and max(left) <= 1.001 * min(left)
        if len(left) >= 4 and sorted(left)[int(0.9 * (len(left) - 1))] < CUT and not scaled:
            return statistics.median(left), course.groups[-1]
    return None


def broke_at_once(history: History) -> bool:
    """Whether NaN came into a run that did well until then: not a matter of the learning rate."""
    finite = [loss for _, loss in history.losses() if math.isfinite(loss)]
    return history.broken is not None and len(finite) >= 2 and finite[-1] <= finite[0]


@dataclass(frozen=True)
class LossTrend:
    """Where the loss has gone: first, best and latest, each the median of a few frames, and the noise between."""

    first: float
    best: float
    now: float
    noise: float
    frames: int


def loss_trend(history: History) -> LossTrend | None:
    """The trend of the loss, of the last phase of a run; None before five frames. Losses that are not finite count as
    infinite.
    """
    since = history.evidence.turned
    losses = [x if math.isfinite(x) else math.inf for step, x in history.losses() if step >= since]
    if len(losses) < 5:
        return None
    width = min(10, max(3, len(losses) // 4))
    smooth = [statistics.median(losses[k : k + width]) for k in range(len(losses) - width + 1)]
    steps = [abs(b - a) for a, b in itertools.pairwise(losses) if math.isfinite(a) and math.isfinite(b)]
    noise = statistics.median(steps) if steps else math.inf
    return LossTrend(losses[0], min(smooth), smooth[-1], noise, len(losses))
