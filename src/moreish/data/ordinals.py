"""Ordinals: the ways in which people number a list, and which number each is. 1. Anna, b) Bella, ③ Cleo."""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

OPENS, CLOSES = r"[(（\[【]?", r"(?:\.\)|[.)、\]．）】])"
AFTER = r"(?:\s+|(?=[^\W\d]|[\"'“„«‘「『(*_`\[<])|$)(?P<item>.*)"
NUMBER = re.compile(
    rf"{OPENS}(?P<sign>[#№]\s?)?(?P<number>\d{{1,9}})(?:{CLOSES}|[:：]|(?(sign)(?=\s)|\s*[-–—](?=\s))){AFTER}"
)
LETTER = re.compile(rf"{OPENS}(?P<number>[a-z]{{1,2}}|[A-Z]{{1,2}}|[^\W\d_])(?:{CLOSES}(?=\s|$)|[)）]){AFTER}")
ROMAN = re.compile(rf"{OPENS}(?P<number>[ivxlcdm]{{1,9}}|[IVXLCDM]{{1,9}})(?:{CLOSES}(?=\s|$)|[)）]){AFTER}")
CHINESE = re.compile(rf"{OPENS}(?P<number>[一二三四五六七八九]?十?[一二三四五六七八九]?){CLOSES}\s*(?P<item>.*)")
SIGN = re.compile(
    "(?P<number>[\u2460-\u249b\u24f5-\u24fe\u2776-\u2793\u3251-\u325f\u32b1-\u32bf\u3220-\u3229\u3280-\u3289"
    rf"\u2160-\u216b\u2170-\u217b]|\d\ufe0f?\u20e3|\U0001f51f){CLOSES}?\s*(?P<item>.*)"
)  # circled, bracketed, on a key, a Roman numeral in one character
WELL_FORMED = re.compile("m{0,3}(cm|cd|d?c{0,3})(xc|xl|l?x{0,3})(ix|iv|v?i{0,3})")
WORTH = {"i": 1, "v": 5, "x": 10, "l": 50, "c": 100, "d": 500, "m": 1000}
ALPHABETS = "aαа"  # the first letters of those that lists are numbered with


@dataclass(frozen=True)
class Ordinals:
    """One way to number: what such a line looks like, and the number that its sign stands for.

    from_one : whether such a list begins at its beginning, as the same signs may be initials
    """

    name: str
    pattern: re.Pattern[str]
    value: Callable[[str], int | None]
    from_one: bool = False

    def number(self, line: str) -> int | None:
        """The number of this line; None where it has none."""
        found = self.pattern.fullmatch(line)
        return None if found is None else self.value(found["number"])

    def item(self, line: str) -> str | None:
        """What follows the number; None where there is none."""
        found = self.pattern.fullmatch(line)
        return None if found is None or self.value(found["number"]) is None else found["item"].strip()


def _of_letter(sign: str) -> int | None:
    sign = sign.lower()
    if len(sign) == 2:
        return 26 * (ord(sign[0]) - 96) + ord(sign[1]) - 96
    firsts = [ord(sign) - ord(first) + 1 for first in ALPHABETS if 0 <= ord(sign) - ord(first) < 40]
    return min(firsts, default=None)


def _of_roman(sign: str) -> int | None:
    sign = sign.lower()
    if not WELL_FORMED.fullmatch(sign):
        return None
    worth = [WORTH[letter] for letter in sign]
    return sum(-a if a < b else a for a, b in zip(worth, [*worth[1:], 0], strict=True))


def _of_chinese(sign: str) -> int | None:
    digits = {digit: number for number, digit in enumerate("一二三四五六七八九", 1)}
    tens, ten, ones = sign.rpartition("十")
    if not ten:
        return digits.get(sign)
    return 10 * digits.get(tens, 1) + digits.get(ones, 0)


def _of_sign(sign: str) -> int | None:
    return 10 if sign == "\U0001f51f" else int(unicodedata.numeric(sign[0]))


NUMBERINGS = (
    Ordinals("numbering", NUMBER, int),
    Ordinals("numbering by signs", SIGN, _of_sign),
    Ordinals("numbering by Roman numerals", ROMAN, _of_roman, from_one=True),
    Ordinals("numbering by letters", LETTER, _of_letter, from_one=True),
    Ordinals("numbering by Chinese numerals", CHINESE, _of_chinese, from_one=True),
)
