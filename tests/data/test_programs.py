"""Lists as programs write them: several texts a line, quotes within, escapes, comments; what is more stays."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moreish.data import DataOptions, read
from moreish.data.programs import listed

pytestmark = pytest.mark.usefixtures("said_in_a_terminal")

ITEMS = ["O'Hara's", 'Old "Peculiar"', "Zoë", "a, b", "C# and # or //", "6X"]

PROGRAMS = {
    "Python": """beers = ["O'Hara's", 'Old "Peculiar"',\n  "Zoë", "a, b",  # two\n  "C# and # or //", "6X",\n]\n""",
    "JavaScript": """// all\nexport const beers: string[] = ["O'Hara's", 'Old "Peculiar"', // strong
      `Zoë`, "a, b", /* mild, "no" */ "C# and # or //", "6X"];""",
    "a line with each and a comment": (
        """x = [\n "O'Hara's", # 1\n 'Old "Peculiar"',\n "Zoë",\n "a, b",\n "C# and # or //",\n "6X",\n]"""
    ),
    "escapes": r"""['O\'Hara\'s', "Old \"Peculiar\"", 'Zo\u00eb', "a, b", "C# and # or //", "\x36X"]""",
    "R": """beers <- c("O'Hara's", 'Old "Peculiar"', "Zoë",\n "a, b", "C# and # or //", "6X")""",
    "Java": """List<String> x = List.of("O'Hara's", "Old \\"Peculiar\\"", "Zoë", "a, b", "C# and # or //", "6X");""",
    "C": """const char *x[] = {"O'Hara's", "Old \\"Peculiar\\"", "Zoë",\n"a, b", "C# and # or //", "6X"};""",
    "a set in brackets": """x = frozenset({"O'Hara's", 'Old "Peculiar"', "Zoë", "a, b", "C# and # or //", "6X"})""",
    "Go": """x := []string{"O'Hara's", "Old \\"Peculiar\\"", "Zoë", "a, b", "C# and # or //", "6X"}""",
}


@pytest.mark.parametrize("kind", PROGRAMS)
def test_the_texts_of_a_list_in_a_program_are_the_items(tmp_path, kind):
    (tmp_path / "x.txt").write_text(PROGRAMS[kind], encoding="utf-8")
    corpus = read(tmp_path / "x.txt")
    assert list(corpus.items) == ITEMS
    assert corpus.report.read_as == ["list in a program, 6 rows"]


NO_LIST = {
    "two lists": 'a = ["x", "y", "z"]\nb = ["x", "y", "z"]\n',
    "a dictionary": 'a = {"x": 1, "y": 2,\n "z": 3}\n',
    "a call and more": 'print("x", "y", "z") or 3\n',
    "no comma": 'a = ["x" "y" "z"]\n',
    "no end": 'a = ["x", "y",\n "z"\n',
    "songs": '(I Can\'t Get No) "Satisfaction"\n"Heroes"\n',
    "a song in brackets": "[Untitled]\n",
}


@pytest.mark.parametrize("kind", NO_LIST)
def test_what_is_no_single_list_is_none(kind):
    assert listed(NO_LIST[kind], whole=True) is None


def test_a_long_list_is_recognised_by_its_beginning(tmp_path):
    names = [f"name {i}" for i in range(30_000)]
    rows = [", ".join(f"'{x}'" for x in names[i : i + 4]) for i in range(0, len(names), 4)]
    (tmp_path / "x.py").write_text("names = [\n" + ",\n".join(rows) + "\n]\n", encoding="utf-8")
    assert list(read(tmp_path / "x.py").items) == names
    (tmp_path / "x.py").write_text("names = [\n" + ",\n".join(rows) + "\n] + more\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"begins as a list in a program does.*recognise=false"):
        read(tmp_path / "x.py")


TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc", "Z"]), min_size=1, max_size=12)


@given(st.lists(TEXTS, min_size=1, max_size=20), st.sampled_from([repr, json.dumps]), st.sampled_from([" ", "\n"]))
def test_what_a_program_writes_comes_back(items, write, blank):
    text = f"items = [{blank}{f',{blank}'.join(map(write, items))}{blank}];"
    found = listed(text, whole=True)
    assert found is not None
    assert found.texts == items


def test_marks_that_are_kept_keep_a_program_too(tmp_path):
    (tmp_path / "x.txt").write_text(PROGRAMS["Python"], encoding="utf-8")
    assert (
        read(tmp_path / "x.txt", DataOptions(marks="keep")).items[0] == """beers = ["O'Hara's", 'Old "Peculiar"',"""
    )
