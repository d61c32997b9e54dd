"""Targets that are noise, and whether what the model is given knows anything of it."""

import math

from torch import Tensor

FEWEST = 2500  # numbers before anything is said
LEVEL = 0.2  # of its deviation that the mean of noise may lie from 0
CHANCE = 5.0  # standard errors


class NoiseTargets:
    """How far noise that is asked for goes with inputs of the same shape, over the looks."""

    def __init__(self) -> None:
        self.numbers = self.looks = 0
        self._together = 0.0

    def add(self, target: Tensor, inputs: list[Tensor]) -> None:
        """Add noise that is a target, and the inputs that have its shape; a level that is not 0 makes it none."""
        noise = target.detach().float().reshape(-1)
        spread = noise.std(correction=0)
        if not inputs or noise.numel() < 2 or not spread > 0 or noise.mean().abs() > LEVEL * spread:
            return
        self._together += noise.numel() * max(
            abs(_correlation(noise, x.detach().float().reshape(-1))) for x in inputs
        )
        self.numbers += noise.numel()
        self.looks += 1

    @property
    def unknown(self) -> bool:
        """Whether no input has anything of the noise in it."""
        if self.numbers < FEWEST or self.looks < 3:
            return False
        return self._together / self.numbers < CHANCE / math.sqrt(self.numbers / self.looks)


def _correlation(a: Tensor, b: Tensor) -> float:
    a, b = a - a.mean(), b - b.mean()
    return float((a @ b) / (a.norm() * b.norm()).clamp(min=1e-12))
