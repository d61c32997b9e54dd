"""Scales: how large the inputs of training are, and those that a model is evaluated on; and whether these overlap."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from moreish.doctor.frames.overlaps import Overlaps

LEAST_ROWS, LEAST = 8, 64  # rows and numbers of a batch
MOST = 1 << 14  # numbers of one that are read
MOST_BATCHES = 64


@dataclass
class Scale:
    """Mean and standard deviation of some batches, from their sums."""

    batches: int = 0
    numbers: int = 0
    total: float = 0.0
    squares: float = 0.0

    def add(self, x: Tensor) -> None:
        """Add a batch."""
        flat = x.detach().reshape(-1)[:: max(x.numel() // MOST, 1)].float()
        total, squares = float(flat.sum()), float(flat.square().sum())
        if math.isfinite(total) and math.isfinite(squares):
            self.batches, self.numbers = self.batches + 1, self.numbers + flat.numel()
            self.total, self.squares = self.total + total, self.squares + squares

    @property
    def mean(self) -> float:
        """The mean of all numbers."""
        return self.total / max(self.numbers, 1)

    @property
    def std(self) -> float:
        """Their standard deviation."""
        return math.sqrt(max(self.squares / max(self.numbers, 1) - self.mean**2, 0.0))


class Scales:
    """Those of training, and of what is evaluated, of the first input with numbers that has rows."""

    def __init__(self) -> None:
        self.training, self.evaluation, self.overlaps = Scale(), Scale(), Overlaps()
        self.made = False  # whether the model made some of what it was evaluated on, as where it samples
        self._shape: torch.Size | None = None

    def trained(self, inputs: tuple[object, ...]) -> None:
        """The model was called in training."""
        x = _numbers(inputs)
        if x is not None and self.training.batches < MOST_BATCHES:
            self._shape = x.shape[1:]
            self.training.add(x)
            self.overlaps.trained(x)

    def evaluated(self, inputs: tuple[object, ...], *, made: bool) -> None:
        """The model was called without gradients, on something of the same shape, perhaps on what it made itself."""
        self.made |= made
        x = _numbers(inputs)
        if x is not None and x.shape[1:] == self._shape and self.evaluation.batches < MOST_BATCHES:
            self.evaluation.add(x)
            self.overlaps.evaluated(x)


def _numbers(inputs: tuple[object, ...]) -> Tensor | None:
    x = next((t for t in inputs if isinstance(t, Tensor) and t.dim() > 1), None)
    if x is None or not x.is_floating_point() or x.is_sparse or len(x) < LEAST_ROWS or x.numel() < LEAST:
        return None
    return x
