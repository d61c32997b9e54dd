"""Hints: what looks as if it did not belong to the items, and may all the same. It stays, and it is said."""

import re
from collections.abc import Iterator, Sequence
from itertools import chain

from moreish.data.marks import LEAST, NEARLY_ALL
from moreish.data.numbers import number_of
from moreish.data.ordinals import NUMBER
from moreish.data.tables import ITEM_WORDS, plain_name

COUNT_LAST = re.compile(r".*[^\W\d_].*\s(?P<number>\S+)")
COUNT_FIRST = re.compile(r"(?P<number>\S+)\s.*[^\W\d_].*")
COMMENT = re.compile(r"(#+|//|;|--)\s.*")
SIGN = re.compile(r"(?P<sign>[–—>+])\s.*")
PAGE = re.compile(r"<(!doctype|html|body|div|table|ul|ol|li)\b", re.IGNORECASE)


def hints_on(lines: Sequence[str], blank_after_first: bool) -> list[str]:
    """A sentence for each thing to look at; `lines` are the first, none of them blank."""
    stripped = [line.strip() for line in lines]
    page = _page(stripped)
    if page or len(lines) < LEAST:
        return page
    found = _comments(stripped), _heading(stripped, blank_after_first), _numbers(stripped), _signs(stripped)
    return [*chain.from_iterable(found)]


def hint_on_counts(cells: Sequence[str]) -> list[str]:
    """What to say of a second column that nobody asked for."""
    if len(cells) < LEAST or any(number_of(cell) is None for cell in cells):
        return []
    return ["The second column holds numbers, which are left out: if they count the items, say --weight 2."]


def _page(lines: Sequence[str]) -> list[str]:
    if lines and PAGE.match(lines[0]) and sum("<" in line for line in lines) * 2 > len(lines):
        return ["This is HTML, and its tags are read as parts of the items: copy the list as a browser shows it."]
    return []


def _comments(lines: Sequence[str]) -> Iterator[str]:
    comments = [line for line in lines if COMMENT.fullmatch(line)]
    if not comments or (len(comments) < len(lines) and not COMMENT.fullmatch(lines[0])):
        return
    if len(comments) > len(lines) / 2:
        yield f'Most lines begin with "{_sign(comments[0])}", which is read as part of the items: take it out if not.'
        return
    what = "1 line begins" if len(comments) == 1 else f"{len(comments):,} lines begin"
    be = "it is an item" if len(comments) == 1 else "they are items"
    yield f'{what} with "{_sign(comments[0])}" as comments do, but {be} here: take comments out of the file.'


def _sign(line: str) -> str:
    return line.split(None, 1)[0]


def _heading(lines: Sequence[str], blank_after_first: bool) -> Iterator[str]:
    first = lines[0]
    if COMMENT.fullmatch(first):
        return
    colon = first.endswith(":") and not any(line.endswith(":") for line in lines[1:])
    underlined = re.fullmatch(r"=+|-+", lines[1]) is not None
    named = plain_name(first) in ITEM_WORDS and sorted(lines) != lines
    if colon or underlined or named or blank_after_first:
        shown = first if len(first) <= 40 else f"{first[:40]}..."
        yield f'The first line, "{shown}", looks like a heading, but is an item here: take it out if it is none.'


def _numbers(lines: Sequence[str]) -> Iterator[str]:
    if _share(lines, COUNT_LAST) >= NEARLY_ALL:
        yield "The lines end with a number, which is read as part of the items: if it counts them, say --weight 2."
    elif _share(lines, COUNT_FIRST) >= NEARLY_ALL and not _share(lines, NUMBER, numbers=False) >= NEARLY_ALL:
        yield "The lines begin with a number, which is read as part of the items: if it counts them, say --weight 1."
    elif _share(lines, NUMBER, numbers=False) >= NEARLY_ALL:
        yield "The lines are numbered, but not upwards, so the numbers are read as parts of the items: take them out."


def _share(lines: Sequence[str], pattern: re.Pattern[str], numbers: bool = True) -> float:
    """The share of lines of this form; it is small as soon as it cannot be nearly all."""
    lacking = 0
    for line in lines:
        found = pattern.fullmatch(line)
        lacking += found is None or (numbers and number_of(found["number"]) is None)
        if lacking > (1 - NEARLY_ALL) * len(lines):
            return 0.0
    return 1 - lacking / len(lines)


def _signs(lines: Sequence[str]) -> Iterator[str]:
    signs = [found["sign"] for line in lines[:LEAST] if (found := SIGN.fullmatch(line))]
    if len(signs) < LEAST:
        return
    if sum(line.startswith(signs[0]) for line in lines) >= NEARLY_ALL * len(lines):
        yield f'The lines begin with "{signs[0]}", which is read as part of the items: take it out if it is none.'
