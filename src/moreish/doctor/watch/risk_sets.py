"""Sums over all that are still at risk, as a Cox partial likelihood takes them: over which rows they run.

Breslow (1974): each event's score is held against those of everybody whose time is as long or longer. With rows from
the longest time to the shortest that is a running sum; over rows in any other order it is over somebody else.
"""

import re
import weakref
from itertools import pairwise
from typing import Literal

import torch
from torch import Tensor

from moreish.doctor.frames.noted import RiskSets
from moreish.doctor.watch.arguments import Args, Kwargs, argument
from moreish.doctor.watch.at_hand import at_hand, numbers_of

FEWEST_ROWS, MOST_ROWS = 8, 1 << 16
LEVELS = 4  # of the user's functions in which times are looked for
DEEP = 32  # nodes of the graph
TIMES = re.compile(r"time|dur|surv|follow|tenure|days|weeks|months|years|tte|lifetime|^t$|^t_|_t$|^[ty].?$")
Order = Literal["falling", "rising", "none"]
PASSED = re.compile(r"^(Exp|View|UnsafeView|Reshape|Squeeze|Unsqueeze|Clone|Clamp|ToCopy|Alias|Select|Sub|Mul|Div|T)")


class AtRisk:
    """Of one frame: what is known of the first running sums of scores."""

    def __init__(self) -> None:
        self.found: RiskSets | None = None
        self._sums: dict[int, tuple[weakref.ref[Tensor], Tensor]] = {}  # results that a logarithm may be taken of

    def called(self, op: str, args: Args, kwargs: Kwargs, result: Tensor) -> None:
        """A running sum along the rows, or a logarithm of one."""
        x = args[0] if args else kwargs.get("input")
        if self.found is not None or not isinstance(x, Tensor) or not result.requires_grad:
            return
        if op == "log":
            known = self._sums.get(id(x))
            if known is not None and known[0]() is x:
                self.found = _judged(known[1])
            return
        along = argument(args, kwargs, 1, "dim") in (0, -x.dim())
        if along and x.numel() == len(x) and FEWEST_ROWS <= len(x) <= MOST_ROWS:
            if op == "logcumsumexp":
                self.found = _judged(x)
            else:
                self._sums[id(result)] = weakref.ref(result), x

    def forget(self) -> None:
        """Let go of everything."""
        self._sums.clear()


def _judged(scores: Tensor) -> RiskSets | None:
    """How the times at hand go along these rows; None where no times are at hand.

    Times, and what else the rows may be sorted by, may stand as the scores do now, or as they did before; rows of a
    batch may have been put into an order before the model saw them, by an index that is at hand.
    """
    rows = len(scores)
    places = _places(scores)
    if places is None:
        return None
    before, way = places
    named = [*at_hand(LEVELS)]
    ways = [way, *(p for _, x in named if (p := _permutation(x, before)) is not None)]
    times: list[RiskSets] = []
    for name, x in named:
        for t in _times(x, {rows, before}):
            along = [[t[i] for i in w] for w in ways] if len(t) == before else []
            orders: list[Order] = [_order(each) for each in (*along, *([t] if len(t) == rows else []))]
            if not TIMES.search(name.lower()):
                if orders[0] != "none" and way != [*range(rows)]:
                    return None  # a ranking by something else
            elif "falling" in orders:
                return RiskSets(rows, name, "falling")
            else:
                times.append(RiskSets(rows, name, orders[0]))
    return times[0] if times else None


def _times(x: object, lengths: set[int]) -> list[list[float]]:
    """What may be times, or ranks: numbers of which none is below 0, or such a column beside one of 0 and 1."""
    if isinstance(x, Tensor) and x.dim() == 2 and x.shape[1] == 2 and len(x) in lengths:
        columns = [numbers_of(x.detach()[:, k], len(x)) for k in (0, 1)]
        flags = [c is not None and set(c) <= {0, 1} for c in columns]
        return [c for c, other in zip(columns, reversed(flags), strict=True) if c is not None and other]
    found = [t for n in lengths if (t := numbers_of(x, n)) is not None]
    return [t for t in found if min(t) >= 0 and len(set(t)) > 2]


def _permutation(x: object, rows: int) -> list[int] | None:
    """An index that puts all rows into an order, where this is one."""
    if not (isinstance(x, Tensor) and x.dtype == torch.int64 and x.dim() == 1):
        return None
    numbers = numbers_of(x, rows)
    found = [int(n) for n in numbers] if numbers is not None else []
    return found if sorted(found) == [*range(rows)] else None


def _order(t: list[float]) -> Order:
    if all(a >= b for a, b in pairwise(t)):
        return "falling"
    return "rising" if all(a <= b for a, b in pairwise(t)) else "none"


def _places(scores: Tensor) -> tuple[int, list[int]] | None:
    """How many rows there were before they were put into an order or chosen, and which of them stands where.

    Read from the graph; None where it cannot be.
    """
    steps: list[Tensor | None] = []  # indices, the last one first; None for a flip
    node, before = scores.grad_fn, len(scores)
    for _ in range(DEEP):
        name = type(node).__name__ if node is not None else ""
        if name.startswith("Flip"):
            steps.append(None)
        elif name.startswith("Index"):
            index = _index_of(node)
            size = getattr(node, "_saved_self_sym_sizes", None)
            if index is None or not size:
                return None
            steps.append(index)
            before = int(size[0])
        elif not PASSED.search(name):
            break
        following = [f for f, _ in node.next_functions if f is not None] if node is not None else []
        if not following:
            break
        node = following[0]
    places = torch.arange(before)
    for index in reversed(steps):
        places = places.flip(0) if index is None else places[index]
    return (before, places.tolist()) if len(places) == len(scores) else None


def _index_of(node: object) -> Tensor | None:
    """The only index with which rows were chosen."""
    one = getattr(node, "_saved_index", None)
    found = [one] if one is not None else getattr(node, "_saved_indices", None)
    index = found[0] if isinstance(found, tuple | list) and len(found) >= 1 else None
    rest = found[1:] if isinstance(found, tuple | list) else []
    if not isinstance(index, Tensor) or index.dim() != 1 or any(i is not None for i in rest):
        return None
    return index.detach().cpu()
