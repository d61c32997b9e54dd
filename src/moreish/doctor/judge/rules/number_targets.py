"""Findings about losses on numbers: targets out of reach, far from unit scale, or labels."""

import math
import statistics
from collections.abc import Iterator

from moreish.doctor.frames.frame import Loss
from moreish.doctor.frames.history import History
from moreish.doctor.judge.progress import fails, gain
from moreish.doctor.judge.table import NOT_LEARNING, RUNAWAY, Rule, Verdict, found

NOISE = 0.8  # share of a constant's cost that is saved, from which what lies below 0 is noise
LARGE, SMALL = 100.0, 1e-3  # root mean square of targets far from unit scale
BINARY = ("binary_cross_entropy", "binary_cross_entropy_with_logits")


def number_losses(history: History) -> list[Loss]:
    """Of the first frame, the losses on numbers: torch's, and those that are written out."""
    frame = history.first
    if frame is None:
        return []
    return [x for x in (*frame.losses, *frame.written_out) if f"{x.prefix}constant" in frame.values]


@Rule(
    "F55",
    "unreachable-targets",
    "targets that the output cannot reach",
    silent="a few targets just outside; noise around 0 of what is never below and is learned; an out-of-reach "
    "part that is a small share of their variance",
    why="What comes last bounds what the model can say: ReLU nothing below 0, sigmoid 0 to 1, clamp its limits.\n"
    "Targets outside are never met, and push the output to its end, where the gradient is 0.\n"
    "Binary cross-entropy, too, has no lower end with targets outside of 0 to 1.",
    needs="first frame",
    explains=("F05", "F07", "F13", "F17", "F22", "F23", "F42", "F101", NOT_LEARNING, RUNAWAY),
    rank=75,
    until_well=True,
    preflight=True,
)
def unreachable(history: History) -> Iterator[Verdict]:
    """Share of targets outside of the range of the last operation, and the error that cannot be avoided: exact. In a
    game, the share of the data outside of that of what is made, in two looks.
    """
    assert history.first is not None
    yield from _not_imitated(history)
    values = history.first.values
    for loss in number_losses(history):
        share, error = (values.get(f"{loss.prefix}{q}", 0.0) for q in ("beyond", "beyond_error"))
        variance = max(values.get(f"{loss.prefix}target_rms", 0.0) ** 2, 1e-30)
        if loss.range is None or share < 0.02:
            continue
        binary = loss.op in BINARY
        saved = gain(history, loss.prefix) if math.isinf(loss.range[1]) else None
        if saved is not None and saved.share > NOISE:
            continue
        if not binary and error / variance < 0.02:
            continue
        low, high = (("" if math.isinf(end) else f"{end:g}") for end in loss.range)
        reach = f"{low} to {high}" if low and high else f"{low} and above" if low else f"{high} and below"
        made = f"`{loss.bounded_layer}` ({loss.bounded_by})" if loss.bounded_layer else f"`{loss.bounded_by}`"
        what = loss.op if binary else made
        yield found(
            "sick" if binary or (share > 0.05 and error / variance > 0.05) else "watch",
            loss.bounded_layer,
            history.first.step,
            f"{share:.0%} of the targets lie outside of {reach}, "
            + (
                f"which {what} is defined for." if binary else f"all that {what} can give: they can never be reached."
            ),
            "Scale the targets to 0 to 1 (a mask of 0 and 255 is divided by 255)."
            if binary
            else "End with the linear layer, with no activation or clamp, or scale the targets into its range.",
            confidence=1.0,
            share=share,
            error=error,
        )
        return


def _not_imitated(history: History) -> Iterator[Verdict]:
    frames = [(f.step, f.noted.beyond) for f in history.training() if f.noted.beyond is not None]
    if len(frames) < 2:
        return
    step, seen = frames[0][0], frames[-1][1]
    if seen is None or seen.share < 0.05:
        return
    ends = f"{seen.low:g} to {seen.high:g}" if math.isfinite(seen.high) else f"{seen.low:g} and above"
    yield found(
        "sick" if seen.share > 0.2 else "watch",
        "",
        step,
        f"{seen.share:.0%} of the data that `{seen.model}` is to tell from made ones lie outside of {ends}, all that "
        f"`{seen.op}` at the end of what makes them can give: they can never be imitated.",
        f"Bring the data to {ends}, and what is made back afterwards; or end the generator with a linear layer.",
        confidence=0.95,
        share=seen.share,
    )


@Rule(
    "F154",
    "rate-for-logarithm",
    "a rate is taken for its logarithm",
    silent="log_input=False; outputs that may be below 0",
    why="PoissonNLLLoss takes what it is given for the logarithm of the rate, if it is not told otherwise.\n"
    "Put through softplus, exp or ReLU first, that logarithm is never below 0, so no rate is below 1,\n"
    "and what is read off afterwards as the rate is its logarithm.",
    explains=("F22", "F29", "F07", NOT_LEARNING),
    rank=74,
)
def rate_for_logarithm(history: History) -> Iterator[Verdict]:
    """poisson_nll_loss with log_input is given what an operation has made positive: exact."""
    told = next((f for f in history.training() if f.noted.rate), None)
    if told is not None:
        yield found(
            "sick",
            "",
            told.step,
            f"poisson_nll_loss is given a rate, made by `{told.noted.rate}`, and takes it for the logarithm of one.",
            f"Give it log_input=False, or what there is before `{told.noted.rate}`.",
            confidence=0.9,
        )


@Rule(
    "F59",
    "target-scale",
    "targets far from unit scale",
    silent="the run does well; a network makes the targets",
    why="A fresh model answers about 0 to 1; targets of hundreds of thousands are as many steps of Adam away.\n"
    "Their squared error and its gradient are as large as their square, which plain SGD does not survive.\n"
    "Tiny targets make a tiny loss that looks fine, and a gradient that moves nothing.",
    needs="first frame",
    explains=("F08", "F09", "F12", "F13", "F14", "F15", "F22", "F23", RUNAWAY, NOT_LEARNING),
    rank=147,
)
def target_scale(history: History) -> Iterator[Verdict]:
    """Root mean square of the targets above 100 or below 1e-3, in a run that broke or learns little."""
    for loss in number_losses(history):
        sizes = history.series(f"{loss.prefix}target_rms", 20)
        size = statistics.median(sizes) if sizes else 1.0
        if loss.made or loss.op in BINARY or SMALL <= size <= LARGE or size == 0 or not fails(history):
            continue
        yield found(
            "sick",
            "",
            history.first.step if history.first is not None else 0,
            f"The targets of {loss.op} are about {size:.2g} in size, far from 1, and the run "
            f"{'broke' if history.broken is not None else 'learns little'}.",
            "Standardise them: (y - y.mean()) / y.std(), with the numbers of the training set, and undo it after.",
            confidence=0.9,
            size=size,
        )
        return


@Rule(
    "F60",
    "labels-as-numbers",
    "class labels as numbers",
    silent="one-hots; one output for an ordered quantity is named, as it may be meant, and no alarm",
    why="A squared error on class numbers says that class 7 is nearer to 8 than to 1.\n"
    "The best answer between two classes is then the class between their numbers.\n"
    "Classes want an output each, and cross-entropy.",
    needs="first frame",
    preflight=True,
)
def labels_as_numbers(history: History) -> Iterator[Verdict]:
    """Targets of a loss on numbers are all whole, from 0 or 1 on, and few: worth knowing; watch where the inputs tell
    five classes or more, and those of neighbouring numbers are no more alike than chance has it.
    """
    assert history.first is not None
    for loss in number_losses(history):
        if loss.labels < 3 or loss.op in BINARY or loss.made:
            continue
        order = history.counts.numbered.neighbours()
        saved = gain(history, loss.prefix)
        unordered = order is not None and order.place > 0.2 and saved is not None and saved.share < 0.98
        yield found(
            "watch" if unordered else "info",
            loss.fed_by,
            history.first.step,
            f"The targets of {loss.op} are the whole numbers of {loss.labels} classes"
            + (
                ", and classes whose numbers lie close are no more alike in their inputs than others."
                if unordered
                else "."
            ),
            f"Give each class an output: {loss.labels} outputs and cross_entropy."
            if unordered
            else f"If their order means nothing: {loss.labels} outputs and cross_entropy.",
            confidence=0.8 if unordered else 0.6,
            labels=loss.labels,
        )
        return
