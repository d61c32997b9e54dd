"""Findings about sums where means were meant: over a batch, and over several backwards."""

import math
from collections.abc import Iterator

from moreish.doctor.frames.history import History
from moreish.doctor.judge.finding import Operation
from moreish.doctor.judge.rules.updates import too_high
from moreish.doctor.judge.table import NOT_LEARNING, RUNAWAY, Rule, Verdict, found


def _too_far(history: History) -> bool:
    """Whether the steps are too long: the run broke, or its learning rate is too high."""
    return history.broken is not None or any(v.severity == "sick" for v in too_high(history))


@Rule(
    "F61",
    "summed-loss",
    "the loss is a sum over the batch",
    silent="the steps are not too long: a sum with a learning rate made for it, Adam",
    why="A sum over 256 examples has 256 times the gradient of their mean.\n"
    "A learning rate that suits the mean then makes steps that are as many times too long,\n"
    "and it changes with the size of the batch.",
    needs="first frame",
    explains=("F13", "F15", "F10", "F01", "F42", RUNAWAY),
    rank=205,
    by_updates=True,
)
def summed(history: History) -> Iterator[Verdict]:
    """reduction="sum" over a batch of eight or more, and steps that are too long."""
    assert history.first is not None
    for loss in (*history.first.losses, *history.first.written_out):
        rows = max(loss.rows, 1)
        if loss.reduction != "sum" or rows < 8 or not _too_far(history):
            continue
        rates = history.first.learning_rates
        lr = f", or the learning rate {rates[0]:g} by {rows}" if rates else ""
        yield found(
            "sick",
            loss.fed_by,
            history.first.step,
            f"{loss.op} is added up over {rows} targets, not averaged: its gradient is {rows} times that of a mean, "
            "and the steps are too long.",
            f'Use reduction="mean", or divide the loss by {rows}{lr}.',
            confidence=0.9,
            operation=Operation("set_lr", {"factor": 1 / rows}),
            rows=rows,
        )
        return


@Rule(
    "F62",
    "undivided-accumulation",
    "accumulated gradients are not divided",
    silent="the steps are not too long; each loss is divided by the number of backwards; several optimizers",
    why="Each backward adds its gradient to what is there.\n"
    "k micro-batches added up make a step k times as long as that of their mean,\n"
    "so a learning rate that suits one batch is k times too high.",
    explains=("F13", "F15", "F10", "F01", "F42", RUNAWAY),
    rank=207,
    by_updates=True,
)
def undivided(history: History) -> Iterator[Verdict]:
    """Three backwards or more before a step, each on the whole value of its loss, and steps that are too long."""
    frames = [f for f in history.training() if f.backwards >= 3 and len(f.learning_rates) == 1]
    frames = [f for f in frames if math.isfinite(f.values.get("loss", math.nan))]
    if not frames or not _too_far(history):
        return
    early = frames[:3]
    whole = []
    for frame in early:
        values = [
            v for k, v in frame.values.items() if k.startswith(("loss.", "own.")) and k.endswith(("/loss", "/error"))
        ]
        last = frame.values.get("loss", math.nan)
        whole.append(any(abs(last - v) <= 1e-3 * abs(v) for v in values))
    if not all(whole):
        return
    k = early[0].backwards
    yield found(
        "sick",
        "",
        early[0].step,
        f"{k} backwards add up their gradients before each step, and no loss is divided by {k}: the steps are {k} "
        "times as long as those of one batch.",
        f"(loss / {k}).backward(), or divide the learning rate by {k}.",
        confidence=0.9,
        operation=Operation("set_lr", {"factor": 1 / k}),
        backwards=k,
    )


@Rule(
    "F133",
    "batch-in-one-score",
    "the scores of a batch are summed to one",
    silent="scores that are not products of looked-up rows; a batch of one row",
    why="The score of a pair is the sum of products over its own columns.\n"
    "A sum with no dimension adds up the whole batch: the loss sees one number, and a bent function of it\n"
    "is soon satisfied by the pairs that are easy, whatever the others say.",
    explains=("F22", "F14", "F09", "F17", NOT_LEARNING),
    rank=49,
)
def one_score(history: History) -> Iterator[Verdict]:
    """Row by row products of two lookups are summed over rows and columns before a loss or what bends it: exact."""
    frames = [f for f in history.training() if f.noted.summed is not None]
    seen = frames[0].noted.summed if frames else None
    if seen is not None:
        yield found(
            "sick",
            "",
            frames[0].step,
            f"The products of {seen.rows} pairs of rows are summed to one number before `{seen.op}`: the batch has "
            "one score where each pair should have its own.",
            "Sum over the columns alone, (a * b).sum(-1), then the loss of each pair, then the mean.",
            confidence=0.95,
            rows=seen.rows,
        )
