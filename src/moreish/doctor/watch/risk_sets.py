"""Sums over all that are still at risk, as a Cox partial likelihood takes them: over which rows they run.

Breslow (1974): each event's score is held against those of everybody whose time is as long or longer. With rows from
the longest time to the shortest that is a running sum of their exponentials; over rows in any other order it is over
somebody else. In which order rows were put after the model is read from the graph.
"""

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Literal, NamedTuple

import torch
from torch import Tensor
from torch.autograd.graph import Node
from torch.utils.data import DataLoader, RandomSampler

from moreish.doctor.frames.noted import RiskSets
from moreish.doctor.watch.arguments import Args, Kwargs, argument
from moreish.doctor.watch.at_hand import Variable, at_hand, is_flag, numbers_of

FEWEST_ROWS, MOST_ROWS = 8, 1 << 13
LEVELS = 4  # of the user's functions in which times are looked for
NEAR, MODULE = 3, "<module>"  # functions whose times are those of the rows, where these are put into an order there
DEEP = 32  # nodes of the graph
TIMES = re.compile(r"time|dur|surv|follow|tenure|days|weeks|months|years|tte|lifetime|^t$|^t_|_t$|^t[a-z0-9]$")
LABELS = re.compile(r"^y|label|target|outcome")
Order = Literal["falling", "rising", "none"]
PASSED = re.compile(
    r"^(Exp|View|UnsafeView|Reshape|ReshapeAlias|Squeeze|Unsqueeze|Clone|Clamp\w*|ToCopy|Alias|Select|Slice|Sub|Add|"
    r"Mul|Div|T)Backward"
)
OF_COLUMNS = re.compile(r"^(Split|Unbind|Cat|SplitWithSizes)Backward")  # where rows stay if it goes along columns
REORDERS = re.compile(
    r"^(Take|Sort|Topk|Scatter|Stack|Roll|Masked|IndexPut|Repeat|Index|Gather|Flip|Cat|Split|Unbind)"
)


class AtRisk:
    """Of one frame: what is known of the first running sum of scores."""

    def __init__(self) -> None:
        self.found: RiskSets | None = None

    def called(self, op: str, args: Args, kwargs: Kwargs, result: Tensor) -> None:
        """A logarithm: of a running sum of exponentials along the rows, or of anything else."""
        x = args[0] if args else kwargs.get("input")
        if self.found is not None or not isinstance(x, Tensor) or not result.requires_grad:
            return
        if not FEWEST_ROWS <= x.numel() <= MOST_ROWS or x.numel() != len(x):
            return
        if op == "logcumsumexp":
            along = argument(args, kwargs, 1, "dim") in (0, -x.dim())
            node = x.grad_fn if along else None
        else:
            node = _summed(x.grad_fn)
        if node is not None:
            self.found = _judged(node, x.numel())


def _summed(node: Node | None) -> Node | None:
    """What a running sum of exponentials was taken of, where nothing but a number was added to it or turned round."""
    for _ in range(DEEP):
        name = type(node).__name__ if node is not None else ""
        if node is None or not (PASSED.match(name) or name.startswith(("Cumsum", "Flip", "Index"))):
            return None
        before = [f for f, _ in node.next_functions if f is not None]
        following = before[0] if len(before) == 1 else None  # a total less the running sum is one from the other end
        if name.startswith("Cumsum"):
            return following if getattr(node, "_saved_dim", 1) == 0 and _is_exponential(following) else None
        node = following
    return None


def _is_exponential(node: Node | None) -> bool:
    for _ in range(DEEP):
        name = type(node).__name__ if node is not None else ""
        if node is None or name.startswith("Exp"):
            return node is not None
        if not (PASSED.match(name) or name.startswith(("Flip", "Index"))):
            return False
        node = node.next_functions[0][0] if node.next_functions else None
    return False


def _judged(node: Node, rows: int) -> RiskSets | None:
    """How the times at hand go along these rows; None where that is not known.

    Times, and what else the rows may be sorted by, may stand as the scores do now, or as they did before; rows of a
    batch may have been put into an order before the model saw them, by an index that is at hand. Where the loss puts
    them into none, only the times that the function has which takes the sum are surely theirs.
    """
    places = _places(node, rows)
    if places is None:
        return None
    before, way = places
    known = [*at_hand(LEVELS)]
    if not any(_has_events(v.value, n) for v in known for n in {rows, before}):
        return None
    turned = way == [*reversed(range(rows))]
    moved = way != [*range(rows)] and not turned
    beside: list[_Times] = []
    for v, t, drawn in _beside(known, rows) if not moved else ():
        order = _order([t[i] for i in way])
        beside.append(_Times(v, order, drawn or order == "rising"))
    sorts: set[Order] = {"falling", "rising"} if moved or turned else {"falling"}
    if any(one.order in sorts and not _is_time(one.variable) for one in beside):
        return None  # sorted by something else, which may be their end by another name
    beside = [one for one in beside if _is_time(one.variable)]
    before_it = [] if moved else [p for v in known if (p := _permutation(v.value, before)) is not None]
    ways = [way, *([p[i] for i in way] for p in before_it)]
    found: list[tuple[Variable, list[float], list[Order]]] = []
    for variable in known:
        for t in _times(variable, {rows, before}):
            along = [[t[i] for i in w] for w in ways] if len(t) == before else []
            now = [t] if len(t) == rows and not turned else []
            found.append((variable, t, [_order(each) for each in (*along, *now)]))
    return _told(found, rows, beside, sorts, moved=moved)


class _Times(NamedTuple):
    """What may be the times of the rows, how they go along them, and whether the sum is surely to go by them: rows
    are in their order, or were drawn by chance, or the function that takes the sum was given them.
    """

    variable: Variable
    order: Order
    sure: bool


def _told(
    found: list[tuple[Variable, list[float], list[Order]]],
    rows: int,
    beside: list[_Times],
    sorts: set[Order],
    *,
    moved: bool,
) -> RiskSets | None:
    times = [(v, t, orders) for v, t, orders in found if _is_time(v)]
    if any("falling" in orders for _, _, orders in times):
        return RiskSets(rows, next(v.name for v, _, orders in times if "falling" in orders), "falling")
    for _, t, orders in found:  # sorted by something else, as a ranking is, or by the age at the end
        if not sorts.isdisjoint(orders[:1] if "rising" in sorts else orders) and not any(
            t == known for _, known, _ in times
        ):
            return None
    if any(one.order == "falling" for one in beside):
        return RiskSets(rows, beside[0].variable.name, "falling")
    near = [
        _Times(v, orders[0], v.given or orders[0] == "rising")
        for v, _, orders in times
        if v.level < (NEAR if moved else 1) and v.function != MODULE
    ]
    every = [*near, *beside]
    best = next((one for one in every if one.sure), every[0] if every else None)
    return RiskSets(rows, best.variable.name, best.order, best.sure) if best is not None else None


def _beside(known: list[Variable], rows: int) -> Iterator[tuple[Variable, list[float], bool]]:
    """Numbers of a function further out that stand beside the very events that this one was given: all rows of a
    batch, or of the whole data with the index that chose them; and whether rows were drawn by chance.
    """
    events = next((e for v in known if v.level == 0 and (e := _events(v.value, rows)) is not None), None)
    if events is None:
        return
    drawn = any(_draws(v.value, rows) for v in known)
    for level in sorted({v.level for v in known if v.level > 0}):
        there = [v for v in known if v.level == level]
        indices = [None, *(i for v in there if (i := _index(v.value, rows)) is not None)]
        for variable in there:
            for index in indices:
                length = rows if index is None else _length(variable.value)
                chosen = [_chosen(v.value, length, index) for v in there if v is not variable]
                t = _chosen(variable.value, length, index)
                if t is not None and min(t) >= 0 and len(set(t)) > 2 and events in chosen:
                    yield variable, t, drawn or (index is not None and _order(index.tolist()) == "none")


def _draws(x: object, rows: int) -> bool:
    """Whether this loads so many rows at once, by chance."""
    return isinstance(x, DataLoader) and x.batch_size == rows and isinstance(x.sampler, RandomSampler)


def _events(x: object, rows: int) -> list[float] | None:
    return numbers_of(x, rows) if is_flag(x, rows) else None


def _index(x: object, rows: int) -> Tensor | None:
    if isinstance(x, Tensor) and x.dtype == torch.int64 and x.dim() == 1 and len(x) == rows and int(x.min()) >= 0:
        return x.detach().cpu()
    return None


def _length(x: object) -> int:
    size = x.numel() if isinstance(x, Tensor) else getattr(x, "size", 0)
    return size if isinstance(size, int) else 0  # a module may have a function of that name, as numpy has


def _chosen(x: object, length: int, index: Tensor | None) -> list[float] | None:
    """A number for each row of the batch, of as many numbers as the index may choose from."""
    if index is None or length > MOST_ROWS or int(index.max()) >= length:
        return numbers_of(x, length) if index is None else None
    every = numbers_of(x, length)
    return None if every is None else [every[i] for i in index.tolist()]


def _is_time(variable: Variable) -> bool:
    name = variable.name.lower()
    return bool(TIMES.search(name) or (_is_a_table(variable.value) and LABELS.search(name)))


def _is_a_table(x: object) -> bool:
    return isinstance(x, Tensor) and x.dim() == 2 and x.shape[1] == 2


def _columns(x: object, rows: int) -> list[list[float]]:
    """The two columns of a table (time, event), where this is one."""
    if not isinstance(x, Tensor) or not _is_a_table(x) or len(x) != rows:
        return []
    columns = [numbers_of(x.detach()[:, k], rows) for k in (0, 1)]
    return [c for c in columns if c is not None]


def _has_events(x: object, rows: int) -> bool:
    """Whether this tells of each row whether its time ended with an event."""
    return is_flag(x, rows) or any(set(c) == {0, 1} for c in _columns(x, rows))


def _times(variable: Variable, lengths: set[int]) -> Iterator[list[float]]:
    """What may be times, or ranks: numbers of which none is below 0."""
    for n in lengths:
        columns = _columns(variable.value, n)
        several = len(columns) == 2 and any(set(c) <= {0, 1} for c in columns)
        one = numbers_of(variable.value, n)
        for t in columns if several else [one] if one is not None else []:
            if min(t) >= 0 and len(set(t)) > 2:
                yield t


def _permutation(x: object, rows: int) -> list[int] | None:
    """An index that puts all rows into an order, where this is one."""
    numbers = numbers_of(x, rows) if not isinstance(x, Tensor) or x.dtype == torch.int64 else None
    if numbers is None or any(type(n) is not int for n in numbers):
        return None
    found = [int(n) for n in numbers]
    return found if sorted(found) == [*range(rows)] else None


def _order(t: list[float]) -> Order:
    if all(a >= b for a, b in pairwise(t)):
        return "falling"
    return "rising" if all(a <= b for a, b in pairwise(t)) else "none"


def _places(node: Node | None, rows: int) -> tuple[int, list[int]] | None:
    """How many rows there were before they were put into an order or chosen, and which of them stands where.

    Read from the graph; None where it cannot be.
    """
    steps: list[Tensor | None] = []  # indices, the last one first; None for a flip
    before = rows
    for _ in range(DEEP):
        name = type(node).__name__ if node is not None else ""
        if name.startswith("Flip"):
            steps.append(None)
        elif name.startswith(("Index", "Gather")):
            index = _index_of(node)
            if index is None:
                return None
            steps.append(index)
            before = _rows_before(node)
        elif OF_COLUMNS.match(name):
            if getattr(node, "_saved_dim", 0) not in (1, (1 << 64) - 1, -1):
                return None
        elif not PASSED.match(name):
            if REORDERS.match(name):
                return None
            break
        following = [f for f, _ in node.next_functions if f is not None] if node is not None else []
        if not following:
            break
        node = following[0]
    places = torch.arange(before)
    for index in reversed(steps):
        if index is not None and index.numel() and int(index.max()) >= len(places):
            return None
        places = places.flip(0) if index is None else places[index]
    return (before, places.tolist()) if len(places) == rows else None


def _rows_before(node: object) -> int:
    size, whole = getattr(node, "_saved_self_sym_sizes", None), getattr(node, "_saved_self", None)
    return int(size[0]) if size else len(whole) if isinstance(whole, Tensor) else 0


def _index_of(node: object) -> Tensor | None:
    """The only index with which rows were chosen."""
    one = getattr(node, "_saved_index", None)
    found = [one] if one is not None else getattr(node, "_saved_indices", None)
    if not isinstance(found, tuple | list) or not found or any(i is not None for i in found[1:]):
        return None
    index = found[0]
    if not isinstance(index, Tensor) or index.dim() == 0 or index.numel() != len(index):
        return None
    return index.detach().reshape(-1).cpu()
