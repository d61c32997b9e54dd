"""Pages: the rows of the tables of an HTML page, and the items of its lists, by the standard library's parser."""

import html
from dataclasses import dataclass, field
from html.parser import HTMLParser

from moreish.data.possessive import re

BEGINS = re.compile(
    r"(?:<!--(?:[^-]|-(?!->))*+-->\s*+)*+<(?:!doctype|html|body|main|section|div|table|thead|tbody|tr|ul|ol|li|dl|select)\b",
    re.IGNORECASE | re.DOTALL,
)
CELLS, ITEMS = ("td", "th"), ("li", "option")
ENDING = ("tr", "table", "ul", "ol", "select", *CELLS, *ITEMS)  # what ends the text of a cell or an item
HIDDEN = ("script", "style", "template", "svg", "sup")  # of these last the notes
UNCLOSED = (("<!--", "-->"), ("<![", "]>"))
MOST_SPANNED = 1000  # rows and columns that one cell spans, as browsers have it, and columns of a row in all


@dataclass
class PageTable:
    """Rows of cells, filled where one spans several; those of headings alone are left out but for the first.

    header : the first row, where it is all of headings
    """

    header: tuple[str, ...] | None = None
    rows: list[list[str]] = field(default_factory=list)
    _row: list[str] = field(default_factory=list)
    _headings: int = 0
    _spanning: dict[int, tuple[int, str]] = field(default_factory=dict)  # column: rows to come, text

    def add(self, text: str, heading: bool, rows: int, columns: int) -> None:
        """A cell of the row that has begun, and how many rows and columns it spans."""
        self._spanned()
        for _ in range(min(columns, MOST_SPANNED - len(self._row))):
            if rows > 1:
                self._spanning[len(self._row)] = (rows - 1, text)
            self._row.append(text)
            self._headings += heading
            text = ""

    def end_row(self) -> None:
        """The row is complete; nothing happens where none has begun."""
        if self._row:
            self._spanned()
            if self._headings < len(self._row):
                self.rows.append(self._row)
            elif self.header is None and not self.rows:
                self.header = tuple(self._row)
        self._row, self._headings = [], 0

    def _spanned(self) -> None:
        while (at := len(self._row)) in self._spanning and at < MOST_SPANNED:
            left, text = self._spanning.pop(at)
            if left > 1:
                self._spanning[at] = (left - 1, text)
            self._row.append(text)


class Page(HTMLParser):
    """The tables and the list items of a page; a table within a cell stands alone, a list within one does not."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tables: list[PageTable] = []
        self.items: list[str] = []
        self._within: list[PageTable] = []
        self._text: list[str] | None = None  # of the cell or item that has begun
        self._cell: tuple[bool, int, int] | None = None  # whether a heading, rows, columns; None in an item
        self._hidden: list[str] = []
        for opens, closes in UNCLOSED:
            text = _closed(text, opens, closes)
        closed = text.rfind(">") + 1
        self.feed(text[:closed])
        self.close()
        self.handle_data(html.unescape(text[closed:]))  # no tag ends there, and the parser looks for one at every <
        self._end()
        for table in self.tables:
            table.end_row()

    @property
    def largest(self) -> PageTable | None:
        """The table of most rows."""
        return max(self.tables, key=lambda table: len(table.rows), default=None)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """A table, row, cell or item begins, or something within one."""
        said = dict(attrs)
        if tag in HIDDEN and (tag != "sup" or "reference" in (said.get("class") or "")):
            self._hidden.append(tag)
        elif tag in ITEMS and self._cell is None:
            self._end()
            self._text = []
        elif tag in CELLS:
            self._end()
            self._text, self._cell = [], (tag == "th", _span(said.get("rowspan")), _span(said.get("colspan")))
        elif tag == "table":
            self._end()
            self._open_table()
        elif tag == "tr":
            self._end()
            if self._within:
                self._within[-1].end_row()
        else:
            self.handle_data(" " if tag in ("br", "p", "div", *ITEMS) else "")

    def handle_endtag(self, tag: str) -> None:
        """A cell, row or table ends, maybe with what within it was left open."""
        if tag in self._hidden:
            del self._hidden[self._hidden.index(tag) :]
        elif tag in ENDING and (self._cell is None or tag in ("tr", "table", *CELLS)):
            self._end()
        if tag in ("tr", "table") and self._within:
            self._within[-1].end_row()
        if tag == "table" and self._within:
            self._within.pop()

    def handle_data(self, data: str) -> None:
        """Text, entities already told."""
        if self._text is not None and not self._hidden:
            self._text.append(data)

    def _open_table(self) -> None:
        self.tables.append(PageTable())
        self._within.append(self.tables[-1])

    def _end(self) -> None:
        """What was said in a cell or item goes where it belongs."""
        if self._text is None:
            return
        text = " ".join("".join(self._text).split())
        if self._cell is None:
            self.items += [text] if text else []
        else:
            if not self._within:
                self._open_table()  # rows that were copied without what is round them
            self._within[-1].add(text, *self._cell)
        self._text = self._cell = None


def _closed(text: str, opens: str, closes: str) -> str:
    """What is opened and nowhere closed as something that ends at the next >: the end is looked for at each else."""
    last = text.rfind(closes) + 1
    return text if text.find(opens, last) < 0 else text[:last] + text[last:].replace(opens, "<!")


def _span(said: str | None) -> int:
    return min(max(int(said), 1), MOST_SPANNED) if said and said.isascii() and said.isdecimal() else 1
