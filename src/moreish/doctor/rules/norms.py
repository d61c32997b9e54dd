"""Findings about BatchNorm: stale statistics, wrong dimensions, too few values, a bias for nothing."""

from collections.abc import Iterator

from moreish.doctor.finding import Finding, Operation
from moreish.doctor.history import History
from moreish.doctor.operations import SHAPED
from moreish.doctor.rules.table import found, rule


@rule(
    "F34",
    "running statistics are stale",
    silent="the first 1 / momentum steps (50 to 200)",
    why="In evaluation BatchNorm uses its running statistics in place of the batch's.\n"
    "If they are far from what the batches have now, the model that is evaluated is not the one that was trained.\n"
    "A too small momentum, or statistics moved by other data, are the usual causes.",
)
def stale(history: History) -> Iterator[Finding]:
    """Median over channels of |running mean - batch mean| / sigma > 0.5, or variances more than a factor 2 apart."""
    old = []
    for call, key in history.layers("drift"):
        momentum = call.facts.get("momentum")
        wait = 50 if momentum is None else min(max(1 / max(momentum, 1e-9), 50), 200)
        drifts, stretches = history.series(key, 3), history.series(f"{call.layer}/stretch", 3)
        if history.step() < wait or len(drifts) < 3 or len(history.series(key)) < 8:
            continue
        if min(drifts) > 0.5 or min(stretches) > 0.8:
            old.append((drifts[-1], stretches[-1], call))
    if old:
        drift, stretch, call = max(old, key=lambda o: o[0])
        yield found(
            "F34",
            "watch" if drift < 1 and stretch < 1.4 else "sick",
            call.layer,
            history.step(),
            f"The running statistics of `{call.layer}` are off: means by {drift:.2g} sigma, variances by "
            f"a factor {2.718**stretch:.2g} (momentum {call.facts.get('momentum')}).",
            "Use momentum=0.1, or run some training batches through the model in train mode before evaluating.",
            operation=Operation("set_momentum", {"momentum": 0.1}),
            layers=tuple(c.layer for *_, c in sorted(old, key=lambda o: -o[0])),
            drift=drift,
        )


@rule(
    "F35",
    "BatchNorm over the wrong dimensions",
    silent="inputs are (N, C, L), as torch's BatchNorm1d expects",
    why="BatchNorm must collect one mean and variance per channel, over everything else.\n"
    "Given (batch, time, channels), torch's BatchNorm1d takes time for the channels;\n"
    "a home-made one that averages over the batch only keeps statistics for every place.",
)
def wrong_dimensions(history: History) -> Iterator[Finding]:
    """A 3-D input that comes straight from a Linear, whose channels are last."""
    for call in history.calls():
        shape = call.facts.get("input_shape", ())
        source = call.sources[0] if call.sources else None
        channels_last = source is not None and source.op in ("linear", "matmul", "embedding", "layer_norm")
        wrong = call.op == "batch_norm" and len(shape) == 3 and channels_last
        if wrong or call.facts.get("per_place"):
            yield found(
                "F35",
                "sick",
                call.layer,
                history.first.step if history.first is not None else 0,
                f"`{call.layer}` gets {shape} with the channels last and keeps statistics for "
                + (f"the {shape[1]} places instead of the {shape[-1]} channels." if wrong else "every place apart."),
                "Put the channels where it looks for them: bn(x.transpose(1, 2)).transpose(1, 2); a home-made one "
                "must average over all dimensions but the last.",
                confidence=0.95,
            )
            return


@rule(
    "F36",
    "bias before BatchNorm",
    why="BatchNorm subtracts the mean, so a constant added just before it is taken off again.\n"
    "The bias gets no gradient to speak of and does nothing.\n"
    "It costs a little memory and time.",
)
def useless_bias(history: History) -> Iterator[Finding]:
    """A Linear or convolution with a bias whose output goes straight into a BatchNorm: worth knowing, no alarm."""
    useless = []
    for call in history.calls():
        if call.op == "batch_norm":
            sources = [s for s in call.behind(SHAPED) if s.kind == "linear"]
            useless += [s.layer for s in sources if len(s.facts.get("weights", ())) > 1]
    if useless:
        yield found(
            "F36",
            "info",
            useless[0],
            history.first.step if history.first is not None else 0,
            f"The bias of `{useless[0]}` is taken off again by the BatchNorm after it.",
            "Say bias=False.",
            confidence=1.0,
            layers=tuple(useless),
        )


@rule(
    "F37",
    "too few values per channel",
    why="BatchNorm estimates a mean and a variance from the batch.\n"
    "From fewer than eight values they are mostly noise, and what is normalised with them as well.\n"
    "The running statistics used in evaluation are different ones.",
)
def few_values(history: History) -> Iterator[Finding]:
    """1 value is sick, fewer than 8 are watch."""
    few = [
        (c.facts["values"], c.layer)
        for c in history.calls()
        if c.op == "batch_norm" and c.facts.get("active") and c.facts.get("values", 8) < 8
    ]
    if few:
        values, layer = min(few)
        yield found(
            "F37",
            "watch" if values > 1 else "sick",
            layer,
            history.first.step if history.first is not None else 0,
            f"`{layer}` normalises each channel with {values} values.",
            "Use a larger batch, or LayerNorm or GroupNorm.",
            confidence=1.0,
            layers=tuple(name for _, name in few),
            values=values,
        )
