"""Exports of Anki are tables: settings above them say how, tags come off the fields, odd ones are one sentence."""

import pytest

from moreish.data import DataOptions, read
from moreish.data.anki import text_of
from moreish.data.formats import recognise

WORDS = ["der Hund", "die Katze & der Kater", 'das "Haus"', "rot", "grün"]
BACK = ["dog", "cat", "house", "red", "green"]


def notes(head: str, separator: str = "\t", before: str = "", html: bool = True) -> str:
    marked = [
        "<b>der</b>&nbsp;Hund",
        "die Katze &amp;<br>der Kater[sound:k.mp3]",
        'das "Haus"',
        "<p>rot",
        "gr&uuml;n",
    ]
    words = [f'"{x.replace(chr(34), 2 * chr(34))}"' for x in (marked if html else WORDS)]
    rows = [f"{before}{x}{separator}{y}{separator}\n" for x, y in zip(words, BACK, strict=True)]
    return head + "".join(rows)


FILES = {
    "notes in plain text": (notes("#separator:tab\n#html:true\n#tags column:3\n")),
    "with everything": (
        notes(
            "#separator:tab\n#html:true\n#guid column:1\n#notetype column:2\n#deck column:3\n#tags column:6\n",
            before="hM)x\tBasic\tGerman\t",
        )
    ),
    "named columns": (notes("#separator:Semicolon\n#html:true\n#columns:Front;Back;Tags\n", ";")),
    "a sign, and a blank line": (notes("#separator:|\n#html:true\n\n", "|")),
    "without tags": (notes("#separator:tab\n#html:false\n", html=False)),
    "line ends of Windows": (notes("\ufeff#separator:tab\n#html:true\n").replace("\n", "\r\n")),
}  # fmt: skip


@pytest.mark.parametrize("kind", FILES)
def test_the_first_field_of_each_note_is_an_item(tmp_path, kind):
    text = FILES[kind]
    (tmp_path / "deck.txt").write_bytes(text.encode())
    corpus = read(tmp_path / "deck.txt", DataOptions())
    assert list(corpus.items) == WORDS
    assert corpus.report.read_as[0].startswith("export of Anki, column ")
    assert corpus.report.lines == text.count("\n")


def test_another_field_and_kinds_are_columns_too(tmp_path):
    (tmp_path / "deck.txt").write_text(FILES["with everything"], encoding="utf-8")
    corpus = read(tmp_path / "deck.txt", DataOptions(column="field 2", by="deck"))
    assert list(corpus.items) == BACK
    assert list(corpus.kinds) == ["German"]


def test_a_note_with_too_few_fields_is_refused_with_its_line(tmp_path):
    (tmp_path / "deck.txt").write_text("#separator:tab\n#html:true\na\tb\nc\n", encoding="utf-8")
    with pytest.raises(ValueError, match="line 4: has 1 cell where the first row has 2"):
        read(tmp_path / "deck.txt")


@pytest.mark.parametrize("lines", [["#deck:one", "#tags:two"], ["#love", "#html"], ["# separator", "a", "b"]])
def test_hashtags_are_no_settings(lines):
    assert recognise("\n".join(lines) + "\n", True) is None


def test_tags_without_an_end_are_looked_for_once():
    for text in ("<!--" * 100_000, "<a" * 200_000, "[sound:" * 100_000, "<br" * 100_000, "&" * 400_000):
        text_of(text)
