"""What a symbol is made of, so that a net knows something about symbols that it never saw.

A symbol's vector is the sum of the vectors of its features: "Ế" is the letter e, in upper case, with a circumflex and
an acute, and a symbol of its own. Of a symbol that is new, whatever features are known are added up; a grapheme of
several code points is its first one with the others as marks.
"""

import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache

BOUNDARY = "boundary"


@lru_cache(maxsize=4096)
def features(symbol: str) -> tuple[str, ...]:
    """The names of the features of one symbol, the most general first."""
    decomposed = unicodedata.normalize("NFD", symbol)
    base, marks = decomposed[0], decomposed[1:]
    lower = base.lower()
    found = [f"script {script(base)}", f"category {unicodedata.category(base)}"]
    if lower != base:
        found.append("upper")
    found.append(f"base {lower}")
    found += [f"mark {mark}" for mark in marks]
    if symbol != lower:
        found.append(f"symbol {symbol}")
    return tuple(found)


def script(character: str) -> str:
    """The script of a letter, by the first word of its Unicode name; "none" for what has no name."""
    return unicodedata.name(character, "none").split(" ")[0].split("-")[0]


def is_known(symbol: str, numbers: dict[str, int]) -> bool:
    """Whether the net has seen the letter that this symbol is made of; a word is not known by its first letter."""
    return f"base {unicodedata.normalize('NFD', symbol)[0].lower()}" in numbers and len(symbol) <= LONGEST_SYMBOL


LONGEST_SYMBOL = 8  # code points; a longer one is a word and no grapheme


def feature_rows(symbols: Sequence[str], numbers: dict[str, int]) -> list[list[int]]:
    """Numbers of the known features of the boundary (row 0), then of each symbol."""
    rows = [[numbers[BOUNDARY]]]
    for symbol in symbols:
        named: Iterable[str] = features(symbol) if len(symbol) <= LONGEST_SYMBOL else ()
        rows.append([numbers[name] for name in named if name in numbers])
    return rows
