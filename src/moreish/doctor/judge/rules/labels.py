"""Findings about labels: all of them the same."""

from collections.abc import Iterator

from moreish.doctor.frames.history import History
from moreish.doctor.judge.table import NOT_LEARNING, Rule, Verdict, found

ENOUGH = 500  # labels, of which one class is no chance any more


@Rule(
    "F94",
    "one-label",
    "all labels are the same",
    silent="similarities, of which the first is meant to be the largest (MoCo); several losses",
    why="A loss of one class falls to 0 within a few steps, whatever the input is,\n"
    "and the model learns to say that class always.\n"
    "Mostly label files were not found, or a default stands in for what was not parsed.",
    explains=("F02", "F28", "F90", "F30", NOT_LEARNING),
    rank=124,
)
def one_label(history: History) -> Iterator[Verdict]:
    """500 targets or more of a classification were seen, and they are of one class."""
    history.counts.settle()
    counts, last = history.counts.targets, history.last
    if counts is None or last is None or len(last.losses) != 1 or len(last.written_out) or last.losses[0].compares:
        return
    known = int(counts.sum())
    if known < ENOUGH or int((counts > 0).sum()) != 1 or len(counts) < 2 or history.step() < 20:
        return
    label = int(counts.argmax())
    yield found(
        "sick",
        "",
        history.first.step if history.first is not None else 0,
        f"All {known} labels that were seen are class {label} of {len(counts)}: there is nothing to be learned.",
        "Print some labels beside their inputs, and count them: torch.bincount(labels).",
        confidence=0.95,
        label=label,
        known=known,
    )
