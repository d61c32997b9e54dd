"""Marks: what a document or a program puts round each item of a list, and nobody means. Bullets, numbering, quotes.

A mark is one where nearly all lines carry it: the first lines decide, and a line without it stands as it is. What may
as well belong to the items is no mark, but told (see `hints`).
"""

import csv
import html
import io
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

LEAST = 5  # lines from which on there can be a mark
NEARLY_ALL = 0.95  # of the lines
SOME = 0.2  # of the lines: what no item has by itself, and few lines of a document need to have

BULLET = re.compile(r"(?:[-*+➤➢▶►→✓✔✅☑✗★☆✦❖◆◇■□☐☒◻·\uf0a7\uf0b7](?=\s|$)|[•‣◦▪●○⁃∙])[\ufe0e\ufe0f]?\s*(?P<item>.*)")
HEADING = re.compile(
    r"#{1,6}\s.*|={2,6}\s*[^=].*={2,6}|>\s.*|(?:-{3,}|={3,}|\*{3,}|_{3,})|.*:"
)  # above or between the items of a marked list
LINK = re.compile(
    r"!?\[(?P<text>(?:[^\[\]]|\\[\[\]])+)\]\((?:<[^<>]*>|[^\s()]*(?:\([^\s()]*\)[^\s()]*)*)(?:\s+[\"'(][^)]*)?\)"
)
WIKI_LINK = re.compile(r"\[\[(?:[^\[\]|]*\|)?(?P<text>[^\[\]|]+)\]\]")
EMPHASIS = re.compile(r"(?P<sign>\*{1,3}|_{1,3}|~~)(?P<text>(?=\S)(?:(?!(?P=sign)).)+?(?<=\S))(?P=sign)(?P<after>.*)")
CODE = re.compile(r"`(?P<text>[^`]+)`(?P<after>.*)")
ASIDE = re.compile(r"(?:\s*[-–—:|]+(?:\s.*)?)?|\s*\([^()]*\)")  # what is said of an item behind its name
BOLD = "**"
BOX = re.compile(r"\[[ xX]\](?:\s+|$)(?P<item>.*)")
NUMBER = re.compile(r"\(?(?P<number>\d{1,9})[.)、](?:\s+|(?=[^\W\d])|$)(?P<item>.*)")
COMMA = re.compile(r"(?P<item>.*[^\s,;])\s*[,;]")
QUOTES = re.compile(
    "|".join(f"{a}([^{a}{b}]*){b}" for a, b in ('""', "''", "``", "“”", "„“", "«»", "»«", "‹›", "「」"))
    + "|‘([^‘]*)’"
)
BRACKET = re.compile(
    r"(?:[\w\s$@.:<>\[\]]+=\s*)?[\[({]|[\])}][,;]?"
)  # alone on a line, before and after a list in a program
LIST_ITEM = re.compile(r"(?:<[uo]l\b[^<>]*>\s*)?<li\b[^<>]*>(?P<item>.*?)(?:</li>)?(?:\s*</[uo]l>)?", re.IGNORECASE)
TAG = re.compile(r"</?[a-zA-Z][^<>]*>|<!--.*?-->|<![^<>]*>")
RULE = re.compile(r"\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?")
CELL_END = re.compile(r"(?<!\\)\|")


@dataclass(frozen=True)
class Mark:
    """What it is called, and how the item is had from a line without outer blanks; None where there is no mark.

    ends : parts the items, so that the last may lack it
    among : of a document, where some lines have it and the others are whole without
    """

    name: str
    take_off: Callable[[str], str | None]
    ends: bool = False
    among: bool = False


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
NUMBERS = Mark("numbering", _by(NUMBER))
LINKS = Mark("links with what follows them", _without_links, among=True)
EMPHASISED = Mark("emphasis with what follows it", _without_emphasis, among=True)
COMMAS, QUOTED = Mark("a comma at the end", _without_comma, ends=True), Mark("quotes", _unquoted)
LEADING, AROUND = (HTML, BULLETS, BOXES, NUMBERS), (COMMAS, QUOTED)
MARKDOWN = (LINKS, EMPHASISED)
OUTLINE = (BULLETS, NUMBERS)  # between whose lines headings may stand


def named(marks: Sequence[Mark]) -> str:
    """What they are called, in a sentence."""
    names = [mark.name for mark in marks]
    return " and ".join([*([", ".join(names[:-1])] if names[1:] else []), names[-1]])


def marks_named(names: Iterable[str]) -> tuple[Mark, ...]:
    """The marks that are called so."""
    known = {mark.name: mark for mark in (*LEADING, *MARKDOWN, *AROUND)}
    return tuple(known[name] for name in names)


def marks_of(
    lines: Sequence[str], among: Sequence[Mark] = (*LEADING, *MARKDOWN, *AROUND)
) -> tuple[tuple[Mark, ...], list[str]]:
    """The marks that nearly all of these lines carry, the outermost first, and the lines without them."""
    rest = [line.strip() for line in lines]
    found: list[Mark] = []
    for mark in among:
        if _carried(mark, rest, found):
            found.append(mark)
            rest = [without(line, [mark])[0] for line in rest]
    return tuple(found), rest


def without(line: str, marks: Iterable[Mark]) -> tuple[str, list[Mark]]:
    """The line without these marks, and those that it does not carry; nothing for a heading between the items."""
    item, lacking = line.strip(), []
    for mark in marks:
        bare = mark.take_off(item)
        if bare is not None:
            item = bare
        elif mark in OUTLINE and HEADING.fullmatch(item):
            return "", []
        elif not mark.among:
            lacking.append(mark)
    return item, lacking


def _carried(mark: Mark, lines: Sequence[str], before: Sequence[Mark]) -> bool:
    """Whether these lines, from which the marks `before` were taken off, have this one."""
    if len(lines) < LEAST or (mark is BOXES and not any(BOX.match(line) for line in lines)):
        return False
    if mark.among:
        return _among(mark, lines, before)
    looked_at = [line for line in lines if not BRACKET.fullmatch(line)] if mark in AROUND else lines
    if mark in OUTLINE:
        looked_at = [line for line in lines if mark.take_off(line) is not None or not HEADING.fullmatch(line)]
    looked_at = looked_at[:-1] if mark.ends else looked_at
    most = (1 - NEARLY_ALL) * len(looked_at)
    lacking = empty = 0
    for line in looked_at:
        bare = mark.take_off(line)
        lacking += bare is None
        empty += bare == ""
        if lacking > most:
            return False
    if mark is HTML or mark is NUMBERS:
        filled = sum(bool(mark.take_off(line)) for line in lines)
        return filled >= LEAST and (mark is HTML or _count_up(lines))
    if mark in OUTLINE and len(looked_at) < max(LEAST, len(lines) / 2):
        return False
    return empty <= most and not any("\t" in (mark.take_off(line) or "") for line in looked_at[:LEAST])


def _among(mark: Mark, lines: Sequence[str], before: Sequence[Mark]) -> bool:
    """Whether some lines have a mark of documents; emphasis, which items may have, nearly all, or in a document."""
    carrying, outlined = [line for line in lines if mark.take_off(line)], any(each in before for each in OUTLINE)
    if mark is LINKS and outlined:
        return bool(carrying)
    if mark is LINKS or outlined or LINKS in before:
        return len(carrying) >= SOME * len(lines)
    return sum(line.startswith(BOLD) for line in carrying) >= NEARLY_ALL * len(lines)


def _count_up(lines: Sequence[str]) -> bool:
    """Whether nearly every number is the one before and 1; below a heading they may begin again."""
    found = [NUMBER.fullmatch(line) for line in lines]
    headings = sum(
        each is None and HEADING.fullmatch(line) is not None for each, line in zip(found, lines, strict=True)
    )
    numbers = [int(each["number"]) for each in found if each]
    steps = [b - a for a, b in pairwise(numbers)]
    again = sum(b == 1 for a, b in pairwise(numbers) if a != 0)
    right = steps.count(1) + min(again, headings)
    return right >= NEARLY_ALL * len(steps) and not any("\t" in line.rstrip()[9:] for line in lines[:LEAST])


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
        item, lacking = without(line, self.marks)
        self.headings += not item and not lacking and HEADING.fullmatch(line.strip()) is not None
        if lacking:
            self.lacking += 1
            self.first = self.first or self.line
        return item

    def note(self, name: str) -> str:
        """What was done, and how to have it otherwise; once all is read."""
        marks = named(self.marks)
        said = f"{name} is read without what stands round its items ({marks}); --set data.marks=keep leaves it there."
        if self.headings:
            said += f" {self.headings:,} heading{'s are' if self.headings > 1 else ' is'} left out."
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
