"""Levels: numbers of several parts, as sections of a document have them. 1.1 Anna, 2.3.1 Bella, A.1 Cleo, § 4 Dora.

Versions, decimals and amounts look the same; what tells sections apart is that each number follows from the one
before it, that the parts begin again at 1 below another, and that no unit stands behind. Without such a sign (3.1 to
3.14 may be the parts of a chapter, or versions) the numbers stay, and are told.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from moreish.data.headings import CONTENTS
from moreish.data.ordinals import Ordinals

PART, DEEPEST = r"[1-9]\d{0,2}", 5
MOSTLY = 0.5  # of the numbers have several parts
HEADED, FIRST = 0.1, 3  # the same where one of the first lines says that they are the contents
LEAST_DEEPER = 2  # numbers of more parts or fewer than the one before, unless parts begin again
UNIT = re.compile(
    r"(?:[kmcdµμnhMG]?(?:g|m|l|L|s|A|V|W|Wh|Hz|J|N|Pa|B|Ω)|[kKMGT]i?[bB]|km/h|mph|lbs?|oz|ft|in|cups?|tsp|tbsp|min|h|"
    r"hrs?|%|‰|°[CF]?|[€$£¥₹]|EUR|USD|Mio|Mrd|million|billion)\.?(?=\s|$|[²³])"
)
Number = tuple[int, ...]


@dataclass(frozen=True)
class Levels(Ordinals):
    """Numbers of several parts."""

    def rising(self, lines: Sequence[str]) -> float:
        """The share of these lines' numbers that follow from the one before; 0 where they may be no sections."""
        found, numbers = self._found(lines)
        steps = list(pairwise(numbers))
        mostly = HEADED if any(map(CONTENTS.fullmatch, lines[:FIRST])) else MOSTLY
        signs = sum(each["sign"] is not None for each in found)
        several = sum(len(each) > 1 for each in numbers)
        if not steps or (signs < len(found) and (several < mostly * len(found) or _amounts(found))):
            return 0.0
        again = sum(_follows(a, b) and len(a) == len(b) and a[:-1] != b[:-1] for a, b in steps)
        deeper = sum(_follows(a, b) and len(a) != len(b) for a, b in steps)
        if signs < len(found) and not again and deeper < LEAST_DEEPER:
            return 0.0
        return sum(_follows(a, b) for a, b in steps) / len(steps)

    def may_be_sections(self, lines: Sequence[str]) -> bool:
        """Whether each of these lines has a number of several parts that follows from the one before."""
        found, numbers = self._found(lines)
        all_several = len(found) == len(lines) > 1 and all(len(each) > 1 for each in numbers)
        return all_several and not _amounts(found) and all(_follows(a, b) for a, b in pairwise(numbers))

    def _found(self, lines: Sequence[str]) -> tuple[list[re.Match[str]], list[Number]]:
        found = [each for each in map(self.pattern.fullmatch, lines) if each]
        return found, [_parts(each["number"]) for each in found]


def _parts(number: str) -> Number:
    return tuple(int(part) if part.isdigit() else ord(part) - 64 for part in number.split("."))


def _amounts(found: Sequence[re.Match[str]]) -> bool:
    """Whether most numbers have a unit behind them, or all the same word in small letters, as a unit is."""
    items = [each["item"] for each in found]
    words = {item.split()[0] for item in items}
    return sum(UNIT.match(item) is not None for item in items) > MOSTLY * len(items) or (
        len(words) == 1 and words.pop()[0].islower()
    )


def _follows(before: Number, after: Number) -> bool:
    """Whether a part is one more than it was, or comes anew, and all behind it begin at 1."""
    same = next((n for n, (a, b) in enumerate(zip(before, after, strict=False)) if a != b), len(before))
    if len(after) <= same:
        return False
    first = before[same] + 1 if same < len(before) else 1
    return after[same] == first and set(after[same + 1 :]) <= {1}


def _levels(name: str, first: str) -> Levels:
    pattern = rf"(?P<sign>§+\s*)?(?P<number>{first}(?:\.{PART}){{0,{DEEPEST}}})[.):]?\s+(?P<item>\S.*)"
    return Levels(name, re.compile(pattern), lambda _: 1)


LEVELS = (_levels("numbers of sections", PART), _levels("letters and numbers of sections", "[A-Z]"))
