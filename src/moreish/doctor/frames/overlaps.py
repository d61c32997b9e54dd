"""Overlaps: rows of an evaluation that hold pieces of rows that were trained on, moved by some places.

Windows that overlap, cut from one recording and then shared out at random, put nearly the same numbers on both sides.
Two measured numbers are hardly ever equal to the last digit, so equal ones are the same measurement.
"""

import torch
from jaxtyping import Float
from torch import Tensor

MOST_VALUES = 1 << 17  # of training that are kept
MOST_ROWS = 64  # of one evaluation that are looked at
LEAST_WIDTH = 8  # numbers of a row
PIECE = 0.25  # of a row, moved by the same number of places, that is a piece of another


class Overlaps:
    """Counts the rows of evaluations, and those of them that hold a piece of a row of training."""

    def __init__(self) -> None:
        self.rows = self.shared = 0
        self._values: list[Tensor] = []
        self._kept = 0
        self._sorted: tuple[Tensor, Tensor] | None = None
        self._width = 0

    def trained(self, x: Float[Tensor, "B ..."]) -> None:
        """Keep the numbers of a batch that is trained on."""
        rows = x.detach().reshape(len(x), -1)
        if rows.shape[1] < LEAST_WIDTH or self._kept + rows.numel() > MOST_VALUES:
            return
        if rows.shape[1] != self._width:
            self._values, self._kept, self._width = [], 0, rows.shape[1]
        self._values.append(rows.float().cpu())
        self._kept += rows.numel()
        self._sorted = None

    def evaluated(self, x: Float[Tensor, "B ..."]) -> None:
        """Look for them in a batch that is evaluated. Rows that were trained on as they are do not count."""
        rows = x.detach().reshape(len(x), -1)[:MOST_ROWS].float().cpu()
        if rows.shape[1] != self._width or not self._values:
            return
        for row in rows:
            moved = self._moved(row)
            self.rows += moved is not None
            self.shared += bool(moved)

    def _moved(self, row: Float[Tensor, " width"]) -> bool | None:
        """Whether a piece of a row stands in a row of training, elsewhere; None where it stands there whole."""
        values, places = self._index()
        at = torch.searchsorted(values, row).clamp(max=len(values) - 1)
        found = (values[at] == row) & (row != 0)
        shifts = (places[at] - torch.arange(len(row)))[found]
        if (shifts == 0).sum() > PIECE * len(row):
            return None
        shifts = shifts[shifts != 0]
        if not len(shifts):
            return False
        return int(torch.unique(shifts, return_counts=True)[1].max()) > PIECE * len(row)

    def _index(self) -> tuple[Tensor, Tensor]:
        """Every number of training in order, and at which place of its row it stands."""
        if self._sorted is None:
            rows = torch.cat(self._values)
            values, order = rows.reshape(-1).sort(stable=True)
            self._sorted = values, order % rows.shape[1]
        return self._sorted
