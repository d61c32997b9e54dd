"""Findings about ctc_loss, which aligns a sequence of frames with a shorter one of labels."""

from collections.abc import Iterator

from moreish.doctor.frames.history import History
from moreish.doctor.judge.table import NOT_LEARNING, RUNAWAY, Rule, Verdict, found

OFF = 0.05  # mean distance from 1 of what the probabilities of a frame sum to
MANY = 0.2  # of the rows


@Rule(
    "F122",
    "wrong-alignment",
    "ctc_loss is given what it cannot align",
    silent="a row now and then that is too short, with zero_infinity",
    why="One class of ctc_loss is the blank, which stands for no label; it may not occur among the targets.\n"
    "Each row needs a frame for every label, and one more between two that are alike.\n"
    "What it takes are log-probabilities: the log-softmax over the classes of each frame.",
    explains=("F15", "F22", "F10", "F42", NOT_LEARNING, RUNAWAY),
    rank=61,
)
def wrong_alignment(history: History) -> Iterator[Verdict]:
    """Blanks among the targets of a fifth of the rows, rows that are too short, or scores that are no log-softmax."""
    frame = next((f for f in history.training() if f.noted.ctc is not None), None)
    if frame is None or (seen := frame.noted.ctc) is None:
        return
    if seen.off > OFF:
        yield found(
            "sick",
            "",
            frame.step,
            "What ctc_loss is given are no log-probabilities: those of a frame sum to a number that is "
            f"{seen.off:.2g} away from 1.",
            "Give it logits.log_softmax(-1), of shape (T, N, C).",
            confidence=0.95,
        )
    elif seen.blanks >= MANY:
        yield found(
            "sick",
            "",
            frame.step,
            f"The targets of {seen.blanks:.0%} of the rows hold {seen.blank}, which is the blank of ctc_loss: where "
            "that label should be, nothing is learned to be said.",
            "Number the labels from 1 (0 is the blank, and the model has one class more), or give ctc_loss another "
            "blank=.",
            confidence=0.95,
            blank=seen.blank,
        )
    elif seen.short >= MANY:
        yield found(
            "sick",
            "",
            frame.step,
            f"{seen.short:.0%} of the rows have fewer frames than their targets need: nothing can be aligned, and "
            "their loss is infinite (0 with zero_infinity).",
            "Let the model keep more frames (less pooling or stride), or leave such rows out; check input_lengths.",
            confidence=0.95,
            share=seen.short,
        )
