"""Two moons: the first net anybody trains. Two half circles that no straight line can tell apart."""

import math
import random
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from moreish.scalar import losses, nn


class Point(NamedTuple):
    """A place in the plane and the moon it belongs to: -1 for the upper one, 1 for the lower."""

    x: float
    y: float
    side: int


class Record(NamedTuple):
    """Where training stands after so many steps: the loss, penalty included, and the share it gets right."""

    step: int
    loss: float
    accuracy: float


def two_moons(n: int, noise: float, generator: random.Random) -> list[Point]:
    """n points, half on each moon, at even angles, with Gaussian noise of that standard deviation on x and y.

    The upper moon is a half circle about (0, 0), the lower one, hanging into it, about (1, 0.5).
    """
    points = []
    for i in range(n):
        side, place, length = (-1, i, n - n // 2) if i < n - n // 2 else (1, i - (n - n // 2), n // 2)
        angle = math.pi * place / max(1, length - 1)
        x, y = math.cos(angle), math.sin(angle)
        if side == 1:
            x, y = 1 - x, 0.5 - y
        points.append(Point(x + generator.gauss(0, noise), y + generator.gauss(0, noise), side))
    return points


def train(model: nn.MLP, points: Sequence[Point], steps: int = 100) -> Iterator[Record]:
    """Full-batch descent on the max-margin loss + 1e-4 L2, the learning rate falling from 1.0 towards 0.1.

    Yields steps + 1 records, the first before any step; take as many as you like.
    """
    sides = [p.side for p in points]
    for step in range(steps + 1):
        scores = [model((p.x, p.y))[0] for p in points]
        loss = losses.max_margin_loss(scores, sides) + losses.l2_penalty(model.parameters(), 1e-4)
        right = sum(score.data * side > 0 for score, side in zip(scores, sides, strict=True))
        yield Record(step, loss.data, right / len(points))
        if step < steps:
            model.zero_grad()
            loss.backward()
            nn.sgd_step(model.parameters(), lr=1.0 - 0.9 * step / steps)
