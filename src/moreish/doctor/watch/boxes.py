"""Boxes that are met as corners: whether those that stand for the answer have their corners in order.

How far two boxes overlap is the smaller of their far edges less the larger of their near ones, along each axis. So
which columns of a box are taken for which edge is read from the minimum, the maximum and the difference of the two.
"""

import weakref
from typing import NamedTuple

from torch import Tensor

from moreish.doctor.frames.noted import Boxes
from moreish.doctor.watch.arguments import Args

LARGER, SMALLER = {"max", "maximum"}, {"min", "minimum"}
EDGES = LARGER | SMALLER
MOST_ROWS = 4096


class _Edge(NamedTuple):
    """The nearer or the farther ones of two boxes' edges: of the one that is data, from which column on, how many."""

    base: weakref.ref[Tensor]
    column: int
    columns: int
    far: bool


class Corners:
    """Of one frame. Tensors are not kept alive by it."""

    def __init__(self) -> None:
        self.found: Boxes | None = None
        self._edges: dict[int, tuple[weakref.ref[Tensor], _Edge]] = {}
        self._pairs: dict[int, tuple[weakref.ref[Tensor], set[tuple[int, int]]]] = {}  # of near and far columns

    def called(self, op: str, args: Args, result: Tensor) -> None:
        """The larger or smaller one of two numbers, of which one has a gradient; or a difference."""
        pair = [t for t in args if isinstance(t, Tensor)]
        if self.found is not None or len(pair) != 2 or not result.requires_grad:
            return
        if op in EDGES:
            data = next((t for t in pair if not t.requires_grad), None)
            edge = _edge(data, op in SMALLER) if data is not None else None
            if edge is not None:
                self._edges[id(result)] = weakref.ref(result), edge
        elif self._edges:
            far, near = (self._of(t) for t in pair)
            if far is not None and near is not None and far.far and not near.far:
                self._overlaps(near, far)

    def forget(self) -> None:
        """Let go of everything."""
        self._edges.clear()
        self._pairs.clear()

    def _of(self, x: Tensor) -> _Edge | None:
        known = self._edges.get(id(x))
        return known[1] if known is not None and known[0]() is x else None

    def _overlaps(self, near: _Edge, far: _Edge) -> None:
        base = near.base()
        if base is None or far.base() is not base or near.columns != far.columns:
            return
        known = self._pairs.setdefault(id(base), (weakref.ref(base), set()))[1]
        known.update((near.column + k, far.column + k) for k in range(near.columns))
        if len(known) != 2:
            return
        (left, right), (top, low) = sorted(known)
        if (top, right, low) == (left + 1, left + 2, left + 3):
            boxes = base.detach().reshape(-1, base.shape[-1])[:MOST_ROWS]
            ends = (boxes[:, right : low + 1] < boxes[:, left : top + 1]).any(1) & boxes.any(1)
            self.found = Boxes(len(boxes), float(ends.float().mean()) if len(boxes) else 0.0)


def _edge(x: Tensor, far: bool) -> _Edge | None:
    """Which columns of a table this is a view of."""
    base = x._base
    if base is None or base.dim() < 2 or base.shape[-1] < 4 or not base.is_contiguous():
        return None
    column = int(x.storage_offset() - base.storage_offset()) % base.shape[-1]
    two = x.dim() > 1 and x.shape[-1] == 2 and x.stride(-1) == 1
    return _Edge(weakref.ref(base), column, 2 if two else 1, far)
