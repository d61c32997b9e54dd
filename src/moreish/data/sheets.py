"""Sheets: the table that a JSON value is. Rows are texts, objects or arrays; an object within an object is a path.

["Emma", "Ava"]                                 texts
[{"name": "Emma", "by": {"year": 1880}}, ...]   columns name and by.year
{"name": ["Emma", ...], "count": [3, ...]}      a column for each array
{"name": {"0": "Emma", ...}, "count": ...}      the same as pandas writes it
{"source": "x", "names": [...]}                 the only array that there is, however deep
{"Emma": 3, "Ava": 2}                           columns key and value
{"elves": ["Emma", ...], "dwarves": [...]}      columns key and value too, where each key is to be a kind
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, TypeGuard

from moreish.data.formats import MOST_ROWS
from moreish.data.tables import Column
from moreish.wording import called

Path = tuple[str | int, ...]
DEEPEST = 6  # objects within objects
LEAST_RECORDS, SHARED = 3, 0.9  # of an entry for each key, and of them that have a text or number of one name
MOST_CELLS = 2**21  # looked at, where rows have many different keys
MOST_LISTED = 12  # arrays, in a sentence
KEY, VALUE = "key", "value"  # columns of what has no others


class Terms(NamedTuple):
    """What a format calls its values."""

    format: str
    mapping: str
    array: str

    @property
    def one_array(self) -> str:
        """With its article."""
        return _one(self.array)

    @property
    def one_mapping(self) -> str:
        """With its article."""
        return _one(self.mapping)


def _one(word: str) -> str:
    return f"{'an' if word[0] in 'aeiou' else 'a'} {word}"


JSON, YAML = Terms("JSON", "object", "array"), Terms("YAML", "mapping", "list")


@dataclass(frozen=True)
class Sheet:
    """Rows and their columns; `looks` is put after the name of the format. `named`: whether columns have names.

    within : what is left of the column that was asked for, where it named an array: "name" of "items.name"
    keys_may_be_kinds : whether there are arrays of texts under several keys
    """

    looks: str
    rows: Sequence[object]
    columns: Sequence[Column]
    named: bool = True
    terms: Terms = JSON
    within: Sequence[str | None] = ()
    keys_may_be_kinds: bool = False


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


def spelt(row: object, path: Path) -> Path | None:
    """The way that this one is in a row, whatever the case of its keys; None where there is none."""
    found: list[str | int] = []
    for step in path:
        keys = list(row) if isinstance(row, dict) else []
        fitting = [key for key in keys if key == step] or [
            key for key in keys if str(key).casefold() == str(step).casefold()
        ]
        if len(fitting) != 1:
            return None
        found.append(fitting[0])
        row = at(row, (fitting[0],))
    return None if row is None else tuple(found)


def sheet_of(
    value: object, name: str, column: str | None = None, terms: Terms = JSON, by: str | None = None
) -> Sheet:
    """The table in this value; `column` may name the array that is meant, where an object has several.

    Where `by` is "key" they are all meant, and the key of each is the kind of what stands in it.

    Raises ValueError where there is no list in it, or more than one and none is named.
    """
    match value:
        case list():
            return replace(_of_rows(value, ""), terms=terms)
        case dict():
            return replace(_of_object(value, name, column, terms, by), terms=terms)
        case _:
            raise ValueError(f"{name} is a single {terms.format} value, and no list of items")


def _of_object(value: Mapping[str, object], name: str, column: str | None, terms: Terms, by: str | None) -> Sheet:
    said = f"{name} is a {terms.format} {terms.mapping}"
    arrays = {".".join(path): entry for path, entry in _arrays(value)}
    if column not in arrays and _are_records(value, arrays):
        return _of_entries(value)
    if len(arrays) == 1:
        path, rows = next(iter(arrays.items()))
        return _of_rows(rows, f", the {terms.array} {path}", path)
    if len(arrays) > 1 and by == KEY and KEY not in arrays:
        return _of_kinds(arrays, terms)
    if len(arrays) > 1 and _are_columns(arrays, value):
        rows = [dict(zip(arrays, cells, strict=True)) for cells in zip(*arrays.values(), strict=True)]
        sheet = _of_rows(rows, f", {terms.one_array} for each column")
        return replace(sheet, keys_may_be_kinds=all(column.has_texts for column in sheet.columns))
    if column in arrays:
        sheet = _of_rows(arrays[column], f", the {terms.array} {column}", column)
        return replace(sheet, within=(None,)) if any(isinstance(row, dict) for row in arrays[column]) else sheet
    sheets = {path: _of_rows(rows, f", the {terms.array} {path}", path) for path, rows in arrays.items()}
    tables = {path: sheet for path, sheet in sheets.items() if sheet.named and isinstance(sheet.rows[0], dict)}
    inside = [replace(s, within=(rest,)) for path, s in tables.items() if (rest := _within(column, path, s))]
    if len(inside) == 1:
        return inside[0]
    if arrays:
        listed = ", ".join(f"{path} ({len(entry):,})" for path, entry in list(arrays.items())[:MOST_LISTED])
        texts = (f"{path}.{c.name}" for path, sheet in tables.items() for c in sheet.columns if c.has_texts)
        say = f"Say which, such as {called('column', next(texts, next(iter(arrays))))}"
        raise ValueError(f"{said} with several {terms.array}s: {listed}. {say}, or {of_each_key(terms)}")
    entries = list(value.values())
    inner = [entry for entry in entries if isinstance(entry, dict)]
    if inner and len(inner) == len(entries) and _is_frame(inner):
        rows = [{key: entry.get(row) for key, entry in zip(value, inner, strict=True)} for row in inner[0]]
        return _of_rows(rows, ", rows by their number in each column")
    if len(inner) in (0, len(entries)):
        return _of_entries(value)
    raise ValueError(f"{said} without {terms.one_array} in it, and no list of items")


def _of_kinds(arrays: Mapping[str, list[object]], terms: Terms) -> Sheet:
    """The rows of all arrays, with the key of each beside its own."""
    rows = [
        {KEY: key, **(row if isinstance(row, dict) else {VALUE: row})} for key, each in arrays.items() for row in each
    ]
    return _of_rows(rows, f", {terms.one_array} for each kind")


def of_each_key(terms: Terms) -> str:
    """How to read all arrays of an object."""
    return f"{called('by', KEY)}, if the key of each {terms.array} is a kind"


def _within(column: str | None, path: str, sheet: Sheet) -> str | None:
    """The name of the column of this array that is meant: `name`, or `items.name`; None where it has none."""
    rest = None if column is None else column.removeprefix(f"{path}.")
    return rest if any(each.name == rest for each in sheet.columns) else None


def _of_entries(value: Mapping[str, object]) -> Sheet:
    rows = [{KEY: key, **(e if isinstance(e, dict) else {VALUE: e})} for key, e in value.items()]
    return _of_rows(rows, ", an entry for each key")


def _are_records(value: Mapping[str, object], arrays: Mapping[str, list[object]]) -> bool:
    """Whether each key has a record, most with a text or number of one name, and the arrays in them are short."""
    records = [entry for entry in value.values() if isinstance(entry, dict)]
    if len(records) < max(len(value), LEAST_RECORDS) or max(map(len, arrays.values()), default=0) > len(records):
        return False
    flat = Counter(key for each in records for key, cell in each.items() if not isinstance(cell, list | dict))
    return bool(arrays) and max(flat.values(), default=0) >= SHARED * len(records)


def _are_columns(arrays: Mapping[str, list[object]], value: Mapping[str, object]) -> bool:
    """Whether these arrays of texts and numbers, none within another object, are as long as each other."""
    flat = not any(isinstance(cell, list | dict) for entry in arrays.values() for cell in entry)
    return flat and arrays.keys() <= value.keys() and len({len(entry) for entry in arrays.values()}) == 1


def _arrays(value: object, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], list[object]]]:
    """All arrays in objects within objects that hold texts, numbers or objects."""
    if isinstance(value, list) and value:
        yield path, value
    elif isinstance(value, dict) and len(path) < DEEPEST:
        for key, entry in value.items():
            yield from _arrays(entry, (*path, str(key)))


def _is_frame(columns: Sequence[Mapping[str, object]]) -> bool:
    """Whether all have the same keys, and these count the rows: as pandas writes a table."""
    same = all(list(column) == list(columns[0]) for column in columns)
    return same and bool(columns[0]) and all(key.isdecimal() for key in columns[0])


def _of_rows(rows: Sequence[object], looks: str, alone: str = "") -> Sheet:
    texts, lists = Counter[Path](), Counter[Path]()
    for row in rows[:MOST_ROWS]:
        for path in _paths(row):
            value = at(row, path)
            (lists if isinstance(value, list) else texts)[path] += value is not None
    several = {path for path, n in lists.items() if n > texts[path]}
    paths = dict.fromkeys([*texts, *lists])
    named = not any(isinstance(step, int) for path in paths for step in path)
    columns, looked_at = [], rows[: min(MOST_ROWS, max(1, MOST_CELLS // max(1, len(paths))))]
    for number, path in enumerate(paths, 1):
        name = ".".join(str(step + 1 if isinstance(step, int) else step) for step in path) or alone or "1"
        cells = [_shown(at(row, path)) for row in looked_at]
        columns.append(Column(name, number, path, cells, path in several))
    return Sheet(looks, rows, columns, named)


def _paths(row: object, path: Path = ()) -> Iterator[Path]:
    """The way to every cell of a row: texts, numbers and nothing, and lists of texts within it; no other lists."""
    if isinstance(row, dict) and len(path) < DEEPEST:
        for key, entry in row.items():
            yield from _paths(entry, (*path, key))
    elif isinstance(row, list) and not path:
        for j, entry in enumerate(row):
            yield from _paths(entry, (j,))
    elif not isinstance(row, list | dict) or (row and are_cells(row)):
        yield path


def are_cells(value: object) -> TypeGuard[list[str | float | None]]:
    """Whether this is a list of texts, numbers and nothing."""
    return isinstance(value, list) and not any(isinstance(each, list | dict) for each in value)


def _shown(value: object) -> str:
    match value:
        case str():
            return value
        case list():
            return ", ".join(map(_shown, value)) if are_cells(value) else ""
        case None | dict():
            return ""
        case _:
            return json.dumps(value)


def path_of(column: Column | None) -> Path | None:
    """The way to its cells."""
    return column.key if column is not None and not isinstance(column.key, int) else None


def cell_at(row: object, path: Path | None, where: str, terms: Terms, option: str = "") -> str:
    """The text in a row. Raises ValueError, which begins with where it is, for a list or a record in its place.

    option : that asked for it, if it says something of an item and is not the item
    """
    if path is None:
        return ""
    value = at(row, path)
    if not isinstance(value, list | dict):
        return text_in(value)
    place = f"its {'.'.join(map(str, path))}" if path else "it"
    kind = "a list" if isinstance(value, list) else terms.one_mapping
    if isinstance(value, list) and not are_cells(value):
        kind = f"a list of {'lists' if isinstance(value[0], list) else terms.mapping + 's'}"
    if option:
        raise ValueError(f"{where}: {place} is {kind}, and {called(option)} wants one value for an item")
    raise ValueError(
        f"{where}: {place} is {kind}, where the others have texts; mend it, or take the items from another column"
    )


def text_in(value: object) -> str:
    """A value as an item's text: nothing is none."""
    return value if isinstance(value, str) else "" if value is None else json.dumps(value)
