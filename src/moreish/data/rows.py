"""Rows: a table, JSON or items on one line as lines of items, with the kinds and weights that stand beside them.

CSV and JSON lines come a piece at a time, so a file may be larger than memory; one JSON value is held whole.
"""

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice
from typing import NamedTuple

from moreish.data.anki import text_of
from moreish.data.counts import Counted, split_counted
from moreish.data.exports import Export
from moreish.data.faults import NotRead
from moreish.data.formats import (
    HTML,
    LEAST_ROWS,
    MARKDOWN,
    MOST_ROWS,
    SEPARATORS,
    Deck,
    Format,
    Html,
    InProgram,
    Json,
    JsonLines,
    Marked,
    OneLine,
    Table,
    holds_nothing,
    parsed,
    reader_of,
    table_of_page,
)
from moreish.data.marks import QUOTED, Unmarked, markdown_as_csv, marks_of, named
from moreish.data.numbers import Mark, decimal_mark
from moreish.data.options import DataOptions
from moreish.data.pages import Page
from moreish.data.programs import listed
from moreish.data.sheets import JSON, YAML, Sheet, Terms, are_cells, at, cell_at, path_of, sheet_of, text_in
from moreish.data.sql import Sql, largest
from moreish.data.sql_tables import passed_over
from moreish.data.tables import Chosen, Column, Columns
from moreish.data.yaml import Yaml, mixed, with_titles
from moreish.data.yaml_parser import parsed as yaml_parsed
from moreish.wording import called

NAMES = {
    ",": "CSV",
    ";": "CSV between semicolons",
    "\t": "CSV between tabs",
    MARKDOWN: "Markdown table",
    HTML: "HTML table",
}
NULL = "\\N"  # nothing, in what databases write


class Row(NamedTuple):
    """What one row says: the line where it ends (or its number, in JSON), and the cells that were chosen."""

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


def rows_of(form: Format, name: str, texts: Iterator[str], options: DataOptions) -> Rows:
    """The rows of a file of this format; `texts` is all of it, in pieces that end where a line ends.

    Raises ValueError where there is no such column or none that is surely meant, then or later, and where a row is
    not as the format has it.
    """
    match form:
        case Marked():
            return _of_marked(form, name, texts, options)
        case Table():
            if form.separator == MARKDOWN and not isinstance(form, Deck):
                texts = markdown_as_csv(texts)
            return _of_table(form, name, texts, options)
        case Counted():
            return _of_counted(form, name, texts, options)
        case OneLine():
            if options.columns:
                raise ValueError(f"{name} has several items on a line, and so no column {options.columns[0]}")
            looks = f"items between {SEPARATORS[form.separator]}{' on one line' * form.alone}"
            return Rows(looks, _of_line(form, texts, options), "row")
        case Html():
            return _of_page(name, Page("".join(texts)), options)
        case InProgram():
            return Rows("list in a program", _of_program(name, texts), "row")
        case JsonLines():
            _refuse_nothing(name, form.rows)
            sheet = sheet_of(list(form.rows), name)
            values = _json_lines(name, texts)
            return _of_sheet(sheet, name, "JSON lines", values, options, "line")
        case Json():
            value = _json(name, texts)
            _refuse_nothing(name, value)
            sheet = sheet_of(value, name, options.column)
            return _of_sheet(sheet, name, "JSON", enumerate(sheet.rows, 1), options, "row")
        case Sql():
            return _of_script(name, texts, options)
        case Export():
            return _of_export(form, name, texts, options)
        case Yaml():
            sheet = _yaml(name, texts, options.column)
            return _of_sheet(sheet, name, "YAML", enumerate(sheet.rows, 1), options, "row")


def _refuse_nothing(name: str, value: object, terms: Terms = JSON) -> None:
    alone = isinstance(value, dict) and len(value) == 1 and None in value.values()
    if alone or holds_nothing(value):
        raise ValueError(f"{name} holds no items: it is {terms.format}, and empty")


def _of_marked(form: Marked, name: str, texts: Iterator[str], options: DataOptions) -> Rows:
    unmarked = Unmarked(form.marks)
    texts = unmarked.texts(texts)
    if form.then is not None:
        return replace(rows_of(form.then, name, texts, options), unmarked=unmarked)
    lines = enumerate(chain.from_iterable(map(_lines, texts)), 1)
    looks = f"list with {named(form.marks)}"
    return Rows(looks, (Row(number, line.rstrip("\n")) for number, line in lines), unmarked=unmarked)


def _of_table(table: Table, name: str, texts: Iterator[str], options: DataOptions) -> Rows:
    fitting = [row for row in table.rows if len(row) == table.width]
    names = table.header or tuple(str(j) for j in range(1, table.width + 1))
    cells = list(zip(*fitting, strict=True)) or [()] * table.width
    clean = _cleaning(table)
    columns = [
        Column(names[j] or str(j + 1), j + 1, j, [clean(_known(cell)) for cell in cells[j]])
        for j in range(table.width)
    ]
    looks = "export of Anki" if isinstance(table, Deck) else NAMES[table.separator]
    looks += "" if table.header else " without a header"
    chosen = Columns(name, looks, columns, table.header is not None).choose(options)
    return _described(looks, chosen, columns, _table_rows(table, name, texts, chosen), "line", table.separator)


def _table_rows(table: Table, name: str, texts: Iterator[str], chosen: Chosen) -> Iterator[Row]:
    above = table.above if isinstance(table, Deck) else 0
    lines = islice(chain.from_iterable(map(_lines, texts)), above, None)
    reader = reader_of(lines, table.separator, table.quoted, table.spaced)
    width, header = table.width, table.header is not None and not above
    clean = _cleaning(table)
    item, kind, weight = _place(chosen.item), _place(chosen.kind), _place(chosen.weight)
    began, skipped, alone = 1, not header, kind < 0 and weight < 0 and not above
    new = tuple.__new__  # what `Row(...)` comes to, in a third of the time
    try:
        for row in reader:
            if len(row) == width and skipped:
                if alone:
                    yield new(Row, (reader.line_num, row[item], "", ""))
                else:
                    beside = (clean(row[kind]) if kind >= 0 else "", clean(row[weight]) if weight >= 0 else "")
                    yield Row(reader.line_num + above, clean(row[item]), *beside)
            elif not any(map(str.strip, row)):
                yield Row(reader.line_num + above, "")
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


def as_it_stands() -> str:
    """What to do where a list is no table, or is no whole one."""
    return f"mend it, or say {called('data.recognise', False)} if the lines are the items as they stand"


def _odd_row(name: str, line: int, row: Sequence[str], table: Table) -> str:
    first = "the header" if table.header and not isinstance(table, Deck) else "the first row"
    cells = f"{len(row)} cell{'s' * (len(row) != 1)}"
    return f"{name}, line {line:,}: has {cells} where {first} has {table.width}; {as_it_stands()}"


def _place(column: Column | None) -> int:
    return column.key if column is not None and isinstance(column.key, int) else -1


def _known(cell: str) -> str:
    return "" if cell == NULL else cell


def _lines(text: str) -> Iterable[str]:
    """The lines of a text with their ends, which are LF and nothing else."""
    return io.StringIO(text, newline="\n")


def _described(
    looks: str, chosen: Chosen, columns: Sequence[Column], rows: Iterator[Row], place: str, separator: str = ""
) -> Rows:
    if len(columns) > 1:
        looks += f", column {chosen.item.name} of {len(columns)} columns"
    for what, column in (("kinds", chosen.kind), ("weights", chosen.weight)):
        looks += f", {what} in {column.name}" if column is not None else ""
    mark = "." if chosen.weight is None else decimal_mark(chosen.weight.cells, ";" in separator)
    read = {column.number for column in (chosen.item, chosen.kind, chosen.weight) if column is not None}
    left_out = tuple(column.name for column in columns if column.number not in read)
    return Rows(looks, rows, place, chosen.kind is not None, chosen.weight is not None, mark, left_out=left_out)


def _of_counted(form: Counted, name: str, texts: Iterator[str], options: DataOptions) -> Rows:
    pairs = [split_counted(line, form.first, form.grouped) or ("", "") for line in form.rows]
    places = (1, 0) if form.first else (0, 1)
    columns = [Column(str(j + 1), j + 1, key, [pair[key] for pair in pairs]) for j, key in enumerate(places)]
    looks = "lines of items and numbers"
    chosen = Columns(name, looks, columns, named=False).choose(options)

    def rows() -> Iterator[Row]:
        for number, line in enumerate(chain.from_iterable(map(_lines, texts)), 1):
            if not line.strip():
                yield Row(number, "")
            elif pair := split_counted(line, form.first, form.grouped):
                yield Row(number, pair[0], "", pair[1])
            else:
                raise ValueError(f"{name}, line {number:,}: has no number beside its item; {as_it_stands()}")

    return _described(looks, chosen, columns, rows(), "line")


def _of_line(form: OneLine, texts: Iterator[str], options: DataOptions) -> Iterator[Row]:
    text = "".join(texts).strip().strip(form.separator)
    if not form.alone:
        text = " ".join(text.splitlines())
    lines = io.StringIO(text, newline="\n").readlines()
    try:
        cells = list(chain.from_iterable(reader_of(lines, form.separator, quoted=True, spaced=True)))
    except csv.Error:
        cells = text.replace("\n", form.separator).split(form.separator)
    marks, bare = marks_of(cells, [QUOTED]) if options.marks == "drop" else ((), cells)
    for number, item in enumerate(bare if marks else cells, 1):
        yield Row(number, item)


def _of_page(name: str, page: Page, options: DataOptions) -> Rows:
    """The page's largest table, or else the items of its lists."""
    largest = page.largest
    if largest is None or len(largest.rows) < LEAST_ROWS:
        if options.columns:
            raise ValueError(f"{name} is an HTML list and has no columns, so no column {options.columns[0]}")
        return Rows("HTML list", (Row(number, item) for number, item in enumerate(page.items, 1)), "row")
    table = table_of_page(largest, options.columns)
    text = io.StringIO()
    rows = [*([table.header] if table.header else []), *table.rows]
    csv.writer(text, delimiter=HTML, lineterminator="\n").writerows(rows)
    read = _of_table(table, name, iter([text.getvalue()]), options)
    others = len(page.tables) - 1
    said = f", the largest of {others + 1}" if others else ""
    fewer = len(largest.rows) - len(table.rows)
    left_out = f", {fewer:,} of another width left out" if fewer else ""
    return replace(read, looks=f"{read.looks}{said}{left_out}", place="row")


def _of_program(name: str, texts: Iterator[str]) -> Iterator[Row]:
    found = listed("".join(texts), whole=True)
    if found is None:
        raise ValueError(f"{name} begins as a list in a program does, but does not go on so; {as_it_stands()}")
    for number, item in enumerate(found.texts, 1):
        yield Row(number, item)


def _of_sheet(
    sheet: Sheet, name: str, looks: str, values: Iterable[tuple[int, object]], options: DataOptions, place: str
) -> Rows:
    looks = f"{looks}{sheet.looks}"
    options = replace(options, column=sheet.within[0]) if sheet.within else options
    table = Columns(name, looks, sheet.columns, sheet.named)
    late = [] if len(sheet.rows) < MOST_ROWS else table.missing((options.column, options.by))
    chosen = table.besides(late).choose(options)
    asked = chosen.item.several or options.column is not None

    def rows() -> Iterator[Row]:
        paths = [path_of(column) for column in (chosen.item, chosen.kind, chosen.weight)]
        absent = {column.name: path_of(column) or () for column in late}
        for number, value in values:
            absent = {column: path for column, path in absent.items() if at(value, path) is None}
            where = f"{name}, {place} {number:,}"
            beside = [
                cell_at(value, path, where, sheet.terms, option)
                for path, option in zip(paths[1:], ("by", "weight"), strict=True)
            ]
            several = at(value, paths[0] or ()) if asked else None
            each = several if are_cells(several) else [cell_at(value, paths[0], where, sheet.terms)]
            yield from (Row(number, text_in(cell), *beside) for cell in each)
        if absent:
            table.choose(options)  # which says that it is nowhere

    return _described(looks, chosen, [*sheet.columns, *late], rows(), place)


def _json(name: str, texts: Iterable[str]) -> object:
    try:
        return parsed("".join(texts))
    except ValueError as error:
        raise ValueError(f"{name} looks like JSON, but {_why(error)}; {as_it_stands()}") from None


def _of_script(name: str, texts: Iterable[str], options: DataOptions) -> Rows:
    try:
        table, count, passed = largest("".join(texts))
    except NotRead as fault:
        raise ValueError(f"{name}, line {fault.line:,}: is read as SQL, but {fault}; {as_it_stands()}") from None
    others = f", the largest of {count}" if count > 1 else ""
    sheet = replace(sheet_of(list(islice(table.records(), MOST_ROWS)), name), looks=f", table {table.name}{others}")
    rows = _of_sheet(sheet, name, "SQL", zip(table.lines, table.records(), strict=True), options, "line")
    return replace(rows, told=passed_over(name, passed))


def _of_export(form: Export, name: str, texts: Iterable[str], options: DataOptions) -> Rows:
    try:
        records = form.read("".join(texts))
    except NotRead as fault:
        raise ValueError(
            f"{name}, line {fault.line:,}: is read as {form.name}, but {fault}; {as_it_stands()}"
        ) from None
    if not records:
        raise ValueError(f"{name} is read as {form.name}, and holds no items")
    sheet = sheet_of([fields for _, fields in records], name)
    asked = options if options.column else replace(options, column=form.item)
    rows = _of_sheet(sheet, name, form.name, records, asked, "line")
    more = f" (another: {called('column', form.another)})" * (form.another in rows.left_out and not options.column)
    return replace(rows, looks=f"{rows.looks}{more}")


def _yaml(name: str, texts: Iterable[str], column: str | None) -> Sheet:
    try:
        value = with_titles(yaml_parsed("".join(texts).split("\n")))
    except NotRead as fault:
        raise ValueError(f"{name}, line {fault.line:,}: is read as YAML, but {fault}; {as_it_stands()}") from None
    _refuse_nothing(name, value, YAML)
    sheet = sheet_of(value, name, column, YAML)
    if odd := mixed(sheet.rows):
        raise ValueError(f"{name}, row {odd:,}: is a text among records, or a record among texts; {as_it_stands()}")
    return sheet


def _json_lines(name: str, texts: Iterable[str]) -> Iterator[tuple[int, object]]:
    for number, line in enumerate(chain.from_iterable(map(_lines, texts)), 1):
        if not line.strip():
            continue
        try:
            yield number, parsed(line)
        except ValueError as error:
            raise ValueError(f"{name}, line {number:,}: is no JSON, as the others are: {_why(error)}") from None


def _why(error: ValueError) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg[:1].lower()}{error.msg[1:]} (line {error.lineno:,}, column {error.colno:,})"
    return str(error)
