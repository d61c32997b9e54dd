"""From a stream of any format to a stream of lines, one item each."""

import csv
from typing import NamedTuple

from moreish.data.encodings import Bytes, Prepended, has_mark, is_transparent
from moreish.data.faults import as_it_stands
from moreish.data.formats import (
    MOST_ROWS,
    Format,
    Marked,
    any_is_long,
    first_lines,
    recognise,
)
from moreish.data.guesses import nul_fault
from moreish.data.hints import hint_on_counts, hints_on
from moreish.data.item_lines import ItemLines, Kinds
from moreish.data.options import FILE, DataOptions
from moreish.data.reader import PIECE, Reader
from moreish.data.report import Report
from moreish.data.rows import rows_of
from moreish.data.table_forms import TABLE_SUFFIXES, Table, reader_of

MOST_BROKEN = 10  # one row in so many


class Look(NamedTuple):
    """What the beginning of a stream shows.

    form : None where it is a list, an item a line
    hints : on what in it may be no item
    stream : all of it, once more
    """

    form: Format | None
    hints: list[str]
    stream: Bytes


def look_at(name: str, stream: Bytes, options: DataOptions, suffix: str) -> Look:
    """What this is, by its beginning. Raises ValueError for what would be a table but for a few rows' quotes,
    and for a NUL, which no text has."""
    head = stream.read(PIECE)
    whole, stream = len(head) < PIECE, Prepended(head, stream)
    try:
        text = head.decode(options.encoding, "ignore")
    except (LookupError, UnicodeError):
        return Look(None, [], stream)  # no such encoding, or another: the decoder says so
    if b"\0" in head and is_transparent(options.encoding) and not has_mark(head):
        before = head[: head.index(0)].replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        raise nul_fault(name, before.count(b"\n") + 1, head)
    marks = options.marks == "drop"
    form = recognise(text, whole, suffix, _names(options), options.weight is not None, marks)
    if form is None and suffix == ".csv" and '"' in text:
        _refuse_open_quotes(name, text, whole, options)
    hints = _hints(name, form, text, whole, options) if marks else []
    if form is None and suffix in TABLE_SUFFIXES and "," in text and not options.columns:
        hints.append(
            f"{name} is called {suffix}, but its rows are no table's (they differ in length, or are names with "
            "commas), so its lines are the items as they stand."
        )
    return Look(form, hints, stream)


def _refuse_open_quotes(name: str, text: str, whole: bool, options: DataOptions) -> None:
    """Raise ValueError where the other rows are a table, which a quote that is never closed would swallow."""
    lines = text.removeprefix("\ufeff").splitlines(keepends=True)[: MOST_ROWS + 1]
    for separator in ",;":
        broken = [n for n, line in enumerate(lines) if '"' in line and not _stands_alone(line, separator)]
        if 0 < len(broken) <= max(1, len(lines) // MOST_BROKEN):
            rest = "".join(line for n, line in enumerate(lines) if n not in broken)
            form = recognise(rest, whole, ".csv", _names(options), options.weight is not None)
            if isinstance(form, Table) and form.separator == separator:
                where = f"{name}, line {broken[0] + 1:,}"
                raise ValueError(f"{where}: has quotes that do not close as in a table; {as_it_stands()}")


def _stands_alone(line: str, separator: str) -> bool:
    try:
        return len(list(reader_of([line], separator, quoted=True, spaced=True))) == 1
    except csv.Error:
        return False


def as_lines(
    name: str, stream: Bytes, options: DataOptions, kinds: Kinds, report: Report, suffix: str
) -> tuple[Bytes, ItemLines | None]:
    """The stream, and None, where it is a list already; else its items as lines, twice.

    Raises ValueError where a column was asked for and there is none; see also `rows_of`.
    """
    form, hints, stream = look_at(name, stream, options, suffix)
    report.told += hints
    if form is None:
        if options.columns:
            raise ValueError(f'{name} is a list of lines and has no columns, so no column "{options.columns[0]}"')
        return stream, None
    scanning = DataOptions(encoding=options.encoding, text=True, max_bytes=options.max_bytes)
    texts = Reader(name, scanning, Report(name)).as_it_stands(stream)
    rows = rows_of(form, name, texts, options)
    report.told += rows.told
    lines = ItemLines(name, rows, kinds, report.dropped)
    return lines, lines


def _hints(name: str, form: Format | None, text: str, whole: bool, options: DataOptions) -> list[str]:
    """What looks as if it did not belong to the items of a list."""
    parted = _parted(text, whole)
    match form:
        case None:
            lines = first_lines(text.removeprefix("\ufeff"), whole)[:MOST_ROWS]
        case Marked(then=None):
            lines = [line for line in form.lines if line]
            parted = parted and form.lines[0] != ""
        case Table(separator="\t", header=None, width=2) if options.weight is None:
            return [f"{name}: {hint}" for hint in hint_on_counts([row[-1] for row in form.rows])]
        case _:
            return []
    if any_is_long(lines):
        return []
    return [f"{name}: {hint}" for hint in hints_on(lines, parted, whole and len(lines) < MOST_ROWS)]


def _parted(text: str, whole: bool) -> bool:
    """Whether a blank line stands below the first, and no other anywhere."""
    lines = [line.strip() for line in text.strip().split("\n", MOST_ROWS)]
    return whole and len(lines) > 2 and not lines[1] and all(lines[2:])


def _names(options: DataOptions) -> tuple[str, ...]:
    """Column names to look for in a header; --by file may be one."""
    return (*options.columns, FILE) if options.by == FILE and options.columns else options.columns
