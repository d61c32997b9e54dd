"""Findings about labels: all of them the same."""

from collections.abc import Iterator

from moreish.doctor.frames.history import History
from moreish.doctor.judge.rules.number_targets import BINARY
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
    """500 targets or more of a classification were seen, and they are of one class, or all yes, or all no."""
    history.counts.settle()
    counts, last = history.counts.targets, history.last
    yield from _one_answer(history)
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


def _one_answer(history: History) -> Iterator[Verdict]:
    frames = [f for f in (history.first, history.last) if f is not None]
    losses = [x for f in frames for x in (*f.losses, *f.written_out)]
    if not losses or len(losses) != len(frames) or history.optimizers() > 1 or history.step() < 20:
        return
    if any(x.op not in BINARY or x.compares or x.made for x in losses):
        return
    seen = history.counts.constants.get(f"{losses[0].prefix}{losses[0].op}")
    if seen is None or seen.total is None or seen.rows * len(seen.total) < ENOUGH:
        return
    mean, known = seen.mean(), seen.rows * len(seen.total)
    if not bool((mean == mean[0]).all()) or float(mean[0]) not in (0.0, 1.0):
        return
    yield found(
        "sick",
        "",
        frames[0].step,
        f"All {known} labels that were seen are {int(mean[0])}: there is nothing to be learned.",
        "Print some labels beside their inputs, and count them: labels.float().mean().",
        confidence=0.95,
        label=int(mean[0]),
        known=known,
    )
