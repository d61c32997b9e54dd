"""Formats that are no list: JSON, a CSV with a header, or all items on one line. Each is recognised and refused.

Read as a list they would train without a complaint, on brackets and commas. The sentence says what the file looks
like and gives a command that makes a list of it. A list whose items have commas ("Smith, John") is none of them.
"""

import csv
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

HEADERS = {
    "age", "category", "city", "code", "count", "country", "date", "description", "email", "first_name",
    "firstname", "freq", "frequency", "gender", "id", "item", "label", "language", "last_name", "lastname",
    "lat", "latitude", "lon", "longitude", "name", "names", "number", "population", "price", "rank", "sex",
    "state", "surname", "text", "title", "type", "url", "value", "word", "words", "year",
}  # fmt: skip
"""Words that a column is called, and that are hardly the first item of a list together with others."""

SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs"}
LEAST_ROWS = 3  # a header and two more
MOST_ROWS = 1000  # looked at
LEAST_ITEMS = 3  # on one line
LONGEST_ITEM = 60  # characters, on average: prose has longer stretches between commas
NUMBER = re.compile(r"\s*[-+]?\d[\d_ ]*([.,]\d+)?\s*%?\s*")


def refuse_other_formats(source: str | Path, head: bytes, whole: bool, encoding: str = "utf-8") -> None:
    """Raises ValueError where the file, of which `head` is the beginning, looks like one of these formats.

    whole : whether `head` is all of it
    """
    try:
        text = head.decode(encoding, "ignore").removeprefix("\ufeff").strip()
    except (LookupError, UnicodeError):
        return  # no such encoding, or another: the decoder says so
    lines = text.splitlines() if whole else text.splitlines()[:-1] or [text]
    found = _json(text, lines, whole) or _one_line(lines, whole) or _csv(lines[:MOST_ROWS])
    if found is None:
        return
    looks, code = found
    name = "standard input" if str(source) == "-" else str(source)
    file = "open(0)" if str(source) == "-" else f"open({str(source)!r}, encoding={encoding!r})"
    to = "items.txt" if str(source) == "-" else f"{Path(source).stem}-items.txt"
    raise ValueError(
        f"{name} looks like {looks}, and a list has one item a line. This makes a list of it: "
        f'python -c "{code.replace("FILE", file)}" > {to} (if its lines are the items as they stand, say '
        "--set data.recognise=false)"
    )


def _json(text: str, lines: Sequence[str], whole: bool) -> tuple[str, str] | None:
    """An array, an object, or one object a line."""
    if text[:1] not in ("[", "{"):
        return None
    if whole and (value := _parsed(text)) is not None:
        return _array(value) if isinstance(value, list) else _object(value)
    if not whole and re.match(r'\[\s*("([^"\\]|\\.)*"\s*,\s*){3}', text):
        return "a JSON array", "import json; print(*json.load(FILE), sep='\\n')"
    rows = [_parsed(line) for line in lines[:MOST_ROWS]]
    if len(rows) > 1 and all(isinstance(row, dict) and row for row in rows):
        key = _text_key(rows[0])
        return "JSON, an object a line", f"import json; [print(json.loads(line)[{key!r}]) for line in FILE]"
    return None


def _array(values: list[Any]) -> tuple[str, str] | None:
    if len(values) < 2 and not any(isinstance(value, dict | str) for value in values):
        return None
    if values and all(isinstance(value, dict) and value for value in values):
        key = _text_key(values[0])
        code = f"import json; [print(row[{key!r}]) for row in json.load(FILE)]"
        return f"a JSON array of {len(values):,} objects", code
    return f"a JSON array of {len(values):,} values", "import json; print(*json.load(FILE), sep='\\n')"


def _object(value: dict[str, Any]) -> tuple[str, str] | None:
    if not value:
        return None
    inner = next((key for key, entry in value.items() if isinstance(entry, list)), None)
    what = "json.load(FILE)" if inner is None else f"json.load(FILE)[{inner!r}]"
    return "a JSON object", f"import json; print(*{what}, sep='\\n')"


def _one_line(lines: Sequence[str], whole: bool) -> tuple[str, str] | None:
    """All items between commas, or semicolons, on the only line that there is."""
    if len(lines) != 1:
        return None
    for separator in (";", ","):
        items = lines[0].strip(separator).split(separator)
        short = sum(map(len, items)) <= LONGEST_ITEM * len(items)
        if len(items) >= LEAST_ITEMS and short and all(item.strip() for item in items[: None if whole else -1]):
            looks = f"{len(items):,} items between {SEPARATORS[separator]} on a single line"
            return looks, f"print(*FILE.read().strip().split({separator!r}), sep='\\n')"
    return None


def _csv(lines: Sequence[str]) -> tuple[str, str] | None:
    """Rows of as many cells as the first has, which names the columns."""
    for separator in SEPARATORS:
        if len(lines) < LEAST_ROWS or separator not in lines[0]:
            continue
        try:
            header, *rows = csv.reader(lines, delimiter=separator, strict=True)
        except csv.Error:
            continue
        if not all(len(row) == len(header) for row in rows) or not _names_columns(header, rows):
            continue
        words = [column for j, column in enumerate(header) if not _numeric([row[j] for row in rows])]
        column, dialect = (words or header)[0], "" if separator == "," else f", delimiter={separator!r}"
        code = f"import csv; [print(row[{column!r}]) for row in csv.DictReader(FILE{dialect})]"
        return f"CSV with the columns {', '.join(header)}", code
    return None


def _names_columns(header: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    """Whether the first row is a header: no numbers, no cell twice, and above numbers or known by name.

    Names with commas have a space after each ("Smith, John"), so a cell that begins with one is no column's name.
    """
    cells = [cell.strip().lower() for cell in header]
    if any(cell != cell.lstrip() for cell in header) or len(set(cells)) < len(cells) or not all(cells):
        return False
    if any(NUMBER.fullmatch(cell) for cell in cells):
        return False
    columns = [[row[j] for row in rows] for j in range(len(header))]
    known = any(re.sub(r"[ -]", "_", cell) in HEADERS for cell in cells)
    return known or any(map(_numeric, columns))


def _numeric(cells: Sequence[str]) -> bool:
    """Whether a column holds numbers, or nothing."""
    filled = [cell for cell in cells if cell.strip()]
    return len(filled) > 1 and all(NUMBER.fullmatch(cell) for cell in filled)


def _parsed(text: str) -> Any:
    """The list or object that this JSON is; None where it is neither."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, list | dict) else None


def _text_key(row: dict[str, Any]) -> str:
    """The key that holds the text, by the look of the first."""
    return next((key for key, value in row.items() if isinstance(value, str)), next(iter(row)))
