"""JSON, CSV and items on one line are recognised and read; ordinary lists never are."""

import csv
import io
import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from moreish.data import DataOptions, read
from moreish.data.bundled import BUNDLED, LISTS
from moreish.data.formats import recognise

ITEMS = ["emma", "olivia", "ava", "José", "zoë"]


def as_csv(header, rows, **dialect):
    page = io.StringIO()
    csv.writer(page, lineterminator="\n", **dialect).writerows([header, *rows])
    return page.getvalue()


FORMATS = {
    "a JSON array": (json.dumps(ITEMS), "JSON, 5 rows"),
    "a JSON array over many lines": (json.dumps(ITEMS, indent=2, ensure_ascii=False), "JSON, 5 rows"),
    "an array of objects": (
        json.dumps([{"id": i, "name": x} for i, x in enumerate(ITEMS)]),
        "JSON, column name of 2 columns, 5 rows",
    ),
    "an array of arrays": (
        json.dumps([[i, x] for i, x in enumerate(ITEMS)]),
        "JSON, column 2 of 2 columns, 5 rows",
    ),
    "an object with a list in it": (json.dumps({"source": "x", "names": ITEMS}), "JSON, the array names, 5 rows"),
    "an object with a list of objects deep in it": (
        json.dumps({"data": {"page": 1, "rows": [{"word": x, "n": 1} for x in ITEMS]}}),
        "JSON, the array data.rows, column word of 2 columns, 5 rows",
    ),
    "an object of arrays": (
        json.dumps({"name": ITEMS, "n": [1, 2, 3, 4, 5]}),
        "JSON, an array for each column, column name of 2 columns, 5 rows",
    ),
    "an object of columns, as pandas writes it": (
        json.dumps({"n": {str(i): i for i in range(5)}, "name": {str(i): x for i, x in enumerate(ITEMS)}}),
        "JSON, rows by their number in each column, column name of 2 columns, 5 rows",
    ),
    "an object of counts": (
        json.dumps(dict.fromkeys(ITEMS, 3)),
        "JSON, an entry for each key, column key of 2 columns, 5 rows",
    ),
    "an object of objects": (
        json.dumps({x: {"sex": "f", "n": i} for i, x in enumerate(ITEMS)}),
        "JSON, an entry for each key, column key of 3 columns, 5 rows",
    ),
    "an object a line": (
        "\n".join(json.dumps({"n": 1, "name": x}) for x in ITEMS),
        "JSON lines, column name of 2 columns, 5 rows",
    ),
    "objects in objects a line": (
        "\n\n".join(json.dumps({"n": 1, "by": {"x": [1], "who": x}}) for x in ITEMS),
        "JSON lines, column by.who of 3 columns, 5 rows",
    ),
    "CSV": (as_csv(["name", "births"], [[x, 7] for x in ITEMS]), "CSV, column name of 2 columns, 5 rows"),
    "CSV with the number first": (
        as_csv(["id", "name"], enumerate(ITEMS)),
        "CSV, column name of 2 columns, 5 rows",
    ),
    "CSV without numbers": (
        as_csv(["first_name", "sex"], [[x, "f"] for x in ITEMS]),
        "CSV, column first_name of 2 columns, 5 rows",
    ),
    "CSV with quotes": (
        as_csv(["Name", "Role"], [[x, "a, b"] for x in ITEMS]),
        "CSV, column Name of 2 columns, 5 rows",
    ),
    "CSV with a cell over lines": (
        as_csv(["note", "name"], [["one\ntwo, three", x] for x in ITEMS]),
        "CSV, column name of 2 columns, 5 rows",
    ),
    "CSV with blanks after the commas": (
        "name, count\n" + "".join(f"{x}, 3\n" for x in ITEMS),
        "CSV, column name of 2 columns, 5 rows",
    ),
    "CSV with semicolons": (
        as_csv(["prénom", "total"], [[x, "1,5"] for x in ITEMS], delimiter=";"),
        "CSV between semicolons, column prénom of 2 columns, 5 rows",
    ),
    "a table between tabs": (
        as_csv(["word", "freq"], [[x, 12] for x in ITEMS], delimiter="\t"),
        "CSV between tabs, column word of 2 columns, 5 rows",
    ),
    "a table between tabs without a header": (
        as_csv([1, "emma"], [[i, x] for i, x in enumerate(ITEMS[1:])], delimiter="\t"),
        "CSV between tabs without a header, column 2 of 2 columns, 5 rows",
    ),
    "items between commas": (", ".join(ITEMS) + "\n", "items between commas on one line, 5 rows"),
    "items between semicolons": (";".join(ITEMS), "items between semicolons on one line, 5 rows"),
    "items in quotes between commas": (
        ", ".join(f'"{x}"' for x in ITEMS),
        "items between commas on one line, 5 rows",
    ),
}


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_other_formats_are_read_and_it_is_said_how(kind, line_end, tmp_path):
    text, looks = FORMATS[kind]
    (tmp_path / "data.txt").write_bytes(text.replace("\n", line_end).encode())
    corpus = read(tmp_path / "data.txt")
    assert list(corpus) == ITEMS
    assert corpus.report.read_as == [looks]


def test_it_can_be_read_as_it_stands_all_the_same(tmp_path):
    (tmp_path / "x.csv").write_text(FORMATS["CSV"][0], encoding="utf-8")
    assert len(read(tmp_path / "x.csv", DataOptions(recognise=False))) == 6
    assert len(read(tmp_path / "x.csv", DataOptions(text=True)).split("all")) == 3


@pytest.mark.parametrize("objects", [False, True])
def test_a_long_array_on_one_line_is_recognised_by_its_beginning(objects, tmp_path):
    items = [f"item {i}" for i in range(100_000)]
    value = [{"name": item} for item in items] if objects else items
    (tmp_path / "long.txt").write_text(json.dumps(value))
    corpus = read(tmp_path / "long.txt")
    assert list(corpus) == items


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig", "latin-1"])
def test_in_another_encoding_it_is_read_too(encoding, tmp_path):
    (tmp_path / "x.csv").write_text(as_csv(["name", "n"], [["zoë", 1], ["emma", 2]]), encoding=encoding)
    assert list(read(tmp_path / "x.csv", DataOptions(encoding=encoding))) == ["zoë", "emma"]


@pytest.mark.parametrize("name", LISTS)
def test_the_bundled_lists_are_lists(name):
    assert recognise((BUNDLED / f"{name}.txt").read_text(encoding="utf-8"), whole=True) is None


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
    assert recognise("\n".join(items), whole) is None


@pytest.mark.parametrize("item", ["Smith, John", "red; green", "[1]", "{1}", "42", "", "a, b,"])
def test_a_single_item_is_a_list(item):
    assert recognise(item, whole=True) is None
