"""A finding about maps of classes that were made by interpolation."""

from collections.abc import Iterator

from moreish.doctor.frames.history import History
from moreish.doctor.judge.table import NOT_LEARNING, Rule, Verdict, found

FEWEST, SHARE, PAIRS = 50, 0.3, 2  # edges, how many have a class between in them, between how many pairs it lies


@Rule(
    "F153",
    "interpolated-labels",
    "class numbers were interpolated",
    silent="classes that lie between two others only, or as their edge; maps that rise and fall smoothly, as of "
    "depth, or with the tone of the picture; masks of two or three classes",
    why="A map of classes holds names, not amounts: what lies between class 1 and class 3 is not class 2.\n"
    "Where it was resized or turned with interpolation, a seam of other classes runs along every edge,\n"
    "and the model is asked to find roads between water and forest.",
    explains=("F29", "F28", NOT_LEARNING),
    rank=73,
)
def interpolated(history: History) -> Iterator[Verdict]:
    """Of 50 edges between flat regions or more, 30 % have a class between the two in them that has regions elsewhere,
    and one such class lies between two pairs of classes or more.
    """
    seen = [b for f in history.training() if (b := f.noted.between) is not None]
    edges, made = sum(b.edges for b in seen), sum(b.made for b in seen)
    if edges < FEWEST or made < SHARE * edges or max(b.pairs for b in seen) < PAIRS:
        return
    yield found(
        "sick",
        "",
        history.step(),
        f"At {made / edges:.0%} of {edges:,} edges between two regions of the labels lies a class whose number is "
        "between theirs: numbers of classes were interpolated.",
        "Resize and turn masks with interpolation nearest (mode='nearest', InterpolationMode.NEAREST).",
        confidence=0.9,
        edges=float(edges),
        share=made / edges,
    )
