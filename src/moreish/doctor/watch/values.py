"""Values of what comes next: what a model gave for data of this step, followed to a target.

`r + gamma * q(s2).max(1).values` is right for all rows but those where the episode is over: nothing comes behind the
end. Whatever could take the next value away there (a product with a number for each row, a choice by a mask,
something written into it) ends the following, so what arrives at a loss has met nothing of the kind.
"""

import re
import weakref
from collections.abc import Iterator
from typing import NamedTuple

from torch import Tensor

from moreish.doctor.frames.noted import Through
from moreish.doctor.watch.arguments import Args, Kwargs, tensors_of
from moreish.doctor.watch.at_hand import at_hand, is_flag

FEWEST_ROWS = 8
MOST_KNOWN = 2048  # tensors of one step
LEVELS = 3  # of the user's functions in which an end of the episode is looked for
ENDS = re.compile(r"done|terminal|terminat|final|ended|over$|fallen|crashed|absorb|^d$|^ends?$|^terms?$")
LIMITS = re.compile(r"trunc|limit|time")
OVER_ACTIONS = {"amax", "sum", "mean", "logsumexp"}
SAME = {"detach", "detach_", "data", "clamp", "clamp_min", "clamp_max"}
OF_ALL = {"minimum", "maximum", "stack", "cat"}
IN_PLACE = re.compile(r"[a-z]_$|^__i[a-z]+__$")


class Value(NamedTuple):
    """What a tensor is: for how many rows, given which data, times which number, and what was added; `masked` is
    whether it was multiplied by a number for each row, and these were all the same.
    """

    rows: int
    given: weakref.ref[Tensor] | None
    factor: float = 1.0
    added: Through | None = None
    masked: bool = False


class Values:
    """The values of one step. Tensors are not kept alive by it."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[weakref.ref[Tensor], int, Value]] = {}
        self.waiting: dict[int, Through] = {}  # by loss: targets of losses that may be weighed row by row

    def of(self, x: object, *, written: int = 0) -> Value | None:
        """What this very tensor is, as long as nothing (but `written` calls) has been written into it."""
        known = self._known.get(id(x))
        if known is None or not isinstance(x, Tensor) or known[0]() is not x:
            return None
        return known[2] if known[1] == x._version - written else None

    def gave(self, args: Args, output: object) -> None:
        """A model, or a copy of one, was called from outside of any other."""
        given = [t for t in args if isinstance(t, Tensor)]
        if not given or not given[0].dim() or len(given[0]) < FEWEST_ROWS:
            return
        if any(is_flag(t, len(given[0])) for t in given):
            return  # it may well take care of the ends by itself
        if len(self._known) > MOST_KNOWN:
            self._known = {k: v for k, v in self._known.items() if v[0]() is not None}
        for y in output if isinstance(output, tuple | list) else (output,):
            if isinstance(y, Tensor) and y.dim() and len(y) == len(given[0]):
                self._keep(y, Value(len(y), weakref.ref(given[0])))

    def called(self, op: str, kind: str, args: Args, kwargs: Kwargs, result: object) -> None:
        """Follow the values among the arguments of a function to its result."""
        if not self._known:
            return
        if kind == "write":
            self._written(args)
            return
        given = tensors_of(args, kwargs)
        written = bool(IN_PLACE.search(op))
        values = [self.of(t, written=int(written and k == 0)) for k, t in enumerate(given)]
        if not any(values):
            return
        value = self._result(op, kind, args, kwargs, given, values)
        if op in ("data", "numpy"):
            self._known.pop(id(given[0]), None)  # whatever is written into the result is not seen here
        if value is None:
            return
        for y in result if isinstance(result, tuple | list) else (result,):
            if isinstance(y, Tensor) and (value.rows in y.shape or y.numel() == value.rows):
                self._keep(y, value)

    def through(self, prediction: Tensor, target: Tensor, inputs: Args) -> Through | None:
        """What was added to the next value in a target that met nothing on the way; None for any other target."""
        value = self.of(target)
        if value is None or value.added is None or target.requires_grad or target.shape[:1] != (value.rows,):
            return None
        ours, theirs = self.of(prediction), value.given() if value.given is not None else None
        same = (ours.given(),) if ours is not None and ours.given is not None else inputs
        if theirs is not None and any(x is theirs for x in same):
            return None  # of the same data: a teacher's
        return value.added

    def forget(self) -> None:
        """Let go of everything."""
        self._known.clear()
        self.waiting.clear()

    def _keep(self, y: Tensor, value: Value) -> None:
        if y.is_floating_point() and not y.is_inference():  # the latter do not count what is written into them
            self._known[id(y)] = weakref.ref(y), y._version, value

    def _written(self, args: Args) -> None:
        """A whole target, with the numbers of other actions around it, is written into a table: a row for each."""
        table, where, what = args if len(args) == 3 else (None, None, None)
        value = self.of(what)
        whole = isinstance(where, tuple) and len(where) == 2 and not any(map(_chooses, where))
        if value is None or value.added is None or not isinstance(table, Tensor) or not whole:
            return
        if table.dim() == 2 and len(table) == value.rows:
            self._keep(table, value)

    def _result(
        self, op: str, kind: str, args: Args, kwargs: Kwargs, given: list[Tensor], values: list[Value | None]
    ) -> Value | None:
        value = next(v for v in values if v is not None)
        others = [t for t, v in zip(given, values, strict=True) if v is None]
        every = not others
        if kind in ("view", "reorder") or op in SAME:
            return value if every else None
        if op in OF_ALL:
            return _together([v for v in values if v is not None]) if every else None
        if kind in ("largest", "least") or op in OVER_ACTIONS:
            return value if every else None
        if kind == "select":
            where = args[1] if op == "__getitem__" else None
            chosen = isinstance(where, Tensor) or (isinstance(where, tuple) and any(map(_chooses, where)))
            return None if chosen or values[0] is None or op == "index_select" else value
        if kind in ("multiply", "divide"):
            return _times(kind, args, value, values, others)
        if kind == "subtract":
            first = values[0] is not None and args[0] is given[0] and not op.startswith(("r", "__r"))
            whole = all(t.numel() == 1 for t in given[1:])  # else it may be what comes behind ends
            return value if first and (value.added is None or whole) else None
        return self._sum(op, kwargs, values, given, others) if kind == "add" else None

    def _sum(
        self, op: str, kwargs: Kwargs, values: list[Value | None], given: list[Tensor], others: list[Tensor]
    ) -> Value | None:
        """Data are added, one number for each row: the reward of the step."""
        value, of = next((v, t) for v, t in zip(values, given, strict=True) if v is not None)
        if not others:
            return value if len(given) == 1 else _together([v for v in values if v is not None])
        data = others[0]
        if data.numel() == 1:
            return value
        if data.requires_grad or len(given) != 2 or data.dim() != of.dim():
            return None
        if data.numel() != value.rows or of.numel() != value.rows:
            return value if value.added is None else None
        overwritten = given[0] if IN_PLACE.search(op) else None
        if overwritten is not of and bool((of.detach() == 0).any()):
            return None  # the model itself ends them
        alpha = kwargs.get("alpha", 1)
        factor = value.factor * alpha if isinstance(alpha, int | float) and of is given[-1] else value.factor
        low, high = (float(v) for v in data.detach().float().aminmax())
        reward = low if low == high and overwritten is not data else None
        added = Through(value.rows, reward, factor, any(_flags(value.rows)), value.masked)
        if value.added is not None:  # a second reward, as a bonus
            before = value.added.reward
            both = None if before is None or reward is None else before + reward
            added = value.added._replace(reward=both, flagged=added.flagged or value.added.flagged)
        return value._replace(added=added)


def _together(values: list[Value]) -> Value | None:
    """What several values are when they lie side by side, or one of them is taken: as good as the worst of them."""
    first = values[0]
    if len({v.rows for v in values}) > 1 or len({v.added is None for v in values}) > 1:
        return None
    added = [v.added for v in values if v.added is not None]
    if not added:
        return first
    rewards = {a.reward for a in added}
    reward = added[0].reward if len(rewards) == 1 else None
    return first._replace(added=added[0]._replace(reward=reward, flagged=any(a.flagged for a in added)))


def _times(kind: str, args: Args, value: Value, values: list[Value | None], others: list[Tensor]) -> Value | None:
    """Times a number: what was added before lies inside. Times probabilities of actions it stays what it is."""
    if sum(v is not None for v in values) > 1 or (kind == "divide" and values[0] is None):
        return None
    if not others:
        number = next((v for v in args if isinstance(v, int | float) and not isinstance(v, bool)), None)
    elif others[0].numel() == 1:
        number = float(others[0].detach())
    elif kind == "multiply" and value.added is None and _is_choice(others[0]):
        return value
    elif kind == "multiply" and value.added is None and others[0].numel() == value.rows:
        low, high = (float(v) for v in others[0].detach().float().aminmax())
        number, value = (low if low == high else 0), value._replace(masked=True)
    else:
        return None
    if not number:
        return None
    return value._replace(factor=value.factor * (number if kind == "multiply" else 1 / number), added=None)


def _is_choice(x: Tensor) -> bool:
    """Whether a tensor has probabilities of actions in each row."""
    x = x.detach()
    if x.dim() < 2 or x.shape[-1] < 2 or x.dtype.is_complex or bool((x < 0).any()):
        return False
    return float((x.float().sum(-1) - 1).abs().amax()) < 1e-3


def _chooses(where: object) -> bool:
    """Whether an index takes some of the rows by a mask."""
    return isinstance(where, Tensor) and not where.is_floating_point() and where.element_size() == 1


def _flags(rows: int) -> Iterator[str]:
    """Names under which the user's code has the ends of these rows at hand: zeros and ones, both of them."""
    for each in at_hand(LEVELS):
        low = each.name.lower()
        if ENDS.search(low) and not LIMITS.search(low) and is_flag(each.value, rows):
            yield each.name
