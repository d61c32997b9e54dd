"""The tables that a script of SQL fills."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

MOST_PASSED = 5  # lines of statements, in a sentence


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


def passed_over(name: str, lines: Sequence[int]) -> tuple[str, ...]:
    """What to say of statements that begin in these lines and are passed over."""
    if not lines:
        return ()
    if len(lines) == 1:
        return (f"{name}, line {lines[0]:,}: puts rows into a table that are not written out, and is passed over.",)
    shown = [f"{line:,}" for line in lines[:MOST_PASSED]]
    more = f" and {len(lines) - len(shown):,} more" if len(lines) > len(shown) else f" and {shown.pop()}"
    return (
        f"{name}: {len(lines):,} statements put rows into a table that are not written out, and are passed over "
        f"(lines {', '.join(shown)}{more}).",
    )
