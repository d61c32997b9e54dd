"""JSON: which files are an array, an object or an object a line, and the values in them.

A file of which nearly all lines are objects is one of an object a line, and the others are its mistakes.
"""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from moreish.data.faults import as_it_stands

LINES_SUFFIXES = (".jsonl", ".ndjson")
FIRST_VALUES = 3  # of an array that is longer than what is looked at
OBJECT = re.compile(r'\s*\{\s*"([^"\\]|\\.)*"\s*:')
LEAST_OBJECTS, MOSTLY = 3, 0.9  # lines that begin as objects do, and their share of all
HALF = 0.5  # the same in a file whose name says what it is


@dataclass(frozen=True)
class JsonLines:
    """One JSON value a line; `rows` are those that were looked at."""

    rows: Sequence[object]


@dataclass(frozen=True)
class Json:
    """One JSON value: all of the file."""


def parsed(text: str) -> object:
    """The JSON value that this is. Raises ValueError where it is none, or nested too deep."""
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deep") from None


def recognised(text: str, lines: Sequence[str], whole: bool, suffix: str) -> JsonLines | Json | None:
    """An array, an object, or one object a line. `lines` are the first of the text, none of them blank."""
    opens, named = text[:1] in ("[", "{"), suffix in LINES_SUFFIXES
    nearly = _nearly_all_objects(lines, HALF if named else MOSTLY)
    if not opens and not nearly:
        return None
    rows = [value for value in map(_value, lines) if value is not None]
    objects = len(rows) > 1 and all(isinstance(row, dict) and row for row in rows)
    if len(rows) == len(lines) and (objects or named):
        return JsonLines(rows)
    if opens and whole and (value := _value(text)) is not None:
        few = isinstance(value, list) and len(value) < 2 and not any(isinstance(v, dict | str) for v in value)
        return None if few and not holds_nothing(value) else Json()
    if (nearly and not (text[:1] == "[" and _value(lines[0]) is None)) or (named and opens):
        return JsonLines(rows)
    if opens and (suffix == ".json" or nearly or (not whole and (_begins_array(text) or OBJECT.match(text)))):
        return Json()
    return None


def _nearly_all_objects(lines: Sequence[str], share: float) -> bool:
    """Whether so many lines begin as objects do, or all but one."""
    n = sum(OBJECT.match(line) is not None for line in lines)
    return n >= LEAST_OBJECTS and (n >= share * len(lines) or n >= len(lines) - 1)


def holds_nothing(value: object) -> bool:
    """Whether a JSON value is an array or object with nothing in it, but for others of the kind."""
    each = value.values() if isinstance(value, dict) else value
    return isinstance(each, Iterable) and not isinstance(each, str) and all(map(holds_nothing, each))


def _value(text: str) -> list[object] | dict[str, object] | None:
    """The list or object that this JSON is; None where it is neither."""
    try:
        value = parsed(text)
    except ValueError:
        return None
    return value if isinstance(value, list | dict) else None


def _begins_array(text: str) -> bool:
    """Whether an array begins here, of texts or objects."""
    decoder, at = json.JSONDecoder(), 0
    for _ in range(FIRST_VALUES):
        if text[at : at + 1] not in ("[", ","):
            return False
        at = re.compile(r"\s*").match(text, at + 1).end()  # pyright: ignore[reportOptionalMemberAccess]
        try:
            value, at = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            return False
        if not isinstance(value, str | dict):
            return False
        at = re.compile(r"\s*").match(text, at).end()  # pyright: ignore[reportOptionalMemberAccess]
    return True


def value_in(name: str, texts: Iterable[str]) -> object:
    """The JSON value that these pieces are. Raises ValueError where they are none."""
    try:
        return parsed("".join(texts))
    except json.JSONDecodeError as error:
        why = f"{_why(error)} (line {error.lineno:,}, column {error.colno:,})"
        raise ValueError(f"{name} looks like JSON, but {why}; {as_it_stands()}") from None
    except ValueError as error:
        raise ValueError(f"{name} looks like JSON, but {error}; {as_it_stands()}") from None


def values_in(name: str, lines: Iterable[str]) -> Iterator[tuple[int, object]]:
    """The value of each line that is not blank, and its number. Raises ValueError for a line that is none."""
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            yield number, parsed(line.rstrip())
        except ValueError as error:
            why = f"{_why(error)} (column {error.colno:,})" if isinstance(error, json.JSONDecodeError) else str(error)
            raise ValueError(
                f"{name}, line {number:,}: is no JSON, as each line of JSON lines is: {why}; {as_it_stands()}"
            ) from None


def _why(error: json.JSONDecodeError) -> str:
    return f"{error.msg[:1].lower()}{error.msg[1:]}"


def all_of_a_kind(name: str, place: str, values: Iterable[tuple[int, object]]) -> Iterator[tuple[int, object]]:
    """The same values. Raises ValueError for what is no object where the first is one, or the other way round."""
    first: bool | None = None
    for number, value in values:
        if value is not None:
            is_object = isinstance(value, dict)
            if first is None:
                first = is_object
            elif first is not is_object:
                odd = "no object, as the others are" if first else "an object among texts"
                raise ValueError(f"{name}, {place} {number:,}: is {odd}; mend it, or take it out")
        yield number, value
