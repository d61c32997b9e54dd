"""JSON, CSV and items on one line are recognised, with a command that makes a list; ordinary lists never are."""

import contextlib
import csv
import io
import json
import re
import subprocess
import sys

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from moreish.data import DataOptions, read
from moreish.data.bundled import BUNDLED, LISTS
from moreish.data.formats import refuse_other_formats

ITEMS = ["emma", "olivia", "ava", "José", "zoë"]


def as_csv(header, rows, **dialect):
    page = io.StringIO()
    csv.writer(page, lineterminator="\n", **dialect).writerows([header, *rows])
    return page.getvalue()


FORMATS = {
    "a JSON array": (json.dumps(ITEMS), "looks like a JSON array of 5 values"),
    "a JSON array over many lines": (json.dumps(ITEMS, indent=2, ensure_ascii=False), "a JSON array of 5 values"),
    "an array of objects": (json.dumps([{"id": i, "name": x} for i, x in enumerate(ITEMS)]), "array of 5 objects"),
    "an object with a list in it": (json.dumps({"source": "x", "names": ITEMS}), "looks like a JSON object"),
    "an object of counts": (json.dumps(dict.fromkeys(ITEMS, 3)), "looks like a JSON object"),
    "an object a line": ("\n".join(json.dumps({"n": 1, "name": x}) for x in ITEMS), "JSON, an object a line"),
    "CSV": (as_csv(["name", "births"], [[x, 7] for x in ITEMS]), "looks like CSV with the columns name, births"),
    "CSV with the number first": (as_csv(["id", "name"], enumerate(ITEMS)), "CSV with the columns id, name"),
    "CSV without numbers": (as_csv(["first_name", "sex"], [[x, "f"] for x in ITEMS]), "columns first_name, sex"),
    "CSV with quotes": (as_csv(["Name", "Role"], [[x, "a, b"] for x in ITEMS]), "columns Name, Role"),
    "CSV with semicolons": (as_csv(["prénom", "total"], [[x, "1,5"] for x in ITEMS], delimiter=";"), "prénom, total"),
    "a table between tabs": (
        as_csv(["word", "freq"], [[x, 12] for x in ITEMS], delimiter="\t"),
        "columns word, freq",
    ),
    "items between commas": (", ".join(ITEMS) + "\n", "5 items between commas on a single line"),
    "items between semicolons": (";".join(ITEMS), "5 items between semicolons on a single line"),
}


@pytest.mark.parametrize("kind", FORMATS)
def test_what_is_no_list_is_refused_with_a_command_that_makes_one(kind, tmp_path):
    text, looks = FORMATS[kind]
    path = tmp_path / "data.txt"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match="looks like") as refused:
        read(path)
    sentence = str(refused.value)
    assert looks in sentence
    assert "\n" not in sentence
    command = re.search(r'python (-c ".*") > data-items\.txt', sentence)
    assert command is not None
    made = subprocess.run(
        f"{sys.executable} -X utf8 {command[1]}", shell=True, capture_output=True, encoding="utf-8", check=True
    )
    (tmp_path / "items.txt").write_text(made.stdout, encoding="utf-8")
    assert list(read(tmp_path / "items.txt")) == ITEMS


def test_it_can_be_read_as_it_stands_all_the_same(tmp_path):
    (tmp_path / "x.csv").write_text(FORMATS["CSV"][0], encoding="utf-8")
    assert len(read(tmp_path / "x.csv", DataOptions(recognise=False))) == 6
    assert len(read(tmp_path / "x.csv", DataOptions(text=True)).split("all")) == 3


def test_a_long_array_on_one_line_is_recognised_by_its_beginning(tmp_path):
    (tmp_path / "long.json").write_text(json.dumps([f"item {i}" for i in range(100_000)]))
    with pytest.raises(ValueError, match="looks like a JSON array"):
        read(tmp_path / "long.json")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig", "latin-1"])
def test_in_another_encoding_it_is_recognised_too(encoding, tmp_path):
    (tmp_path / "x.csv").write_text(as_csv(["name", "n"], [["zoë", 1], ["emma", 2]]), encoding=encoding)
    with pytest.raises(ValueError, match="CSV with the columns name, n"):
        read(tmp_path / "x.csv", DataOptions(encoding=encoding))


@pytest.mark.parametrize("name", LISTS)
def test_the_bundled_lists_are_lists(name):
    refuse_other_formats(name, (BUNDLED / f"{name}.txt").read_bytes(), whole=True)


WORD = st.text(st.characters(categories=["L"]), min_size=1, max_size=8)
PERSON = st.tuples(WORD, WORD).map(", ".join)
DATED = st.tuples(WORD, st.integers(1000, 2000)).map(lambda pair: f"{pair[0]}, {pair[1]}")


@given(st.lists(st.one_of(WORD, PERSON, DATED), min_size=2), st.booleans())
@example(["Name, First", "Smith, John", "Doe, Jane"], True)
@example(["Title, 1999", "Moby Dick, 1851", "Emma, 1815"], True)
@example(["[a]", "[b]", "{c}"], True)
@example(["[1]", "[2]", "[3]"], True)
@example(["3,14", "2,71", "1,41"], True)
@example(["2,4-dinitrophenol", "1,3-butadiene", "2,2-dimethylbutane"], True)
@example(["a,b", "c,d", "e,f"], True)
@example(["name", "names", "word"], True)
def test_lists_whose_items_have_commas_are_lists(items, whole):
    refuse_other_formats("list.txt", "\n".join(items).encode(), whole)


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), max_size=20), min_size=2))
def test_no_text_makes_it_stumble(lines):
    with contextlib.suppress(ValueError):
        refuse_other_formats("list.txt", "\n".join(lines).encode(), whole=True)


@pytest.mark.parametrize("item", ["Smith, John", "red; green", "[1]", "{}", "42", "", "a, b,"])
def test_a_single_item_is_a_list(item):
    refuse_other_formats("list.txt", item.encode(), whole=True)
