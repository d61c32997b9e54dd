"""Graphemes: whether the letters of a list are made of several code points, so that code points would break them.

Hindi and Thai letters carry their vowels, flags are pairs, faces have modifiers and joiners, and what was written
with combining marks may have no code points of its own. A list that has a few such items stays one of code points.
"""

import unicodedata
from collections.abc import Iterator

import numpy as np
from jaxtyping import Bool, Integer, UInt

from moreish.data.ragged import CODES
from moreish.data.symbols import split

SHARE, LEAST = 0.2, 2  # items with such a letter, as a share of all, and how many at least
JOINERS = {
    *map(chr, range(0x1F3FB, 0x1F400)),  # tones of skin
    *map(chr, range(0x1F1E6, 0x1F200)),  # regional indicators, of which two are a flag
    *map(chr, range(0x1100, 0x1200)),  # Hangul letters, of which several are a syllable
    *map(chr, range(0xA960, 0xA97D)),
    *map(chr, range(0xD7B0, 0xD7FC)),
    *map(chr, range(0xE0020, 0xE0080)),  # tags
    *"\u200c\u200d\u0e33\u0eb3\uff9e\uff9f",
}


def joins(symbol: str) -> bool:
    """Whether a code point is a part of the letter or the picture before it: a mark, a joiner, a modifier."""
    return symbol[0] in JOINERS or unicodedata.category(symbol[0]).startswith("M")


def are_letters(
    numbers: UInt[np.ndarray, " N"],
    ends: Integer[np.ndarray, " items"],
    joining: Bool[np.ndarray, " symbols"],
    codes: UInt[np.ndarray, " symbols"],
) -> bool:
    """Whether so many items have a grapheme of several code points that graphemes are what letters are.

    `numbers` are a boundary and code points, each by its place in `codes`; `ends` says where items, or lines, end,
    and `joining` which code points join others.
    """
    places = np.flatnonzero(joining.take(numbers))
    suspected = np.unique(np.searchsorted(ends, places))
    most = max(len(ends), 1)
    if len(suspected) < max(LEAST, SHARE * most):
        return False
    found = 0
    for i in suspected.tolist():
        first, last = int(ends[i - 1]) + 1 if i else 1, int(ends[i]) if i < len(ends) else len(numbers)
        text = codes.take(numbers[first:last]).tobytes().decode("utf-32-le")
        found += len(split(text, "grapheme", running=False)) < len(text)
        if found >= max(LEAST, SHARE * most):
            return True
    return False


def lines_as_text(
    numbers: UInt[np.ndarray, " N"],
    ends: Integer[np.ndarray, " items"],
    codes: UInt[np.ndarray, " symbols"],
) -> Iterator[str]:
    """The text of these numbers after the first boundary, in pieces that end where a line ends."""
    a = 1
    while a < len(numbers):
        k = int(np.searchsorted(ends, a + CODES))
        b = int(ends[k]) + 1 if k < len(ends) else len(numbers)
        yield codes.take(numbers[a:b]).tobytes().decode("utf-32-le")
        a = b
