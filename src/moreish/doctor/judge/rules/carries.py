"""What is learned from the rows of training and says nothing of those of the evaluation."""

import statistics
from collections.abc import Iterator

from moreish.doctor.frames.history import History
from moreish.doctor.judge.standing import heard_constant, is_plain
from moreish.doctor.judge.table import Rule, Verdict, found

FEWEST = 3  # evaluations, and looks at rows that had not come before
AGAIN = 0.05  # of the rows of the looks, that may have come before: equal by chance
SAVED_AT_FIRST = 0.1  # of a constant's cost, on rows that had not come before
SAVED_LATE = 0.5


@Rule(
    "F135",
    "nothing-carries-over",
    "what is learned says nothing of val",
    silent="val was once better than a constant answer; nothing was learned of rows before they came again, as where "
    "few are learned by heart; losses of another kind",
    why="In its first pass a model is asked of rows that it has never seen, and does better than a constant.\n"
    "On val it never does, so what it learned does not hold there: another order of labels,\n"
    "ids or words numbered anew, a scaler that was fitted again, inputs that were not prepared alike.",
    explains=("F28", "F29"),
    rank=131,
    needs="evaluations",
)
def nothing_carries_over(history: History) -> Iterator[Verdict]:
    """Before rows came again the loss was a tenth below a constant's, late it is at half of it or less, and no
    evaluation by the same loss was below it.
    """
    constant, evaluations = heard_constant(history), history.evaluation_curve()
    if constant is None or constant <= 0 or len(evaluations) < FEWEST or not is_plain(history):
        return
    if not _is_by_the_same(history):
        return
    lowest, own = min(value for _, value, _ in evaluations), history.evaluated_constants
    asked = max(constant, statistics.fmean(own) if own else 0.0)  # of val, whose classes may be of other shares
    new = _first_pass(history, evaluations[0][0])
    first = [loss for step, loss in history.losses() if 0 < step <= new]
    late = [loss for _, loss in history.losses()][-FEWEST:]
    if lowest < asked or len(first) < FEWEST or len(late) < FEWEST:
        return
    at_first, now = statistics.fmean(first[-FEWEST:]), statistics.fmean(late)
    if at_first > (1 - SAVED_AT_FIRST) * constant or now > SAVED_LATE * constant:
        return
    yield found(
        "sick",
        "",
        evaluations[-1][0],
        f"A constant answer costs {constant:.3f}. On rows that had not come before, training was at {at_first:.3f}, "
        f"and it is at {now:.3f} now; val was never below {lowest:.3f}: what it learned does not hold for val, whose "
        "labels, ids or inputs seem to be prepared otherwise.",
        "Prepare val as train: labels, ids and words by the numbers that train gave them, scalers and encoders only "
        "applied (`transform`), never fitted again.",
        confidence=0.85,
        picture="loss",
        constant=constant,
        val=lowest,
        train=now,
    )


def _first_pass(history: History, evaluated: int) -> int:
    """The last look before the first evaluation by which hardly any row had come again."""
    last = 0
    for frame in history.training():
        if frame.batch is None or frame.step > evaluated:
            break
        if frame.batch.again <= AGAIN:
            last = frame.step
    return last


def _is_by_the_same(history: History) -> bool:
    """Whether evaluations are by the one loss that is trained with."""
    losses = [loss for f in history.training() for loss in f.losses]
    ours = {(loss.op, loss.reduction, loss.classes) for loss in losses}
    return len(ours) == 1 and ours == history.evaluated_by
