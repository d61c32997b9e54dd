"""Exports of other programs are tables: playlists, contacts, calendars, outlines, references; each with its item."""

import unicodedata

import pytest

import moreish
from moreish.data import DataOptions, read
from moreish.data.latex import text_of

pytestmark = pytest.mark.usefixtures("said_in_a_terminal")

PLAYLIST = """#EXTM3U
#EXTINF:215 group-title="Kraut, rock",Can - Vitamin C, live
a/b.mp3
#EXTINF:-1,
https://example.com/x/Radio%20Paradise.aac?id=1

..\\Neu!\\Hallogallo.ogg
"""
CARDS = """BEGIN:VCARD
VERSION:3.0
item1.FN:Bob Miller\\, Jr.
N:Miller;Bob;;;Jr.
PHOTO;ENCODING=b;TYPE=JPEG:/9j/4AAQ
 SkZJRg==
ORG:Acme;Sales
END:VCARD
begin:vcard
FN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:J=C3=B6rg von der =
L=C3=BCneburger Heide
PHOTO;BASE64:
/9j/4AAQ

END:VCARD
BEGIN:VCARD
N;CHARSET=ISO-8859-1;ENCODING=QUOTED-PRINTABLE:Garc=EDa;Jos=E9;;Dr.
ADR;LABEL="a: b";PREF=1:;;Weg 1;Wien
END:VCARD
BEGIN:VCARD
ORG:Gasthaus Krone;
END:VCARD
"""
CALENDAR = """BEGIN:VCALENDAR
BEGIN:VEVENT
SUMMARY;LANGUAGE=en:Choir\\, first re
 hearsal\\; bring\\nscores
LOCATION:Hall
BEGIN:VALARM
SUMMARY:Alarm
END:VALARM
END:VEVENT
BEGIN:VTODO
SUMMARY:pay taxes
END:VTODO
BEGIN:VEVENT
LOCATION:nowhere
END:VEVENT
BEGIN:VEVENT
SUMMARY:C:\\\\new
END:VEVENT
END:VCALENDAR
"""
TASKS = "BEGIN:VCALENDAR\nBEGIN:VTODO\nSUMMARY:Buy milk\nEND:VTODO\nEND:VCALENDAR\n"
OUTLINES = """<?xml version="1.0"?>
<opml version="2.0"><head><title>Feeds</title></head><body>
<outline text="Tech" title="Tech">
  <outline text="Ars &amp; more" xmlUrl="http://a"/><outline title="xkcd"/>
  <outline text="Deeper"><outline text="two&#10;lines"/></outline>
</outline>
</body></opml>
"""
ENTRIES = r"""% ours
% @book{old,
%   title = {Old},
% }
@string{acm = "Assoc. for " # {Computing}}
@comment{jabref-meta: {x} @article{no, title = {no}}}
@Article{godel,
  title = {{{\"U}ber} formal {S}{\"a}tze,
     na\"{\i}ve \o re: Erd{\H{o}}s {\&} Fran\c cois~--- \emph{50\%} of H$_2$O, $\alpha$},
  author = {G{\"o}del, K. and Vi{\`e}te, F.}, month = dec, year = 1931, url = {http://a/~b--c}
}
@inproceedings(dij, TITLE = "Go {"}To{"} \v{S}koda", journal = "Comm. " # acm)
@misc{untitled, year = 2000}
"""
RIS = "TY  - JOUR\nTI  - One and\n  more\nAU  - Ann\nAU  - Bob\nER  - \n\nTY  - BOOK\nT1  - Two\nER  -\n"

READ = {
    "M3U": (PLAYLIST, ["Can - Vitamin C, live", "Radio Paradise", "Hallogallo"]),
    "vCard": (
        CARDS,
        ["Bob Miller, Jr.", "Jörg von der Lüneburger Heide", "Dr. José García", "Gasthaus Krone"],
    ),
    "iCalendar": (CALENDAR, ["Choir, first rehearsal; bring scores", "C:\\new"]),
    "iCalendar, column SUMMARY, 1 row": (TASKS, ["Buy milk"]),
    "OPML": (OUTLINES, ["Ars & more", "xkcd", "two lines"]),
    "BibTeX": (
        ENTRIES,
        ["Über formal Sätze, naïve øre: Erdős & François — 50% of H2O, α", 'Go "To" Škoda'],
    ),
    "RIS": (RIS, ["One and more", "Two"]),
}


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
@pytest.mark.parametrize("kind", READ)
def test_what_people_call_its_items_are_the_items(tmp_path, kind, ends):
    text, items = READ[kind]
    (tmp_path / "x.txt").write_bytes(b"\xef\xbb\xbf" + text.replace("\n", ends).encode())
    corpus = read(tmp_path / "x.txt")
    assert list(corpus.items) == items
    assert corpus.report.read_as[0].startswith(kind.split(",")[0])
    assert corpus.report.told == []


OTHERS = {
    "M3U": ("group-title", ["Kraut, rock"]),
    "vCard": ("org", ["Acme, Sales", "Gasthaus Krone"]),
    "iCalendar": ("LOCATION", ["Hall", "nowhere"]),
    "OPML": ("parent", ["Tech", "Deeper"]),
    "BibTeX": ("author", ["Gödel, K.", "Viète, F."]),
    "RIS": ("AU", ["Ann", "Bob"]),
}


@pytest.mark.parametrize("kind", OTHERS)
def test_another_field_is_a_column(tmp_path, kind):
    column, items = OTHERS[kind]
    (tmp_path / "x.txt").write_text(READ[kind][0], encoding="utf-8")
    assert list(read(tmp_path / "x.txt", DataOptions(column=column)).items) == items
    with pytest.raises(ValueError, match=r'has no column "nothing" for --column; its columns: '):
        read(tmp_path / "x.txt", DataOptions(column="nothing"))


def test_how_it_was_read_names_another_column(tmp_path):
    (tmp_path / "x.bib").write_text(ENTRIES, encoding="utf-8")
    said = "BibTeX, column title of 8 columns (another: --column author), 2 rows"
    assert read(tmp_path / "x.bib").report.read_as == [said]


PEOPLE = {
    "Ann Lee and Bob Ray": ["Ann Lee", "Bob Ray"],
    "Ann Lee": ["Ann Lee"],
    "{Barnes and Noble} and Ann\n and {\\'E}mile": ["Barnes and Noble", "Ann", "Émile"],
    "Ann and others": ["Ann"],
    "Andy Mandel": ["Andy Mandel"],
    "Ann AND Bob": ["Ann", "Bob"],
    "Ann and and Bob and": ["Ann", "Bob"],
}


@pytest.mark.parametrize("field", PEOPLE)
def test_each_of_several_authors_is_an_item(tmp_path, field):
    (tmp_path / "x.bib").write_text(f"@book{{a, title = {{One}}, author = {{{field}}}}}\n", encoding="utf-8")
    assert list(read(tmp_path / "x.bib", DataOptions(column="author")).items) == PEOPLE[field]


KEYWORDS = {
    "spice, warm things": ["spice", "warm things"],
    "herb; {salt, fine};": ["herb", "salt, fine"],
    "alone": ["alone"],
}


@pytest.mark.parametrize("field", KEYWORDS)
def test_each_of_several_keywords_is_an_item(tmp_path, field):
    file = tmp_path / "list.bib"
    file.write_text("@book{a, title={A}, keywords={" + field + "}}", encoding="utf-8")
    assert list(moreish.read(file, column="keywords")) == KEYWORDS[field]


@pytest.mark.parametrize(
    ("latex", "says"),
    [(r"\'{\^o}", "ố"), (r"{\'{\^{o}}}", "ố"), (r"\d{\^{a}}n", "ận"), (r"\\{\^o}", "ô")],
)
def test_accents_stand_over_accents(latex, says):
    assert text_of(latex) == unicodedata.normalize("NFC", says)


def test_what_stands_beside_an_item_is_one_value_and_its_entry_is_named(tmp_path):
    file = tmp_path / "list.bib"
    entry = "@book{{{0},\n author={{{1}}},\n title={{T {0}}}\n}}\n"
    authors = ["Roe, Ann", "Poe, Eva", "Low, Una and Day, Ida", "Key, Max", "Ray, Jo"]
    file.write_text("".join(map(entry.format, "abcde", authors)), encoding="utf-8")
    with pytest.raises(ValueError, match="line 9: its author is a list, and --by wants one value for an item"):
        moreish.read(file, column="title", by="author")


def test_addresses_are_no_latex_and_named_texts_are_put_in(tmp_path):
    (tmp_path / "x.bib").write_text(ENTRIES, encoding="utf-8")
    assert list(read(tmp_path / "x.bib", DataOptions(column="url")).items) == ["http://a/~b--c"]
    assert list(read(tmp_path / "x.bib", DataOptions(column="journal")).items) == ["Comm. Assoc. for Computing"]


BY_NAME = {
    ".m3u": ("C:\\Music\\Autobahn.mp3\nHarmonia - Watussi.ogg\n", ["Autobahn", "Harmonia - Watussi"]),
    ".bib": ("Written by Mendeley.\n\n@book{a, title={One}}\n", ["One"]),
    ".OPML": ("<!-- by me --><opml><body><outline text='One'/></body></opml>", ["One"]),
}


@pytest.mark.parametrize("suffix", BY_NAME)
def test_a_file_is_what_it_is_called_however_it_begins(tmp_path, suffix):
    text, items = BY_NAME[suffix]
    (tmp_path / f"x{suffix}").write_text(text, encoding="utf-8")
    assert list(read(tmp_path / f"x{suffix}").items) == items


BOMB = """<?xml version="1.0"?>
<!DOCTYPE opml [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]>
<opml><body><outline text="&b;"/></body></opml>"""
BROKEN = {
    "a playlist that ends": (".txt", "#EXTM3U\n#EXTINF:1,a\na.mp3\n#EXTINF:2,b", "line 4: .*M3U, .*does not follow"),
    "pieces of a stream": (".m3u8", "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:9.0,\n1.ts\n", "line 2: .*HLS"),
    "a card without an end": (".txt", CARDS[:-11], "line 20: .*no END:VCARD, as if the file were cut off"),
    "a card without a beginning": (".vcf", "FN:Ann\nEND:VCARD\n", "line 1: .*FN stands outside of BEGIN"),
    "a line of no property": (".vcf", "BEGIN:VCARD\nFN:Ann\noops\nEND:VCARD\n", "line 3: .*no name with a colon"),
    "an unknown charset": (
        ".vcf",
        "BEGIN:VCARD\nFN;CHARSET=x9;QUOTED-PRINTABLE:A=41\nEND:VCARD\n",
        'line 2: .*"x9"',
    ),
    "not of its charset": (".vcf", "BEGIN:VCARD\nFN;QUOTED-PRINTABLE:=FF\nEND:VCARD\n", "line 2: .*not UTF-8"),
    "an event without an end": (".txt", CALENDAR.split("BEGIN:VALARM")[0], "line 2: .*no END:VEVENT"),
    "the wrong end": (
        ".ics",
        "BEGIN:VCALENDAR\nBEGIN:VEVENT\nEND:VCALENDAR\n",
        "line 3: .*VEVENT of line 2",
    ),
    "an outline that ends": (".txt", OUTLINES[:200], "line 5: .*cut off here"),
    "an outline that is no XML": (".opml", "\n\n<opml>\n<outline text='a & b'/></opml>", "line 4: .*broken"),
    "what would be expanded": (".txt", BOMB, "line 2: .*refused"),
    "an entry without an end": (".txt", "@a{b, title={x}}\n@a{c,\n title = {x}\n", "line 2: .*is not closed"),
    "a brace without an end": (
        ".bib",
        "@a{b,\n title={x},\n}\n@a{c,\n title = {x,\n}\n@a{d,t={}}",
        "line 7: .*@a.* the entry of line 4 should",
    ),
    "a brace too many": (".bib", "@a{b,\n year={1}},\n title = {x}\n}\n", "line 3: .*a brace too many"),
    "a brace too many, and more": (
        ".bib",
        "@a{b,\n year={1}},\n title = {x}\n}\n@a{c}",
        "line 3: .*a brace too many",
    ),
    "no text": (".bib", "@a{b,\n title = ,\n}\n", 'line 2: .*"," stands where the text'),
    "no field": (".bib", "@a{b,\n title x\n}\n", 'line 2: .*"title x" stands where a field'),
    "a reference without an end": (".txt", RIS[:-7], "line 8: .*no ER"),
    "a field of no reference": (".ris", "AU  - Ann\n", "line 1: .*AU stands outside"),
    "nothing in it": (".opml", "<opml/>", "OPML, and holds no items"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_what_is_broken_is_one_sentence_with_its_line(tmp_path, kind):
    suffix, text, said = BROKEN[kind]
    (tmp_path / f"x{suffix}").write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=said) as caught:
        read(tmp_path / f"x{suffix}")
    assert "\n" not in str(caught.value)


def test_texts_that_name_texts_twice_over_are_not_put_in_for_ever(tmp_path):
    more = "".join(f"@string{{a{i} = a{i - 1} # a{i - 1}}}\n" for i in range(1, 60))
    (tmp_path / "x.bib").write_text(f'@string{{a0 = "many"}}\n{more}', encoding="utf-8")
    with pytest.raises(ValueError, match=r"line \d+: .*more than can be read"):
        read(tmp_path / "x.bib")


@pytest.mark.parametrize("name", ["x.txt", "x.vcf"])
def test_lines_as_they_stand_are_to_be_had(tmp_path, name):
    (tmp_path / name).write_text(CARDS, encoding="utf-8")
    assert read(tmp_path / name, DataOptions(recognise=False)).items[0] == "BEGIN:VCARD"
