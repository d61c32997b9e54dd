"""Levels: numbers of several parts, as sections of a document have them. 1.1 Anna, 2.3.1 Bella, A.1 Cleo, § 4 Dora.

Versions and decimals look the same; what tells sections apart is that each number follows from the one before it, and
that the parts begin again at 1 below another, or go on from 1 to 10.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from moreish.data.ordinals import Ordinals

PART, DEEPEST = r"[1-9]\d{0,2}", 5
MOSTLY = 0.5  # of the numbers have several parts
LEAST_DEEPER = 2  # numbers of more parts or fewer than the one before, unless parts begin again
Number = tuple[int, ...]


@dataclass(frozen=True)
class Levels(Ordinals):
    """Numbers of several parts."""

    def rising(self, lines: Sequence[str]) -> float:
        """The share of these lines' numbers that follow from the one before; 0 where they may be no sections."""
        found = [each for each in map(self.pattern.fullmatch, lines) if each]
        numbers = [_parts(each["number"]) for each in found]
        steps = list(pairwise(numbers))
        signs = sum(each["sign"] is not None for each in found)
        several = sum(len(each) > 1 for each in numbers)
        if not steps or (signs < len(found) and several < MOSTLY * len(found)):
            return 0.0
        again = sum(_follows(a, b) and len(a) == len(b) and a[:-1] != b[:-1] for a, b in steps)
        deeper = sum(_follows(a, b) and len(a) != len(b) for a, b in steps)
        to_ten = numbers[0][-1] == 1 and any(number[-1] == 10 for number in numbers)
        if signs < len(found) and not again and deeper < LEAST_DEEPER and not to_ten:
            return 0.0
        return sum(_follows(a, b) for a, b in steps) / len(steps)


def _parts(number: str) -> Number:
    return tuple(int(part) if part.isdigit() else ord(part) - 64 for part in number.split("."))


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
