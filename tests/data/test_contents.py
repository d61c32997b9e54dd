"""Tables of contents: what heads them goes where it is sure, and is told where it is not; a word stays a word."""

import pytest

from moreish.data import read
from moreish.data.marks import marks_of

SECTIONS = ["Introduction", "Related work", "Early systems", "Index", "Method", "Data", "Conclusion"]
LEVELS = ["1", "2", "2.1", "2.2", "3", "3.1", "4"]
MARKED = {
    "sections": [f"{n} {x}" for n, x in zip(LEVELS, SECTIONS, strict=True)],
    "sections between tabs": [f"{n}\t{x}" for n, x in zip(LEVELS, SECTIONS, strict=True)],
    "numbers": [f"{n}. {x}" for n, x in enumerate(SECTIONS, 1)],
    "bullets": [f"- {x}" for x in SECTIONS],
    "dots and pages": [f"{x} {'.' * (30 - len(x))} {3 * n}" for n, x in enumerate(SECTIONS, 1)],
    "one sign of dots": [
        f"{x} … {n}" for x, n in zip(SECTIONS, ["i", "iv", "1", "7", "12", "130", "1024"], strict=True)
    ],
    "dots with blanks": [f"{n} {x} . . . . {n[0]}" for n, x in zip(LEVELS, SECTIONS, strict=True)],
}
HEADS = [
    "Table of Contents",
    "Contents",
    "INDEX",
    "Inhaltsverzeichnis:",
    "Table des matières",
    "目录",
    "Contents\n[hide]",
]


@pytest.mark.parametrize("kind", MARKED)
@pytest.mark.parametrize("head", HEADS)
def test_what_heads_a_table_of_contents_is_left_out_and_it_is_told(tmp_path, kind, head):
    (tmp_path / "x.txt").write_text("\n".join([head, *MARKED[kind]]), encoding="utf-8")
    corpus = read(tmp_path / "x.txt")
    assert list(corpus.items) == SECTIONS
    n = head.count("\n") + 1
    assert f" {n} heading{'s are' if n > 1 else ' is'} left out." in corpus.report.notes[0]


@pytest.mark.parametrize("head", ["Table of Contents", "Contents", "index"])
def test_what_may_head_a_list_without_marks_stays_and_is_told(tmp_path, head):
    (tmp_path / "x.txt").write_text("\n".join([head, "window", "apple", "chair", "lamp", "river"]), encoding="utf-8")
    corpus = read(tmp_path / "x.txt")
    assert next(iter(corpus.items)) == head
    assert f'The first line, "{head}", looks like a heading' in corpus.report.notes[0]


def test_a_word_that_may_head_a_list_is_a_word_in_it(tmp_path):
    words = ["apple", "contents", "index", "outline", "river", "toc"]
    (tmp_path / "x.txt").write_text("\n".join(words), encoding="utf-8")
    corpus = read(tmp_path / "x.txt")
    assert list(corpus.items) == words
    assert not corpus.report.told


STAY = {
    "numbers behind words": ["Area 51", "Room 101", "Route 66", "Catch 22", "Blink 182", "Fahrenheit 451"],
    "dots behind words": ["And then...", "Wait...", "So...", "Hm...", "Well..."],
    "dots alone": ["..... 1", "..... 2", "..... 3", "..... 4", "..... 5"],
    "versions": ["v.1.2", "v.1.3", "v.1.4", "v.2.0", "v.2.1"],
    "sections without a head": ["1 Amber", "2 Birch", "2.1 Cedar", "3 Dill", "4 Elm", "5 Fir"],
}


@pytest.mark.parametrize("kind", STAY)
def test_what_is_no_table_of_contents_stays(kind):
    assert marks_of(STAY[kind]) == ((), STAY[kind])
