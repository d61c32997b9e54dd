"""What there is time for of the trainings of a list with few items, and in which order they come."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from moreish.background.parts import Items

if TYPE_CHECKING:
    from moreish.background.tune import TuneOptions

WHOLE = 1.3  # how much longer the training by the whole list takes than that of a fold
RESERVE = 0.15  # of the time that is left, kept for measuring and for the last reading


class Task(NamedTuple):
    """One net, trained on by what this fold keeps; by the whole list where it is None."""

    fold: int | None
    net: int


@dataclass(frozen=True)
class Plan:
    """What there is time for: so many folds, each and the whole list with so many passes of so many nets."""

    folds: int
    passes: float
    nets: int = 1

    def tasks(self, held_out: bool) -> list[Task]:
        """All trainings, fold by fold; where items were held out the one fold is the whole list."""
        folds = [*range(self.folds), *([] if held_out and self.folds else [None])]
        return [Task(fold, net) for fold in folds for net in range(self.nets)]


def planned(
    options: "TuneOptions", items: Items, folds: int, seconds: float, pace: float, nets: int = 1, processes: int = 1
) -> Plan:
    """As many folds as `seconds` allow at this pace (seconds an update of one net), one at least.

    All nets where one fold fits with them; else one net, with fewer passes where no fold fits.

    processes : trainings that go on at the same time
    """
    symbols = sum(len(item) + 1 for item in items)
    part = round(symbols * (folds - 1) / folds) if folds else 0
    left = (1 - RESERVE) * max(seconds, 0.0)

    def time(count: int, trained: int, passes: float) -> float:
        tuned = replace(options, passes=passes)
        rounds, last = math.ceil(trained * (count + 1) / processes), math.ceil(trained / processes)
        return pace * ((rounds - last) * tuned.steps(part) + last * tuned.steps(symbols))

    least = min(folds, 1)
    for trained in dict.fromkeys((nets, 1)):
        for count in range(folds, least - 1, -1):
            if time(count, trained, options.passes) <= left:
                return Plan(count, options.passes, trained)
    passes = options.passes * min(1.0, left / time(least, 1, options.passes))
    return Plan(least, max(passes, 1.0))


def late(todo: Sequence[Task], seconds_a_round: float, left: float, processes: int) -> bool:
    """Whether the fold that comes next would leave no time for the whole list: rounds take longer than planned.

    What was begun of a fold is brought to its end.
    """
    fold, net = todo[0]
    if fold is None or net:
        return False
    rounds = math.ceil(sum(task.fold == fold for task in todo) / processes)
    return (rounds + WHOLE * rounds) * seconds_a_round > left
