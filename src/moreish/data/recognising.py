"""From a stream of any format to a stream of lines, one item each."""

from moreish.data.encodings import Bytes, Prepended
from moreish.data.formats import TABLE_SUFFIXES, recognise
from moreish.data.item_lines import ItemLines, Kinds
from moreish.data.options import FILE, DataOptions
from moreish.data.reader import PIECE, Reader
from moreish.data.report import Report
from moreish.data.rows import rows_of


def as_lines(
    name: str, stream: Bytes, options: DataOptions, kinds: Kinds, report: Report, suffix: str
) -> tuple[Bytes, ItemLines | None]:
    """The stream, and None, where it is a list already; else its items as lines, twice.

    Raises ValueError where a column was asked for and there is none; see also `rows_of`.
    """
    head = stream.read(PIECE)
    whole, stream = len(head) < PIECE, Prepended(head, stream)
    try:
        text = head.decode(options.encoding, "ignore")
    except (LookupError, UnicodeError):
        return stream, None  # no such encoding, or another: the decoder says so
    form = recognise(text, whole, suffix, _names(options), options.weight is not None)
    if form is None:
        if options.columns:
            raise ValueError(f'{name} is a list of lines and has no columns, so no column "{options.columns[0]}"')
        if suffix in TABLE_SUFFIXES and "," in text:
            report.notes.append(
                f"{name} is called {suffix}, but its rows are no table's (they differ in length, or are names with "
                "commas), so its lines are the items as they stand."
            )
        return stream, None
    scanning = DataOptions(encoding=options.encoding, text=True, max_bytes=options.max_bytes)
    texts = Reader(name, scanning, Report(name)).as_it_stands(stream)
    lines = ItemLines(name, rows_of(form, name, texts, options), kinds, report.dropped)
    return lines, lines


def _names(options: DataOptions) -> tuple[str, ...]:
    """Column names to look for in a header; --by file may be one."""
    return (*options.columns, FILE) if options.by == FILE and options.columns else options.columns
