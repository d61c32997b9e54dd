"""Numbers as people write them in tables: 20355, 20,355, 20 355, 1.512.491, 15,12,491, 1.5 and 1,5, 12 %."""

import math
from collections.abc import Iterable
from typing import Literal

from moreish.data.possessive import re

Mark = Literal[".", ","]
PLAIN = re.compile(r"[-+]?(\d++(\.\d*+)?|\.\d++)([eE][-+]?\d++)?", re.ASCII)
NARROW = "\xa0\u2000\u2002\u2004-\u200a\u202f\u205f"  # blanks no wider than a digit: they part thousands alone
BROAD = " \u2001\u2003\u3000"  # blanks that may part thousands, or columns
BLANKS = f"{NARROW}{BROAD}'’_"  # between thousands, beside the mark that is no decimal point
INDIAN = r"|[-+]?[1-9]\d?(,\d\d)+,\d{3}([.]\d+)?"
GROUPED = {
    mark: re.compile(
        rf"[-+]?[1-9]\d{{0,2}}([{other}{BLANKS}]\d{{3}})+([{mark}]\d+)?{INDIAN * (mark == '.')}", re.ASCII
    )
    for mark, other in ((".", ","), (",", "."))
}
GROUP_MARKS = {mark: re.compile(rf"[{other}{BLANKS}]") for mark, other in ((".", ","), (",", "."))}
COMMA = re.compile(r"[-+]?\d+,\d+", re.ASCII)


def number_of(text: str, mark: Mark | None = None) -> float | None:
    """The number that this is, `mark` being the decimal point (None: either); None where it is none.

    A mark before three digits, and no zero before it, parts thousands where it is not the decimal point.
    """
    text = text.strip().removesuffix("%").rstrip()
    if mark is None:
        value = number_of(text, ".")
        return number_of(text, ",") if value is None else value
    if GROUPED[mark].fullmatch(text):
        return _finite(GROUP_MARKS[mark].sub("", text).replace(",", "."))
    if PLAIN.fullmatch(text) and not (mark == "," and "." in text):
        return _finite(text)
    return _finite(text.replace(",", ".")) if mark == "," and COMMA.fullmatch(text) else None


def _finite(text: str) -> float | None:
    value = float(text)
    return value if math.isfinite(value) else None


def decimal_mark(cells: Iterable[str], comma: bool) -> Mark:
    """The decimal point of a column: what its numbers allow; where they allow both, a comma if `comma`."""
    point_only = comma_only = False
    for cell in cells:
        with_point, with_comma = number_of(cell, "."), number_of(cell, ",")
        point_only |= with_comma is None and with_point is not None
        comma_only |= with_point is None and with_comma is not None
    if point_only or comma_only:
        return "." if point_only else ","
    return "," if comma else "."
