"""Findings about how classes are weighted."""

import math
from collections.abc import Iterator

import torch

from moreish.doctor.frames.frame import Loss
from moreish.doctor.frames.history import History
from moreish.doctor.judge.table import Rule, Verdict, found

LEAST = 200  # targets
TIMES = 3  # that the most frequent class is more frequent, and heavier


@Rule(
    "F98",
    "weights-for-the-common",
    "class weights favour common classes",
    silent="fewer than 200 targets; classes about as frequent; weights that do not grow with the frequency",
    why="Class weights are there so that rare classes count as much as common ones: the inverse of the frequency.\n"
    "With the frequency itself a class that is ten times rarer counts a hundred times less,\n"
    "and the best answer is to leave it out.",
)
def for_the_common(history: History) -> Iterator[Verdict]:
    """Weights of classes grow with how often they occur, and both differ by a factor of three or more; so do those of
    a yes (`pos_weight`).
    """
    losses = history.first.losses if history.first is not None else []
    for loss in losses:
        if loss.weights and not loss.classes:
            yield from _for_the_usual_answer(history, loss)
    loss = next((x for x in losses if len(x.weights) == x.classes > 1), None)
    history.counts.settle()
    counts = history.counts.targets
    if loss is None or counts is None or len(counts) != loss.classes or int(counts.sum()) < LEAST:
        return
    weights, often = torch.tensor(loss.weights).double(), counts.double()
    seen = (often > 0) & (weights > 0)
    if int(seen.sum()) < 2:
        return
    weights, often = weights[seen], often[seen]
    low, high = int(often.argmin()), int(often.argmax())
    if often[high] < TIMES * often[low] or weights[high] < TIMES * weights[low]:
        return
    along = torch.corrcoef(torch.stack([weights.log(), often.log()]))[0, 1] if len(weights) > 2 else 1.0
    if float(along) < 0.8:
        return
    times, heavier = float(often[high] / often[low]), float(weights[high] / weights[low])
    yield found(
        "watch",
        loss.fed_by,
        history.step(),
        f"The class weights grow with the frequency: the most common class occurs {times:.0f} times as often as the "
        f"rarest one, and its weight is {heavier:.0f} times as large.",
        "Weight by the inverse of the frequency: weight = total / (classes * counts).",
        confidence=0.9,
        times=times,
        heavier=heavier,
    )


def _for_the_usual_answer(history: History, loss: Loss) -> Iterator[Verdict]:
    """`pos_weight` is below a third where a yes is three times rarer than a no, above three where it is commoner."""
    seen = history.counts.constants.get(f"{loss.prefix}{loss.op}")
    if seen is None or seen.total is None or seen.rows * len(seen.total) < LEAST:
        return
    often = seen.mean().double().cpu()
    if len(loss.weights) not in (1, len(often)) or not bool(((often >= 0) & (often <= 1)).all()):
        return
    often = often if len(loss.weights) > 1 else often.mean().reshape(1)
    weights = torch.tensor(loss.weights).double()
    wanted = ((1 - often).clamp(min=1e-6) / often.clamp(min=1e-6)).log()
    unlike = wanted.abs() > math.log(TIMES)
    turned = unlike & (weights.clamp(min=1e-12).log() * wanted.sign() < -math.log(TIMES))
    if not bool(unlike.any()) or not bool((turned == unlike).all()):
        return
    at = int(wanted.abs().argmax())
    yield found(
        "watch",
        loss.fed_by,
        history.step(),
        f"pos_weight is {float(weights[at]):.2g}, while {float(often[at]):.1%} of the answers are yes: what is "
        "common counts for still more.",
        f"pos_weight = no / yes, the number of negatives over that of positives: {float(wanted[at].exp()):.2g} here.",
        confidence=0.9,
        often=float(often[at]),
        weight=float(weights[at]),
    )
