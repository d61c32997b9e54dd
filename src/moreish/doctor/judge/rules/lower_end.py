"""Findings about losses that have no lower end."""

import statistics
from collections.abc import Iterator

from moreish.doctor.frames.history import History
from moreish.doctor.judge.table import RUNAWAY, Rule, Verdict, found

TIMES = 10  # that a loss below zero is larger than at first, and that outputs have grown


@Rule(
    "F101",
    "no-lower-end",
    "the loss has no lower end",
    silent="several optimizers, as in games of two; a fall that slows down, as that of log-likelihoods does; fewer "
    "than ten looks",
    why="A loss that falls for as long as the outputs grow has no best answer: it goes to minus infinity.\n"
    "A term with the wrong sign, a bonus without a bound, or the logarithm left out does that,\n"
    "and what the data want no longer counts.",
    explains=("F42", "F11", "F14", "F28", RUNAWAY),
    explained_by=("F51",),
    rank=63,
)
def no_lower_end(history: History) -> Iterator[Verdict]:
    """The loss is below zero, ten times as large as at first, and falls as fast at the end as in the middle."""
    losses = history.losses()
    if len(losses) < 10 or history.step() < 50 or len(history.evidence.optimizers) > 1:
        return
    if any(len(f.learning_rates) > 1 for f in history.training(4)):
        return
    first, now = abs(losses[0][1]), statistics.median(x for _, x in losses[-3:])
    if not -1e30 < now < -max(TIMES * first, 1.0):
        return
    steps, end = [s for s, _ in losses], losses[-1][0]
    half = min(range(len(steps)), key=lambda k: abs(steps[k] - end / 2))
    middle = statistics.median(x for _, x in losses[max(half - 1, 0) : half + 2])
    if now - middle > 0.8 * (middle - losses[0][1]):
        return
    yield found(
        "sick",
        "",
        history.step(),
        f"The loss was {losses[0][1]:.3g} at first, {middle:.3g} half-way and {now:.3g} now, and falls as fast as "
        "ever: nothing holds it from below.",
        "Look for a term with the wrong sign, or a bonus that grows with the outputs; bound it, or take "
        "its logarithm.",
        confidence=0.85,
        picture="loss",
        loss=now,
    )
