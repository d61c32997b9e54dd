"""Findings about pairs that are drawn together and driven apart."""

import math
from collections.abc import Iterator

from moreish.doctor.frames.history import History
from moreish.doctor.judge.table import NOT_LEARNING, Rule, Verdict, found

FEWEST = 32  # pairs of each sort
SURE, FARTHER = 4.5, 1.05  # standard errors, and times


@Rule(
    "F141",
    "wrong-pairs",
    "pairs that are far apart are drawn together",
    silent="pairs of inputs whose distances do not say which belong together; losses that draw all pairs together, "
    "or none; inputs of different shapes, or ids; fewer than 32 pairs of each sort",
    why="A loss on pairs draws one label together and drives the other one apart, and which is which is a matter of\n"
    "convention: 1 may mean the same or different. With the wrong one strangers are made alike,\n"
    "and what belongs together is torn apart; the loss may fall all the same.",
    explains=("F22", "F28", "F29", "F84", "F90", NOT_LEARNING),
    rank=133,
)
def wrong_pairs(history: History) -> Iterator[Verdict]:
    """The inputs of pairs that are drawn together are farther apart than of those that are driven apart, by four
    and a half standard errors of the difference.
    """
    frames = [f for f in history.training() if f.noted.pulled is not None]
    seen = [f.noted.pulled for f in frames if f.noted.pulled is not None]
    if len(seen) < 2:
        return
    both = seen[0]
    for each in seen[1:]:
        both = both.plus(each)
    together, apart = both
    if min(together.number, apart.number) < FEWEST or together.mean < FARTHER * apart.mean:
        return
    error = math.sqrt(together.error + apart.error)
    if together.mean - apart.mean < SURE * error:
        return
    yield found(
        "sick",
        "",
        frames[0].step,
        f"The loss draws pairs together whose inputs are {together.mean:.3g} apart, and drives pairs apart whose "
        f"inputs are {apart.mean:.3g} apart: it seems to take its labels the other way round.",
        "Look up what 1 means to the loss, the same or different, and give it 1 - label.",
        confidence=0.85,
        together=together.mean,
        apart=apart.mean,
    )
