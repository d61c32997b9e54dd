"""Findings about the start: what the first batch shows before the first update."""

import itertools
import math
from collections.abc import Iterator

from moreish.doctor.frames.counts import implied_sigma
from moreish.doctor.frames.frame import Frame
from moreish.doctor.frames.history import History
from moreish.doctor.frames.loss_curve import EARLY
from moreish.doctor.frames.operations import BETWEEN
from moreish.doctor.frames.quantities import ALIKE
from moreish.doctor.judge.finding import Operation, Severity
from moreish.doctor.judge.table import NOT_LEARNING, Rule, Verdict, found

CALM = 0.1  # standard deviation of logits that a mended output layer starts with
GAINS = {"tanh": 5 / 3, "relu": math.sqrt(2), "leaky_relu": math.sqrt(2 / (1 + 0.01**2)), "selu": 3 / 4}


def fan_in(shape: tuple[int, ...]) -> int:
    """Inputs of one unit of a weight."""
    return max(math.prod(shape[1:]), 1)


def shape_of(history: History, weight: str) -> tuple[int, ...]:
    """Shape of a parameter, as first seen."""
    return history.first.shapes.get(weight, ()) if history.first is not None else ()


@Rule(
    "F01",
    "over-confident-start",
    "over-confident start",
    silent="the run does not start from scratch, or the loss is not cross-entropy",
    why="A net that knows nothing yet should find every class about equally likely: a loss of ln V.\n"
    "Logits of standard deviation sigma cost about sigma^2 / 2 on top: confident and wrong.\n"
    "Steps are then spent on shrinking logits instead of learning.",
    needs="fresh start",
    explains=("F03",),
    rank=230,
    at_start=True,
    preflight=True,
)
def over_confident_start(history: History) -> Iterator[Verdict]:
    """L0 - ln V > 0.25 is worth knowing (torch's defaults come to 0.3), > 0.8 is watch, > 1 is sick. Up to 1 it is
    only worth knowing until 50 steps have gone by with no loss below ln V.
    """
    loss = history.first_loss()
    if loss is None or history.first is None:
        return
    nll, sigma = (history.first.values.get(f"loss.1/{q}") for q in ("nll", "logit_std"))
    if nll is None or sigma is None or not math.isfinite(nll) or loss.bounded_by == "log_softmax":
        return
    if loss.compares:
        return
    excess = nll - math.log(loss.classes)
    if excess <= 0.25 or sigma <= 0.4:  # calm logits cannot be the reason
        return
    factor = CALM / sigma
    layer = loss.fed_by
    call = next((c for c in history.calls() if c.layer == layer), None)
    weight = call.weight if call is not None else None
    if call is not None and not call.weights:  # similarities to normalised weights, scaled on purpose
        return
    name = f"`{weight}`" if weight else "the weights of the last layer"
    soon = [f.values.get("loss.1/nll", math.inf) for f in history.training() if f.step <= EARLY]
    over = min(history.loss_curve.early, *soon) < math.log(loss.classes)
    open_yet = history.step() < EARLY and history.one_batch is None and not history.ended
    milder = (
        (excess <= 1 and (over or open_yet))
        or len(history.weights()) == 1
        or (history.changed and _saturates(history))
    )
    yield found(
        _overconfidence(excess, milder=milder),
        layer,
        0,
        f"The first loss{history.since} is {nll:.2f}, but ln {loss.classes} = {math.log(loss.classes):.2f} is what "
        f"guessing costs: the logits start with a standard deviation of {sigma:.2g}.",
        f"Multiply {name} by {factor:.2g}{'' if history.changed else ' before training'} and set its bias to 0.",
        confidence=0.99 if excess > 1 else 0.9,
        picture="loss",
        operation=Operation("scale", {"weight": weight, "factor": factor}) if weight else None,
        first_loss=nll,
        expected=math.log(loss.classes),
        excess=excess,
        sigma=sigma,
        implied_sigma=implied_sigma(excess),
        factor=factor,
    )


def _saturates(history: History) -> bool:
    """Whether most of an activation is at its ends from the first frame on: then that makes the loss what it is."""
    return any(values[0] > 0.5 for _, key in history.layers("saturated") if (values := history.series(key)))


def _overconfidence(excess: float, *, milder: bool) -> Severity:
    """One step milder for a single table of logits, whose loss is convex, so that the start costs steps and no
    quality; and in a net that was changed where something else is the cause.
    """
    if milder:
        return "watch" if excess > 1 else "info"
    return "sick" if excess > 1 else "watch" if excess > 0.8 else "info"


@Rule(
    "F02",
    "starts-below-ln-v",
    "starts below ln V",
    silent="the run does not start from scratch, or the net was changed on the way",
    why="A model that has learned nothing cannot know more than that there are V classes.\n"
    "Less loss than ln V means a good output bias, weights that were trained before,\n"
    "or an answer that leaks into the input.",
    needs="fresh start",
    preflight=True,
)
def starts_below(history: History) -> Iterator[Verdict]:
    """L0 < ln V - 0.3: praised when the output bias holds the frequencies, else worth a look."""
    loss = history.first_loss()
    if loss is None or history.first is None:
        return
    nll = history.first.values.get("loss.1/nll", math.inf)
    spread = history.first.values.get("loss.1/spread", 1.0)
    if not nll < math.log(loss.classes) - 0.3 or loss.op != "cross_entropy" or history.changed:
        return
    good = spread < 0.3
    yield found(
        "info",
        loss.fed_by,
        0,
        f"The first loss is {nll:.2f}, below ln {loss.classes} = {math.log(loss.classes):.2f}"
        + (": the output bias already holds the frequencies. Good." if good else "."),
        "Nothing to change."
        if good
        else "If these weights were not trained before, look for the answer among the inputs.",
        picture="loss",
        first_loss=nll,
        expected=math.log(loss.classes),
    )


@Rule(
    "F03",
    "hockey-stick",
    "hockey stick",
    silent="the start is calm (F01 mended)",
    why="While the loss is above ln V the net only unlearns its own confidence.\n"
    "The curve falls steeply and then bends like a hockey stick;\n"
    "nothing of what the steep part bought was learned.",
    needs="fresh start",
)
def hockey_stick(history: History) -> Iterator[Verdict]:
    """More than 1 % of the steps went by before the loss was at ln V."""
    loss = history.first_loss()
    curve = history.nll()
    if loss is None or len(curve) < 10 or not curve[0][1] >= math.log(loss.classes) + 0.25:
        return
    below = next((step for step, nll in curve if nll <= math.log(loss.classes)), None)
    if below is None or below <= 0.01 * curve[-1][0]:
        return
    yield found(
        "info",
        loss.fed_by,
        below,
        f"The first {below} of {curve[-1][0]} steps{history.since} only brought the loss down to ln {loss.classes}.",
        "Start with calm logits (see F01 over-confident-start).",
        picture="loss",
        steps=below,
    )


@Rule(
    "F08",
    "depth-spread",
    "activations shrink or grow with depth",
    silent="there is a residual path, a normalisation or a recurrent layer, or fewer than four activations",
    why="Each layer multiplies the spread of what passes by about gain * std(w) * sqrt(fan_in).\n"
    "Below 1 it dies out with depth, above 1 it explodes; the gradient does the same on its way back.\n"
    "With std(w) = gain / sqrt(fan_in) the spread stays what it was.",
    needs="fresh start",
    explains=("F01", "F03", "F06", "F09", "F10", NOT_LEARNING),
    rank=180,
    at_start=True,
    preflight=True,
)
def depth(history: History) -> Iterator[Verdict]:
    """Slope of log std over depth beyond ln 1.5 a layer and first to last beyond 12; or one jump beyond 20."""
    first = history.first
    if first is None or first.step != 0 or not history.from_scratch or first.residual:
        return
    if any(c.kind in ("norm", "recurrent", "attention") for c in history.calls()):
        return
    acts = [(c, first.values[k]) for c, k in history.layers("std") if c.kind == "activation" and k in first.values]
    if len(acts) < 4 or any(c.gate for c, _ in acts) or any(not s > 0 for _, s in acts):
        return
    logs = [math.log(s) for _, s in acts]
    slope, jumps = (logs[-1] - logs[0]) / (len(logs) - 1), [b - a for a, b in itertools.pairwise(logs)]
    steady = abs(slope) > math.log(1.5) and abs(logs[-1] - logs[0]) > math.log(12)
    jump = max(range(len(jumps)), key=lambda k: abs(jumps[k]))
    if not steady and abs(jumps[jump]) <= math.log(20):
        return
    call = acts[jump + 1][0]
    source = next((c for c in call.behind(BETWEEN) if c.weight), None)
    op = call.op.rstrip("_")
    gain = GAINS.get(op, 1.0)
    weights = tuple(c.weight for a, _ in acts for c in a.behind(BETWEEN) if c.kind == "linear" and c.weight)
    word = "shrinks" if logs[-1] < logs[0] else "grows"
    total = math.exp(logs[-1] - logs[0])
    yield found(
        "sick" if abs(logs[-1] - logs[0]) > math.log(50) or not steady else "watch",
        source.layer if source is not None else call.layer,
        0,
        f"The spread of the activations {word} with depth: {', '.join(f'{math.exp(x):.2g}' for x in logs)}.",
        f"Initialise each weight with standard deviation {gain:.3g} / sqrt(fan_in) (the gain of {op}), or normalise.",
        picture="std by layer",
        operation=Operation("reinitialise", {"weights": weights, "gain": gain}),
        first=math.exp(logs[0]),
        last=math.exp(logs[-1]),
        ratio=total,
        slope=slope,
    )


@Rule(
    "F21",
    "equal-units",
    "equal units",
    silent="a layer of one unit; weights or gradients that differ at all, also if they point the same way; no "
    "gradient yet (two zero layers in a row), once the units have come apart",
    why="Units that start alike and receive the same gradient stay alike for ever:\n"
    "a layer of a hundred such units can do what one can do.\n"
    "Random weights are there to break this symmetry; zero is only right for the last layer or a residual.",
    needs="fresh start",
    explains=("F06", "F07", "F09", NOT_LEARNING),
    rank=150,
    at_start=True,
    preflight=True,
)
def equal_units(history: History) -> Iterator[Verdict]:
    """All units' weights are equal and so are their gradients, element by element, before the first update.

    Where the gradient is zero or rounding only, a later look has to find them equal still.
    """
    first = history.first
    if first is None or first.step != 0 or not history.from_scratch:
        return
    largest = max((first.values.get(f"{w}/grad_rms", 0.0) for w in history.weights()), default=0.0)
    alike = [
        (weight, first.values.get(f"{weight}/units_still", 0.0) == 1.0)
        for weight in history.weights()
        if shape_of(history, weight)[:1] > (1,) and _stays_equal(history, first, weight, largest)
    ]
    if not alike:
        return
    weight, zero = alike[0]
    layers = tuple(w.rpartition(".")[0] or w for w, _ in alike)
    yield found(
        "sick",
        layers[0],
        0,
        f"All units of `{weight}` are equal ({'zero' if zero else 'constant'} initialisation) and receive the same "
        "gradient, so they will stay equal.",
        f"Initialise `{weight}` at random, for instance with standard deviation 1 / sqrt(fan_in).",
        confidence=1.0,
        operation=Operation("reinitialise", {"weights": tuple(w for w, _ in alike), "gain": 1.0}),
        layers=layers,
        units=shape_of(history, weight)[0],
    )


def _stays_equal(history: History, first: Frame, weight: str, largest: float) -> bool:
    """Whether the units of a weight are equal, and nothing has told them apart or is about to."""
    units, gradients = (f"{weight}/{kind}_alike" for kind in ("units", "gradients"))
    latest = history.series(units, 1)
    if not latest or first.values.get(units, 0.0) <= ALIKE or latest[0] <= ALIKE:
        return False
    if first.values.get(f"{weight}/units_still", 0.0) not in (0.0, 1.0):
        return False
    if first.values.get(f"{weight}/grad_rms", 0.0) >= 1e-5 * largest > 0:
        return first.values.get(gradients, 0.0) > ALIKE
    return any(f.step > 1 for f in history.frames if f.values.get(units, 0.0) > ALIKE)  # what cancels leaves noise
