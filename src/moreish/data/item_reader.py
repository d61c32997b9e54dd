"""ItemReader: the items of one file or stream, whatever its format, as blocks; all that read items read them so."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from moreish.data.encodings import Bytes
from moreish.data.item_lines import ItemLines, Kinds
from moreish.data.options import DataOptions
from moreish.data.reader import Block, Reader
from moreish.data.recognising import as_lines
from moreish.data.report import Report


class ItemReader:
    """Counts in `report` what it saw, and says there how the file was read once `blocks` is at its end.

    suffix : of the file's name, which helps to recognise what it is; None where its lines are known to be items
    among : names this file among several
    """

    def __init__(
        self,
        name: str,
        stream: Bytes,
        options: DataOptions,
        kinds: Kinds,
        report: Report,
        suffix: str | None,
        among: str = "",
    ) -> None:
        self.name, self.report, self.among = name, report, among
        self._told = len(report.told)
        self.rows: ItemLines | None = None
        self.stream = stream
        if suffix is not None and options.recognise:
            self.stream, self.rows = as_lines(name, stream, options, kinds, report, suffix)
        if self.rows:
            options = replace(options, encoding="utf-8")
        self._reader = Reader(name, options, report, self.rows.line_of if self.rows else int, among)

    def blocks(self) -> Iterator[Block]:
        """The items. Raises ValueError where there are none, or where a line or row cannot be read."""
        yield from self._reader.blocks(self.stream)
        self._finish()

    def lines_of(self, block: Block) -> Sequence[int]:
        """Where in the file the items of a block stand; in JSON, in which rows."""
        rows = self.rows
        return block.lines if rows is None else [rows.line_of(line) for line in block.lines]

    def _finish(self) -> None:
        rows, report = self.rows, self.report
        report.lines += rows.line_of(self._reader.line) if rows else self._reader.line
        if rows:
            looks = f"{rows.rows.looks}, {rows.count:,} row{'s' * (rows.count != 1)}"
            report.read_as.append(f"{self.name}: {looks}" if self.among else looks)
            report.left_out = list(dict.fromkeys([*report.left_out, *rows.rows.left_out]))
            if rows.rows.unmarked is not None:
                report.told.insert(self._told, rows.rows.unmarked.note(self.name))
