"""Findings about what the model is given: sizes far from 1, columns far from each other, examples all the same."""

from collections.abc import Iterator

from moreish.doctor.frames.frame import Given
from moreish.doctor.frames.history import History
from moreish.doctor.judge.progress import fails
from moreish.doctor.judge.rules.start import over_confident_start
from moreish.doctor.judge.table import HOLDS, NOT_LEARNING, RUNAWAY, Rule, Verdict, found

LARGE, SMALL = 30.0, 0.02  # root mean square of inputs far from unit scale
APART = 100.0  # times the deviation of the median column
EFFECTS = tuple(f"F{k:02}" for k in (1, 2, 4, 5, 6, 7, 8, 9, 12, 13, 14, 15, 17, 22, 23, 42))


def _given(history: History) -> list[Given]:
    """What layers are given that no layer lies before: not ids, and not zeros and ones."""
    return [g for g in (history.first.given if history.first is not None else []) if not g.binary]


def _named(seen: Given) -> str:
    return f"`{seen.layer}`" if seen.layer else "The model"


def _harm(history: History) -> str:
    """What came of it: the run broke, learns little, or started with answers far too sure; empty for none."""
    if fails(history):
        return "the run broke" if history.broken is not None else "the run learns little"
    fresh = HOLDS["fresh start"](history)
    sure = fresh and any(v.severity == "sick" for v in over_confident_start(history))
    return "the first answers are far too sure" if sure else ""


DROWNED = "the noise that the model is to tell drowns in them"


def drowns_noise(history: History) -> bool:
    """Whether noise is asked for that was mixed, if at all, into numbers many times as large."""
    return history.counts.noise.unknown and any(seen.rms > LARGE for seen in _given(history))


@Rule(
    "F56",
    "input-scale",
    "inputs far from unit scale",
    silent="the run does well; a normalisation comes first; zeros and ones; ids",
    why="Weights start at a size that suits inputs of about 1.\n"
    "Inputs of 0.002 hardly move a unit beside its bias, and the gradient of the weights is as small;\n"
    "inputs of hundreds saturate or blow up what follows, and the gradient with it.",
    needs="first frame",
    explains=(*EFFECTS, RUNAWAY, NOT_LEARNING),
    rank=144,
)
def input_scale(history: History) -> Iterator[Verdict]:
    """Root mean square of what the first layer gets above 30 or below 0.02, in a run that came to harm."""
    assert history.first is not None
    for seen in _given(history):
        drowned = DROWNED if seen.rms > LARGE and drowns_noise(history) else ""
        harm = drowned or _harm(history) if seen.rms and not SMALL <= seen.rms <= LARGE else ""
        if not harm:
            continue
        bytes_ = seen.whole and seen.low >= 0 and 100 < seen.high <= 255
        yield found(
            "sick",
            seen.layer,
            history.first.step,
            f"{_named(seen)} gets inputs of about {seen.rms:.2g} ({seen.low:.3g} to {seen.high:.3g}), far from 1, "
            f"and {harm}.",
            "They are bytes: divide them by 255."
            if bytes_
            else "Standardise them, (x - mean) / std by column, with the numbers of the training set; were they "
            "divided twice?"
            if seen.rms < SMALL
            else "Standardise them, (x - mean) / std by column, with the numbers of the training set.",
            confidence=0.9,
            rms=seen.rms,
            low=seen.low,
            high=seen.high,
        )
        return


@Rule(
    "F57",
    "column-scale",
    "one column dwarfs the others",
    silent="the run does well; a normalisation comes first; constant and two-valued columns",
    why="A column a thousand times the others is all that the first layer sees: the others drown in it.\n"
    "One learning rate does not fit both: what is small enough for its weights never moves the rest.\n"
    "Each column wants a size of about 1.",
    needs="first frame",
    explains=("F56", *EFFECTS, RUNAWAY, NOT_LEARNING),
    rank=143,
)
def column_scale(history: History) -> Iterator[Verdict]:
    """A column's deviation above 100 times the median one (1000: sick), in a run that broke or learns little."""
    assert history.first is not None
    for seen in _given(history):
        if seen.times < APART or not _harm(history):
            continue
        yield found(
            "sick" if seen.times >= 10 * APART else "watch",
            seen.layer,
            history.first.step,
            f"{_named(seen)} gets a column {seen.large} that deviates {seen.times:.2g} times as much as the median.",
            "Standardise each column: (x - x.mean(0)) / x.std(0), with the numbers of the training set.",
            confidence=0.9,
            column=seen.large,
            times=seen.times,
        )
        return


@Rule(
    "F58",
    "equal-inputs",
    "every example is the same",
    silent="one or two numbers an example (a bandit, a start symbol); a batch of one; targets that are the same too",
    why="All rows of the batch are equal, while their targets differ: nothing tells the examples apart.\n"
    "The best answer is their mean, or how often each class occurs.\n"
    "Data divided as whole numbers (x // 255), a constant index or a wrong expand look like this.",
    explains=("F22", "F23", "F17", "F21", "F09", NOT_LEARNING),
    rank=85,
    preflight=True,
)
def equal_inputs(history: History) -> Iterator[Verdict]:
    """All rows of the inputs equal in three frames in a row or more, three numbers or more each: exact."""
    frames = [f for f in history.training() if f.losses or f.called_with_grad][-20:]
    equal = [f.equal_inputs for f in frames]
    if len(frames) < 3 or any(e is None for e in equal) or not _targets_differ(history):
        return
    first = equal[0]
    if first is None or first.width < 3:
        return
    said = f", every number {first.value:g}" if first.value is not None else ""
    yield found(
        "sick",
        "",
        frames[0].step,
        f"All examples of the batch are equal{said}, in {len(frames)} batches seen, and their targets are not.",
        "Look at a batch before it goes in: x[0] == x[1]. Divide before converting, and index with the row.",
        confidence=0.95,
        width=first.width,
    )


def _targets_differ(history: History) -> bool:
    entropy = history.counts.unigram_entropy()
    if entropy is not None:
        return entropy > 0.1
    return any(history.median(f"{p}constant", 5) or 0.0 > 1e-6 for p in ("loss.1/", "own.1/"))
