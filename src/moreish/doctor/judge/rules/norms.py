"""Findings about BatchNorm: stale statistics, wrong dimensions, too few values, a bias for nothing."""

from collections.abc import Iterator

from moreish.doctor.frames.history import History
from moreish.doctor.frames.operations import SHAPED
from moreish.doctor.frames.quantities import DRIFTED
from moreish.doctor.judge.finding import Operation
from moreish.doctor.judge.table import RUNAWAY, Rule, Verdict, found


@Rule(
    "F34",
    "stale-statistics",
    "running statistics are stale",
    silent="the first 5 / momentum steps, after which the start is forgotten; 50 where the momentum is below 0.005",
    why="In evaluation BatchNorm uses its running statistics in place of the batch's.\n"
    "If they are far from what the batches have now, the model that is evaluated is not the one that was trained.\n"
    "A too small momentum, or statistics moved by other data, are the usual causes.",
    kinds=(RUNAWAY,),
)
def stale(history: History) -> Iterator[Verdict]:
    """Median over channels of |running mean - batch mean| / sigma > 0.5, or variances a factor 1.6 apart."""
    old = []
    for call, key in history.layers("drift"):
        drifts, stretches = history.series(key, 4), history.series(f"{call.layer}/stretch", 4)
        if len(drifts) < 4:
            continue
        if min(drifts) > DRIFTED or min(stretches) > DRIFTED:
            old.append((drifts[-1], stretches[-1], call))
    if old:
        drift, stretch, call = max(old, key=lambda o: o[0])
        yield found(
            "watch" if drift < 1 and stretch < 1.4 else "sick",
            call.layer,
            history.step(),
            f"The running statistics of `{call.layer}` are off: means by {drift:.2g} sigma, variances by "
            f"a factor {2.718**stretch:.2g} (momentum {call.normalised.momentum if call.normalised else None}).",
            "Use momentum=0.1, or run some training batches through the model in train mode before evaluating.",
            picture=f"{call.layer}/drift",
            operation=Operation("set_momentum", {"momentum": 0.1}),
            layers=tuple(c.layer for *_, c in sorted(old, key=lambda o: -o[0])),
            drift=drift,
        )


@Rule(
    "F35",
    "wrong-norm-dimensions",
    "BatchNorm over the wrong dimensions",
    silent="inputs are (N, C, L), as torch's BatchNorm1d expects",
    why="BatchNorm must collect one mean and variance per channel, over everything else.\n"
    "Given (batch, time, channels), torch's BatchNorm1d takes time for the channels;\n"
    "a home-made one that averages over the batch only keeps statistics for every place.",
    explains=("F34", "F37"),
    rank=130,
    preflight=True,
)
def wrong_dimensions(history: History) -> Iterator[Verdict]:
    """A 3-D input, channels last, straight from a Linear; or a mean over the batch alone, taken off a 3-D tensor."""
    for call in history.calls():
        shape = call.normalised.shape if call.normalised is not None else ()
        source = call.sources[0] if call.sources else None
        before = source.op if source is not None and source.shape == shape else ""
        channels_last = before in ("linear", "matmul", "embedding", "layer_norm")
        if call.op == "batch_norm" and len(shape) == 3 and channels_last:
            step = history.first.step if history.first is not None else 0
            yield _wrong_dimensions(call.layer, step, shape, f"for the {shape[1]} places instead of the {shape[-1]}")
            return
    seen = history.sightings.per_place
    if seen is not None:
        layer, shape = seen.latest[0]
        yield _wrong_dimensions(layer, seen.step, shape, f"for every one of the {shape[1]} places apart, not for the")


def _wrong_dimensions(layer: str, step: int, shape: tuple[int, ...], what: str) -> Verdict:
    return found(
        "sick",
        layer,
        step,
        f"`{layer}` gets {shape} with the channels last and keeps statistics {what} channels.",
        "Put the channels where it looks for them: bn(x.transpose(1, 2)).transpose(1, 2); a home-made one "
        "must average over all dimensions but the last.",
        confidence=0.95,
    )


@Rule(
    "F36",
    "useless-bias",
    "bias before BatchNorm",
    why="BatchNorm subtracts the mean, so a constant added just before it is taken off again.\n"
    "The bias gets no gradient to speak of and does nothing.\n"
    "It costs a little memory and time.",
    preflight=True,
)
def useless_bias(history: History) -> Iterator[Verdict]:
    """A Linear or convolution with a bias whose output goes straight into a BatchNorm: worth knowing, no alarm."""
    useless = []
    for call in history.calls():
        if call.op == "batch_norm":
            sources = [s for s in call.behind(SHAPED) if s.kind == "linear"]
            useless += [s.layer for s in sources if len(s.weights) > 1]
    if useless:
        yield found(
            "info",
            useless[0],
            history.first.step if history.first is not None else 0,
            f"The bias of `{useless[0]}` is taken off again by the BatchNorm after it.",
            "Say bias=False.",
            confidence=1.0,
            layers=tuple(useless),
        )


@Rule(
    "F37",
    "few-norm-values",
    "too few values per channel",
    why="BatchNorm estimates a mean and a variance from the batch.\n"
    "From fewer than eight values they are mostly noise, and what is normalised with them as well.\n"
    "The running statistics used in evaluation are different ones.",
    explains=("F34", "F09", "F42"),
    rank=160,
    preflight=True,
)
def few_values(history: History) -> Iterator[Verdict]:
    """1 or 2 values are sick (2 are always normalised to -1 and 1), fewer than 8 are watch."""
    few = [
        (c.normalised.values, c.layer)
        for c in history.calls()
        if c.op == "batch_norm" and c.active and c.normalised is not None and c.normalised.values < 8
    ]
    if few:
        values, layer = min(few)
        yield found(
            "watch" if values > 2 else "sick",
            layer,
            history.first.step if history.first is not None else 0,
            f"`{layer}` normalises each channel with {values} values.",
            "Use a larger batch, or LayerNorm or GroupNorm.",
            confidence=1.0,
            layers=tuple(name for _, name in few),
            values=values,
        )
