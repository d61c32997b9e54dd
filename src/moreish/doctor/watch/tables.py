"""Tables of all pairs: made by accident where a column of predictions meets a row of targets, and then averaged.

A table that is meant is looked at pair by pair: a kernel takes its exponential, a ranking masks it, a distance takes
the least of each row. One that nobody knows of goes through a square or the like straight into the mean of all.
"""

import weakref

import torch
from torch import Tensor

from moreish.doctor.frames.frame import Broadcast, Shape
from moreish.doctor.watch.arguments import Args, Kwargs, argument, tensors_of

MAKES = {"subtract", "add", "multiply"}  # kinds
# Operations that look at every pair alone and forget none; an exponential makes a kernel of a table.
KEEPS = {
    *("pow", "square", "abs", "neg", "sqrt", "log", "log1p", "cosh", "tanh", "maximum"),
}
MARGINS = {"softplus", "relu", "clamp", "clamp_min"}  # of a ranking, unless what they bend is added to them once more
PAIRED = {"mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss"}
AVERAGES = {"mean", "sum"}


class Tables:
    """The tables that were made in this step, until they are averaged or used otherwise.

    Where a tensor met itself, all pairs are what the loss is about, and none is an accident.
    """

    def __init__(self) -> None:
        self._open: dict[int, tuple[weakref.ref[Tensor], Broadcast]] = {}
        self._margins: dict[int, tuple[weakref.ref[Tensor], Broadcast]] = {}
        self._averaged: list[Broadcast] = []
        self._meant = False

    @property
    def accidents(self) -> list[Broadcast]:
        """The tables that went straight into a mean."""
        return [] if self._meant else self._averaged

    def called(self, op: str, kind: str, args: Args, kwargs: Kwargs, y: Tensor) -> None:
        """Note a function."""
        if kind in MAKES or op in PAIRED:
            self._pair(op, kind, args, kwargs, y)
            return
        x = args[0] if args and isinstance(args[0], Tensor) else None
        if op == "where" and len(args) == 3 and self._open:
            both = [self._known(t) for t in args[1:] if isinstance(t, Tensor)]
            if len(both) == 2 and both[0] is not None and both[1] is not None:
                self._keep(y, both[0])
            return
        table = self._known(x) if x is not None and self._open else None
        if table is None or x is None:
            return
        if op in KEEPS and y.shape == x.shape:
            self._keep(y, table)
        elif op in MARGINS and y.shape == x.shape:
            self._margins[id(y)] = weakref.ref(y), table
        elif op in AVERAGES and y.dim() == 0 and y.requires_grad:
            self._averaged.append(table)

    def _pair(self, op: str, kind: str, args: Args, kwargs: Kwargs, y: Tensor) -> None:
        given = tensors_of(args, kwargs)
        if len(given) != 2:
            if len(given) == 1 and self._open and (table := self._known(given[0])) is not None:
                self._keep(y, table)  # times a number
            return
        a, b = given
        table = self._known(a) or self._known(b)
        if table is not None:
            other = b if self._known(a) is not None else a
            margin = self._margins.get(id(other))
            own = self._known(other) is not None or (margin is not None and margin[0]() is other)
            whole = other.shape == y.shape and not own
            table = None if whole else table  # of all pairs by itself
        elif a.shape != b.shape and lies_across(tuple(a.shape), tuple(b.shape)):
            if _same_storage(a, b):
                self._meant |= y.requires_grad
            elif not (a.requires_grad and b.requires_grad):
                table = Broadcast(op if kind == "loss" else SIGNS[kind], tuple(a.shape), tuple(b.shape))
        elif kind == "loss" and _enlarged(tuple(a.shape), tuple(b.shape)):
            table = Broadcast(op, tuple(a.shape), tuple(b.shape))
        if table is None:
            return
        if kind == "loss" and argument(args, kwargs, 4 if op != "huber_loss" else 2, "reduction", "mean") != "none":
            self._averaged.append(table)
        else:
            self._keep(y, table)

    def _keep(self, y: Tensor, table: Broadcast) -> None:
        self._open[id(y)] = weakref.ref(y), table

    def _known(self, x: Tensor) -> Broadcast | None:
        known = self._open.get(id(x))
        return known[1] if known is not None and known[0]() is x else None


SIGNS = {"subtract": "-", "add": "+", "multiply": "*"}


def lies_across(a: Shape, b: Shape) -> bool:
    """Whether two shapes of as many numbers, one with a dimension less, broadcast to more numbers than either has.

    (B, 1) and (B,) do, (B, 1, H, W) and (B, H, W) too. (B, 1) and (1, B) say themselves that they are meant so.
    """
    n = torch.Size(a).numel()
    if len(a) == len(b) or n != torch.Size(b).numel() or n < 2:
        return False
    try:
        return torch.broadcast_shapes(a, b).numel() > n
    except RuntimeError:
        return False


def _enlarged(prediction: Shape, target: Shape) -> bool:
    """Whether a loss repeats its predictions, of which torch warns, and not both say that pairs are meant."""
    whole = tuple(torch.broadcast_shapes(prediction, target))
    return whole != prediction and (len(prediction) != len(target) or whole == target)


def _same_storage(a: Tensor, b: Tensor) -> bool:
    try:
        return a.untyped_storage().data_ptr() == b.untyped_storage().data_ptr()
    except RuntimeError:  # a tensor without a storage of its own
        return False
