"""The tables that a script of SQL fills."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple


@dataclass
class SqlTable:
    """The rows that a table is given, the lines in which they begin, and its columns, where they are named."""

    name: str
    header: list[str] = field(default_factory=list)
    declared: list[str] = field(default_factory=list)  # by CREATE TABLE
    rows: list[tuple[str | None, ...]] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)

    @property
    def width(self) -> int:
        """How many columns."""
        return len(self.rows[0])

    def records(self) -> Iterator[dict[str, str | None] | list[str | None]]:
        """The rows with the names of their columns, where they have any."""
        if self.header:
            return (dict(zip(self.header, row, strict=True)) for row in self.rows)
        return map(list, self.rows)


class Largest(NamedTuple):
    """The table that is given most rows, how many there are, and where statements give it rows that are not read."""

    table: SqlTable
    tables: int
    passed: list[int]
