"""Findings about gradients: vanishing, exploding, not finite, absent, exactly zero."""

import math
import statistics
from collections.abc import Iterator

from moreish.doctor.frames.history import History
from moreish.doctor.frames.operations import PIECEWISE_LINEAR
from moreish.doctor.judge.finding import Operation
from moreish.doctor.judge.table import NOT_LEARNING, RUNAWAY, Rule, Verdict, found

MANY_MIXINGS = 6  # by one table of neighbours, after which rows have become alike
IN_A_ROW = 3


def owner(parameter: str) -> str:
    """The module that a parameter belongs to; the parameter itself where that is the model."""
    return parameter.rpartition(".")[0] or parameter


@Rule(
    "F09",
    "vanishing-gradient",
    "vanishing gradient",
    silent="the loss is already below that of the letter frequencies; a network below one with an optimizer "
    "of its own",
    why="On its way back the gradient is multiplied by every layer's slope and weights.\n"
    "Where the first layer receives a thousandth of what the last one does,\n"
    "the first layers stay what chance made them.",
    explains=("F12", "F22", "F23"),
    kinds=(RUNAWAY,),
    rank=320,
)
def vanishing(history: History) -> Iterator[Verdict]:
    """rms of the first weight's gradient below 1e-3 of the last one's, three frames in a row."""
    linear = [c for c in history.calls() if c.kind == "linear" and c.weight]
    behind = {id(c) for c in linear[-1].before()} if linear else set[int]()
    if any(id(c) in behind for c in linear):  # what lies in another branch is no first layer of this one
        linear = [c for c in linear if c is linear[-1] or id(c) in behind]
    weights = [c.weight for c in linear]
    frames = history.training(IN_A_ROW)
    others = history.optimizers() > 1 and any(f.inputs_made for f in frames)  # whose gradients are of another loss
    if len(weights) < 3 or len(frames) < IN_A_ROW or others or _below_unigram(history):
        return
    ratios = []
    for frame in frames:
        sizes = [frame.values.get(f"{w}/grad_rms", 0.0) for w in (weights[0], weights[-1])]
        ratios.append(sizes[0] / sizes[1] if sizes[1] > 0 and math.isfinite(sizes[1]) else 1.0)
    ratio = max(ratios)
    if 0 < ratio < 1e-3:
        smoothed = max(f.noted.smoothed for f in frames)
        mixes = (
            f" One square table mixes every row with its neighbours {smoothed} times: after so many all rows are "
            "alike (over-smoothing), and none can be told from another."
            if smoothed >= MANY_MIXINGS
            else ""
        )
        yield found(
            "sick" if ratio < 1e-5 else "watch",
            owner(weights[0]),
            frames[0].step,
            f"The gradient of `{weights[0]}` is {ratio:.1g} of that of `{weights[-1]}`.{mixes}",
            "Take two to four graph layers, or let each keep what it was given: x + conv(x), or a mix with the first "
            "layer (GCNII)."
            if mixes
            else "Use tanh or ReLU with the matching gain, a normalisation or residual paths between.",
            picture="gradient by layer",
            ratio=ratio,
        )


def vanished(history: History) -> bool:
    """Whether next to nothing of the gradient reaches the first weight: then no learning rate is to blame."""
    return any(v.severity == "sick" for v in vanishing(history))


def _below_unigram(history: History) -> bool:
    entropy, curve = history.counts.unigram_entropy(), history.nll()
    return entropy is not None and bool(curve) and curve[-1][1] < entropy - 0.05


@Rule(
    "F10",
    "exploding-gradient",
    "exploding gradient",
    silent="the first 20 steps; single spikes; spikes that do not hurt the loss",
    why="A gradient many times larger than usual makes an update many times larger than usual.\n"
    "One such step can undo a thousand good ones.\n"
    "It comes from a sharp place that a smaller step or clipping would have passed.",
    explains=("F11", "F42"),
    kinds=(RUNAWAY,),
    rank=300,
)
def exploding(history: History) -> Iterator[Verdict]:
    """Norm above 10x the median of the 20 frames before, in 3 of 20 frames, with a loss that rises."""
    frames = [f for f in history.training() if f.step >= 20 and f.values.get("grad_norm", 0.0) > 0]
    if len(frames) < 25:
        return
    norms = [f.values["grad_norm"] for f in frames]
    spikes = [
        k
        for k in range(len(norms) - 20, len(norms))
        if k >= 5 and norms[k] > 10 * statistics.median(norms[max(0, k - 20) : k])
    ]
    losses = [loss for _, loss in history.losses()]
    if len(spikes) < 3 or statistics.median(losses[-10:]) < 1.2 * statistics.median(losses[-40:-20] or losses[:5]):
        return
    k = spikes[0]
    yield found(
        "watch",
        "",
        frames[k].step,
        f"The gradient's norm jumped to {norms[k]:.2g}, usual is {statistics.median(norms[max(0, k - 20) : k]):.2g}; "
        f"{len(spikes)} such jumps in 20 frames.",
        "Clip the gradient (`torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)`) or lower the learning rate.",
        picture="grad_norm",
        operation=Operation("clip", {"norm": 1.0}),
        norm=norms[k],
    )


def _is_done(history: History) -> bool:
    """Whether a loss with a floor has come down to it: every margin is kept, nothing is left to be learned."""
    losses = [loss for _, loss in history.losses()]
    moved = any(f.values.get("grad_norm", 0.0) > 0 for f in history.training())
    return moved and bool(losses) and abs(losses[-1]) < 0.1 * max(map(abs, losses))


@Rule(
    "F17",
    "zero-gradient",
    "gradient exactly zero",
    silent="a zero-initialised residual at its first step; fewer than ten frames; margins that are all kept; biases "
    "alone, which a difference cancels, are no alarm",
    why="The parameter is used, backward reaches it, and brings exactly 0 every time.\n"
    "Something on the way is flat: a dead or saturated unit, a product with 0, rounding, argmax.\n"
    "The parameter never changes.",
    explains=("F09", "F12", "F22", "F23", "F119"),
    kinds=(RUNAWAY, NOT_LEARNING),
    rank=280,
)
def zero_gradient(history: History) -> Iterator[Verdict]:
    """rms of the gradient is 0 in the last ten or more frames, or in five from the start over 200 steps; of all
    gradients, in four from the start.
    """
    turned = history.evidence.turned
    frames = [f for f in history.training(20) if f.step >= turned]
    never = len(frames) >= 4 and all(f.values.get("grad_norm", 1.0) == 0.0 for f in frames)
    never = never and (turned > 0 or history.seen == len(frames))
    long = history.seen == len(frames) >= 5 and frames[-1].step >= 200
    brief = bool(frames) and frames[-1].step - frames[0].step < 9 and not (never and turned)
    if brief or (len(frames) < 10 and not never and not long):
        return
    names = [n for n in frames[-1].shapes if "grad_norm" in frames[-1].values]
    zero = [
        n
        for n in names
        if all(f.values.get(f"{n}/grad_rms", 1.0) == 0.0 for f in frames) and frames[-1].values["grad_norm"] > 0
    ]
    everything = all(f.values.get("grad_norm", 1.0) == 0.0 for f in frames) and not _is_done(history)
    if not zero and not everything:
        return
    name = zero[0] if zero else "every parameter"
    flat = next((f.noted.flat for f in frames if f.noted.flat), None)
    limit = frames[-1].noted.at_limit if everything and all(f.noted.at_limit for f in frames) else ""
    why, do = ".", "Look for what is flat after it: dead or saturated units, a factor 0, rounding or argmax."
    if flat is not None:
        why = f": `{flat.op}` after `{flat.layer}` is flat, its slope is 0."
        do = f"Take the slope of a straight line for it: x + (x.{flat.op}() - x).detach()."
    elif limit:
        why = f": `{limit}` holds every number at its end, where its slope is 0."
        do = (
            "Begin where it has a slope, or take a loss that has one there too: boxes that do not meet their targets "
            "have an overlap of 0 whatever they do (GIoU, DIoU or smooth L1 beside it, and boxes of the right size "
            "at first)."
        )
    yield found(
        "sick" if everything or any(len(frames[-1].shapes[n]) > 1 for n in zero) else "info",
        owner(zero[0]) if zero else "",
        frames[0].step,
        f"The gradient of {f'`{name}`' if zero else name} was exactly 0 in {len(frames)} frames in a row{why}",
        do,
        picture="gradient by layer",
        confidence=0.95,
        layers=tuple(dict.fromkeys(map(owner, zero))),
    )


@Rule(
    "F145",
    "derivative-without-graph",
    "a derivative in the loss has no graph",
    silent="derivatives by parameters; steps along one (x - rate * slope) and signs of one; fewer than two looks",
    why="torch.autograd.grad gives a plain number unless it is asked with create_graph=True.\n"
    "A residual, a force or a penalty of slopes that is made of it is a constant to backward:\n"
    "the weights learn nothing from it, and the loss looks as it should.",
    explains=("F28", "F112", "F132", NOT_LEARNING),
    rank=51,
)
def derivative_without_graph(history: History) -> Iterator[Verdict]:
    """What autograd.grad gave without create_graph, by data, was added to what backward was called on: exact."""
    frames = [f for f in history.training() if f.noted.derivatives.without_graph]
    if len(frames) < 2:
        return
    yield found(
        "sick",
        "",
        frames[0].step,
        "A derivative that torch.autograd.grad gave without its graph goes into the loss: to backward it is a "
        "constant, so nothing is learned of it.",
        "Ask for it with create_graph=True.",
        confidence=0.95,
    )


@Rule(
    "F132",
    "straight-net",
    "a second derivative that is always 0",
    silent="fewer than three steps that take one; an activation that is not made of straight pieces",
    why="A net of linear layers and ReLUs is made of flat pieces: within each its slope is constant.\n"
    "So every second derivative by its inputs is exactly 0, and so is what the weights would learn from it:\n"
    "an equation with such a term is solved without it.",
    explains=(NOT_LEARNING,),
    rank=52,
)
def straight(history: History) -> Iterator[Verdict]:
    """In every step looked at, every derivative of a derivative is 0 everywhere, and the net has pieces: exact."""
    frames = [f for f in history.training() if f.noted.derivatives.second]
    bends = [call for call in history.calls() if call.kind == "activation"]
    pieces = [call for call in bends if call.op in PIECEWISE_LINEAR]
    if len(frames) < 3 or not pieces or any(f.noted.derivatives.zero < f.noted.derivatives.second for f in frames):
        return
    yield found(
        "sick",
        pieces[0].layer,
        frames[0].step,
        f"The script takes a second derivative of the net, and it is exactly 0 at every place: `{pieces[0].layer}` "
        f"({pieces[0].op.strip('_')}) makes a net of flat pieces.",
        "Use an activation that is curved everywhere: tanh, sin, SiLU, softplus, GELU.",
        confidence=0.97,
        layers=tuple(call.layer for call in pieces),
    )
