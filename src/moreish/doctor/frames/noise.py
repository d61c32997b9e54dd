"""Targets that are noise, and whether what the model is given knows anything of it."""

import math

from torch import Tensor

FEWEST = 2500  # numbers before anything is said
LEVEL = 0.2  # of its deviation that the mean of noise may lie from 0
CHANCE = 5.0  # standard errors
MIXED_IN = 0.05  # correlation of noise with an input that it is part of
ENOUGH, NEAR = 64, 0.05  # numbers of one look of which it is known that they are uniform, and how closely


class NoiseTargets:
    """How far noise that is asked for goes with inputs of the same shape, over the looks."""

    def __init__(self) -> None:
        self.numbers = self.looks = self.one_sided = 0
        self._together = 0.0

    def add(self, target: Tensor, inputs: list[Tensor]) -> None:
        """Add noise that is a target, and the inputs that have its shape; a level that is not 0 makes it none."""
        noise = target.detach().float().reshape(-1)
        spread = noise.std(correction=0)
        if not inputs or noise.numel() < 2 or not spread > 0:
            return
        together = max(abs(_correlation(noise, x.detach().float().reshape(-1))) for x in inputs)
        self.one_sided += together > MIXED_IN and _is_uniform(noise)
        if noise.mean().abs() > LEVEL * spread:
            return
        self._together += noise.numel() * together
        self.numbers += noise.numel()
        self.looks += 1

    @property
    def unknown(self) -> bool:
        """Whether no input has anything of the noise in it."""
        if self.numbers < FEWEST or self.looks < 3:
            return False
        return self._together / self.numbers < CHANCE / math.sqrt(self.numbers / self.looks)


def _is_uniform(noise: Tensor) -> bool:
    """Whether these numbers lie evenly in 0 to 1, as `torch.rand` draws them."""
    low, high = noise.aminmax()
    if noise.numel() < ENOUGH or low < 0 or high > 1:
        return False
    chance = 4 / math.sqrt(noise.numel())
    return bool((noise.mean() - 0.5).abs() < chance) and bool(
        (noise.std() * math.sqrt(12) - 1).abs() < max(chance, NEAR)
    )


def _correlation(a: Tensor, b: Tensor) -> float:
    a, b = a - a.mean(), b - b.mean()
    return float((a @ b) / (a.norm() * b.norm()).clamp(min=1e-12))
