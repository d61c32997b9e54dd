"""Findings about shapes and ranges: what goes into the loss, and along which axis things are added up."""

import math
from collections.abc import Iterator

from moreish.doctor.frames.frame import Frame, Loss
from moreish.doctor.frames.history import History
from moreish.doctor.judge.finding import Operation
from moreish.doctor.judge.table import NOT_LEARNING, RUNAWAY, Rule, Verdict, found


def softmax_floor(classes: int) -> float:
    """The least cross-entropy of "logits" that are probabilities: ln(1 + (V - 1) / e)."""
    return math.log(1 + (classes - 1) / math.e)


def _skip(loss: Loss) -> Operation | None:
    """Taking out the module that squashes, where it is one."""
    return Operation("skip_module", {"layer": loss.bounded_layer}) if loss.skippable else None


@Rule(
    "F38",
    "double-softmax",
    "softmax before cross-entropy",
    silent="log-probabilities go into NLLLoss, as they should",
    why="cross_entropy applies log-softmax itself; given probabilities it squashes them a second time.\n"
    "The best loss it can reach then is ln(1 + (V - 1) / e), not 0,\n"
    "and the gradient is small everywhere.",
    needs="first frame",
    explains=("F02", "F09", NOT_LEARNING),
    rank=60,
    preflight=True,
)
def softmax_twice(history: History) -> Iterator[Verdict]:
    """What goes into cross_entropy is >= 0 and sums to 1; or nll_loss gets probabilities without their log; or
    a softmax is taken of a softmax.
    """
    if history.first is None:
        return
    for k, loss in enumerate(history.first.losses, 1):
        values = history.first.values
        rows, low, high = (values.get(f"loss.{k}/{q}", math.nan) for q in ("row_sums", "lowest", "highest"))
        probabilities = rows < 1e-3 and low >= 0
        if loss.op == "cross_entropy" and probabilities and loss.classes > 1:
            floor = softmax_floor(loss.classes)
            yield found(
                "sick",
                loss.bounded_layer or loss.fed_by,
                history.first.step,
                f"cross_entropy gets probabilities (rows sum to 1): with {loss.classes} classes the loss cannot fall "
                f"below {floor:.3f}.",
                "Take the softmax out and give cross_entropy the logits.",
                picture="loss",
                confidence=1.0,
                operation=_skip(loss),
                floor=floor,
            )
            return
        if loss.op == "nll_loss" and low >= 0 and high <= 1 + 1e-4 and loss.classes > 1:
            yield found(
                "sick",
                loss.bounded_layer or loss.fed_by,
                history.first.step,
                "nll_loss gets probabilities, it expects their logarithms: the loss is negative and means nothing.",
                "Use log_softmax before nll_loss, or cross_entropy on the logits.",
                picture="loss",
                confidence=1.0,
            )
            return
    layer = history.first.noted.normalised_again
    if layer is not None:
        yield found(
            "sick",
            layer,
            history.first.step,
            f"The probabilities that the softmax of `{layer}` gives are normalised once more, as if they were "
            "logits: the largest can be no more than e times the smallest.",
            "Give probabilities as such (Categorical(probs=...)), or take the softmax out and give the logits.",
            confidence=1.0,
        )


@Rule(
    "F40",
    "squashed-logits",
    "squashed logits",
    silent="the squashed values are scaled afterwards",
    why="Logits must be free to be large in both directions: confidence is their distance.\n"
    "After tanh or a sigmoid they lie within 1 of each other, after ReLU none can be negative.\n"
    "The loss has a floor that has nothing to do with the data.",
    needs="first frame",
    explains=("F02", "F09", NOT_LEARNING),
    rank=70,
    preflight=True,
)
def squashed(history: History) -> Iterator[Verdict]:
    """The input of a loss on logits comes straight from a bounded activation or a ReLU, or is cosines as they are."""
    if history.first is None:
        return
    for loss in history.first.losses:
        op = loss.bounded_by.rstrip("_")
        floor = math.log(1 + (loss.classes - 1) * math.exp(-2)) if loss.classes > 1 else 0.0
        if loss.cosines and loss.op == "cross_entropy" and floor > 0.3 and _unscaled(history, loss):
            yield _cosines(history.first, loss, floor)
            return
        on_logits = loss.op in ("cross_entropy", "binary_cross_entropy_with_logits")
        if on_logits and op in ("tanh", "sigmoid", "relu", "relu6", "hardtanh"):
            yield found(
                "watch" if op.startswith("relu") else "sick",
                loss.bounded_layer,
                history.first.step,
                f"{loss.op} gets the output of {op}, not free logits.",
                f"Take `{loss.bounded_layer}` out: the loss does its own squashing.",
                confidence=1.0,
                operation=_skip(loss),
            )
            return


def _unscaled(history: History, loss: Loss) -> bool:
    """Whether none of the logits of four frames or more was larger than a cosine can be."""
    ends = [abs(x) for end in ("lowest", "highest") for x in history.series(f"{loss.prefix}{end}")]
    return len(ends) >= 8 and max(ends) <= 1.001


def _cosines(frame: Frame, loss: Loss, floor: float) -> Verdict:
    return found(
        "sick",
        loss.fed_by,
        frame.step,
        f"cross_entropy gets cosines without a scale: they differ by 2 at most, so with {loss.classes} classes the "
        f"loss cannot fall below {floor:.3f}.",
        "Multiply them by a scale (10 to 64), or divide by a temperature (0.05 to 0.5).",
        picture="loss",
        confidence=1.0,
        floor=floor,
    )


@Rule(
    "F43",
    "wrong-axis",
    "normalised along the wrong axis",
    silent="keepdim=True; the shapes do not allow the mistake; the table is symmetric, or there is one row",
    why="x.sum(1) has lost its dimension, so it is laid along the columns, not the rows, when it is divided by.\n"
    "With a square table torch cannot notice.\n"
    "No row sums to 1, and every number is a plausible one.",
    explains=("F01", "F02", "F03", NOT_LEARNING),
    rank=90,
    preflight=True,
)
def wrong_axis(history: History) -> Iterator[Verdict]:
    """A reduction of a tensor over its last axis without keepdim meets that tensor again: exact."""
    seen = history.sightings.wrong_axis
    if seen is not None:
        module, op, shape, axis = seen.latest[0]
        yield found(
            "sick",
            module,
            seen.step,
            f"A tensor {shape} meets its own {op} over axis {axis} without keepdim: it is laid along the other axis.",
            f"Write {op}({axis}, keepdim=True).",
            confidence=1.0,
            shape=str(shape),
        )


@Rule(
    "F44",
    "silent-broadcast",
    "silent broadcast in the loss",
    silent="both have as many dimensions; the table is masked, exponentiated, compared or reduced by row; "
    "a tensor meets itself",
    why="(B, 1) against (B,) does not pair element with element: it makes a (B, B) table of all pairs.\n"
    "The loss then compares every prediction with every target,\n"
    "and the best answer is their mean for all.",
    explains=("F09", NOT_LEARNING),
    rank=80,
    preflight=True,
)
def silent_broadcast(history: History) -> Iterator[Verdict]:
    """As many numbers in shapes of different length that broadcast to a table, which goes straight into a mean."""
    seen = history.sightings.broadcast
    if seen is not None:
        op, left, right = seen.latest[0]
        layer = history.calls()[-1].layer if history.calls() else ""
        yield found(
            "sick",
            layer,
            seen.step,
            f"Shapes {left} and {right} meet in the loss; `{op}` makes a table of all pairs of them.",
            "Give both the same shape: prediction.squeeze(-1), or target[:, None].",
            confidence=1.0,
            left=str(left),
            right=str(right),
        )


@Rule(
    "F47",
    "wrong-backward",
    "hand-written backward is wrong",
    silent="the function is flat (straight-through) or turns the sign on purpose (gradient reversal)",
    why="autograd trusts a hand-written backward blindly, and a wrong gradient often still goes downhill somewhere.\n"
    "A value that was broadcast needs a sum on the way back, one that was used twice an addition;\n"
    "a mean needs its n, a variance n or n - 1.",
    explains=("F13", RUNAWAY, NOT_LEARNING),
    rank=110,
    preflight=True,
)
def backward_wrong(history: History) -> Iterator[Verdict]:
    """Slope along random directions, by autograd and by central difference in float64, differ by more than 1e-4."""
    seen = history.sightings.wrong_backward
    if seen is not None:
        name, error = seen.latest
        yield found(
            "sick",
            "",
            seen.step,
            f"The gradient through `{name}` differs from the slope of its own forward by {error:.0%}.",
            f"Check {name}.backward with torch.autograd.gradcheck in float64.",
            confidence=0.95,
            error=error,
        )
