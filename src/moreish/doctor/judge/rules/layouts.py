"""Findings about what stands where in the data: channels of pictures, and symbols that are taken for padding."""

from collections.abc import Iterator

from moreish.doctor.frames.history import History
from moreish.doctor.judge.table import NOT_LEARNING, Rule, Verdict, found

FEWEST_EXAMPLES, MOST = 8, 0.75  # examples, and the share of them that must say so
FEWEST_LOOKS = 2
WORDS = {
    "pixels": ("(height, width, channel)", "(channel, height, width)"),
    "planes": ("(channel, height, width)", "(height, width, channel)"),
    "times": ("(time, channel)", "(channel, time)"),
    "series": ("(channel, time)", "(time, channel)"),
}


@Rule(
    "F146",
    "pixels-as-channels",
    "channels and places of the data were swapped by view or reshape",
    silent="noise, and data whose neighbours are no more alike than others; memory formats such as channels_last; "
    "pictures in blocks (pixel_unshuffle), patterns that repeat; sides below 8 and twice the channels; vectors",
    why="view and reshape count the same numbers off in another shape, they move none of them.\n"
    "A picture (height, width, channel) that is given the shape (channel, height, width) has in each channel\n"
    "a third of its rows, with all colours side by side: no picture, though the shape is right.",
    explains=("F22", "F23", "F28", "F29", "F45", "F77", "F78", "F90", NOT_LEARNING),
    rank=93,
)
def pixels_as_channels(history: History) -> Iterator[Verdict]:
    """In three quarters of 8 examples or more numbers are most alike at the distances at which neighbours lie in the
    other layout: as far apart as there are channels, not one; less than 0.8 times of what any other comes to.
    """
    frames = [(f.step, f.noted.layout) for f in history.training() if f.noted.layout is not None]
    seen = [one for _, one in frames if one is not None]
    examples, votes = sum(one.examples for one in seen), sum(one.votes for one in seen)
    if examples < FEWEST_EXAMPLES or votes < MOST * examples or len({one.kind for one in seen}) > 1:
        return
    first = seen[0]
    numbers, shape = WORDS[first.kind]
    yield found(
        "sick" if first.sure else "watch",
        first.layer,
        frames[0][0],
        f"{votes} of {examples} examples of {first.shape} are {shape} by their shape and {numbers} by their numbers: "
        "neighbours lie where a view or reshape leaves them that swaps the sizes alone.",
        "Swap dimensions with permute, transpose or movedim (numpy: transpose, moveaxis), not with view or reshape.",
        confidence=0.95 if first.sure else 0.75,
        examples=float(examples),
        share=votes / examples,
    )


@Rule(
    "F147",
    "padding-is-a-symbol",
    "the padding index of an embedding is a symbol of the data",
    silent="padding at either end of rows, between two texts, or at the end of each field; an index of which a mask "
    "is made, that is written into the ids, or whose rows are only summed; one that is far more frequent than any "
    "symbol, or clearly rarer than any and no target, with any symbol beside it (what could not be read); columns "
    "with symbols of their own",
    why="The row of an embedding that padding_idx names is 0 and never gets a gradient.\n"
    "Where that index is a letter, a base or an item like any other, the model cannot learn anything about it,\n"
    "and a place that has it looks like no place at all.",
    explains=("F22", "F29", "F90", NOT_LEARNING),
    rank=139,
)
def padding_is_a_symbol(history: History) -> Iterator[Verdict]:
    """In nearly every look (two or more) the padding index takes 3 % of the places inside rows, in a third of the
    rows, more of them there than at the ends, at changing places; sick where a loss wants it as a target, too.
    """
    frames = [(f.step, f.noted.blank) for f in history.training()]
    seen = [b for _, b in frames if b is not None]
    if len(seen) < FEWEST_LOOKS or 4 * len(seen) < 3 * len(frames):
        return
    first = seen[0]
    target = all(b.target for b in seen)
    yield found(
        "sick" if target else "watch",
        first.layer,
        next(step for step, b in frames if b is not None),
        f"{first.symbol} is the padding_idx of an embedding and stands between other symbols in {first.rows:.0%} of "
        f"the rows, at {first.often:.1%} of their places"
        + (", and it is a target that counts" if target else "")
        + ": its row stays 0 and learns nothing.",
        "Leave padding_idx out, or give padding an index of its own: one row more, and the ids of the data moved by "
        "one where that index is 0.",
        confidence=0.95 if target else 0.75,
        often=first.often,
        rows=first.rows,
    )
