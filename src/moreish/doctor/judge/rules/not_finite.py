"""Findings about NaN and infinity: where they were first, and what made them."""

import math
from collections.abc import Iterator
from typing import NamedTuple

from moreish.doctor.frames.frame import Frame
from moreish.doctor.frames.history import History
from moreish.doctor.judge.finding import Operation
from moreish.doctor.judge.rules.gradients import owner
from moreish.doctor.judge.table import NOT_LEARNING, RUNAWAY, Rule, Verdict, found

FAR = 30.0  # rms of inputs that are far from unit scale
GUARDS = {
    "sqrt": "sqrt(x + 1e-8)",
    "pow": "(x + 1e-8) ** p",
    "log": "log(x + 1e-8)",
    "std": "var + 1e-8 under the root",
    "acos": "acos(x.clamp(-1 + 1e-6, 1 - 1e-6))",
    "asin": "asin(x.clamp(-1 + 1e-6, 1 - 1e-6))",
}


class Place(NamedTuple):
    """Where the first bad value stands: the layer, in what of it, and of a slope the operation."""

    layer: str
    what: str
    op: str = ""


@Rule(
    "F15",
    "not-finite",
    "NaN or infinity",
    silent="infinite gradients of a step that loss scaling skips; what reaches no weight and no loss",
    why="One NaN spreads: every later layer, the loss, every gradient and, with the update, every weight.\n"
    "What counts is the first one, in execution order.\n"
    "log(0), 0/0, sqrt at 0 and overflow after too large a step are the usual sources.",
    explains=("F10", NOT_LEARNING),
    kinds=(RUNAWAY,),
    rank=250,
    preflight=True,
)
def not_finite(history: History) -> Iterator[Verdict]:
    """A loss, a weight or an update that is not finite; named is the first bad value in that frame: in the input, a
    weight, an activation, the loss, a slope, a gradient, or the update alone.
    """
    if history.broken is None:
        return
    before, frame = history.broken
    place = _first_bad(frame)
    sentence = _sentence(place, None if before is None else history.at(before), history.at(frame.step))
    fix, blames_rate = _remedy(history, frame, place)
    yield found(
        "sick",
        place.layer,
        frame.step,
        sentence,
        fix,
        confidence=1.0,
        operation=Operation("set_lr", {"factor": 0.1}) if blames_rate else None,
        where=place.what,
    )


def _sentence(place: Place, before: int | None, step: int) -> str:
    since = f"at step {step}" if before is None else f"between step {before} and {step}"
    return {
        "weight": f"Weights became NaN or infinite {since}.",
        "input": f"The input has NaN or infinity at step {step}.",
        "activation": f"`{place.layer}` is the first to give NaN or infinity, at step {step}; its input is finite.",
        "slope": f"`{place.op}` was finite at step {step}, but its slope was not: it got a value, as sqrt does at 0, "
        "where that is infinite, and the gradient became NaN.",
        "gradient": f"The gradient of `{place.layer}` is NaN or infinite at step {step}; all values were finite.",
        "update": f"The update of `{place.layer}` is NaN or infinite at step {step}, while weights and gradients "
        "were finite: the optimizer made it.",
    }.get(place.what, f"The loss is NaN or infinite at step {step}, while every layer's output is finite.")


def _remedy(history: History, frame: Frame, place: Place) -> tuple[str, bool]:
    """What to change, by the cause where it is known; whether that is the learning rate."""
    group = next((g for g in frame.groups if g.epsilon_is_lost), None)
    scale = frame.values.get("input/rms", 0.0)
    if place.what == "input":
        return "Clean the data before training.", False
    if group is not None and place.what in ("weight", "update"):
        return (
            f"{group.kind}'s eps={group.eps:g} is 0 in {group.dtype}, so it divides by 0: keep the weights in "
            "float32 and use torch.autocast, or set eps=1e-4.",
            False,
        )
    if place.what == "slope":
        guard = GUARDS.get(place.op.rpartition(".")[2].rstrip("_"), "a small epsilon")
        return f"Keep `{place.op}` away from where its slope is infinite: {guard}.", False
    if slopes := [s for f in history.frames for s in f.infinite_slopes]:
        return f"Keep `{slopes[0]}` away from where its slope is infinite: add a small epsilon inside it.", False
    if scale > FAR:
        return (
            f"The inputs have an rms of {scale:.3g}: bring them to mean 0 and standard deviation 1 first; only then "
            "look at the learning rate.",
            False,
        )
    if place.what in ("weight", "update"):
        return f"Lower the learning rate{_rates(frame)} or clip the gradient.", True
    if place.what == "activation":
        fix = (
            f"Look at `{place.layer}`: guard log, sqrt and division with a small epsilon, or lower the learning rate."
        )
    elif place.what == "gradient":
        fix = "Add an epsilon inside sqrt, norm or division: their slope at 0 is infinite."
    else:
        fix = "Use the loss that works on logits (cross_entropy, ..._with_logits), or add an epsilon inside log."
    return fix, False


def _rates(frame: Frame) -> str:
    rates = {f"{rate:g}" for rate in frame.learning_rates}
    return f" ({', '.join(sorted(rates))})" if rates else ""


def _first_bad(frame: Frame) -> Place:
    """Where and in what the first bad value of a frame stands."""
    values = frame.values
    if values.get("input/nonfinite", 0.0) > 0:
        return Place("", "input")
    for name in frame.shapes:
        if values.get(f"{name}/nonfinite", 0.0) > 0 or not math.isfinite(values.get(f"{name}/rms", 0.0)):
            return Place(owner(name), "weight")
    order = [c.layer for c in frame.calls] or [
        k.rpartition("/")[0] for k in values if k.endswith("/nonfinite") and "grad" not in k
    ]
    for layer in order:
        if values.get(f"{layer}/nonfinite", 0.0) > 0:
            return Place(layer, "activation")
    if not math.isfinite(values.get("loss", values.get("loss.1/loss", 0.0))):
        return Place("", "loss")
    if frame.infinite_slopes:
        return Place("", "slope", frame.infinite_slopes[0])
    for layer in reversed(order):
        if values.get(f"{layer}/grad_nonfinite", 0.0) > 0:
            return Place(layer, "gradient")
    bad = [k for k, v in values.items() if k.endswith("grad_nonfinite") and v > 0]  # backward spread it from the last
    if bad:
        return Place(owner(bad[-1].rpartition("/")[0]), "gradient")
    late = next((n for n in frame.shapes if not math.isfinite(values.get(f"{n}/update_rms", 0.0))), "")
    return Place(owner(late), "update") if late else Place("", "gradient")
