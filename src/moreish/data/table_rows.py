"""Table rows: what stands in the columns that were chosen, row by row."""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import NamedTuple

from moreish.data.anki import text_of
from moreish.data.faults import as_it_stands
from moreish.data.marks import Unmarked
from moreish.data.numbers import Mark, decimal_mark
from moreish.data.options import DataOptions
from moreish.data.table_forms import Deck, Table, reader_of
from moreish.data.tables import Chosen, Column, Columns

NAMES = {
    ",": "CSV",
    ";": "CSV between semicolons",
    "\t": "CSV between tabs",
    "|": "CSV between upright strokes",
    "<": "HTML table",
}
NULL = "\\N"  # nothing, in what databases write


class Row(NamedTuple):
    """What one row says: the line where it begins (or its number, in JSON), and the cells that were chosen."""

    line: int
    item: str
    kind: str = ""
    weight: str = ""


@dataclass(frozen=True)
class Rows:
    """The rows of a file that is no plain list. `looks` says what was understood: "CSV, column name of 3 columns".

    left_out : the columns that are not read, by name or number
    told : sentences on what was not read
    """

    looks: str
    rows: Iterator[Row]
    place: str = "line"  # what `Row.line` counts: "line" or "row"
    has_kinds: bool = False
    has_weights: bool = False
    mark: Mark = "."  # the decimal point of the weights
    unmarked: Unmarked | None = None  # where the lines carry marks
    left_out: tuple[str, ...] = ()
    told: tuple[str, ...] = ()


def of_table(table: Table, name: str, texts: Iterator[str], options: DataOptions) -> Rows:
    """The rows of a table; `texts` is all of its file. Raises ValueError as `rows_of` does."""
    fitting = [row for row in table.rows if len(row) == table.width]
    names = table.header or tuple(str(j) for j in range(1, table.width + 1))
    cells = list(zip(*fitting, strict=True)) or [()] * table.width
    clean = _cleaning(table)
    columns = [
        Column(names[j] or str(j + 1), j + 1, j, [clean(_known(cell)) for cell in cells[j]])
        for j in range(table.width)
    ]
    looks = _looks(table)
    looks += "" if table.header else " without a header"
    chosen = Columns(name, looks, columns, table.header is not None).choose(options)
    return described(looks, chosen, columns, _table_rows(table, name, texts, chosen), "line", table.separator)


def _looks(table: Table) -> str:
    if isinstance(table, Deck):
        return "export of Anki"
    if table.markdown:
        return "Markdown table"
    looks = NAMES.get(table.separator, f'CSV between "{table.separator}"')
    return f"{looks} below {table.above} other line{'s' * (table.above > 1)}" if table.above else looks


def _table_rows(table: Table, name: str, texts: Iterator[str], chosen: Chosen) -> Iterator[Row]:
    above = table.above
    lines = islice(chain.from_iterable(map(lines_in, texts)), above, None)
    reader = reader_of(lines, table.separator, table.quoted, table.spaced, table.quote)
    width, header = table.width, table.header is not None and not isinstance(table, Deck)
    clean = _cleaning(table)
    item, kind, weight = _place(chosen.item), _place(chosen.kind), _place(chosen.weight)
    began, skipped, alone = 1, not header, kind < 0 and weight < 0 and not above
    new = tuple.__new__  # what `Row(...)` comes to, in a third of the time
    try:
        for row in reader:
            if len(row) == width and skipped:
                if alone:
                    yield new(Row, (began, row[item], "", ""))
                else:
                    beside = (clean(row[kind]) if kind >= 0 else "", clean(row[weight]) if weight >= 0 else "")
                    yield Row(began + above, clean(row[item]), *beside)
            elif not any(map(str.strip, row)):
                yield Row(began + above, "")
            elif len(row) != width:
                raise ValueError(_odd_row(name, began + above, row, table))
            else:
                skipped = True
            began = reader.line_num + 1
    except csv.Error as error:
        why = (
            "has a cell without an end"
            if "limit" in str(error)
            else "opens a quote and does not close it as CSV does"
        )
        raise ValueError(f"{name}, line {began + above:,}: {why}; {as_it_stands()}") from None


def _cleaning(table: Table) -> Callable[[str], str]:
    return text_of if isinstance(table, Deck) and table.html else str


def _odd_row(name: str, line: int, row: Sequence[str], table: Table) -> str:
    first = "the header" if table.header and not isinstance(table, Deck) else "the first row"
    cells = f"{len(row)} cell{'s' * (len(row) != 1)}"
    return f"{name}, line {line:,}: has {cells} where {first} has {table.width}; {as_it_stands()}"


def _place(column: Column | None) -> int:
    return column.key if column is not None and isinstance(column.key, int) else -1


def _known(cell: str) -> str:
    return "" if cell == NULL else cell


def lines_in(text: str) -> Iterable[str]:
    """The lines of a text with their ends, which are LF and nothing else."""
    return io.StringIO(text, newline="\n")


def described(
    looks: str, chosen: Chosen, columns: Sequence[Column], rows: Iterator[Row], place: str, separator: str = ""
) -> Rows:
    """These rows, with a sentence on what was understood, and which columns are not read."""
    if len(columns) > 1:
        looks += f", column {chosen.item.name} of {len(columns)} columns"
    for what, column in (("kinds", chosen.kind), ("weights", chosen.weight)):
        looks += f", {what} in {column.name}" if column is not None else ""
    mark = "." if chosen.weight is None else decimal_mark(chosen.weight.cells, ";" in separator)
    read = {column.number for column in (chosen.item, chosen.kind, chosen.weight) if column is not None}
    left_out = tuple(column.name for column in columns if column.number not in read)
    return Rows(looks, rows, place, chosen.kind is not None, chosen.weight is not None, mark, left_out=left_out)
