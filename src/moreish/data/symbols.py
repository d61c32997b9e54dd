"""Symbols: from a text in its normal form to the list of its characters, graphemes or words, and back.

A word of an item is what stands between blanks, so that an item comes back as it was. In running text a word is a
run of letters and digits, every other mark is a symbol of its own, and so is the end of a line.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Literal

from moreish.data.options import Form, Unit

if TYPE_CHECKING:
    import regex

FLAG = r"\p{GCB=RI}{2}[\p{GCB=EX}\p{GCB=SM}\u200d]*+"  # \X alone counts a row of them anew for each
GRAPHEME = rf"{FLAG}|\X"
_WORDS = r"\n|[\p{L}\p{M}\p{N}_]+(?:['’][\p{L}\p{M}]+)*|(?=\S)"
WORDS_AND_MARKS = rf"{_WORDS}\X"  # as every engine that knows \X has it
OURS = rf"{_WORDS}(?:{GRAPHEME})"

LONGEST_RUN = 64  # marks on one letter, beyond which a text is put in order before Python does it in quadratic time


def normalize(form: Literal["NFC", "NFD", "NFKC", "NFKD"], text: str) -> str:
    """As `unicodedata.normalize`, in linear time also for a letter with a million marks."""
    if len(text) > LONGEST_RUN and _maybe_marks(text):
        decomposed = "NFKD" if "K" in form else "NFD"
        text = _many_marks().sub(lambda run: _in_order(run[0], decomposed), text)
    return unicodedata.normalize(form, text)


def _in_order(marks: str, form: Literal["NFD", "NFKD"]) -> str:
    """Decomposed, and in the order of their combining classes between those that have none."""
    each = {mark: unicodedata.normalize(form, mark) for mark in set(marks)}
    run: list[str] = []
    ordered: list[str] = []
    for mark in "".join(map(each.__getitem__, marks)):
        if not unicodedata.combining(mark):
            ordered += sorted(run, key=unicodedata.combining)
            ordered.append(mark)
            run = []
        else:
            run.append(mark)
    return "".join(ordered + sorted(run, key=unicodedata.combining))


def _maybe_marks(text: str) -> bool:
    """Whether so many characters that may be marks stand in a row; below U+0300 none is one."""
    return not text.isascii() and _FAR.search(text) is not None


_FAR = re.compile(rf"[^\x00-\u02ff]{{{LONGEST_RUN}}}")


@cache
def _many_marks() -> "regex.Pattern[str]":
    import regex

    return regex.compile(rf"\p{{M}}{{{LONGEST_RUN},}}")


def normal(text: str, form: Form, lower: bool) -> str:
    """The text in its Unicode form and, if asked, in lower case; doing it twice changes nothing more."""
    if text.isascii():
        return text.lower() if lower else text
    if form != "none":
        text = normalize(form, text)
    if lower:
        text = text.lower()
        if form != "none":
            text = normalize(form, text)
    return text


def trim(line: str, unit: Unit) -> str:
    """The item in a line: outer blanks say nothing, and between words one says all."""
    return " ".join(line.split()) if unit == "word" else line.strip()


def split(text: str, unit: Unit, running: bool) -> Sequence[str]:
    """The symbols of a text that is in its normal form."""
    if unit == "char" or (unit == "grapheme" and text.isascii() and "\r" not in text):
        return text
    if unit == "grapheme":
        return _finder(GRAPHEME)(text)
    return _finder(OURS)(text) if running else text.split()


def split_lines(text: str, unit: Unit) -> Sequence[str]:
    """The symbols of many items at once, an LF after each item; the items are trimmed and have no empty one."""
    if unit == "word":
        return text.replace("\n", " \n ").split(" ")[:-1]
    return split(text, unit, running=False)  # no grapheme goes across an LF


def join(symbols: Iterable[str], unit: Unit) -> str:
    """The text that these symbols stand for: words are joined with one space, and none at the end of a line."""
    if unit != "word":
        return "".join(symbols)
    text = " ".join(symbols)
    return text.replace(" \n", "\n").replace("\n ", "\n") if "\n" in text else text


@cache
def _finder(pattern: str) -> Callable[[str], list[str]]:
    import regex  # 10 ms, and only graphemes and running words need it

    return regex.compile(pattern).findall
