"""Sampling: calls without gradients that begin with noise and go on from what was made of it, as in diffusion."""

import math

import torch
from torch import Tensor

FEWEST = 64  # numbers of which it can be said how they were drawn
MOST = 4096  # numbers of a call that are remembered
GOES_ON = 0.3  # correlation of what is given with the noise that it was made from


class Sampling:
    """Whether what a model is given goes on from the noise of a standard normal that it was given before."""

    def __init__(self) -> None:
        self._began: Tensor | None = None

    def given(self, x: Tensor) -> bool:
        """Whether this is what is left of the noise of an earlier call; a time beside each row does not count."""
        if not x.is_floating_point():
            return False
        x = x.detach()
        if x.dim() == 2 and len(x) > 1:
            x = x[:, (x != x[:1]).any(0)]
        if x.numel() < FEWEST:
            return False
        numbers, before = x.reshape(-1)[:MOST].float(), self._began
        goes_on = before is not None and before.shape == numbers.shape and not torch.equal(before, numbers)
        goes_on = (
            goes_on and before is not None and float(torch.corrcoef(torch.stack([before, numbers]))[0, 1]) > GOES_ON
        )
        if is_normal(x):
            self._began = numbers.clone()
        return goes_on


def is_normal(x: Tensor) -> bool:
    """Whether these numbers may be drawn from a standard normal."""
    x = x.detach().reshape(-1)[: 1 << 16].float()
    chance = 4 / math.sqrt(len(x))
    return abs(float(x.mean())) < chance and abs(float(x.std()) - 1) < chance and float(x.abs().max()) > 1.5
