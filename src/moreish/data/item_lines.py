"""ItemLines: the items of a table as the bytes of a plain list, a line each, for the reader to read as any other."""

from array import array
from bisect import bisect_right
from collections import Counter
from itertools import islice

import numpy as np
from jaxtyping import Float64, Integer, UInt

from moreish.data.numbers import number_of
from moreish.data.table_rows import NULL, Row, Rows
from moreish.wording import called

BATCH = 4096  # rows at a time
NO_KIND = "unknown"  # the kind of an item whose cell says none
ID_KINDS = 20  # kinds from which on more kinds than half the items are no kinds


class Kinds:
    """The names of the kinds, numbered as they come."""

    def __init__(self, most: int) -> None:
        self.number_of: dict[str, int] = {}
        self.most = most

    def number(self, name: str, where: str) -> int:
        """The number of this kind. Raises ValueError where there are too many; `where` begins the sentence."""
        found = self.number_of.get(name)
        if found is None:
            found = self.number_of[name] = len(self.number_of)
            if found >= self.most:
                raise ValueError(
                    f"{where} has more than {self.most:,} different kinds: is it a column of kinds? Raise the limit "
                    f"with {called('data.max_kinds', 10 * self.most)}"
                )
        return found

    def sorted(
        self, kinds: UInt[np.ndarray, " items"] | None, source: str
    ) -> tuple[UInt[np.ndarray, " items"] | None, list[str]]:
        """The kinds of the items by their place among the names that occur, which are put in order.

        Raises ValueError where there are so many that they tell items apart and not kinds.
        """
        if kinds is None:
            return None, []
        names = list(self.number_of)
        used = np.flatnonzero(np.bincount(kinds, minlength=len(names))).tolist()
        if len(used) > max(ID_KINDS, len(kinds) / 2):
            raise ValueError(
                f"{source} has {len(used):,} different kinds for {len(kinds):,} items, so hardly two are of the "
                f"same: {called('by')} wants a column of kinds"
            )
        used.sort(key=names.__getitem__)
        place = np.zeros(len(names), np.min_scalar_type(max(len(used) - 1, 0)))
        place[used] = np.arange(len(used))
        return place.take(kinds), [names[number] for number in used]


class ItemLines:
    """A stream of one item a line (`Bytes`), which keeps each line's kind and weight, and where the line came from.

    Raises ValueError, naming line or row, for a cell that is no item, or a weight that is no positive number. Rows of
    weight 0 are left out, as if they did not stand there, and counted in `dropped`; where all are, it is said.
    """

    def __init__(self, name: str, rows: Rows, kinds: Kinds | None, dropped: Counter[str]) -> None:
        self.name, self.rows, self.dropped = name, rows, dropped
        self.kinds = kinds if rows.has_kinds else None
        self.count = 0  # rows with something in them
        self._ready = b""
        self._kind_of, self._weight_of = array("I"), array("d")  # of each line
        self._lines = 0
        self._shifts, self._from = [0], [0]  # line of the file less line of ours, and from which line of ours on

    def read(self, n: int, /) -> bytes:
        """Up to n bytes; none at the end."""
        pieces = [self._ready]
        size = len(self._ready)
        while size < n and (batch := list(islice(self.rows.rows, BATCH))):
            pieces.append(self._written(batch))
            size += len(pieces[-1])
        if not size and not self._lines and self.dropped["of weight 0"]:
            raise ValueError(f"{self.name} has no items: every row has weight 0")
        ready = b"".join(pieces)
        piece, self._ready = ready[:n], ready[n:]
        return piece

    def kinds_of(self, lines: Integer[np.ndarray, " items"]) -> Integer[np.ndarray, " items"]:
        """The numbers of these lines' kinds, the first line being 1."""
        return np.frombuffer(self._kind_of, np.uint32)[lines - 1].copy()

    def weights_of(self, lines: Integer[np.ndarray, " items"]) -> Float64[np.ndarray, " items"]:
        """The weights of these lines."""
        return np.frombuffer(self._weight_of, np.float64)[lines - 1].copy()

    def line_of(self, line: int) -> int:
        """Where in the file this line's row ends; for JSON, the number of the row."""
        return line + self._shifts[bisect_right(self._from, line) - 1]

    def _written(self, batch: list[Row]) -> bytes:
        if self.rows.has_weights:
            batch = self._weighed(batch)
        items = [row.item for row in batch]
        text = "\n".join(items)
        if text.count("\n") >= max(len(items), 1) or "\r" in text or NULL in text:
            items = [self._one_line(row) for row in batch]
            text = "\n".join(items)
        try:
            written = f"{text}\n".encode() if items else b""
        except UnicodeEncodeError:
            raise self._half_character(batch) from None
        self.count += sum(map(bool, map(str.strip, items)))
        if self.kinds is not None:
            column = f"{self.name}: the column of the kinds"
            number = self.kinds.number
            self._kind_of.extend([number(_filled(row.kind) or NO_KIND, column) for row in batch])
        self._remember_lines(batch)
        return written

    def _remember_lines(self, batch: list[Row]) -> None:
        """Lines ascend, so where the last is no further than the rows are many no row went over several."""
        if batch and batch[-1].line - self._lines - len(batch) == self._shifts[-1]:
            self._lines += len(batch)
            return
        for row in batch:
            self._lines += 1
            if row.line - self._lines != self._shifts[-1]:
                self._shifts.append(row.line - self._lines)
                self._from.append(self._lines)

    def _weighed(self, batch: list[Row]) -> list[Row]:
        """The rows that weigh something; their weights are kept."""
        kept = []
        for row in batch:
            weight = number_of(row.weight, self.rows.mark) if row.item.strip() else 1.0
            if weight is None or weight < 0:
                shown = f'"{row.weight}"' if row.weight.strip() else "missing"
                raise ValueError(
                    f'{self.name}, {self.rows.place} {row.line:,}: the weight of "{row.item[:40]}" is {shown}, and '
                    "only a positive number can be one"
                )
            if weight:
                kept.append(row)
                self._weight_of.append(weight)
        if len(kept) < len(batch):
            self.dropped["of weight 0"] += len(batch) - len(kept)
        return kept

    def _one_line(self, row: Row) -> str:
        item = row.item.strip()
        if "\n" in item or "\r" in item:
            raise ValueError(
                f"{self.name}, {self.rows.place} {row.line:,}: its item goes over several lines, and an item is one "
                f'line: "{" ".join(item.split())[:40]}"'
            )
        return _filled(item)

    def _half_character(self, batch: list[Row]) -> ValueError:
        for row in batch:
            half = next((c for c in row.item if 0xD800 <= ord(c) <= 0xDFFF), None)
            if half is not None:
                where = f"{self.name}, {self.rows.place} {row.line:,}"
                return ValueError(f"{where}: has U+{ord(half):04X}, which is half a surrogate pair and no character")
        raise AssertionError("only half characters cannot be written as UTF-8")


def _filled(cell: str) -> str:
    """The cell without outer blanks; nothing where a database wrote that there is nothing."""
    cell = cell.strip()
    return "" if cell == NULL else cell
