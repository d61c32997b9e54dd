"""The course of each group of an optimizer over the frames of a run: its learning rates, and what is cut off."""

import statistics
from collections import defaultdict
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
