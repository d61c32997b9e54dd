"""Findings about losses that want 1 and -1 as their targets."""

from collections.abc import Iterator

from moreish.doctor.frames.history import History
from moreish.doctor.judge.table import NOT_LEARNING, Rule, Verdict, found

FEWEST = 16  # targets, among which there is none below 0


@Rule(
    "F140",
    "zero-for-minus-one",
    "labels of 0 where -1 is wanted",
    silent="a -1 among the targets of any look (then 0 may be a tie); fewer than 16 targets; no 0 among them",
    why="These losses multiply by the label, or ask whether it is 1 or -1.\n"
    "A label of 0 is neither: its pair costs nothing or a constant, so it is never pushed apart,\n"
    "and to make all pairs alike is the best answer.",
    explains=("F17", "F22", "F84", NOT_LEARNING),
    rank=48,
)
def zero_for_minus_one(history: History) -> Iterator[Verdict]:
    """Of the targets of cosine_embedding_loss and its like some are 0 and none is -1: exact."""
    frames = [(f.step, f.noted.signed) for f in history.training() if f.noted.signed is not None]
    seen = [signed for _, signed in frames]
    if sum(s.targets for s in seen) < FEWEST or any(s.negative for s in seen) or not any(s.zeros for s in seen):
        return
    zeros = sum(s.zeros * s.targets for s in seen) / sum(s.targets for s in seen)
    yield found(
        "sick",
        "",
        frames[0][0],
        f"{seen[0].op} wants 1 and -1 as targets; {zeros:.0%} of them are 0, and none is -1: what is labelled 0 "
        "pushes nothing apart.",
        "Give it 2 * target - 1.",
        confidence=0.95,
        zeros=zeros,
    )
