"""Files of other programs that are no list of lines and are not read as more: which they are, by how they begin."""

import re
from collections.abc import Sequence

LEAST = 3  # lines with the sign, where one alone may be an item
FIRST = (
    (re.compile(r"@\w+\s*\{\s*[^\s,{}]+\s*,"), "BibTeX", "export the titles as CSV from the program that keeps them"),
    (re.compile(r"BEGIN:VCARD", re.IGNORECASE), "vCard", "export the contacts as CSV"),
    (re.compile(r"BEGIN:VCALENDAR", re.IGNORECASE), "iCalendar", "keep what follows SUMMARY: alone"),
    (
        re.compile(r"#EXTM3U", re.IGNORECASE),
        "an M3U playlist",
        "keep what follows the comma in its #EXTINF lines alone",
    ),
    (
        re.compile(r"<!DOCTYPE NETSCAPE-Bookmark", re.IGNORECASE),
        "HTML of bookmarks",
        "copy them as a browser shows them",
    ),
    (re.compile(r"<\?xml\b"), "XML", "keep the texts of its items alone, or export CSV or JSON"),
    (re.compile(r"TY  - \w+"), "RIS", "export the titles as CSV"),
)
STAMP = r"\d{1,4}[./-]\d{1,2}[./-]\d{1,4},? \d{1,2}[:.]\d{2}(?:[:.]\d{2})?(?:\s?[AaPp]\.?\s?[Mm]\.?)?"
CHAT = re.compile(rf"\u200e?(?:\[{STAMP}\] |{STAMP} - )[^:]{{1,60}}: ")


def foreign(lines: Sequence[str]) -> str:
    """A sentence on what this is instead of a list; nothing where it may be one."""
    begins = lines[0].removeprefix("\ufeff") if lines else ""
    for pattern, what, cure in FIRST:
        if pattern.match(begins):
            return f"This is {what}, and every line of it is read as an item: {cure}."
    said = sum(CHAT.match(line) is not None for line in lines)
    if said >= LEAST and 2 * said >= len(lines):
        return "This is a chat with times and names, which are read as parts of the items: keep what was said alone."
    return ""
