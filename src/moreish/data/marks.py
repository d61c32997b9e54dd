"""Marks: what a document or a program puts round each item of a list, and nobody means. Bullets, numbering, quotes.

A mark is one where nearly all lines carry it: the first lines decide, and a line without it stands as it is. What may
as well belong to the items is no mark, but told (see `hints`).
"""

import csv
import html
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise, takewhile
from typing import NamedTuple

from moreish.data.headings import CONTENTS, FENCES, HEADING, front_matter, is_sentence
from moreish.data.levels import LEVELS, Levels
from moreish.data.ordinals import NUMBERINGS, Ordinals
from moreish.data.possessive import re
from moreish.wording import called

LEAST = 5  # lines from which on there can be a mark
NEARLY_ALL = 0.95  # of the lines
FRAME = 3  # lines above the first item and below the last that may be none
SOME = 0.2  # of the lines: what no item has by itself, and few lines of a document need to have

BULLET = re.compile(r"(?:[-*+➤➢▶►→✓✔✅☑✗★☆✦❖◆◇■□☐☒◻·\uf0a7\uf0b7](?=\s|$)|[•‣◦▪●○⁃∙])[\ufe0e\ufe0f]?\s*(?P<item>.*)")
LINK = re.compile(
    r"(?<!\\)!?\[(?P<text>(?:[^\[\]\\]|\\.)++)\]\((?:<[^<>]*>|[^\s()]*(?:\([^\s()]*\)[^\s()]*)*)"
    r"(?:\s+[\"'(][^)]{0,300})?\)"
)
WIKI_LINK = re.compile(r"\[\[(?:[^\[\]|]*\|)?(?P<text>[^\[\]|]+)\]\]")
EMPHASIS = re.compile(r"(?P<sign>\*{1,3}|_{1,3}|~~)(?P<text>(?=\S)(?:(?!(?P=sign)).)+?(?<=\S))(?P=sign)(?P<after>.*)")
CODE = re.compile(r"`(?P<text>[^`]+)`(?P<after>.*)")
ASIDE = re.compile(r"(?:\s*[-–—:|]+(?:\s.*)?)?|\s*\([^()]*\)")  # what is said of an item behind its name
BOLD = "**"
CITED = re.compile(r"(?:>\s?)+(?P<item>.*)")  # as mails have what they answer
PICTURE = (
    "[\U0001f1e6-\U0001f1ff]{2}|[\U0001f000-\U0001f1e5\U0001f200-\U0001faff\u2600-\u27bf\u2b05-\u2b55\u231a-\u23ff]"
    "[\ufe0e\ufe0f\u200d\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f]*"
)
EMOJI = re.compile(rf"(?:{PICTURE})+\s+(?P<item>.*\w.*)")
PAGE_BEHIND = re.compile(r"(?:(?<!\d)\d{1,4}|\b[ivxlc]+)$")
LONGEST_PAGE = 10  # signs
DOTS, LEAST_DOTS = " \t.…·_", 3  # between an entry of a table of contents and its page
BOX = re.compile(r"\[[ xX]\](?:\s+|$)(?P<item>.*)")
COMMA = re.compile(r"(?P<item>.*[^\s,;])\s*[,;]")
QUOTES = re.compile(
    "|".join(f"{a}([^{a}{b}]*){b}" for a, b in ('""', "''", "``", "“”", "„“", "«»", "»«", "‹›", "「」"))
    + "|‘([^‘]*)’"
)
BRACKET = re.compile(
    r"(?:[\w\s$@.:<>\[\]]+=\s*)?[\[({]|[\])}][,;]?"
)  # alone on a line, before and after a list in a program
LIST_ITEM = re.compile(
    r"(?:<[uo]l\b[^<>]*>\s*)?<li\b[^<>]*>(?P<item>.*?)(?:</li>)?(?:(?<!\s)\s*</[uo]l>)?", re.IGNORECASE
)
TAG = re.compile(r"</?[a-zA-Z][^<>]*+>|<!--(?:.*?-->|.*)|<![^<>]*+>")
RULE = re.compile(r"\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?")
CELL_END = re.compile(r"(?<!\\)\|")


@dataclass(frozen=True)
class Mark:
    """What it is called, and how the item is had from a line without outer blanks; None where there is no mark.

    ends : parts the items, so that the last may lack it
    among : of a document, where some lines have it and the others are whole without
    ordinals : where the mark numbers the items
    """

    name: str
    take_off: Callable[[str], str | None]
    ends: bool = False
    among: bool = False
    ordinals: Ordinals | None = None


def _without_leaders(line: str) -> str | None:
    """The entry of a table of contents, as its page is behind it at the end of a row of dots."""
    page = PAGE_BEHIND.search(line[-LONGEST_PAGE:])
    body = line[: len(line) - len(page[0])].rstrip() if page else ""
    bare = body.rstrip(DOTS)
    n_dots = sum(LEAST_DOTS if sign == "…" else sign in ".·_" for sign in body[len(bare) :])
    return bare if bare and n_dots >= LEAST_DOTS else None


def _by(pattern: re.Pattern[str]) -> Callable[[str], str | None]:
    def take_off(line: str) -> str | None:
        found = pattern.fullmatch(line)
        return None if found is None else found["item"].strip()

    return take_off


def _without_comma(line: str) -> str | None:
    return line if BRACKET.fullmatch(line) else _by(COMMA)(line)


def _unquoted(line: str) -> str | None:
    if BRACKET.fullmatch(line):
        return ""
    found = QUOTES.fullmatch(line) or QUOTES.fullmatch(line.strip("[]() "))
    return None if found is None else found[found.lastindex or 0].strip()


def _from_html(line: str) -> str | None:
    found = LIST_ITEM.fullmatch(line)
    if found is None:
        return None if TAG.sub("", line).strip() else ""
    return html.unescape(TAG.sub("", found["item"])).strip()


def _without_links(line: str) -> str | None:
    """A line of Markdown with the words of its links, and of what begins with one that alone."""
    begins = (link.match(text) for link in (LINK, WIKI_LINK) for text in (line, line.lstrip("*_")))
    first = next((found for found in begins if found), None)
    bare = WIKI_LINK.sub(_words, LINK.sub(_words, line))
    if bare == line:
        return None
    if first and ASIDE.fullmatch(after := first.string[first.end() :].lstrip("*_")) and after:
        return _words(first)
    return bare.strip()


def _words(link: re.Match[str]) -> str:
    return link["text"].replace("\\", "").strip()


def _without_emphasis(line: str) -> str | None:
    found = CODE.fullmatch(line) or EMPHASIS.fullmatch(line)
    if found is None or not (ASIDE.fullmatch(found["after"]) or found["text"].endswith(":")):
        return None
    inner = found["text"].strip()
    return inner if line.startswith("`") else _without_emphasis(inner) or inner.removesuffix(":").rstrip()


HTML = Mark("the tags of an HTML list", _from_html)
BULLETS, BOXES = Mark("bullets", _by(BULLET)), Mark("boxes to tick", _by(BOX))
NUMBERS = tuple(Mark(each.name, each.item, ordinals=each) for each in (*NUMBERINGS, *LEVELS))
CITATION, PICTURES = Mark("> of a mail", _by(CITED)), Mark("emoji", _by(EMOJI))
FRONT, FRAMED = (
    Mark(name, lambda line: None, among=True) for name in ("front matter", "sentences before or after them")
)
LINKS = Mark("links with what follows them", _without_links, among=True)
EMPHASISED = Mark("emphasis with what follows it", _without_emphasis, among=True)
LEADERS = Mark("dots and page numbers behind them", _without_leaders)
COMMAS, QUOTED = Mark("a comma at the end", _without_comma, ends=True), Mark("quotes", _unquoted)
LEADING, AROUND = (FRONT, HTML, CITATION, BULLETS, BOXES, *NUMBERS, PICTURES), (LEADERS, COMMAS, QUOTED)
MARKDOWN = (LINKS, EMPHASISED)
OUTLINE = (CITATION, BULLETS, *NUMBERS, PICTURES)  # before, between and after whose lines others may stand
HEADED = (*OUTLINE, *AROUND)  # between whose lines headings may stand
UNDER_CONTENTS = (BULLETS, *NUMBERS, LEADERS)


def named(marks: Sequence[Mark]) -> str:
    """What they are called, in a sentence."""
    names = [mark.name for mark in marks]
    return " and ".join([*([", ".join(names[:-1])] if names[1:] else []), names[-1]])


def marks_named(names: Iterable[str]) -> tuple[Mark, ...]:
    """The marks that are called so."""
    known = {mark.name: mark for mark in (*LEADING, FRAMED, *MARKDOWN, *AROUND)}
    return tuple(known[name] for name in names)


def marks_of(
    lines: Sequence[str], among: Sequence[Mark] = (*LEADING, *MARKDOWN, *AROUND)
) -> tuple[tuple[Mark, ...], list[str]]:
    """The marks that nearly all of these lines carry, the outermost first, and the lines without them."""
    stripped = [line.strip() for line in lines]
    n_front = front_matter(lines) if FRONT in among else 0
    found = [FRONT] if n_front else []
    judged = stripped[n_front:]
    for mark in among:
        if not _carried(mark, judged, found):
            continue
        found.append(mark)
        if mark in OUTLINE:
            if FRAMED not in found and _framed(mark, judged):
                found.append(FRAMED)
            judged = [item for item in map(mark.take_off, judged) if item]
        else:
            judged = [without(line, [mark]).item for line in judged]
    bare = [without(line, found).item for line in stripped[n_front:]]
    return tuple(found), [""] * n_front + bare


class Bare(NamedTuple):
    """A line without its marks: the item, the marks that it lacks, whether it is none of the items but a heading."""

    item: str
    lacking: int = 0
    heading: bool = False


def without(line: str, marks: Sequence[Mark]) -> Bare:
    """The line without these marks; nothing of a heading, or of a sentence where items are none."""
    item, lacking = line.strip(), 0
    for mark in marks:
        bare = mark.take_off(item)
        if bare is not None:
            item = bare
        elif _heads(mark, item) or (mark in HEADED and FRAMED in marks and is_sentence(item)):
            return Bare("", heading=True)
        elif not mark.among:
            lacking += 1
    return Bare(item, lacking)


def _heads(mark: Mark, line: str) -> bool:
    """Whether a line that lacks the mark is a heading."""
    heading = mark in HEADED and HEADING.fullmatch(line) is not None
    return heading or (mark in UNDER_CONTENTS and CONTENTS.fullmatch(line) is not None)


def _framed(mark: Mark, lines: Sequence[str]) -> bool:
    """Whether sentences stand among these lines that lack the mark, and the items are no sentences."""
    items = [mark.take_off(line) for line in lines]
    speaks = any(item is None and is_sentence(line) for item, line in zip(items, lines, strict=True))
    return speaks and sum(is_sentence(item) for item in items if item) <= (1 - NEARLY_ALL) * len(lines)


def _carried(mark: Mark, lines: Sequence[str], before: Sequence[Mark]) -> bool:
    """Whether these lines, from which the marks `before` were taken off, have this one."""
    if len(lines) < LEAST or (mark is BOXES and not any(BOX.match(line) for line in lines)):
        return False
    if mark.among:
        return _among(mark, lines, before)
    looked_at = [line for line in lines if not BRACKET.fullmatch(line)] if mark in AROUND else lines
    if mark in HEADED:
        looked_at = [line for line in looked_at if mark.take_off(line) is not None or not _heads(mark, line)]
    if mark in OUTLINE:
        looked_at = _between(mark, looked_at)
    if mark in HEADED and len(looked_at) < max(LEAST * (mark in OUTLINE), len(lines) / 2):
        return False
    looked_at = looked_at[:-1] if mark.ends else looked_at
    most = (1 - NEARLY_ALL) * len(looked_at)
    items: list[str] = []
    lacking = 0
    for line in looked_at:
        bare = mark.take_off(line)
        lacking += bare is None
        items += [] if bare is None else [bare]
        if lacking > most:
            return False
    if any("\t" in item for item in items[:LEAST]):
        return False
    filled = sum(map(bool, items))
    if mark is HTML or mark is CITATION:
        return filled >= LEAST
    if mark.ordinals is not None:
        return filled >= LEAST and _count_up(mark.ordinals, lines)
    if mark is PICTURES and len(set(items)) < NEARLY_ALL * len({*looked_at}):
        return False  # they tell items apart
    return len(items) - filled <= most


def _between(mark: Mark, lines: Sequence[str]) -> Sequence[str]:
    """The lines from the first item to the last, where what stands before and after it is little.

    Of a list with emoji only sentences, as items may have them or not.
    """

    def outside(line: str) -> bool:
        return mark.take_off(line) is None and (mark is not PICTURES or is_sentence(line))

    above = sum(1 for _ in takewhile(outside, lines[:FRAME]))
    below = sum(1 for _ in takewhile(outside, reversed(lines[above:][-FRAME:])))
    inner = lines[above : len(lines) - below]
    return inner if len(inner) >= max(LEAST, 2 * (above + below)) else lines


def _among(mark: Mark, lines: Sequence[str], before: Sequence[Mark]) -> bool:
    """Whether some lines have a mark of documents; emphasis, which items may have, nearly all, or in a document."""
    carrying, outlined = [line for line in lines if mark.take_off(line)], any(each in before for each in OUTLINE)
    if mark is LINKS and outlined:
        return bool(carrying)
    if mark is LINKS or outlined or LINKS in before:
        return len(carrying) >= SOME * len(lines)
    return sum(line.startswith(BOLD) for line in carrying) >= NEARLY_ALL * len(lines)


def _count_up(ordinals: Ordinals, lines: Sequence[str]) -> bool:
    """Whether nearly every number is the one before and 1; below a heading they may begin again."""
    if isinstance(ordinals, Levels):
        return ordinals.rising(lines) >= NEARLY_ALL
    found = [ordinals.number(line) for line in lines]
    headings = sum(
        each is None and HEADING.fullmatch(line) is not None for each, line in zip(found, lines, strict=True)
    )
    numbers = [each for each in found if each is not None]
    if ordinals.from_one and numbers[:1] != [1]:
        return False
    steps = [b - a for a, b in pairwise(numbers)]
    again = sum(b == 1 for a, b in pairwise(numbers) if a != 0)
    return steps.count(1) + min(again, headings) >= NEARLY_ALL * len(steps)


@dataclass
class Unmarked:
    """A text, a piece at a time, without its marks; counts the lines that do not carry them, and the headings.

    first : of the lines that lack one
    headings : lines that were left out
    """

    marks: tuple[Mark, ...]
    lacking: int = 0
    first: int = 0
    headings: int = 0
    line: int = 0
    filled: int = field(default=0, repr=False)
    fences: int = field(init=False, repr=False)  # of front matter that are still to come

    def __post_init__(self) -> None:
        self.fences = 2 * (FRONT in self.marks)

    def texts(self, texts: Iterable[str]) -> Iterator[str]:
        """The same lines, line for line."""
        for text in texts:
            yield "".join(f"{self._bare(line)}\n" for line in io.StringIO(text, newline="\n"))

    def _bare(self, line: str) -> str:
        self.line += 1
        if not line.strip():
            return ""
        if not BRACKET.fullmatch(line.strip()):
            self.filled = self.line
        if self.fences:
            self.fences -= line.strip() in FENCES
            return ""
        bare = without(line, self.marks)
        self.headings += bare.heading
        if bare.lacking:
            self.lacking += 1
            self.first = self.first or self.line
        return bare.item

    def note(self, name: str) -> str:
        """What was done, and how to have it otherwise; once all is read."""
        marks = named(self.marks)
        keep = called("data.marks", "keep")
        said = f"{name} is read without what stands round its items ({marks}); {keep} leaves it there."
        if self.headings:
            s, be = ("s", "are") if self.headings > 1 else ("", "is")
            sentences = f" or sentence{s}" if FRAMED in self.marks else ""
            said += f" {self.headings:,} heading{s}{sentences} {be} left out."
        only_the_last = self.lacking == 1 and self.first == self.filled and any(mark.ends for mark in self.marks)
        if not self.lacking or only_the_last:
            return said
        lines = "line lacks it and stands as it is" if self.lacking == 1 else "lines lack it and stand as they are"
        return f"{said} {self.lacking:,} {lines}: the first is line {self.first:,}."


def is_markdown(lines: Sequence[str]) -> bool:
    """Whether this is a Markdown table: cells between bars, and a rule below the first row."""
    if len(lines) < 3 or "|" not in lines[0] or "|" not in lines[1] or not RULE.fullmatch(lines[1].strip()):
        return False
    return len(cells_of(lines[0])) == len(cells_of(lines[1]))


def cells_of(line: str) -> list[str]:
    """The cells of a Markdown row."""
    inner = line.strip().removeprefix("|")
    if inner.endswith("|") and not inner.endswith("\\|"):
        inner = inner[:-1]
    return [cell.strip().replace("\\|", "|") for cell in CELL_END.split(inner)]


def markdown_as_csv(texts: Iterable[str]) -> Iterator[str]:
    """The rows of a Markdown table as CSV between bars, line for line; the rule becomes a blank line."""
    row, ruled = 0, False
    for text in texts:
        page = io.StringIO()
        writer = csv.writer(page, delimiter="|", lineterminator="\n")
        for line in io.StringIO(text, newline="\n"):
            row += bool(line.strip())
            if not line.strip() or (row == 2 and not ruled):
                ruled |= row == 2
                page.write("\n")
            else:
                writer.writerow(cells_of(line))
        yield page.getvalue()
