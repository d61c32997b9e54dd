"""What is refused, or falls short, is told in one sentence that says what is wrong."""

import pytest


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
