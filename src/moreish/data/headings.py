"""Headings: lines of a document round its items and none of them. Titles, sentences, and settings above all."""

from collections.abc import Sequence

from moreish.data.possessive import re

LONGEST_FRONT = 60  # lines of front matter
HEADING = re.compile(
    r"#{1,6}\s.*|={2,6}\s*+[^=].*==|>\s.*|(?:-{3,}|={3,}|\*{3,}|_{3,})|.*:"
)  # above or between the items of a marked list
CONTENTS = re.compile(
    r"(?:(?:table\s+of\s+)?contents|toc|index|outline|agenda|list\s+of\s+(?:figures|tables|illustrations|chapters)|"
    r"inhalt(?:sverzeichnis|sübersicht)?|gliederung|stichwortverzeichnis|table\s+des\s+mati[eè]res|sommaire|"
    r"[ií]ndice(?:\s+(?:general|generale|geral))?|tabla\s+de\s+contenidos?|contenidos?|sommario|sum[aá]rio|"
    r"inhoud(?:sopgave)?|inneh[aå]ll(?:sf[oö]rteckning)?|indhold(?:sfortegnelse)?|innhold|sis[aä]llys(?:luettelo)?|"
    r"spis\s+tre[sś]ci|obsah|i[cç]indekiler|содержание|оглавление|目[录錄次]|もくじ|차례|목차)\s*:?|"
    r"[\[(](?:hide|show|edit|toggle)[\])]",
    re.IGNORECASE,
)  # above numbered or bulleted items; the last beside it on a page of a wiki
WIDE_STOPS = "。！？："
STOPS = ".!?…:" + WIDE_STOPS  # at a sentence's end
FENCES = ("---", "+++")  # above and below front matter
SETTING = re.compile(r"[\w.-]+\s*[:=](?:\s.*)?|\s.*|- .*|#.*|[\]})]+")  # a line of it


def is_sentence(line: str) -> bool:
    """Whether this is as somebody speaks of a list: four words or more, or many letters, and a mark at the end."""
    end = len(line)
    while end and not line[end - 1].isalnum() and line[end - 1] not in STOPS:
        end -= 1
    if not end or line[end - 1] not in STOPS:
        return False
    return len(line.split()) >= 4 or (line[end - 1] in WIDE_STOPS and end >= 8)


def front_matter(lines: Sequence[str]) -> int:
    """How many of these lines are settings above a document, between fences."""
    fence = lines[0].strip() if lines else ""
    if fence not in FENCES:
        return 0
    for n, line in enumerate(lines[1 : LONGEST_FRONT + 1], 2):
        if line.strip() == fence:
            return n if n > 2 else 0
        if not SETTING.fullmatch(line.rstrip()):
            return 0
    return 0
