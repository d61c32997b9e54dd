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


@dataclass(frozen=True)
class Trainings:
    """Those of one list: what they share, and how long they take.

    options : with as many passes as are best
    pace : seconds an update of one net
    nets : that there are
    processes : trainings that go on at the same time
    """

    options: "TuneOptions"
    sizes: Sizes
    pace: float
    nets: int = 1
    processes: int = 1

    @property
    def all(self) -> Plan:
        """What is done where there is time for everything."""
        apart = self.sizes.kept == self.sizes.whole and self.sizes.folds == 1
        return Plan(self.sizes.folds, self.options.passes, self.nets, whole=not apart)

    def seconds(self, plan: Plan) -> float:
        """How long a plan takes."""
        rounds = math.ceil(len(plan.tasks) / self.processes)
        last = math.ceil(plan.nets / self.processes) * plan.whole
        kept, whole = (self.options.steps(size) for size in (self.sizes.kept, self.sizes.whole))
        return self.pace * ((rounds - last) * kept + last * whole)

    def planned(self, seconds: float) -> Plan:
        """As many folds as `seconds` allow, one at least.

        All nets where one fold fits with them. Where it does not with the whole list, the nets of one fold are kept,
        and have fewer passes, down to half of them; below that it is one net.
        """
        left = (1 - RESERVE) * max(seconds, 0.0)
        best, least = self.options.passes, Plan(0, self.options.passes)
        for trained in dict.fromkeys((self.nets, 1)):
            for count in range(self.sizes.folds, 0, -1):
                plan = replace(self.all, folds=count, nets=trained)
                if self.seconds(plan) <= left:
                    return plan
            least = Plan(min(self.sizes.folds, 1), best, trained, whole=not self.sizes.folds)
            share = min(1.0, left / self.seconds(least))
            if share >= FEWEST_PASSES:
                break
        return replace(least, passes=max(best * min(1.0, left / self.seconds(least)), 1.0))

    def share(self, tasks: Sequence[Task], passes: float) -> float:
        """How much of everything it was to make these, with so many passes each: of all updates."""
        sizes = {True: self.sizes.whole, False: self.sizes.kept}

        def updates(tasks: Sequence[Task], passes: float) -> int:
            made = replace(self.options, passes=passes)
            return sum(made.steps(sizes[task.fold is None]) for task in tasks)

        return updates(tasks, passes) / updates(self.all.tasks, self.options.passes)

    def budget(self, before: float, all_took: float = 0.0) -> float:
        """Seconds that allow everything, where so many go into all else, and it took so long as it turned out."""
        return before + max(all_took, self.seconds(self.all)) / (1 - RESERVE)


def late(todo: Sequence[Task], seconds_a_round: float, left: float, processes: int) -> bool:
    """Whether the fold that comes next would leave no time for the whole list: rounds take longer than planned.

    What was begun of a fold is brought to its end.
    """
    fold, net = todo[0]
    if fold is None or net:
        return False
    rounds = math.ceil(sum(task.fold == fold for task in todo) / processes)
    return (rounds + WHOLE * rounds) * seconds_a_round > left
