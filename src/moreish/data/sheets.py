"""Sheets: the table that a JSON value is. Rows are texts, objects or arrays; an object within an object is a path.

["Emma", "Ava"]                                 texts
[{"name": "Emma", "by": {"year": 1880}}, ...]   columns name and by.year
{"name": ["Emma", ...], "count": [3, ...]}      a column for each array
{"name": {"0": "Emma", ...}, "count": ...}      the same as pandas writes it
{"source": "x", "names": [...]}                 the only array that there is, however deep
{"Emma": 3, "Ava": 2}                           columns key and value
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from moreish.data.formats import MOST_ROWS
from moreish.data.tables import Column

Path = tuple[str | int, ...]
DEEPEST = 6  # objects within objects


@dataclass(frozen=True)
class Sheet:
    """Rows and their columns; `looks` is put after "JSON". `named`: whether the columns have names."""

    looks: str
    rows: Sequence[object]
    columns: Sequence[Column]
    named: bool = True


def at(row: object, path: Path) -> object:
    """What stands in a row at the end of a path; None where nothing does."""
    for step in path:
        if isinstance(row, dict):
            row = row.get(step)
        elif isinstance(row, list) and isinstance(step, int) and step < len(row):
            row = row[step]
        else:
            return None
    return row


def sheet_of(value: object, name: str, column: str | None = None) -> Sheet:
    """The table in this JSON value; `column` may name the array that is meant, where an object has several.

    Raises ValueError where there is no list in it, or more than one and none is named.
    """
    match value:
        case list():
            return _of_rows(value, "")
        case dict():
            return _of_object(value, name, column)
        case _:
            raise ValueError(f"{name} is a single JSON value, and no list of items")


def _of_object(value: Mapping[str, object], name: str, column: str | None) -> Sheet:
    arrays = {path: entry for path, entry in _arrays(value)}
    if len(arrays) == 1:
        path, rows = next(iter(arrays.items()))
        return _of_rows(rows, f", the array {'.'.join(path)}")
    tops = {path[0]: entry for path, entry in arrays.items() if len(path) == 1}
    if len(tops) == len(arrays) > 1 and len({len(entry) for entry in tops.values()}) == 1 and not _nested(tops):
        rows = [dict(zip(tops, cells, strict=True)) for cells in zip(*tops.values(), strict=True)]
        return _of_rows(rows, ", an array for each column")
    for path, entry in arrays.items():
        if column is not None and ".".join(path) == column:
            return _of_rows(entry, f", the array {column}", column)
    if arrays:
        listed = ", ".join(f"{'.'.join(path)} ({len(entry):,})" for path, entry in list(arrays.items())[:12])
        raise ValueError(
            f"{name} is a JSON object with several arrays: {listed}. Say which, such as --column {'.'.join(next(iter(arrays)))}"
        )
    entries = list(value.values())
    if entries and all(isinstance(entry, dict) and entry for entry in entries) and _is_frame(value):
        keys = dict.fromkeys(key for entry in entries if isinstance(entry, dict) for key in entry)
        return _of_rows(
            [{name: at(entry, (key,)) for name, entry in value.items()} for key in keys], ", a column for each key"
        )
    plain = [not isinstance(entry, dict) for entry in entries]
    if all(plain) or not any(plain):
        rows = [
            {"key": key, **(entry if isinstance(entry, dict) else {"value": entry})} for key, entry in value.items()
        ]
        return _of_rows(rows, ", an entry for each key")
    raise ValueError(f"{name} is a JSON object without an array in it, and no list of items")


def _arrays(value: object, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], list[object]]]:
    """All arrays in objects within objects that hold texts, numbers or objects."""
    if isinstance(value, list) and value:
        yield path, value
    elif isinstance(value, dict) and len(path) < DEEPEST:
        for key, entry in value.items():
            yield from _arrays(entry, (*path, str(key)))


def _nested(arrays: Mapping[str, list[object]]) -> bool:
    return any(isinstance(cell, list | dict) for entry in arrays.values() for cell in entry)


def _is_frame(value: Mapping[str, object]) -> bool:
    """Whether all entries have the same keys, and these count the rows."""
    keys = [list(entry) for entry in value.values() if isinstance(entry, dict)]
    return all(own == keys[0] for own in keys) and all(key.isdecimal() for key in keys[0])


def _of_rows(rows: Sequence[object], looks: str, alone: str = "") -> Sheet:
    paths: dict[Path, None] = {}
    for row in rows[:MOST_ROWS]:
        paths.update(dict.fromkeys(_paths(row)))
    named = not any(isinstance(step, int) for path in paths for step in path)
    columns = []
    for number, path in enumerate(paths, 1):
        name = ".".join(str(step + 1 if isinstance(step, int) else step) for step in path) or alone or "1"
        columns.append(Column(name, number, path, [_shown(at(row, path)) for row in rows[:MOST_ROWS]]))
    return Sheet(looks, rows, columns, named)


def _paths(row: object, path: Path = ()) -> Iterator[Path]:
    """The way to every cell of a row: texts, numbers and nothing; not what lies in a list within it."""
    if isinstance(row, dict) and len(path) < DEEPEST:
        for key, entry in row.items():
            yield from _paths(entry, (*path, key))
    elif isinstance(row, list) and not path:
        for j, entry in enumerate(row):
            yield from _paths(entry, (j,))
    elif not isinstance(row, list | dict):
        yield path


def _shown(value: object) -> str:
    match value:
        case str():
            return value
        case None | list() | dict():
            return ""
        case _:
            return json.dumps(value)
