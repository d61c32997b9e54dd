"""Long runs of one sign, of whatever kind: each took minutes to hours when it was looked at again for every sign."""

from contextlib import suppress

import pytest

from moreish.data import DataOptions, read, symbols
from moreish.data.exports import EXPORTS
from moreish.data.headings import HEADING
from moreish.data.numbers import number_of
from moreish.data.pages import BEGINS, Page
from moreish.data.sheets import MOST_CELLS, sheet_of
from moreish.data.sql import largest, recognised
from moreish.data.sql_routines import ROUTINE

N = 200_000
INSERTS = {
    "names in brackets without an end": "INSERT INTO [a;\n",
    "names in quotes without an end": 'INSERT INTO "a;\n',
    "columns without an end": "INSERT INTO t ([a;\n",
    "routines without a name": "CREATE x\n",
}


@pytest.mark.parametrize("kind", INSERTS)
def test_statements_that_have_no_end_are_looked_at_once(kind):
    recognised(INSERTS[kind] * (N // 8), True, ".txt")
    assert ROUTINE.match(INSERTS[kind] * N) is None


def test_a_selected_value_of_any_length_is_looked_at_once():
    value = "a b " * N
    assert largest(f"INSERT INTO t SELECT '{value}' AS x UNION ALL SELECT {'1' * N} AS y;").table.rows == [
        (value,),
        ("1" * N,),
    ]


@pytest.mark.slow
def test_comments_between_escaped_quotes_are_looked_for_once():
    row = "'\\'," * N
    assert largest(f"INSERT INTO t VALUES ({row}1 /* x */);").table.width == N + 1


@pytest.mark.parametrize("sign", ["1", "1.", ".1", "1,111", "1 ", "e1", "+"])
def test_a_number_of_any_length_is_looked_at_once(sign):
    assert number_of(sign * N + "!") is None


@pytest.mark.parametrize("line", ["==" + " " * N + "x", "=" * N + "x", "-" * N + "x", "> " * N, "*" * N + " "])
def test_a_heading_of_any_length_is_looked_at_once(line):
    HEADING.fullmatch(line)


@pytest.mark.parametrize("running", [True, False])
def test_flags_in_a_row_are_counted_once(running):
    found = symbols.split("\U0001f1e9" * (2 * N + 1), "grapheme", running)
    assert len(found) == N + 1
    assert len(symbols.split("x\U0001f1e9" * N, "word", running=True)) == 2 * N


@pytest.mark.parametrize("text", ["<!-- -->" * 40 + "x", "<!--" * N, "<!--" + "-" * N, "<!-- -->\n" * N + "x"])
def test_comments_above_a_page_are_passed_once(text):
    assert BEGINS.match(text) is None


@pytest.mark.parametrize(
    "sign", ["<a ", "<a b='", "<!--x", "<!--x>", "<![CDATA[>", "</a ", "<?", "<td>", "<table>", "&a"]
)
def test_tags_without_an_end_are_looked_at_once(sign):
    page = Page(f"<ul><li>Ann</li><li>Bob {sign * (N // 4)}")
    assert page.items[0] == "Ann"


UNITS = [
    '"', "'", "''", "`", "(", "[", "[[", "<", "<a", "<!--", "<li>", "&", "*", "**", "_", "~~", "# ", "- ", "> ", "|",
    "\\", "\\[", "[\\[", "[a](", "[a](b ", '[a](b "', "[a](b(", "<li>a  ", "<ul>", "!", "(a", "🎉", "\u200d", "{{",
    ": ", "-- ", "/*", "$a$", "1.", "1,", "a@", "x ",
]  # fmt: skip


@pytest.mark.parametrize("unit", UNITS)
def test_long_lines_of_one_sign_are_read_in_one_go(tmp_path, unit):
    line = unit * (9000 // len(unit))
    (tmp_path / "x.txt").write_text("".join(f"- {line}{i}\n" for i in range(12)), encoding="utf-8")
    with suppress(ValueError):
        read(tmp_path / "x.txt", DataOptions(max_length=10**6))


HEADS = {
    "M3U": "#EXTM3U\n", "vCard": "BEGIN:VCARD\n", "iCalendar": "BEGIN:VCALENDAR\n", "OPML": "<opml>",
    "BibTeX": "@a{b,title={", "RIS": "TY  - J\n",
}  # fmt: skip
ONES = {
    "M3U": ["#EXTINF:", "#EXTINF:1 a=", ' a="', "a=b", "\t", "/", "%41", "?"],
    "vCard": ["BEGIN:VCARD\n", ";", "a.", ';a="', ' ;a="b"', "N:a\n b\n", "FN;QUOTED-PRINTABLE:a=\n", "\\", "A;B:\n"],
    "iCalendar": ["BEGIN:VEVENT\n", "SUMMARY", "X:y\n", " \n"],
    "OPML": ["<outline>", "<", "&", "<!--", "<![CDATA[", "<outline text='", "&lt;"],
    "BibTeX": ["{", "}", "@", "@a{", "@comment{", "@string{a=", "\\", '\\"{', "$", "--", '"', "#", "a={b},"],
    "RIS": ["x\n", "TI  - b\n", "  -"],
}  # fmt: skip


@pytest.mark.parametrize("kind", EXPORTS, ids=lambda kind: kind.name)
def test_exports_of_one_sign_are_looked_at_once(kind):
    for sign in ONES[kind.name]:
        for head in (HEADS[kind.name], ""):
            kind.begins.match(head + sign * N)
            with suppress(ValueError):
                kind.read(head + sign * (2 * N // len(sign)))


@pytest.mark.slow
def test_of_many_different_keys_few_rows_are_looked_at():
    rows = [{"name": "x", **{f"{i}-{j}": "y" for j in range(40)}} for i in range(900)]
    sheet = sheet_of(rows, "x")
    assert len(sheet.columns) == 36_001
    assert sum(len(column.cells) for column in sheet.columns) <= MOST_CELLS
