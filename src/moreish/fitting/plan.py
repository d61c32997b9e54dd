"""What there is time for of the trainings of a list with few items, and in which order they come."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from moreish.background.tune import TuneOptions

WHOLE = 1.3  # how much longer the training by the whole list takes than that of a fold
FEWEST_PASSES = 0.5  # of those that are best, with which training on still helps nearly always, and two nets more
RESERVE = 0.15  # of the time that is left, kept for measuring and for the last reading


class Task(NamedTuple):
    """One net, trained on by what this fold keeps; by the whole list where it is None."""

    fold: int | None
    net: int


@dataclass(frozen=True)
class Plan:
    """What there is time for: so many folds, each with so many passes of so many nets.

    whole : whether the nets that are kept are trained on by the whole list then; else they are those of the fold,
        which lack a fifth of it
    """

    folds: int
    passes: float
    nets: int = 1
    whole: bool = True

    @property
    def tasks(self) -> list[Task]:
        """All trainings, fold by fold."""
        folds = [*range(self.folds), *([None] if self.whole else [])]
        return [Task(fold, net) for fold in folds for net in range(self.nets)]


@dataclass(frozen=True)
class Sizes:
    """Symbols of a list, and of what each of so many folds keeps of it. One that keeps all has its items apart."""

    whole: int
    kept: int
    folds: int


def planned(
    options: "TuneOptions", sizes: Sizes, seconds: float, pace: float, nets: int = 1, processes: int = 1
) -> Plan:
    """As many folds as `seconds` allow at this pace (seconds an update of one net), one at least.

    All nets where one fold fits with them. Where it does not with the whole list, the nets of one fold are kept, and
    have fewer passes, down to half of them; below that it is one net.

    processes : trainings that go on at the same time
    """
    left = (1 - RESERVE) * max(seconds, 0.0)
    apart = sizes.kept == sizes.whole and sizes.folds == 1

    def time(plan: Plan) -> float:
        rounds, last = math.ceil(len(plan.tasks) / processes), math.ceil(plan.nets / processes) * plan.whole
        return pace * ((rounds - last) * options.steps(sizes.kept) + last * options.steps(sizes.whole))

    least = Plan(0, options.passes)
    for trained in dict.fromkeys((nets, 1)):
        for count in range(sizes.folds, 0, -1):
            plan = Plan(count, options.passes, trained, whole=not apart)
            if time(plan) <= left:
                return plan
        least = Plan(min(sizes.folds, 1), options.passes, trained, whole=not sizes.folds)
        share = min(1.0, left / time(least))
        if share >= FEWEST_PASSES:
            break
    return replace(least, passes=max(options.passes * min(1.0, left / time(least)), 1.0))


def late(todo: Sequence[Task], seconds_a_round: float, left: float, processes: int) -> bool:
    """Whether the fold that comes next would leave no time for the whole list: rounds take longer than planned.

    What was begun of a fold is brought to its end.
    """
    fold, net = todo[0]
    if fold is None or net:
        return False
    rounds = math.ceil(sum(task.fold == fold for task in todo) / processes)
    return (rounds + WHOLE * rounds) * seconds_a_round > left
