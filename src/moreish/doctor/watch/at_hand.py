"""What the user's code has at hand where it calls a function: its variables, by name."""

import sys
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from torch import Tensor

MOST_PARTS = 32  # of what may be a batch


class Variable(NamedTuple):
    """A variable of the user's code, or a part of one that is a batch; `level` is 0 in the innermost function, and
    `given` is whether the function got it from outside.
    """

    name: str
    value: object
    level: int
    function: str
    given: bool = False


def at_hand(levels: int) -> Iterator[Variable]:
    """The variables of so many of the user's functions, from the innermost one on, and the parts of batches."""
    frame: Any = sys._getframe(1)
    level = 0
    while frame is not None and level < levels:
        if frame.f_globals.get("__name__", "").partition(".")[0] not in ("moreish", "torch"):
            code = frame.f_code
            given = {*code.co_varnames[: code.co_argcount + code.co_kwonlyargcount], *code.co_freevars}
            for name, value, whole in _named({k: v for k, v in [*frame.f_locals.items()] if _answers(v)}):
                yield Variable(name, value, level, code.co_name, whole in given)
            level += 1
        frame = frame.f_back


def _answers(x: object) -> bool:
    """Whether a stranger's object may be asked what it is: some raise whatever they are asked."""
    try:
        return hasattr(x, "tolist") or hasattr(x, "__dict__") or not isinstance(x, Tensor)
    except Exception:
        return False


def is_flag(x: object, rows: int) -> bool:
    """Whether this is a zero or a one for each row, and there are both."""
    numbers = numbers_of(x, rows)
    return numbers is not None and set(numbers) == {0, 1}


def numbers_of(x: object, rows: int) -> list[float] | None:
    """The numbers of a tensor, an array or a list that has one for each row; None for anything else."""
    if isinstance(x, Tensor):
        if x.numel() != rows or x.requires_grad:
            return None
        numbers: object = x.detach().reshape(-1).tolist()
    elif isinstance(x, tuple | list):
        numbers = list(x) if len(x) == rows else None
    elif hasattr(x, "tolist") and getattr(x, "size", None) == rows:  # of numpy
        numbers = x.reshape(-1).tolist()  # pyright: ignore[reportAttributeAccessIssue]
    else:
        return None
    if not isinstance(numbers, list) or len(numbers) != rows:
        return None
    return numbers if all(isinstance(n, bool | int | float) for n in numbers) else None


def _named(found: Mapping[str, object]) -> Iterator[tuple[str, object, str]]:
    """Variables, and the parts of those that are a batch (a dict, a tuple with names, a dataclass) with its name."""
    for name, x in list(found.items()):
        if name.startswith("__"):
            continue
        yield name, x, name
        if isinstance(x, dict):
            parts: Any = x
        elif isinstance(x, tuple) and hasattr(x, "_asdict"):
            parts = x._asdict()  # pyright: ignore[reportAttributeAccessIssue]
        elif hasattr(type(x), "__dataclass_fields__"):
            parts = vars(x) if hasattr(x, "__dict__") else {}
        else:
            continue
        if len(parts) <= MOST_PARTS:
            yield from ((part, v, name) for part, v in parts.items() if isinstance(part, str))
