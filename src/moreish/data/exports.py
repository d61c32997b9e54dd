"""Exports of other programs that are read as tables: playlists, contacts, calendars, outlines, references."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from moreish.data import bibtex, cards, outlines, playlists, ris
from moreish.data.possessive import re

Record = tuple[int, Mapping[str, str | list[str]]]
"""The line where it ends, and its fields by their names."""


@dataclass(frozen=True)
class Export:
    """One kind of export: all of the file.

    begins : how such a file begins, whatever it is called
    suffixes : what it is called, however it begins
    read : its records; raises NotRead for a line that cannot be read
    item : the field that is an item, unless another is asked for
    another : one that somebody may rather want
    """

    name: str
    begins: re.Pattern[str]
    suffixes: Sequence[str]
    read: Callable[[str], Sequence[Record]]
    item: str
    another: str


EXPORTS = (
    Export("M3U", re.compile(r"\s*+#EXTM3U\b", re.I), (".m3u", ".m3u8"), playlists.tracks, playlists.TITLE, "file"),
    Export("vCard", re.compile(r"\s*+BEGIN:VCARD", re.I), (".vcf", ".vcard"), cards.contacts, cards.NAME, "ORG"),
    Export(
        "iCalendar",
        re.compile(r"\s*+BEGIN:VCALENDAR", re.I),
        (".ics", ".ical", ".ifb"),
        cards.events,
        cards.SUMMARY,
        "LOCATION",
    ),
    Export(
        "OPML",
        re.compile(r"\s*+(?:<opml\b|<(?:\?xml|!--|!DOCTYPE opml)[\s\S]{0,4000}?<opml\b)", re.I),
        (".opml",),
        outlines.leaves,
        outlines.TEXT,
        "parent",
    ),
    Export(
        "BibTeX",
        re.compile(
            r"(?:\s|%[^\n]*+\n)*+@(?:\w++\s*+[{(]\s*+[^\s,{}()]++\s*+,"
            r"|string\s*+[{(]\s*+[\w:.-]++\s*+=|preamble\s*+[{(]\s*+\"|comment\s*+\{\s*+jabref)",
            re.I,
        ),
        (".bib", ".bibtex"),
        bibtex.references,
        bibtex.TITLE,
        "author",
    ),
    Export("RIS", re.compile(r"\s*+TY {1,2}- \w+\s*\n"), (".ris",), ris.references, ris.TITLE, "AU"),
)
SUFFIXES = tuple(suffix for each in EXPORTS for suffix in each.suffixes)


def recognised(text: str, suffix: str) -> Export | None:
    """The kind of export that this is, by how it begins, or else by its name."""
    if not text.strip():
        return None
    by_text = (each for each in EXPORTS if each.begins.match(text))
    return next(by_text, next((each for each in EXPORTS if suffix in each.suffixes), None))
