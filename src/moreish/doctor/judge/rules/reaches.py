"""Findings about what reaches the outputs: arguments, places and order that do not, padding that does."""

from collections.abc import Iterator

from moreish.doctor.frames.history import History
from moreish.doctor.judge.progress import fails
from moreish.doctor.judge.table import NOT_LEARNING, Rule, Verdict, found

MOSTLY = 0.3  # share of the places that are padding


@Rule(
    "F104",
    "unreached-argument",
    "what the model is given changes nothing",
    silent="arguments that are the same for all samples; weights that are 0 at first; models that are not asked "
    "twice (above 20 million parameters, compiled)",
    why="An argument of forward that is never used, or that is overwritten, zeroed or normalised away, is not there "
    "for the model.\n"
    "A condition, a time step, a mask, or the whole input: no output changes with it.\n"
    "What could be learned from it is not learned, and nothing says so.",
    explains=("F22", "F23", "F90", "F29", "F84", "F28", "F17", NOT_LEARNING),
    explained_by=("F04", "F05", "F06", "F07", "F15", "F76"),
    rank=68,
    preflight=True,
)
def unreached(history: History) -> Iterator[Verdict]:
    """In a copy no output changes when a tensor that differs between samples is given to other samples: exact."""
    seen = history.sightings.replayed
    one = seen.latest.unreached if seen is not None else None
    if seen is None or one is None:
        return
    lost = f" What differs in it ends in `{one.op}`" + (f" of `{one.layer}`." if one.layer else ".") if one.op else ""
    only = "the only input" if one.alone else one.name
    yield found(
        "watch" if one.mask else "sick",
        one.layer,
        seen.step,
        f"No output changes with {only} {one.shape}, which is another one for each sample: it is ignored.{lost}",
        "Follow it through forward: is it used, or is another name used in its place? A norm over one number, a "
        "softmax of one, a constant factor of 0 leave nothing of it."
        if one.op or one.alone
        else "Use it in forward, or do not pass it.",
        confidence=0.95,
        shape=str(one.shape),
    )


@Rule(
    "F105",
    "one-place-read",
    "one place of each sequence is read",
    silent="outputs for each place; sequences of fewer than five places",
    why="A layer that runs forwards knows at its first place of that place alone: out[:, 0] has read nothing else.\n"
    "The same is true of a slice that leaves one place, or of a loop that keeps its first or last input.\n"
    "Whatever stands at the other places is never seen.",
    explains=("F22", "F23", "F90", "F29", NOT_LEARNING),
    rank=71,
    preflight=True,
)
def one_place(history: History) -> Iterator[Verdict]:
    """In a copy outputs stay when all places but the first, or the last, are those of other samples: exact."""
    seen = history.sightings.replayed
    one = seen.latest.one_place if seen is not None else None
    if seen is not None and one is not None:
        yield found(
            "sick" if fails(history) else "watch",
            "",
            seen.step,
            f"What comes out for a sequence of {one.length} places depends on place {one.place} alone.",
            "Take the last output of a layer that runs forwards (out[:, -1]), or a mean over the places.",
            confidence=0.9,
            place=one.place,
            length=one.length,
        )


@Rule(
    "F106",
    "order-not-read",
    "the order of the symbols is not read",
    silent="inputs that are no symbols; models without attention; masks that tell the places apart; sets, as long as "
    "the run does well",
    why="Attention takes its places for a set: what stands where must be added to the symbols.\n"
    "Where positions are left out, or the same one is added to every place, any order gives the same.\n"
    "The model learns which symbols there are, and not what they say.",
    explains=("F22", "F23", "F29", "F24", NOT_LEARNING),
    rank=69,
    preflight=True,
)
def order_not_read(history: History) -> Iterator[Verdict]:
    """In a copy with attention the output stays when the symbols before the last place are put in another order."""
    seen = history.sightings.replayed
    one = seen.latest.blind if seen is not None else None
    if seen is None or one is None:
        return
    poorly = fails(history)
    if not (poorly or one.added or one.next_symbol):
        return
    words = f" `{one.added}` adds one and the same vector to all of them." if one.added else ""
    yield found(
        "sick" if poorly or one.next_symbol else "watch",
        one.added,
        seen.step,
        f"The output is the same whatever the order of the {one.length} symbols: no position is known.{words}",
        "Add a vector for each place: an embedding of torch.arange(T), or pe[:, :T] of a table.",
        confidence=0.9,
        length=one.length,
    )


@Rule(
    "F107",
    "padding-read",
    "padding is read as if it were text",
    silent="less than a fifth of the places is padding; outputs for each place; what padding changes is small; "
    "without a recurrent layer, runs that do well",
    why="A batch of sequences is filled up to the longest one. What comes out must not depend on how far.\n"
    "The last output of a recurrent layer has run over the padding by then and forgotten the text;\n"
    "a mean over all places is mostly padding, attention without a mask looks at it.",
    explains=("F104", "F22", "F23", "F29", "F09", NOT_LEARNING),
    rank=67,
    preflight=True,
)
def padding_read(history: History) -> Iterator[Verdict]:
    """In a copy, what comes out for a sequence alone, without its padding, is another thing (0.3 of the spread)."""
    seen = history.sightings.replayed
    one = seen.latest.padded if seen is not None else None
    if seen is None or one is None:
        return
    poorly = fails(history)
    if not poorly and not (one.recurrent and one.share > MOSTLY):
        return
    yield found(
        "sick" if poorly else "watch",
        "",
        seen.step,
        f"{one.share:.0%} of the places are padding, and it changes what comes out by {one.change:.2g} times what "
        "differs between sequences.",
        "Give the lengths: pack_padded_sequence, the output at the last real place "
        "(out[torch.arange(B), lengths - 1]), or a mask for attention and for means.",
        confidence=0.9,
        share=one.share,
        change=one.change,
    )
