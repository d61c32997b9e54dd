"""Files of other programs, and pages that were pasted, get one sentence on what in them is no item."""

import pytest

from moreish.data import read
from moreish.data.foreign import foreign
from moreish.data.hints import hints_on

FOREIGN = {
    "BibTeX": "@article{a1,\n  title = {One},\n}\n@book{b2,\n  title = {Two},\n}\n",
    "vCard": "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Ann\r\nEND:VCARD\r\n",
    "iCalendar": "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nSUMMARY:Choir\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
    "an M3U playlist": "#EXTM3U\n#EXTINF:1,Can - Vitamin C\na.mp3\n#EXTINF:2,Low - Lullaby\nb.mp3\n",
    "XML": "<?xml version='1.0'?>\n<opml>\n<outline text='a'/>\n<outline text='b'/>\n</opml>\n",
    "HTML of bookmarks": "<!DOCTYPE NETSCAPE-Bookmark-file-1>\n<DL><p>\n<DT><A HREF='x'>a</A>\n<p>\n</DL>\n",
    "RIS": "TY  - JOUR\nTI  - One\nER  -\nTY  - BOOK\nTI  - Two\n",
    "a chat": "".join(f"[01/03/2024, 10:0{i}:15] Ann: word {i}\n" for i in range(6)),
    "a chat with": "".join(f"3/1/24, 9:0{i} PM - Ann: word {i}\n" for i in range(6)),
}


@pytest.mark.parametrize("what", FOREIGN)
def test_what_another_program_wrote_is_said_in_one_sentence(tmp_path, what):
    (tmp_path / "x.txt").write_bytes(FOREIGN[what].encode())
    (told,) = read(tmp_path / "x.txt").report.told
    assert f"This is {what}" in told


@pytest.mark.parametrize(
    "lines",
    [["@ann", "@bob", "@cleo"], ["BEGIN", "END", "NEXT"], ["#love", "#M3U", "#art"], ["10:15 Ann: hello", "a", "b"]],
)
def test_a_list_that_looks_alike_gets_none(lines):
    assert foreign(lines) == ""


GAMES = ["Hades", "Celeste", "Outer Wilds", "Into the Breach", "Tunic", "Inside"]


def test_lines_beside_each_item_of_a_page_are_told():
    lines = [line for i, game in enumerate(GAMES) for line in (game, f"{i}.{i + 3} hrs on record", f"seen {i} May")]
    (told,) = hints_on(["My games", *lines], False)
    assert '"0.3 hrs on record" come again every few lines' in told


def test_words_that_go_on_in_the_next_line_are_told():
    (told,) = hints_on(["Robin", "Black-", "bird", "Wren", "Star-", "ling", "Dunnock", "Linnet"], False)
    assert '2 lines end in a hyphen and go on in the next (the first: "Black-")' in told


ALIKE = {
    "numbered names": [f"Room {i}" for i in range(20)],
    "names that come again": ["Ann", "Bob", "Ann", "Cleo", "Dora", "Ann", "Emma", "Finn", "Gil", "Hal", "Ida", "Ann"],
    "items with hyphens": ["Pre-", "Post-", "Anti-", "Un-", "Re-", "Non-"],
}


@pytest.mark.parametrize("kind", ALIKE)
def test_items_that_look_alike_are_not_told(kind):
    assert not any("again" in hint or "hyphen" in hint for hint in hints_on(ALIKE[kind], False))
