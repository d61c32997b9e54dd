"""Formats: what a file is, by the look of its beginning. A list of lines, a table, JSON, or all items on one line.

Read as a list, a table would train without a complaint, on commas and brackets. A list whose items have commas
("Smith, John") is no table: what makes one is a first row that names columns, numbers below a word, tabs, or that
somebody asks for a column.
"""

import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice

from moreish.data.anki import head_of
from moreish.data.counts import Counted, counted
from moreish.data.exports import Export
from moreish.data.exports import recognised as export_in
from moreish.data.foreign import foreign
from moreish.data.json_forms import LINES_SUFFIXES as LINES_SUFFIXES
from moreish.data.json_forms import Json, JsonLines
from moreish.data.json_forms import recognised as json_in
from moreish.data.marks import LEADING, LEAST, Mark, cells_of, is_markdown, marks_of
from moreish.data.one_line import LEAST_ITEMS, OneLine, one_line
from moreish.data.pages import BEGINS, Page, PageTable
from moreish.data.programs import listed
from moreish.data.sql import Sql
from moreish.data.sql import recognised as sql_in
from moreish.data.table_forms import LEAST_ROWS, Deck, Table, as_table, cells_in, said_table, table_in
from moreish.data.table_forms import TABLE_SUFFIXES as TABLE_SUFFIXES
from moreish.data.yaml import Yaml
from moreish.data.yaml import recognised as yaml_in

MARKDOWN, HTML = "|", "<"  # the separators of tables that have none of their own
MOST_ROWS = 1000  # looked at
LONGEST_LINE = 10_000  # characters of a line that is looked at for marks and counts: no item is longer


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


Format = Table | Counted | JsonLines | Json | Yaml | Sql | Export | InProgram | Html | OneLine | Marked


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
    found = _placed(said_table(looked_at, cut, columns), text) or export_in(text, suffix)
    found = found or _deck(text, looked_at, cut) or json_in(text.strip(), looked_at, whole, suffix)
    found = found or yaml_in(text, whole, suffix) or sql_in(text, whole, suffix)
    if found is None and not columns and marks:
        if foreign(looked_at):
            return None
        found = _in_program(text, whole)
    if found is None and not columns:
        found = one_line(lines, whole)
    if found is None and is_markdown(looked_at):
        header, _, *rows = map(cells_of, looked_at)
        return Table(MARKDOWN, tuple(header), rows, markdown=True)
    if found is None and marks and marks_of(looked_at, LEADING)[0]:
        found = _marked(looked_at, columns, counts)
    if found is None:
        found = _html(text, marks)
    if found is None and counts and all(line.rstrip().endswith((")", "]")) for line in looked_at):
        found = counted(looked_at)  # before a comma in a number looks like one between cells
    if found is None:
        found = _placed(table_in(looked_at, cut, suffix, columns), text)
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
        rows = cells_in(lines[n_above:], cut, head.separator, quoted)
        if rows:
            names = head.names(len(rows[0]))
            return Deck(head.separator, names, rows, quoted, above=head.above, html=head.html)
    return None


def _placed(table: Table | None, text: str) -> Table | None:
    """The table with the blank lines above it counted as well."""
    if table is None or not table.above:
        return table
    filled = (n for n, line in enumerate(io.StringIO(text, newline="")) if line.strip("\r\n "))
    return replace(table, above=next(islice(filled, table.above, None)))


def _marked(lines: Sequence[str], columns: Sequence[str], counts: bool) -> Marked | None:
    """A list with marks; where a column was asked for, only one of items and their counts."""
    marks, bare = marks_of(lines)
    if not marks:
        return None
    then = counted([line for line in bare if line]) if counts else None
    return Marked(marks, bare, then) if then or not columns else None


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
    return Table(HTML, *(as_table(rows, ",", False, ".csv", columns) or (None, rows)))
