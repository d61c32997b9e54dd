"""What is refused, or falls short, is told in one sentence that says what is wrong."""

import sys

import pytest

from moreish.errors import how_to_install
from moreish.plots import curves


@pytest.fixture(scope="module")
def misread(folder):
    (folder / "a.txt").write_text("anna\nanka\nana\n")
    (folder / "o.txt").write_text("otto\notho\noto\n")
    (folder / "nothing.csv").write_text("name,count\nanna,0\nberta,0\n")
    (folder / "hollow").mkdir()
    return folder


KINDS = ["more", "a.txt", "o.txt", "--by", "file", "--background", "none"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["more", "list.txt", "--keep", "mine.txt"], "say --interactive as well"),
        (["more", "hollow", "--background", "none"], "hollow"),
        (["more", "nothing.csv", "--weight", "count"], "nothing.csv has no items: every row has weight 0"),
        ([*KINDS, "--of", "a:-1"], 'as in elves:0.7,dwarves:0.3; not "a:-1"'),
        ([*KINDS, "--of", "xyz"], 'there is no kind "xyz" in a.txt and o.txt; known: a, o'),
    ],
)
def test_one_sentence_says_what_is_wrong(moreish, misread, arguments, said):
    code, out, err = moreish(*arguments)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert said in err
    assert "is a run" not in err


def test_a_picture_is_refused_before_anything_is_loaded_where_nothing_can_draw_it(moreish, monkeypatch):
    monkeypatch.setattr(curves, "find_spec", lambda name: None)
    code, out, err = moreish("plot", "no-such-run")
    assert (code, out) == (2, "")
    assert err == f"moreish: drawing needs matplotlib: {how_to_install('plots')}\n"


@pytest.mark.parametrize(("python", "said"), [("/a/python", "/a/python"), ("/a b/python", '"/a b/python"')])
def test_an_extra_is_added_to_the_python_that_runs(monkeypatch, python, said):
    monkeypatch.setattr(sys, "executable", python)
    assert how_to_install("plots") == f'{said} -m pip install "moreish[plots]"'
