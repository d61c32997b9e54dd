"""A finding about weights that grow."""

import math
from collections.abc import Iterator

from moreish.doctor.frames.history import History
from moreish.doctor.judge.progress import does_well
from moreish.doctor.judge.rules.gradients import owner
from moreish.doctor.judge.rules.start import fan_in, shape_of
from moreish.doctor.judge.rules.updates import judged_weights
from moreish.doctor.judge.table import RUNAWAY, Rule, Verdict, found


@Rule(
    "F42",
    "growing-weights",
    "weights grow",
    silent="weights that start near zero; a run that does well: then it is information",
    why="A weight ten times its first size saturates what comes after it and shrinks its own update ratio.\n"
    "Without weight decay nothing holds it.\n"
    "It is often the trace of a learning rate that was too high.",
    kinds=(RUNAWAY,),
    until_well=True,
)
def growing(history: History) -> Iterator[Verdict]:
    """std(w) above 10x that of the first frame, and of 1 / sqrt(fan_in)."""
    grown = []
    for weight in judged_weights(history):
        sizes = history.series(f"{weight}/std")
        usual = 1 / math.sqrt(fan_in(shape_of(history, weight)))
        if len(sizes) >= 3 and min(sizes[-3:]) > 10 * max(sizes[0], usual):
            grown.append((sizes[-1] / sizes[0], weight))
    if grown:
        times, weight = max(grown)
        yield found(
            "info" if does_well(history) else "watch",
            owner(weight),
            history.step(),
            f"`{weight}` has grown to {times:.0f} times its first size{history.since}.",
            "Lower the learning rate, or use AdamW with weight_decay=0.01.",
            picture=f"{weight}/std",
            layers=tuple(owner(w) for _, w in sorted(grown, reverse=True)),
            times=times,
        )
