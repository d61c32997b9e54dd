"""Rows: a table, JSON or items on one line as lines of items, with the kinds and weights that stand beside them.

CSV and JSON lines come a piece at a time, so a file may be larger than memory; one JSON value is held whole.
"""

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import chain, islice

from moreish.data.counts import Counted, split_counted
from moreish.data.exports import Export
from moreish.data.faults import NotRead, as_it_stands
from moreish.data.formats import HTML, MOST_ROWS, Format, Html, InProgram, Marked, OneLine, table_of_page
from moreish.data.json_forms import Json, JsonLines, all_of_a_kind, holds_nothing, value_in, values_in
from moreish.data.marks import QUOTED, Unmarked, markdown_as_csv, marks_of, named
from moreish.data.options import DataOptions
from moreish.data.pages import Page
from moreish.data.programs import listed
from moreish.data.sheets import (
    JSON,
    YAML,
    Sheet,
    Terms,
    are_cells,
    at,
    cell_at,
    of_each_key,
    path_of,
    sheet_of,
    spelt,
    text_in,
)
from moreish.data.sql import Sql, largest
from moreish.data.sql_tables import passed_over
from moreish.data.table_forms import LEAST_ROWS, SEPARATORS, Table, reader_of
from moreish.data.table_rows import Row, Rows, described, lines_in, of_table
from moreish.data.tables import Column, Columns
from moreish.data.yaml import Yaml, mixed, with_titles
from moreish.data.yaml_parser import parsed as yaml_parsed
from moreish.wording import called


def rows_of(form: Format, name: str, texts: Iterator[str], options: DataOptions) -> Rows:
    """The rows of a file of this format; `texts` is all of it, in pieces that end where a line ends.

    Raises ValueError where there is no such column or none that is surely meant, then or later, and where a row is
    not as the format has it.
    """
    match form:
        case Marked():
            return _of_marked(form, name, texts, options)
        case Table():
            if form.markdown:
                texts = markdown_as_csv(texts)
            return of_table(form, name, texts, options)
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
            return _of_json_lines(form, name, texts, options)
        case Json():
            value = value_in(name, texts)
            _refuse_nothing(name, value)
            sheet = sheet_of(value, name, options.column, by=options.by)
            values = all_of_a_kind(name, "row", enumerate(sheet.rows, 1))
            return _of_sheet(sheet, name, "JSON", values, options, "row")
        case Sql():
            return _of_script(name, texts, options)
        case Export():
            return _of_export(form, name, texts, options)
        case Yaml():
            sheet = _yaml(name, texts, options)
            return _of_sheet(sheet, name, "YAML", enumerate(sheet.rows, 1), options, "row")


def _refuse_nothing(name: str, value: object, terms: Terms = JSON) -> None:
    alone = isinstance(value, dict) and len(value) == 1 and None in value.values()
    if alone or holds_nothing(value):
        raise ValueError(f"{name} holds no items: it is {terms.format}, and empty")


def _of_json_lines(form: JsonLines, name: str, texts: Iterator[str], options: DataOptions) -> Rows:
    values = values_in(name, chain.from_iterable(map(lines_in, texts)))
    if not form.rows:
        first = next(values, None)  # which says what is wrong with it
        raise ValueError(f"{name} is JSON lines, and none of the first {MOST_ROWS:,} holds a value but {first}")
    _refuse_nothing(name, form.rows)
    sheet = sheet_of(list(form.rows), name)
    return _of_sheet(sheet, name, "JSON lines", all_of_a_kind(name, "line", values), options, "line")


def _of_marked(form: Marked, name: str, texts: Iterator[str], options: DataOptions) -> Rows:
    unmarked = Unmarked(form.marks)
    texts = unmarked.texts(texts)
    if form.then is not None:
        return replace(rows_of(form.then, name, texts, options), unmarked=unmarked)
    lines = enumerate(chain.from_iterable(map(lines_in, texts)), 1)
    looks = f"list with {named(form.marks)}"
    return Rows(looks, (Row(number, line.rstrip("\n")) for number, line in lines), unmarked=unmarked)


def _of_counted(form: Counted, name: str, texts: Iterator[str], options: DataOptions) -> Rows:
    pairs = [split_counted(line, form.first, form.grouped) or ("", "") for line in form.rows]
    places = (1, 0) if form.first else (0, 1)
    columns = [Column(str(j + 1), j + 1, key, [pair[key] for pair in pairs]) for j, key in enumerate(places)]
    looks = "lines of items and numbers"
    chosen = Columns(name, looks, columns, named=False).choose(options)

    def rows() -> Iterator[Row]:
        for number, line in enumerate(chain.from_iterable(map(lines_in, texts)), 1):
            if not line.strip():
                yield Row(number, "")
            elif pair := split_counted(line, form.first, form.grouped):
                yield Row(number, pair[0], "", pair[1])
            else:
                raise ValueError(f"{name}, line {number:,}: has no number beside its item; {as_it_stands()}")

    return described(looks, chosen, columns, rows(), "line")


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
    read = of_table(table, name, iter([text.getvalue()]), options)
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
    also = of_each_key(sheet.terms) if sheet.keys_may_be_kinds else ""
    table = Columns(name, looks, sheet.columns, sheet.named, also)
    late = [] if len(sheet.rows) < MOST_ROWS else table.missing((options.column, options.by))
    chosen = table.besides(late).choose(options)
    asked = chosen.item.several or options.column is not None

    def rows() -> Iterator[Row]:
        paths = [path_of(column) for column in (chosen.item, chosen.kind, chosen.weight)]
        absent = {path for column in late if (path := path_of(column))}
        for number, value in values:
            found = {path: real for path in absent if (real := spelt(value, path))}
            absent -= found.keys()
            paths = [path and found.get(path, path) for path in paths] if found else paths
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

    return described(looks, chosen, [*sheet.columns, *late], rows(), place)


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


def _yaml(name: str, texts: Iterable[str], options: DataOptions) -> Sheet:
    try:
        value = with_titles(yaml_parsed("".join(texts).split("\n")))
    except NotRead as fault:
        raise ValueError(f"{name}, line {fault.line:,}: is read as YAML, but {fault}; {as_it_stands()}") from None
    _refuse_nothing(name, value, YAML)
    sheet = sheet_of(value, name, options.column, YAML, options.by)
    if odd := mixed(sheet.rows):
        raise ValueError(f"{name}, row {odd:,}: is a text among records, or a record among texts; {as_it_stands()}")
    return sheet
