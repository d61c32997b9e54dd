"""Findings about where the loss goes between the looks."""

import statistics
from collections.abc import Iterator

from moreish.doctor.frames.history import History
from moreish.doctor.frames.loss_curve import Window
from moreish.doctor.judge.courses import courses
from moreish.doctor.judge.progress import aims_at_data, is_whole_loss
from moreish.doctor.judge.table import NOT_LEARNING, RUNAWAY, Rule, Verdict, found

LONG = 50  # steps for which a loss has to stand
RISEN, MUCH = 0.25, 1.0  # of its best
EARLY = 0.6  # of the steps: a best that was reached later may still be reached again


@Rule(
    "F119",
    "loss-stands",
    "the loss is the same number at every step",
    silent="a loss of 0; the same batch at every step; outside of `moreish doctor`, `start` and the callbacks",
    why="Two batches never have the same loss to four digits, unless nothing of them reaches it:\n"
    "all outputs have become one and the same, a hinge or a clamp is at its end, or the answer is cut off.\n"
    "There is no slope there, so no step leads out of it.",
    kinds=(NOT_LEARNING,),
)
def loss_stands(history: History) -> Iterator[Verdict]:
    """The last quarter of all losses is one number to four digits, over 50 steps and several batches."""
    since, curve = history.loss_curve.stands_since(), history.loss_curve
    if since is None or curve.windows[-1].step - since < LONG:
        return
    late = [f.batch for f in history.training() if f.step >= since and f.batch is not None]
    if len([b for b in late if b.times == 0]) < 2:
        return
    value, first = curve.windows[-1].mean, curve.windows[0].mean
    yield found(
        "sick",
        "",
        since,
        f"Since step {history.at(since)} the loss is {value:.4g} at every step, whatever the batch; it was "
        f"{first:.3g} {history.at_first}.",
        "Look at what the model gives for two inputs: where all outputs are alike, they have collapsed (a lower "
        "learning rate, or a term that holds them apart); where they differ, what is between them and the loss is "
        "flat there.",
        confidence=0.85,
        picture="loss",
        value=value,
    )


@Rule(
    "F120",
    "loss-rises",
    "the training loss rises",
    silent="several optimizers; losses of what a network makes (a game, a target network), or of inputs that are "
    "varied along their gradient; batches of changing size; a learning rate that was raised; "
    "a term whose weight grows; a loss that comes down again; outside of `moreish doctor`, `start` and the "
    "callbacks",
    why="The loss on training batches is what the steps lower: over a run it falls, or it stays.\n"
    "Where it rises again for long, the steps have become too long, a term of the loss weighs more and more,\n"
    "or the data are no longer those of before: changed in place, say, by what was to vary a copy.",
    kinds=(RUNAWAY, NOT_LEARNING),
)
def loss_rises(history: History) -> Iterator[Verdict]:
    """A quarter above its best, which was before three fifths of the run, and it does not come down again."""
    best, now, curve = history.loss_curve.best, history.loss_curve.now, history.loss_curve
    if best is None or now is None or not curve.has_risen(RISEN) or best.step > EARLY * now.step:
        return
    if not is_whole_loss(history) or not _is_plain(history):
        return
    if _raised(history, best.step) or _comes_down(curve.windows) or history.weights_grow():
        return
    share = now.mean / best.mean - 1 if best.mean > 0 else 0.0
    spreads = history.series("input/std")
    widens = len(spreads) > 4 and statistics.median(spreads[-3:]) > 1.5 * statistics.median(spreads[:3]) > 0
    hint = (
        f" The inputs spread ever wider, from {spreads[0]:.2g} to {spreads[-1]:.2g}: is what was to vary a copy "
        "written into the data (`x += noise`)?"
        if widens
        else ""
    )
    yield found(
        "sick" if widens or share > MUCH else "watch",
        "",
        best.step,
        f"The loss on training batches came down to {best.mean:.3g} by step {history.at(best.step)} and has risen to "
        f"{now.mean:.3g} since.{hint}",
        "Copy samples before they are varied (`x = x.clone()`), so that the data stay what they were."
        if widens
        else "Look for what changes on the way: data that are altered in place, a learning rate that is too high for "
        "where the run has come, a term whose weight grows.",
        confidence=0.8 if widens else 0.7,
        picture="loss",
        best=best.mean,
        now=now.mean,
    )


def _is_plain(history: History) -> bool:
    """Whether one optimizer learns from data of one length, and not from what networks make."""
    if not aims_at_data(history):
        return False
    frames = history.training()
    made = [f.ran_without_grad or f.inputs_made or f.inputs_require_grad or bool(f.noted.copies) for f in frames]
    several = any(len({g.optimizer for g in f.groups}) > 1 for f in frames)
    rows = {f.batch.rows for f in frames if f.batch is not None}
    return not several and sum(made) <= len(made) / 2 and len(rows) <= 2


def _raised(history: History, since: int) -> bool:
    """Whether a learning rate is higher now than when the loss was at its best."""
    for course in courses(history):
        before = [rate for step, rate in zip(course.steps, course.rates, strict=True) if step <= since]
        if before and course.rates[-1] > 1.5 * before[-1]:
            return True
    return False


def _comes_down(windows: list[Window]) -> bool:
    """Whether the last eighth lies below the eighth before it."""
    n = max(len(windows) // 8, 2)
    return statistics.fmean(w.mean for w in windows[-n:]) < 0.97 * statistics.fmean(
        w.mean for w in windows[-2 * n : -n]
    )
