"""Findings about how classes are weighted."""

from collections.abc import Iterator

import torch

from moreish.doctor.frames.history import History
from moreish.doctor.judge.table import Rule, Verdict, found

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
    """Weights of classes grow with how often they occur, and both differ by a factor of three or more."""
    losses = history.first.losses if history.first is not None else []
    loss = next((x for x in losses if len(x.weights) == x.classes > 1), None)
    history.counts.settle()
    counts = history.counts.targets
    if loss is None or counts is None or len(counts) != loss.classes or int(counts.sum()) < 200:
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
