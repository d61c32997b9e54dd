"""Counts: lines of an item and a number, 20355 or 20 355, before it or behind."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from moreish.data.numbers import BROAD, NARROW, number_of

MOSTLY = 0.5  # of the lines: groups of three digits that are one number
PARTS_THOUSANDS = re.compile(rf"[{NARROW}]")
GROUPED = rf"[-+]?[1-9]\d{{0,2}}(?:[{NARROW}{BROAD}]\d{{3}})+(?:[.,]\d+)?(?![\w.,]*\d|\w)"
ITEM = r"(?P<item>.*?\S)(?:\s+(?:[-–—=:]\s+|[x×]\s?)?|\s*:\s*|(?=[(\[]))"
IN_BRACKETS = r"\((?P<round>[^()]*)\)|\[(?P<square>[^\[\]]*)\]"
BARE = r"[-+]?[\d.]\S*(?:\s%)?"
COUNT_LAST = re.compile(rf"{ITEM}(?:{IN_BRACKETS}|(?P<bare>{BARE}))")
GROUPS_LAST = re.compile(rf"{ITEM}(?:{IN_BRACKETS}|(?P<bare>{GROUPED}(?:\s%)?|{BARE}))")
AFTER_COUNT = r"\)?(?:\s*[x×:]|\s+[-–—=])?\s+(?P<item>\S.*)"
COUNT_FIRST = re.compile(rf"\(?(?P<number>\S+?){AFTER_COUNT}")
BEGINS_GROUPED = re.compile(rf"\(?{GROUPED}")
GROUPS_FIRST = re.compile(rf"\(?(?P<number>{GROUPED}){AFTER_COUNT}")
UNGROUPED = re.compile(r"\d{4}")


@dataclass(frozen=True)
class Counted:
    """Lines of an item and a number with blanks between; `first` says whether the number comes first.

    grouped : whether blanks part thousands
    """

    first: bool
    rows: Sequence[str]
    grouped: bool = False


def counted(lines: Sequence[str]) -> Counted | None:
    """Each line an item and a number, as `uniq -c` writes them, or the other way round."""
    for first in (False, True):
        plain, grouped = ([split_counted(line, first, each) for line in lines] for each in (False, True))
        if _are_counts(plain):
            uniq = first and _aligned(lines, plain) and not _aligned(lines, grouped)
            return Counted(first, lines, not uniq and _are_counts(grouped) and _are_grouped(plain, grouped))
    return None


Pairs = Sequence[tuple[str, str] | None]


def _are_counts(pairs: Pairs) -> bool:
    return all(pair is not None and number_of(pair[1]) is not None for pair in pairs)


def _are_grouped(plain: Pairs, grouped: Pairs) -> bool:
    """Whether blanks part thousands: the lines are in order only so, or most have a number of several groups.

    Not where a number of four digits is in one piece.
    """
    numbers = [pair[1] for pair in grouped if pair]
    several = [b[1] for a, b in zip(plain, grouped, strict=True) if a != b and b]
    if not several or any(map(UNGROUPED.search, numbers)):
        return False
    if any(map(PARTS_THOUSANDS.search, several)):
        return True
    in_order = _in_order(numbers)
    if in_order != _in_order([pair[1] for pair in plain if pair]):
        return in_order
    return len(several) >= MOSTLY * len(numbers)


def _aligned(lines: Sequence[str], pairs: Pairs) -> bool:
    """Whether the numbers before the items end one below the other, behind blanks, as `uniq -c` has them."""
    ends = {line.find(pair[1]) + len(pair[1]) for line, pair in zip(lines, pairs, strict=True) if pair}
    return len(ends) == 1 and any(line[:1] == " " for line in lines)


def _in_order(numbers: Sequence[str]) -> bool:
    """Whether they rise, or fall."""
    values = [number_of(number) or 0.0 for number in numbers]
    return all(a <= b for a, b in pairwise(values)) or all(a >= b for a, b in pairwise(values))


def split_counted(line: str, first: bool, grouped: bool = False) -> tuple[str, str] | None:
    """The item and its number, which comes first or last, maybe in brackets; None where there are no two."""
    line = line.strip()
    if first:
        found = (GROUPS_FIRST if grouped and BEGINS_GROUPED.match(line) else COUNT_FIRST).fullmatch(line)
    else:
        found = (GROUPS_LAST if grouped else COUNT_LAST).fullmatch(line)
    if found is None:
        return None
    number = found["number"] if first else found["round"] or found["square"] or found["bare"] or ""
    return found["item"].strip(), number.strip().lstrip("x×")
