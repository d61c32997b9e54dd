"""Several items a line: all of them on one, between commas or semicolons, or on a few lines that go on."""

from collections.abc import Sequence
from dataclasses import dataclass

from moreish.data.tables import is_value

LEAST_ITEMS = 3  # on one line
LONGEST_ITEM = 60  # characters, on average: prose has longer stretches between commas


@dataclass(frozen=True)
class OneLine:
    """Several items a line, on the only one that there is or on a few that go on; all of the file."""

    separator: str
    alone: bool = True


def one_line(lines: Sequence[str], whole: bool) -> OneLine | None:
    """All items between commas, or semicolons, on the only line, or on lines of which each but the last ends so."""
    if len(lines) != 1:
        return _lines_that_go_on(lines) if whole and lines else None
    for separator in (";", ","):
        items = lines[0].strip().strip(separator).split(separator)
        short = sum(map(len, items)) <= LONGEST_ITEM * len(items)
        if len(items) >= LEAST_ITEMS and short and all(item.strip() for item in items[: None if whole else -1]):
            return OneLine(separator)
    return None


def _lines_that_go_on(lines: Sequence[str]) -> OneLine | None:
    """Where each line but the last ends in a separator, and has several words or names before it, and no values."""
    for separator in (";", ","):
        if not all(line.rstrip().endswith(separator) for line in lines[:-1]):
            continue
        rows = [line.strip().removesuffix(separator).split(separator) for line in lines]
        items = [item.strip() for row in rows for item in row]
        short = sum(map(len, items)) <= LONGEST_ITEM * len(items)
        if min(map(len, rows[:-1])) >= LEAST_ITEMS and short and all(items) and not any(map(is_value, items)):
            return OneLine(separator, alone=False)
    return None
