"""Every option declared once: a dataclass field with its default, its range and its help.

    @dataclass(frozen=True)
    class TrainOptions:
        lr: float = option(1e-3, "learning rate at its highest", above=0)

The same declaration gives the flag, the `--set train.lr=0.01` key, the TOML key, the line in `config.json`, the help
text and the error message.
"""

import dataclasses
import difflib
import json
import sys
import types
import typing
from collections.abc import Iterable, Mapping
from typing import Any, Literal, TypeVar, get_args, get_origin

T = TypeVar("T")
Setting = str | int | float | None
"""What an option is given in Python."""
LONGEST_SHOWN = 100  # characters of a wrong value in a sentence
LARGEST = sys.float_info.max


def option(
    default: Any,
    help: str,
    *,
    low: int | float | None = None,
    high: int | float | None = None,
    above: int | float | None = None,
    below: int | float | None = None,
) -> Any:
    """A dataclass field: `low <= value <= high`, or `above < value < below`, and one phrase of help.

    Choices are written as the field's type: `split: Literal["hash", "lecture"]`.
    """
    limits = {"low": low, "high": high, "above": above, "below": below}
    return dataclasses.field(default=default, metadata={"help": help, **limits})


def did_you_mean(word: str, known: Iterable[str], where: str = "") -> str:
    """`; did you mean "x"?` for the nearest known word, or the list of them all; `where` is put before each."""
    known = sorted(known)
    near = difflib.get_close_matches(word, known, n=1)
    return f'; did you mean "{where}{near[0]}"?' if near else f"; known: {', '.join(where + k for k in known)}"


def build(cls: type[T], values: Any, where: str = "", base: T | None = None) -> T:
    """An instance of the dataclass `cls` from plain values; `base` gives what `values` leaves out.

    Raises ValueError for an unknown key, a wrong type or a value out of range; `where` is the dotted place
    ("train.") that the message starts with.
    """
    if not isinstance(values, Mapping):
        raise ValueError(f"{where.removesuffix('.') or 'this'} is a section with options of its own, not a value")
    hints = typing.get_type_hints(cls)
    fields = {f.name: f for f in dataclasses.fields(typing.cast(Any, cls))}
    built = {}
    for key, value in values.items():
        if key not in fields:
            raise ValueError(f'there is no option "{where}{key}"{did_you_mean(key, fields, where)}')
        kind = hints[key]
        if dataclasses.is_dataclass(kind) and isinstance(value, Mapping):
            built[key] = build(typing.cast(type, kind), value, f"{where}{key}.", getattr(base, key, None))
        else:
            built[key] = _checked(value, kind, fields[key].metadata, f"{where}{key}")
    return dataclasses.replace(typing.cast(Any, base), **built) if base is not None else cls(**built)


def to_dict(config: Any) -> dict[str, Any]:
    """The options as plain values, ready for JSON; tuples become lists."""
    return json.loads(json.dumps(dataclasses.asdict(config)))


def parse_assignments(assignments: Iterable[str]) -> dict[str, Any]:
    """`["model.n_hidden=300", "seed=2"]` as nested plain values. Raises ValueError where there is no `=`."""
    nested: dict[str, Any] = {}
    for assignment in assignments:
        key, equals, text = assignment.partition("=")
        if not equals or not key.strip():
            raise ValueError(f'"{assignment}" is not of the form section.option=value')
        *path, last = key.strip().split(".")
        inner = nested
        for part in path:
            inner = inner.setdefault(part, {})
            if not isinstance(inner, dict):
                raise ValueError(f'"{assignment}": {part} is an option, not a section')
        inner[last] = _literal(text.strip())
    return nested


def merge(*layers: Mapping[str, Any]) -> dict[str, Any]:
    """Nested mappings laid over one another; the later one wins."""
    merged: dict[str, Any] = {}
    for layer in layers:
        for key, value in layer.items():
            old = merged.get(key)
            merged[key] = merge(old, value) if isinstance(old, Mapping) and isinstance(value, Mapping) else value
    return merged


def _literal(text: str) -> Any:
    """JSON where it is JSON (numbers, true, null, lists), else the text itself."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _checked(value: Any, kind: Any, limits: Mapping[str, Any], name: str) -> Any:
    for candidate in get_args(kind) if get_origin(kind) in (typing.Union, types.UnionType) else (kind,):
        fitted = _fit(value, candidate)
        if fitted is not _MISFIT:
            return _within(fitted, limits, name)
    raise ValueError(f"{name} is {_describe(kind)}, not {_shortened(value)}")


def _shortened(value: Any) -> str:
    """As JSON, cut where it is long."""
    try:
        text = json.dumps(value, ensure_ascii=False, default=str)
    except (ValueError, RecursionError):  # a whole number of thousands of digits, or a list in a list in a list
        text = f"a {type(value).__name__} that is too large to show"
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}..."


_MISFIT = object()


def _fit(value: Any, kind: Any) -> Any:
    """`value` as the type `kind`, or _MISFIT. An int serves as a float, a list as a tuple; a bool is not a number."""
    origin = get_origin(kind)
    if kind in (None, type(None)):
        return None if value is None or value == "none" else _MISFIT
    if origin is Literal:
        return value if value in get_args(kind) else _MISFIT
    if origin is tuple:
        if not isinstance(value, list | tuple):
            return _MISFIT
        parts = [_fit(v, get_args(kind)[0]) for v in value]
        return _MISFIT if any(p is _MISFIT for p in parts) else tuple(parts)
    if isinstance(value, bool):
        return value if kind is bool else _MISFIT
    if kind is float and isinstance(value, int | float):
        return float(value) if -LARGEST <= value <= LARGEST else _MISFIT  # NaN, infinity, 10**400
    if kind is int and isinstance(value, int):
        return value if abs(value) < 2**63 else _MISFIT
    if kind is str and isinstance(value, int | float):
        return _shortened(value)
    return value if isinstance(kind, type) and isinstance(value, kind) else _MISFIT


def _within(value: Any, limits: Mapping[str, Any], name: str) -> Any:
    low, high, above, below = (limits.get(k) for k in ("low", "high", "above", "below"))
    for v in value if isinstance(value, tuple) else (value,):
        if isinstance(v, bool) or not isinstance(v, int | float):
            continue
        fits = (
            (low is None or v >= low)
            and (high is None or v <= high)
            and (above is None or v > above)
            and (below is None or v < below)
        )
        if not fits:  # a NaN fits no limit
            bounds = [("at least", low), ("more than", above), ("at most", high), ("less than", below)]
            wanted = " and ".join(f"{word} {_shown(bound)}" for word, bound in bounds if bound is not None)
            raise ValueError(f"{name} is {_shown(v)}, but must be {wanted}")
    return value


def _shown(number: float) -> str:
    return f"{number:,}" if isinstance(number, int) else f"{number:g}"


def _describe(kind: Any) -> str:
    origin = get_origin(kind)
    if origin is Literal:
        return "one of " + ", ".join(str(a) for a in get_args(kind))
    if origin in (typing.Union, types.UnionType):
        return " or ".join(_describe(a) for a in get_args(kind))
    if origin is tuple:
        return f"a list, each {_describe(get_args(kind)[0])}"
    names = {bool: "true or false", int: "a whole number", float: "a number", str: "text", type(None): "none"}
    return names.get(kind, str(kind))
