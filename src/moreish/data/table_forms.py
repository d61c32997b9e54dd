"""Table forms: which lines are the rows of a table, and whether the first names its columns."""

import csv
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from moreish.data.tables import ITEM_WORDS, is_value, plain_name

if TYPE_CHECKING:
    import _csv

HEADERS = {
    "age", "category", "city", "code", "count", "country", "date", "description", "email", "first_name",
    "firstname", "freq", "frequency", "gender", "id", "item", "label", "language", "last_name", "lastname",
    "lat", "latitude", "lon", "longitude", "name", "names", "number", "population", "price", "rank", "sex",
    "state", "surname", "text", "title", "type", "url", "value", "word", "words", "year",
}  # fmt: skip
"""Words that a column is called, and that are hardly the first item of a list together with others."""

SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "upright strokes"}
TABLE_SUFFIXES = (".csv", ".tsv", ".tab")
LEAST_ROWS = 3  # a header and two more
LEAST_NAMELESS = 5  # rows of a table that no row names the columns of
MOSTLY = 0.9  # rows of the first one's length, where that names the columns: the others are mistakes, told as such
HALF = 0.5  # the same where the file's name or tabs say that it is a table
MOST_TITLES = 10  # lines above a header
SAID = re.compile(r'"?sep=(?P<separator>[^"\r\n])"?[,;\t]*', re.IGNORECASE)
"""The line with which Excel begins a file: what stands between its cells."""


@dataclass(frozen=True)
class Table:
    """Rows of cells. `rows` are those that were looked at, without the header that names the columns, if any.

    quoted : whether a cell may stand in quotes, and then have separators and line ends in it
    spaced : whether a blank follows each separator
    quote : what these quotes are
    above : lines before its rows
    markdown : whether it is drawn with upright strokes, also at its sides
    """

    separator: str
    header: tuple[str, ...] | None
    rows: Sequence[Sequence[str]]
    quoted: bool = True
    spaced: bool = False
    quote: str = '"'
    above: int = 0
    markdown: bool = False

    @property
    def width(self) -> int:
        """How many columns."""
        return len(self.header or self.rows[0])


@dataclass(frozen=True)
class Deck(Table):
    """An export of Anki: a table whose columns are named above it. `html`: whether there are tags in its cells."""

    html: bool = False


def table_in(lines: Sequence[str], cut: bool, suffix: str, columns: Sequence[str]) -> Table | None:
    """The table that these lines are, none of them blank; the last may be cut. `above` counts such lines."""
    for separator in SEPARATORS:
        if found := _below_titles(lines, cut, separator, suffix, columns):
            return found
    for separator in SEPARATORS:
        if not any(separator in line for line in lines[:LEAST_ROWS]):
            continue
        quote = "'" if _in_single_quotes(lines, separator) else '"'
        for quoted, spaced in ((True, False), (False, False) if separator == "\t" else (True, True)):
            rows = cells_in(lines, cut, separator, quoted, spaced, quote)
            if rows and len(rows[0]) > 1 and (found := as_table(rows, separator, spaced, suffix, columns)):
                return Table(separator, *found, quoted, spaced, quote)
    return _one_column(lines, cut, suffix, columns)


def said_table(lines: Sequence[str], cut: bool, columns: Sequence[str]) -> Table | None:
    """A table whose first line says what stands between its cells."""
    found = SAID.fullmatch(lines[0].strip()) if lines else None
    if found is None:
        return None
    separator, lines = found["separator"], lines[1:]
    for quoted in (True, False):
        if rows := cells_in(lines, cut, separator, quoted):
            header, rest = as_table(rows, separator, False, ".csv", columns) or (None, rows)
            return Table(separator, header, rest, quoted, above=1)
    return None


def _below_titles(
    lines: Sequence[str], cut: bool, separator: str, suffix: str, columns: Sequence[str]
) -> Table | None:
    """A table with a header, and above that lines with a single cell that is not empty."""
    titles = 0
    for line in lines[: MOST_TITLES + 1]:
        row = next(iter(cells_in([line], True, separator) or [[]]))
        if sum(bool(cell.strip()) for cell in row) > 1:
            break
        titles += 1
    if not 0 < titles <= MOST_TITLES or len(lines) < titles + LEAST_NAMELESS:
        return None
    rows = cells_in(lines[titles:], cut, separator)
    found = as_table(rows, separator, False, suffix, columns) if rows else None
    return Table(separator, *found, above=titles) if found and found[0] is not None else None


def _in_single_quotes(lines: Sequence[str], separator: str) -> bool:
    """Whether every cell of the first rows stands in single quotes."""
    cells = [cell.strip() for line in lines[:LEAST_ROWS] for cell in line.split(separator)]
    return all(len(cell) > 1 and cell[0] == cell[-1] == "'" for cell in cells)


def cells_in(
    lines: Sequence[str], cut: bool, separator: str, quoted: bool = True, spaced: bool = False, quote: str = '"'
) -> list[list[str]] | None:
    """The rows that are not empty; None where this is no CSV. The last may be cut."""
    rows = []
    reader = reader_of(lines, separator, quoted, spaced, quote)
    try:
        rows.extend(row for row in reader if any(cell.strip() for cell in row))
    except csv.Error:
        if not cut or reader.line_num < len(lines):
            return None
    return rows


def reader_of(lines: Iterable[str], separator: str, quoted: bool, spaced: bool, quote: str = '"') -> "_csv.Reader":
    """The standard library's reader, which raises csv.Error for quotes that are wrong."""
    quoting = csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE
    return csv.reader(
        lines, delimiter=separator, quoting=quoting, skipinitialspace=spaced, strict=True, quotechar=quote
    )


Rows = list[list[str]]


def as_table(
    rows: Rows, separator: str, spaced: bool, suffix: str, columns: Sequence[str]
) -> tuple[tuple[str, ...] | None, Rows] | None:
    """The header, or None, and the other rows, if they are a table.

    Names with commas have a space after each ("Smith, John"): such rows are one where all says so.
    """
    first, rest = rows[0], rows[1:]
    fitting = [row for row in rest if len(row) == len(first)]
    even = len(fitting) == len(rest)
    called_so = suffix in TABLE_SUFFIXES and not spaced
    share = HALF if called_so or separator == "\t" else MOSTLY
    mostly = even or (len(fitting) >= share * len(rest) and len(rows) >= LEAST_NAMELESS)
    header = tuple(map(str.strip, first))
    if mostly and _has(first, columns):
        return header, rest
    known = bool(columns) or called_so
    if mostly and len(rows) >= (2 if known else LEAST_ROWS) and _names_columns(first, fitting, spaced, suffix):
        return header, rest
    if not (mostly if separator == "\t" else even) or (
        not columns and any(cell[:1] == " " for row in rows for cell in row)
    ):
        return None
    nameless = known or (separator == "\t" and len(rows) >= LEAST_ROWS) or (not spaced and _nameless(rows))
    return (None, rows) if nameless else None


def _has(first: Sequence[str], columns: Sequence[str]) -> bool:
    """Whether a row has one of these names."""
    names = {column.casefold() for column in columns if not column.isdecimal()}
    return not names.isdisjoint(cell.strip().casefold() for cell in first)


def _one_column(lines: Sequence[str], cut: bool, suffix: str, columns: Sequence[str]) -> Table | None:
    """Items that a program wrote in quotes, or below the name of their only column."""
    rows = cells_in(lines, cut, ",")
    if not rows or any(len(row) != 1 for row in rows):
        return None
    if _has(rows[0], columns) or (
        suffix in TABLE_SUFFIXES and len(rows) > 1 and plain_name(rows[0][0]) in ITEM_WORDS
    ):
        return Table(",", tuple(map(str.strip, rows[0])), rows[1:])
    in_quotes = all(line.lstrip().startswith('"') for line in lines)
    return Table(",", None, rows) if in_quotes and suffix in TABLE_SUFFIXES else None


def _names_columns(header: Sequence[str], rows: Sequence[Sequence[str]], spaced: bool, suffix: str) -> bool:
    """Whether the first row is a header: no values, no cell twice, and above values or known by name; or both.

    A cell may stand in it twice where it is both, or where it is known. In a file that is called a table it is
    also one above a column of few values, none of which it is itself.
    """
    cells = [plain_name(cell) for cell in header]
    if any(cell[:1] == " " for cell in header):
        return False
    columns = [[row[j] for row in rows] for j in range(len(header))]
    nameless = [column for cell, column in zip(cells, columns, strict=True) if not cell]
    if not all(_values(column) or not any(map(str.strip, column)) for column in nameless):
        return False
    named = [cell for cell in cells if cell]
    if any(map(is_value, named)):
        return False
    known, values = [cell in HEADERS or cell in ITEM_WORDS for cell in named], any(map(_values, columns))
    unknown_twice = any(named.count(cell) > 1 and not is_known for cell, is_known in zip(named, known, strict=True))
    if unknown_twice and not ((any(known) or suffix in TABLE_SUFFIXES) and values):
        return False
    if len(header) == 1:
        return values or cells[0] in ITEM_WORDS
    if spaced:
        return all(known) and values
    again = any(len(set(column)) < len(column) for column in columns)
    recurs = any(cell in column for cell, column in zip(header, columns, strict=True) if cell.strip())
    return any(known) or values or (suffix in TABLE_SUFFIXES and again and not recurs)


def _nameless(rows: Sequence[Sequence[str]]) -> bool:
    """Whether rows of three cells and more are a table by themselves: a column of words, and one of values."""
    if len(rows) < LEAST_NAMELESS or len(rows[0]) < 3:
        return False
    columns = list(zip(*rows, strict=True))
    words = [all(cell[:1].isalpha() for cell in column) for column in columns]
    return any(words) and any(map(_values, columns))


def _values(cells: Sequence[str]) -> bool:
    """Whether a column holds numbers, dates or addresses, or nothing."""
    filled = [cell for cell in cells if cell.strip()]
    return len(filled) > 1 and all(map(is_value, filled))
