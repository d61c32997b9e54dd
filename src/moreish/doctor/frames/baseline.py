"""Baselines: what the best constant answer costs, and whether the inputs say anything about the targets.

Both are added up over the frames, so that a frame needs no more than its own batch.
"""

import math
from dataclasses import dataclass, field
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

MOST_COLUMNS = 4096  # outputs that have a constant of their own; of more, all share one
MOST_KEPT = 1024  # rows of targets kept for their median
FEATURES, ANSWERS = 256, 64  # of the inputs and targets, of which the links are counted


def columns(x: Float[Tensor, "..."]) -> Float[Tensor, "rows columns"]:
    """Targets with the outputs of one example along the rows: (B,), (B, C), (B, T, C), (B, C, H, W)."""
    if x.dim() > 3:
        x = x.movedim(1, -1)
    wide = 1 if x.dim() < 2 else x.shape[-1]
    return x.reshape(-1, wide if wide <= MOST_COLUMNS else 1)


@dataclass
class Constant:
    """The mean and the median of every output's targets, over the frames so far."""

    rows: int = 0
    total: Float[Tensor, " columns"] | None = None
    kept: Float[Tensor, "kept columns"] | None = None

    def add(self, x: Float[Tensor, "rows columns"], keep: bool) -> None:
        """Add the targets of a batch, and keep them for the median; of another width they begin anew."""
        if (
            self.total is None
            or self.kept is None
            or self.total.shape != x.shape[1:]
            or self.total.device != x.device
        ):
            self.rows, self.total, self.kept = 0, torch.zeros_like(x[:0].sum(0)), x[:0]
        self.rows += len(x)
        self.total = self.total + x.sum(0)
        if keep and x.shape[1] <= ANSWERS:
            self.kept = torch.cat([self.kept, x[:MOST_KEPT].clone()])[-MOST_KEPT:]

    def mean(self) -> Float[Tensor, " columns"]:
        """The mean of every output."""
        assert self.total is not None
        return self.total / max(self.rows, 1)

    def median(self) -> Float[Tensor, " columns"]:
        """The median of every output; the mean where there are too many to be kept."""
        assert self.kept is not None
        return self.kept.median(0).values if len(self.kept) else self.mean()


class Links(NamedTuple):
    """The largest share of a feature's variance that the targets explain, beyond chance, and the examples."""

    share: float
    rows: int


@dataclass
class LinkCounts:
    """Sums from which the correlations of every input feature with every target follow."""

    rows: int = 0
    sums: dict[str, Tensor] = field(default_factory=dict)

    def add(self, x: Float[Tensor, "rows features"], y: Float[Tensor, "rows answers"]) -> None:
        """Add a batch; of another shape they begin anew."""
        x, y = x[:, :FEATURES].cpu().double(), y[:, :ANSWERS].cpu().double()  # not every device has float64
        new = {"x": x.sum(0), "y": y.sum(0), "xx": (x * x).sum(0), "yy": (y * y).sum(0), "xy": x.T @ y}
        fits = self.sums and all(self.sums[k].shape == v.shape for k, v in new.items())
        if not fits:
            self.rows, self.sums = 0, {k: torch.zeros_like(v) for k, v in new.items()}
        self.rows += len(x)
        for key, value in new.items():
            self.sums[key] = self.sums[key] + value

    def best(self, classes: bool) -> Links | None:
        """The strongest link; None before 200 examples. Answers of classes are one-hots, all taken together."""
        n, s = self.rows, self.sums
        if n < 200:
            return None
        covariance = s["xy"] / n - torch.outer(s["x"] / n, s["y"] / n)
        x_var = (s["xx"] / n - (s["x"] / n) ** 2).clamp(min=0)
        y_var = (s["yy"] / n - (s["y"] / n) ** 2).clamp(min=0)
        x_var = torch.where(x_var > 1e-9 * (s["xx"] / n), x_var, math.inf)  # constant features say nothing
        if classes:  # the variance between classes over that of all: eta squared
            share = (covariance**2 / (s["y"] / n).clamp(min=1 / n)).sum(1) / x_var
            degrees, tests = max(int((s["y"] > 0).sum()) - 1, 1), len(x_var)
        else:
            y_var = torch.where(y_var > 1e-9 * (s["yy"] / n), y_var, math.inf)
            share = (covariance**2 / torch.outer(x_var, y_var)).amax(1)
            degrees, tests = 1, len(x_var) * len(y_var)
        value = float(torch.nan_to_num(share).amax())
        # n times the share is a chi-squared of so many degrees by chance: its far end, with the tests that were made
        tail = math.log(max(tests, 1)) + 7
        chance = (degrees + 2 * math.sqrt(degrees * tail) + 2 * tail) / n
        beyond = value - degrees / n if value > chance else 0.0
        return Links(max(beyond, 0.0), n)
