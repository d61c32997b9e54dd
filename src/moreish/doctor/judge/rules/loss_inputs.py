"""Findings about what goes into a loss on classes: logarithms, masks, padding, lags."""

import math
from collections.abc import Iterator

from moreish.doctor.frames.frame import Frame, Lags, Loss
from moreish.doctor.frames.history import History
from moreish.doctor.judge.table import NOT_LEARNING, RUNAWAY, Rule, Verdict, found

OFF = 0.1  # mean size of a row's logsumexp from which its values are no log-probabilities


@Rule(
    "F51",
    "false-log-probabilities",
    "log-probabilities that are none",
    silent="densities and other scores that come from no layer; the loss does its own log-softmax along the classes",
    why="nll_loss picks the value at the right class and changes its sign; it takes no logarithm itself.\n"
    "Where the exponentials do not sum to 1 over the classes, it falls as far as the values grow:\n"
    "it can reach minus infinity and means nothing.",
    needs="first frame",
    explains=("F02", "F04", "F42", "F45", RUNAWAY, NOT_LEARNING),
    explained_by=("F43",),
    rank=65,
    preflight=True,
)
def not_logarithms(history: History) -> Iterator[Verdict]:
    """Of what goes into nll_loss or kl_div the logsumexp over the classes is not 0; or a softmax had another axis."""
    assert history.first is not None
    frame = history.first
    for loss in frame.losses:
        verdict = _other_axis(frame, loss) if loss.normalised_over is not None else _raw(frame, loss)
        if verdict is not None:
            yield verdict
            return
    for loss in frame.divergences:
        verdict = _divergence(frame, loss)
        if verdict is not None:
            yield verdict
            return


def _other_axis(frame: Frame, loss: Loss) -> Verdict:
    axis = f"axis {loss.normalised_over}" if loss.normalised_over != -1 else "another axis"
    return found(
        "sick",
        loss.bounded_layer or loss.fed_by,
        frame.step,
        f"{loss.bounded_by} normalises {axis}, while {loss.op} takes the {loss.classes} classes from axis 1: of no "
        "example do they make a distribution.",
        f"Use {loss.bounded_by} over the axis of the classes, or give cross_entropy the logits.",
        confidence=1.0,
        axis=loss.normalised_over if loss.normalised_over is not None else 0,
    )


def _raw(frame: Frame, loss: Loss) -> Verdict | None:
    size, low, high = (frame.values.get(f"{loss.prefix}{q}", math.nan) for q in ("log_sum", "lowest", "highest"))
    probabilities = low >= 0 and high <= 1 + 1e-4
    if loss.op != "nll_loss" or not size > OFF or probabilities or loss.classes < 2:
        return None
    return found(
        "sick" if loss.fed_by else "info",
        loss.bounded_layer or loss.fed_by,
        frame.step,
        "nll_loss gets values that are no log-probabilities"
        + (f" (the largest is {high:.2g}, a logarithm of a probability is at most 0)" if high > 0 else "")
        + f": the logsumexp of a row is {size:.2g} off from 0, so the loss has no lower end.",
        "Use cross_entropy on these logits, or log_softmax over the classes before nll_loss.",
        confidence=1.0,
        log_sum=size,
    )


def _divergence(frame: Frame, loss: Loss) -> Verdict | None:
    size, rows, low = (frame.values.get(f"{loss.prefix}{q}", math.nan) for q in ("log_sum", "row_sums", "lowest"))
    if not size > OFF:
        return None
    probabilities = rows < 1e-2 and low >= 0
    return found(
        "sick",
        loss.fed_by,
        frame.step,
        f"kl_div gets {'probabilities' if probabilities else 'values that are no log-probabilities'} as its first "
        "argument, it expects their logarithms: the value can be negative and means nothing.",
        "Give it log_softmax(logits, dim) first and the target's probabilities second.",
        confidence=1.0,
        log_sum=size,
    )


@Rule(
    "F52",
    "nothing-counts",
    "every label is masked",
    silent="some batches without a label whose loss is finite",
    why="Targets equal to ignore_index are left out of the loss; where all of them are, nothing is left.\n"
    "The mean of nothing is NaN, which the next step writes into every weight;\n"
    "with a sum it is 0, and nothing is learned.",
    explains=("F15", "F16", "F17", "F22", NOT_LEARNING, RUNAWAY),
    rank=25,
    preflight=True,
)
def nothing_counts(history: History) -> Iterator[Verdict]:
    """No target counts in the frame in which the loss became NaN, or in every one of three frames or more."""
    kept = [(f, f.values["loss.1/kept"]) for f in history.frames if "loss.1/kept" in f.values]
    none = [f for f, share in kept if share == 0]
    if not none:
        return
    broken = history.broken is not None and any(f is history.broken[1] for f in none)
    if not broken and (len(none) < 3 or len(none) < len(kept)):
        return
    yield found(
        "sick",
        "",
        none[0].step,
        f"Every target of the batch equals ignore_index{' and the loss is NaN' if broken else ''}: "
        f"{len(none)} of {len(kept)} batches seen have no label at all.",
        "Look at how the labels are masked (a prompt longer than the window, ignore_index equal to a class that "
        "occurs); leave batches without labels out.",
        confidence=1.0,
        batches=len(none),
        seen=len(kept),
    )


@Rule(
    "F53",
    "padding-counts",
    "padding counts in the loss",
    silent="ignore_index, weights or a mask; the symbol stands in the middle of rows as well; rows of one length",
    why="After the end of a sequence there is nothing to predict, and it is right every time.\n"
    "Where most places are padding, the loss is small, falls fast and hardly tells of the sequences;\n"
    "so does the gradient.",
    needs="first frame",
    explains=("F02", "F03", "F22", "F24", "F50"),
    rank=135,
    preflight=True,
)
def padding_counts(history: History) -> Iterator[Verdict]:
    """Most targets lie in runs of one symbol at the end of rows, where the inputs are all equal too, and count."""
    assert history.first is not None
    for loss in history.first.losses:
        pad = loss.padding
        if pad is None or pad.rows < 0.5 or pad.places < 0.2:
            continue
        yield found(
            "sick" if pad.places > 0.5 and pad.inputs else "info",
            loss.fed_by,
            history.first.step,
            f"{pad.places:.0%} of the targets are {pad.symbol} in a run at the end of their row, "
            + ("where the inputs are padding too, " if pad.inputs else "")
            + f"and they count in {loss.op}.",
            f"Say {loss.op}(..., ignore_index={pad.symbol}), or set these targets to -100; the first one may "
            "mark the end and stay.",
            confidence=0.95,
            symbol=pad.symbol,
            share=pad.places,
        )
        return


@Rule(
    "F100",
    "no-end",
    "no end is ever learned",
    silent="rows that end with one and the same symbol; rows of one length; targets that are not the next inputs; a "
    "note only where nothing says that whole sequences are to be made",
    why="What a language model writes ends where it writes the symbol for the end, and that is a target "
    "like any other.\n"
    "Where padding is masked by its symbol and the end has the same one, the end is masked too.\n"
    "The loss is fine, and generation never stops.",
    needs="first frame",
    preflight=True,
)
def no_end(history: History) -> Iterator[Verdict]:
    """Rows of several lengths end in ignored places, the last target that counts is not always the same, and
    the symbol that they are filled up with is never a target.
    """
    assert history.first is not None
    seen = history.first.noted.endless
    if seen is not None:
        yield found(
            "watch" if seen.wanted else "info",
            "",
            history.first.step,
            f"{seen.rows:.0%} of the rows end before the window does, after {seen.last} different symbols, and the "
            f"next one, {seen.symbol}, never counts as a target: the model is not taught to stop.",
            f"Let the first {seen.symbol} after each row count, and mask the others; or give the end a "
            "symbol of its own.",
            confidence=0.8,
            symbol=seen.symbol,
            rows=seen.rows,
        )


def sequence_lags(history: History) -> list[Lags]:
    """Of the first frame, what the targets of each loss are beside the inputs."""
    losses = history.first.losses if history.first is not None else []
    return [loss.lags for loss in losses if loss.lags is not None]


@Rule(
    "F54",
    "wrong-lag",
    "targets at the wrong distance",
    silent="one of several losses has the usual distance; neighbours are mostly equal; echo tasks on random symbols",
    why="A language model learns what comes next: the target of place t is the input of place t + 1.\n"
    "A shift that is made twice, in the data and in the model, makes it t + 2;\n"
    "a shift the wrong way makes it t - 1, which stands in the input.",
    needs="first frame",
    explains=("F02", "F22", "F24", "F28", NOT_LEARNING),
    rank=125,
    preflight=True,
)
def wrong_lag(history: History) -> Iterator[Verdict]:
    """More than 90 % of the targets equal the input at one distance other than 0 and 1."""
    assert history.first is not None
    seen = sequence_lags(history)
    if not seen or any(lags.shares[1] > 0.6 for lags in seen):
        return
    lags = seen[0]
    lag = max(lags.shares, key=lambda k: lags.shares[k])
    if lag in (0, 1) or lags.shares[lag] < 0.9 or lags.still > 0.6 or lags.known < 64:
        return
    known = history.counts.information()
    text = known is not None and known.own > 0.1
    fix = "Shift once: either the data or the model." if lag > 1 else "Take x = ids[:, :-1] and y = ids[:, 1:]."
    yield found(
        "sick" if lag > 1 or text else "info",
        "",
        history.first.step,
        f"{lags.shares[lag]:.0%} of targets equal the input {abs(lag)} places {'later' if lag > 0 else 'earlier'}, "
        f"target[t] == input[t {'+' if lag > 0 else '-'} {abs(lag)}]; the next input only {lags.shares[1]:.0%}.",
        fix,
        confidence=1.0,
        lag=lag,
        share=lags.shares[lag],
    )
