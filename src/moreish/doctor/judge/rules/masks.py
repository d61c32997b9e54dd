"""Findings about masks: what attention may not see."""

from collections.abc import Iterator

from moreish.doctor.frames.history import History
from moreish.doctor.judge.table import NOT_LEARNING, Rule, Verdict, found


@Rule(
    "F93",
    "hides-what-counts",
    "a mask hides what it should show",
    silent="inputs of two symbols or fewer; masks that hide a place from some queries only, as causal ones do",
    why="In key_padding_mask True means: do not look. In scaled_dot_product_attention it means: look.\n"
    "A mask of the wrong sense shows the padding and hides every word;\n"
    "one that is 0 everywhere hides all, and each place then gets the mean of all, or NaN.",
    explains=("F17", "F16", "F22", "F23", "F45", NOT_LEARNING),
    rank=64,
)
def hides_what_counts(history: History) -> Iterator[Verdict]:
    """A mask hides every place, or all but those of one symbol, while what it hides varies: in two looks in a row."""
    frames = [f for f in history.training() if f.hidden is not None][-2:]
    masks = [f.hidden for f in frames if f.hidden is not None]
    everything = all(m.share == 1 and m.symbols > 1 for m in masks)
    if len(masks) < 2 or not (everything or all(m.left is not None for m in masks)):
        return
    last = masks[-1]
    yield found(
        "sick",
        last.layer,
        frames[0].step,
        "The mask of attention hides every place from every other."
        if everything
        else f"The mask of attention hides {last.share:.0%} of the places, and all that it leaves is the symbol "
        f"{last.left}: it hides what is there and shows the padding.",
        "Make the mask True (or 1) where there is something to see, in the sense that this attention has."
        if everything
        else "Turn the mask round: `key_padding_mask = ids == PAD`; for scaled_dot_product_attention `ids != PAD`.",
        confidence=0.95,
        share=last.share,
    )
