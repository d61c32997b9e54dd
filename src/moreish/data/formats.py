"""Formats: what a file is, by the look of its beginning. A list of lines, a table, JSON, or all items on one line.

Read as a list, a table would train without a complaint, on commas and brackets. A list whose items have commas
("Smith, John") is no table: what makes one is a first row that names columns, numbers below a word, tabs, or that
somebody asks for a column.
"""

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from moreish.data.anki import head_of
from moreish.data.counts import Counted, counted
from moreish.data.foreign import foreign
from moreish.data.marks import LEADING, LEAST, Mark, cells_of, is_markdown, marks_of
from moreish.data.one_line import LEAST_ITEMS, OneLine, one_line
from moreish.data.pages import BEGINS, Page, PageTable
from moreish.data.programs import listed
from moreish.data.sql import Sql
from moreish.data.sql import recognised as sql_in
from moreish.data.tables import ITEM_WORDS, is_value, plain_name
from moreish.data.yaml import Yaml
from moreish.data.yaml import recognised as yaml_in

if TYPE_CHECKING:
    import _csv

HEADERS = {
    "age", "category", "city", "code", "count", "country", "date", "description", "email", "first_name",
    "firstname", "freq", "frequency", "gender", "id", "item", "label", "language", "last_name", "lastname",
    "lat", "latitude", "lon", "longitude", "name", "names", "number", "population", "price", "rank", "sex",
    "state", "surname", "text", "title", "type", "url", "value", "word", "words", "year",
}  # fmt: skip
"""Words that a column is called, and that are hardly the first item of a list together with others."""

SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs"}
MARKDOWN, HTML = "|", "<"  # the separators of tables that have none of their own
TABLE_SUFFIXES, LINES_SUFFIXES = (".csv", ".tsv", ".tab"), (".jsonl", ".ndjson")
LEAST_ROWS = 3  # a header and two more
LEAST_NAMELESS = 5  # rows of a table that no row names the columns of
MOST_ROWS = 1000  # looked at
LONGEST_LINE = 10_000  # characters of a line that is looked at for marks and counts: no item is longer
MOSTLY = 0.9  # rows of the first one's length, where that names the columns: the others are mistakes, told as such
FIRST_VALUES = 3  # of a JSON array that is longer than what is looked at
OBJECT = re.compile(r'\{\s*"([^"\\]|\\.)*"\s*:')


@dataclass(frozen=True)
class Table:
    """Rows of cells. `rows` are those that were looked at, without the header that names the columns, if any.

    quoted : whether a cell may stand in quotes, and then have separators and line ends in it
    spaced : whether a blank follows each separator
    """

    separator: str
    header: tuple[str, ...] | None
    rows: Sequence[Sequence[str]]
    quoted: bool = True
    spaced: bool = False

    @property
    def width(self) -> int:
        """How many columns."""
        return len(self.header or self.rows[0])


@dataclass(frozen=True)
class Deck(Table):
    """An export of Anki: a table whose columns are named above it.

    above : lines before its rows
    html : whether there are tags in its cells
    """

    above: int = 0
    html: bool = False


@dataclass(frozen=True)
class JsonLines:
    """One JSON value a line; `rows` are those that were looked at."""

    rows: Sequence[object]


@dataclass(frozen=True)
class Json:
    """One JSON value: all of the file."""


@dataclass(frozen=True)
class InProgram:
    """A list of texts as a program has it: all of the file."""


@dataclass(frozen=True)
class Html:
    """A page with a table or a list: all of the file."""


@dataclass(frozen=True)
class Marked:
    """A list whose lines carry marks; `lines` are those that were looked at, without them; `then`: what these are."""

    marks: tuple[Mark, ...]
    lines: Sequence[str]
    then: Counted | None = None


Format = Table | Counted | JsonLines | Json | Yaml | Sql | InProgram | Html | OneLine | Marked


def recognise(
    text: str,
    whole: bool,
    suffix: str = "",
    columns: Sequence[str] = (),
    counts: bool = False,
    marks: bool = True,
) -> Format | None:
    """What the file is, of which `text` is the beginning, or all of it where `whole`; None: a list, an item a line.

    suffix : of the file's name
    columns : those that were asked for by name or number, which makes a table of what else would be a list
    counts : whether there are to be numbers, so that "emma 20355" is an item and its count
    marks : whether what stands round every item is to be recognised
    """
    text = text.removeprefix("\ufeff")
    lines = first_lines(text, whole)
    cut = not whole or len(lines) > MOST_ROWS
    looked_at = lines[:MOST_ROWS]
    marks, counts = (each and not any_is_long(looked_at) for each in (marks, counts))
    found = _deck(text, looked_at, cut) or _json(text.strip(), looked_at, whole, suffix)
    found = found or yaml_in(text, whole, suffix) or sql_in(text, whole, suffix)
    if found is None and not columns and marks:
        if foreign(looked_at):
            return None
        found = _in_program(text, whole)
    if found is None and not columns:
        found = one_line(lines, whole)
    if found is None and is_markdown(looked_at):
        header, _, *rows = map(cells_of, looked_at)
        return Table(MARKDOWN, tuple(header), rows)
    if found is None and marks and marks_of(looked_at, LEADING)[0]:
        found = _marked(looked_at, columns, counts)
    if found is None:
        found = _html(text, marks)
    if found is None and counts and all(line.rstrip().endswith((")", "]")) for line in looked_at):
        found = counted(looked_at)  # before a comma in a number looks like one between cells
    if found is None:
        found = _table(looked_at, cut, suffix, columns)
    if found is None and marks:
        found = _marked(looked_at, columns, counts)
    return found or (counted(looked_at) if counts else None)


def first_lines(text: str, whole: bool) -> list[str]:
    """The lines that are not blank, one more than are looked at; without the last where it may go on."""
    filled = (line for line in io.StringIO(text, newline="") if line.strip("\r\n "))
    lines = list(islice(filled, MOST_ROWS + 1))
    if not whole and 1 < len(lines) <= MOST_ROWS:
        lines.pop()
    return lines


def any_is_long(lines: Sequence[str]) -> bool:
    """Whether a line is longer than items are."""
    return any(len(line) > LONGEST_LINE for line in lines)


def _deck(text: str, lines: Sequence[str], cut: bool) -> Deck | None:
    head = head_of(text)
    if head is None:
        return None
    n_above = sum(bool(line.strip()) for line in text.splitlines()[: head.above])
    for quoted in (True, False):
        rows = _cells(lines[n_above:], cut, head.separator, quoted)
        if rows:
            names = head.names(len(rows[0]))
            return Deck(head.separator, names, rows, quoted, above=head.above, html=head.html)
    return None


def _marked(lines: Sequence[str], columns: Sequence[str], counts: bool) -> Marked | None:
    """A list with marks; where a column was asked for, only one of items and their counts."""
    marks, bare = marks_of(lines)
    if not marks:
        return None
    then = counted([line for line in bare if line]) if counts else None
    return Marked(marks, bare, then) if then or not columns else None


def parsed(text: str) -> object:
    """The JSON value that this is. Raises ValueError where it is none, or nested too deep."""
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deep") from None


def _json(text: str, lines: Sequence[str], whole: bool, suffix: str) -> Format | None:
    """An array, an object, or one object a line."""
    if text[:1] not in ("[", "{"):
        return None
    rows = [value for value in map(_value, lines) if value is not None]
    objects = len(rows) > 1 and all(isinstance(row, dict) and row for row in rows)
    if len(rows) == len(lines) and (objects or suffix in LINES_SUFFIXES):
        return JsonLines(rows)
    if whole and (value := _value(text)) is not None:
        few = isinstance(value, list) and len(value) < 2 and not any(isinstance(v, dict | str) for v in value)
        return None if few and not holds_nothing(value) else Json()
    if suffix == ".json" or (not whole and (_begins_array(text) or OBJECT.match(text))):
        return Json()
    return None


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


def _in_program(text: str, whole: bool) -> InProgram | None:
    """A list in a program, unless each item has its line, which can be read a piece at a time."""
    found = listed(text, whole)
    return InProgram() if found and len(found.texts) >= LEAST_ITEMS and not found.plain else None


def _html(text: str, marks: bool) -> Html | None:
    """A page with a table, or where marks may come off with a list."""
    if not BEGINS.match(text.lstrip()):
        return None
    page = Page(text)
    table = page.largest
    return Html() if (table and len(table.rows) >= LEAST_ROWS) or (marks and len(page.items) >= LEAST) else None


def table_of_page(table: PageTable, columns: Sequence[str]) -> Table:
    """The rows as wide as most, and what they call their columns."""
    width = Counter(map(len, table.rows)).most_common(1)[0][0]
    rows = [row for row in table.rows if len(row) == width]
    if table.header is not None and len(table.header) == width:
        return Table(HTML, table.header, rows)
    return Table(HTML, *(_as_table(rows, ",", False, ".csv", columns) or (None, rows)))


def _table(lines: Sequence[str], cut: bool, suffix: str, columns: Sequence[str]) -> Table | None:
    for separator in SEPARATORS:
        if not any(separator in line for line in lines[:LEAST_ROWS]):
            continue
        for quoted, spaced in ((True, False), (False, False) if separator == "\t" else (True, True)):
            rows = _cells(lines, cut, separator, quoted, spaced)
            if rows and len(rows[0]) > 1 and (found := _as_table(rows, separator, spaced, suffix, columns)):
                return Table(separator, *found, quoted, spaced)
    return _one_column(lines, cut, suffix, columns)


def _cells(
    lines: Sequence[str], cut: bool, separator: str, quoted: bool = True, spaced: bool = False
) -> list[list[str]] | None:
    """The rows that are not empty; None where this is no CSV. The last may be cut."""
    rows = []
    reader = reader_of(lines, separator, quoted, spaced)
    try:
        rows.extend(row for row in reader if any(cell.strip() for cell in row))
    except csv.Error:
        if not cut or reader.line_num < len(lines):
            return None
    return rows


def reader_of(lines: Iterable[str], separator: str, quoted: bool, spaced: bool) -> "_csv.Reader":
    """The standard library's reader, which raises csv.Error for quotes that are wrong."""
    quoting = csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE
    return csv.reader(lines, delimiter=separator, quoting=quoting, skipinitialspace=spaced, strict=True)


Rows = list[list[str]]


def _as_table(
    rows: Rows, separator: str, spaced: bool, suffix: str, columns: Sequence[str]
) -> tuple[tuple[str, ...] | None, Rows] | None:
    """The header, or None, and the other rows, if they are a table.

    Names with commas have a space after each ("Smith, John"): such rows are one where all says so.
    """
    first, rest = rows[0], rows[1:]
    fitting = [row for row in rest if len(row) == len(first)]
    even = len(fitting) == len(rest)
    mostly = even or (len(fitting) >= MOSTLY * len(rest) and len(rows) >= LEAST_NAMELESS)
    header = tuple(map(str.strip, first))
    if mostly and _has(first, columns):
        return header, rest
    known = bool(columns) or (suffix in TABLE_SUFFIXES and not spaced)
    if mostly and len(rows) >= (2 if known else LEAST_ROWS) and _names_columns(first, fitting, spaced, suffix):
        return header, rest
    if not even or (not columns and any(cell[:1] == " " for row in rows for cell in row)):
        return None
    nameless = known or (separator == "\t" and len(rows) >= LEAST_ROWS) or (not spaced and _nameless(rows))
    return (None, rows) if nameless else None


def _has(first: Sequence[str], columns: Sequence[str]) -> bool:
    """Whether a row has one of these names."""
    names = {column.casefold() for column in columns if not column.isdecimal()}
    return not names.isdisjoint(cell.strip().casefold() for cell in first)


def _one_column(lines: Sequence[str], cut: bool, suffix: str, columns: Sequence[str]) -> Table | None:
    """Items that a program wrote in quotes, or below the name of their only column."""
    rows = _cells(lines, cut, ",")
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

    In a file that is called a table it is also one above a column of few values, none of which it is itself.
    """
    cells = [plain_name(cell) for cell in header]
    if any(cell[:1] == " " for cell in header):
        return False
    columns = [[row[j] for row in rows] for j in range(len(header))]
    nameless = [column for cell, column in zip(cells, columns, strict=True) if not cell]
    if not all(_values(column) or not any(map(str.strip, column)) for column in nameless):
        return False
    named = [cell for cell in cells if cell]
    if len(set(named)) < len(named) or any(map(is_value, named)):
        return False
    known, values = [cell in HEADERS or cell in ITEM_WORDS for cell in named], any(map(_values, columns))
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
