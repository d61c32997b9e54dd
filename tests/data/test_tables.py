"""Tables: what the standard library writes is read back, the items' column is found, faults are named."""

import contextlib
import csv
import io
import json

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import moreish
from moreish.data import DataOptions, read
from moreish.data.formats import recognise
from moreish.data.numbers import decimal_mark, number_of
from tests.data.oracles import small_pieces

pytestmark = pytest.mark.usefixtures("said_in_a_terminal")

ITEM = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Zl", "Zp", "Cs"]), min_size=1, max_size=12)
ITEMS = st.lists(ITEM, min_size=1, max_size=30)
AS_WRITTEN = {"column": "name", "normalise": "none", "duplicates": "keep"}


def stripped(items):
    """What an item is: without outer blanks, and none where nothing is left."""
    return [item.strip() for item in items if item.strip() and item.strip() != r"\N"]


def read_as(folder, text, suffix=".txt", **options):
    (folder / f"x{suffix}").write_bytes(text.encode())
    return list(read(folder / f"x{suffix}", DataOptions(**options)))


@pytest.mark.slow
@given(
    ITEMS.filter(stripped),
    st.sampled_from([",", ";", "\t"]),
    st.sampled_from(["\r\n", "\n"]),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
    st.booleans(),
)
@example(['"', "a"], "\t", "\n", csv.QUOTE_ALL, False)
@example([" a", "b "], ",", "\n", csv.QUOTE_MINIMAL, True)
@settings(max_examples=200, deadline=None)
def test_what_the_csv_module_writes_is_read(tmp_path_factory, items, separator, line_end, quoting, first):
    page = io.StringIO(newline="")
    writer = csv.writer(page, delimiter=separator, lineterminator=line_end, quoting=quoting)
    header = ["name", "note"] if first else ["note", "name"]
    writer.writerow(header)
    for i, item in enumerate(items):
        note = "two\nlines, in a cell" if i % 3 == 0 else f"{i}"
        writer.writerow([item, note] if first else [note, item])
    with small_pieces(64):
        found = read_as(tmp_path_factory.mktemp("t"), page.getvalue(), ".csv", **AS_WRITTEN)
    assert found == stripped(items)


@pytest.mark.slow
@given(ITEMS.filter(stripped), st.booleans(), st.sampled_from([None, 2]))
@settings(max_examples=100, deadline=None)
def test_what_the_json_module_writes_is_read(tmp_path_factory, items, ascii_only, indent):
    folder = tmp_path_factory.mktemp("j")
    shape = {"ensure_ascii": ascii_only}
    objects = [{"n": i, "name": item, "of": {"x": [i]}} for i, item in enumerate(items)]
    assert read_as(folder, json.dumps(objects, indent=indent, **shape), **AS_WRITTEN) == stripped(items)
    lines = "\n".join(json.dumps(each, **shape) for each in objects)
    assert read_as(folder, lines, ".jsonl", **AS_WRITTEN) == stripped(items)
    columns = json.dumps({"name": items, "n": list(range(len(items)))}, indent=indent, **shape)
    assert read_as(folder, columns, ".json", **AS_WRITTEN) == stripped(items)
    texts = read_as(
        folder, json.dumps([*items, "end"], indent=indent, **shape), ".json", **AS_WRITTEN | {"column": None}
    )
    assert texts == [*stripped(items), "end"]


@pytest.mark.parametrize("text", ["[]", "{}\n", "[ ]\n\n", "[[], {}]", '{"names": []}', "[{}]"])
@pytest.mark.parametrize("suffix", [".txt", ".json"])
def test_json_that_is_empty_has_no_items(tmp_path, text, suffix):
    with pytest.raises(ValueError, match=f"x{suffix} holds no items"):
        read_as(tmp_path, text, suffix)


def test_brackets_are_items_where_there_are_several_lines_of_them(tmp_path):
    assert read_as(tmp_path, "[]\n{}\n()\n") == ["[]", "{}", "()"]
    with pytest.raises(ValueError, match="holds no items"):
        read_as(tmp_path, "[]\n{}\n", ".jsonl")


LINES = st.one_of(
    st.text(max_size=30),
    st.text('",;\t {}[]:\\Na1.\r\n', max_size=30),
    st.sampled_from(
        ["name,count", "name;count", '{"a": 1}', '{"a": "b"}', "[", "]", '"a', "1,2", "a\tb", "[1]", "null"]
    ),
)


@pytest.mark.slow
@given(
    st.lists(LINES, max_size=12),
    st.sampled_from([".txt", ".csv", ".tsv", ".json", ".jsonl"]),
    st.sampled_from([{}, {"column": "1"}, {"column": "name"}, {"weight": "2"}, {"by": "a"}, {"by": "file"}]),
)
@settings(max_examples=400, deadline=None)
def test_any_text_is_a_list_or_a_sentence(tmp_path_factory, lines, suffix, options):
    path = tmp_path_factory.mktemp("f") / f"x{suffix}"
    path.write_bytes("\n".join(lines).encode("utf-8", "replace"))
    corpus = None
    with contextlib.suppress(ValueError):
        corpus = read(path, DataOptions(**options))
    if corpus is not None:
        assert len(corpus) == len(list(corpus)) > 0
        assert corpus.report.items >= len(corpus)


@given(st.text(max_size=200), st.booleans(), st.sampled_from(["", ".csv", ".json"]))
@settings(max_examples=300, deadline=None)
def test_recognising_never_stumbles(text, whole, suffix):
    recognise(text, whole, suffix)
    recognise(text, whole, suffix, ("1", "name"), counts=True)


WHICH = {
    "the only texts": ("id,country\n1,Peru\n2,Chad\n3,Togo\n", ["Peru", "Chad", "Togo"]),
    "called as items are": ("city,name\nRome,Ann\nOslo,Bob\nBonn,Cy\n", ["Ann", "Bob", "Cy"]),
    "the surest name": ("title,name\nDr,Ann\nMr,Bob\nMs,Cy\n", ["Ann", "Bob", "Cy"]),
    "ending like a name": (
        "size,capital,lastname\nbig,Rome,Ann\nbig,Oslo,Bob\nsmall,Bonn,Cy\n",
        ["Ann", "Bob", "Cy"],
    ),
    "what varies": (
        "tree,leaf,n\n" + "".join(f"{tree},{leaf},1\n" for tree, leaf in zip("abcdefgh", "xxyxyyxx", strict=True)),
        list("abcdefgh"),
    ),
    "no dates and no addresses": (
        "when,where,what\n2020-01-02,https://x.org/1,red\n2020-01-03,https://x.org/2,blue\n2020-01-04,www.x.org,green\n",
        ["red", "blue", "green"],
    ),
    "not the empty column": ("what,n,\nred,1,\nblue,2,\n", ["red", "blue"]),
    "numbers where there is nothing else": ("id,name\n7,1984\n8,1985\n9,300\n", ["1984", "1985", "300"]),
}


@pytest.mark.parametrize("why", WHICH)
def test_the_column_of_the_items_is_found(why, tmp_path):
    text, items = WHICH[why]
    assert read_as(tmp_path, text) == items


ROWS = "first_name,last_name,age\nAnn,Abel,1\nBob,Baker,2\nCy,Cole,3\n"


def test_where_it_is_not_clear_the_columns_are_listed_with_examples(tmp_path):
    with pytest.raises(ValueError, match="not clear which column") as refused:
        read_as(tmp_path, ROWS)
    sentence = str(refused.value)
    assert 'first_name ("Ann", "Bob"), last_name ("Abel", "Baker"), age ("1", "2")' in sentence
    assert "--column first_name" in sentence


@pytest.mark.parametrize("column", ["last_name", "LAST_NAME", "2"])
def test_a_column_by_name_or_number(column, tmp_path):
    assert read_as(tmp_path, ROWS, column=column) == ["Abel", "Baker", "Cole"]


def test_a_column_that_is_not_there_is_told_with_those_that_are(tmp_path):
    for column in ("surname", "4", "0"):
        with pytest.raises(ValueError, match=f'has no column "{column}" for --column; its columns: first_name'):
            read_as(tmp_path, ROWS, column=column)


def test_a_list_with_commas_is_a_table_where_a_column_is_asked_for(tmp_path):
    people = "Smith, John\nDoe, Jane\n"
    assert read_as(tmp_path, people) == ["Smith, John", "Doe, Jane"]
    assert read_as(tmp_path, people, column="2") == ["John", "Jane"]


FAULTS = {
    "a row too short": (
        "name,n\na,1\nb,2\n" + "c,3\n" * 20 + "d\n" + "e,5\n" * 20,
        "line 24: has 1 cell where the header has 2",
    ),
    "a row too long": ("name,n\n" + "c,3\n" * 2000 + "d,4,4\n", "line 2,002: has 3 cells where the header has 2"),
    "a row too long after a cell over lines": (
        'name,n\n"a","1\n2"\n' + "c,3\n" * 2000 + "d,4,4\n",
        "line 2,004: has 3 cells",
    ),
    "an open quote": ("name,n\n" + "c,3\n" * 2000 + '"d,4\ne,5\n', "line 2,002: opens a quote"),
    "an item over lines": ('name,n\nc,3\n"d\ne",4\nf,5\n', 'line 3: its item goes over several lines.*"d e"'),
    "JSON that breaks off": ('{"a": 1}\n{"a": 2}\n' * 1000 + '{"a": \n', "line 2,001: is no JSON"),
    "a list where texts are": ('[{"a": "x"}, {"a": "y"}, {"a": ["z"]}]', "row 3: its a is a list"),
    "half a character": ('["a", "b", "\\ud800"]', "row 3: has U\\+D800"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_named_with_its_line(fault, tmp_path):
    text, sentence = FAULTS[fault]
    with pytest.raises(ValueError, match=rf"x\.txt, {sentence}"):
        read_as(tmp_path, text)


@pytest.mark.parametrize("separator", [",", ";"])
@pytest.mark.parametrize("row", ['"Hal{}se{}7', 'Hal "the great""{}"se{}7'])
def test_a_table_is_not_taken_for_a_list_because_of_one_row_with_wrong_quotes(separator, row, tmp_path):
    rows = [separator.join(("name", "land", "n")), *(separator.join((n, "uk", "3")) for n in ("Ada", "Bo", "Cy"))]
    rows.insert(3, row.format(separator, separator))
    with pytest.raises(ValueError, match=r"x\.csv, line 4: has quotes that do not close"):
        read_as(tmp_path, "\n".join(rows), ".csv")
    assert len(read_as(tmp_path, "\n".join(rows), ".csv", recognise=False)) == 5


def test_a_list_of_lines_with_quotes_stays_one(tmp_path):
    lines = ['"Weird Al" Yankovic', 'Mel "Blanc', "Anna, the first", "Bo", "Cy"]
    assert read_as(tmp_path, "\n".join(lines), ".csv") == lines


def test_bytes_that_are_no_utf8_are_named_with_their_line_in_a_table_too(tmp_path):
    (tmp_path / "x.csv").write_bytes(b"name,n\n" + b"c,3\n" * 2000 + b"\xe9t\xe9,4\n")
    with pytest.raises(ValueError, match=r"x\.csv, line 2002, byte 1: not UTF-8"):
        moreish.read(tmp_path / "x.csv")


def test_what_looks_wrong_is_reported_with_the_line_of_the_file(tmp_path):
    (tmp_path / "x.csv").write_text('name,note\na,"1\n2"\nb,2\nc\u200bd,3\n', encoding="utf-8")
    report = moreish.read(tmp_path / "x.csv", column="name").report
    assert report.suspicious["zero-width character"].lines == [5]
    assert report.lines == 5


def test_empty_cells_and_rows_are_counted(tmp_path):
    (tmp_path / "x.csv").write_text("name,n\na,1\n,2\n  ,3\n,,\n\nb,5\n".replace(",,", ","))
    report = moreish.read(tmp_path / "x.csv").report
    assert (report.items, report.dropped) == (2, {"empty": 4})
    assert report.read_as == ["CSV, column name of 2 columns, 2 rows"]


NUMBERS = {
    "12": 12, "-1.5": -1.5, "1,5": 1.5, "1,234": 1234, "1,234,567.5": 1234567.5, "1.234.567": 1234567, "0,125": 0.125,
    "1 234": 1234, "1'234.5": 1234.5, "12 %": 12, "1e3": 1000, ".5": 0.5, "1.234,5": 1234.5, "1\u202f234": 1234,
    "": None, "x": None, "1,2,3": None, "1955[1]": None, "nan": None, "inf": None, "1e999": None, "١٢": None,
    "12-3": None, "1,23,456": 123456, "1,23,45": None,
}  # fmt: skip


@pytest.mark.parametrize("text", NUMBERS)
def test_numbers_as_people_write_them(text):
    assert number_of(text) == NUMBERS[text]


@pytest.mark.parametrize(
    ("cells", "comma", "mark"),
    [
        (["1.512.491", "523.026"], False, ","),
        (["1,5", "1.234"], False, ","),
        (["1.5", "1,234"], True, "."),
        (["523.026"], True, ","),
        (["523.026"], False, "."),
        (["0.125", "1.250"], True, "."),
        ([], False, "."),
    ],
)
def test_a_column_has_one_decimal_point(cells, comma, mark):
    assert decimal_mark(cells, comma) == mark


def test_the_columns_that_are_not_read_are_named(tmp_path):
    folder = tmp_path / "t.csv"
    folder.write_text("id,town,country,people\n1,bern,ch,3\n2,rome,it,4\n3,pisa,it,5\n", encoding="utf-8")
    report = read(folder, DataOptions(column="town", by="country")).report
    assert report.left_out == ["id", "people"]
    assert report.to_json()["left_out"] == ["id", "people"]
    folder.write_text("bern\nrome\npisa\n", encoding="utf-8")
    assert read(folder, DataOptions()).report.left_out == []


@pytest.mark.parametrize("suffix", [".json", ".jsonl"])
def test_a_column_that_begins_late_is_found(suffix, tmp_path):
    rows = [{"id": i} for i in range(1500)] + [{"id": 1500 + i, "nick": f"nick {i}"} for i in range(40)]
    file = tmp_path / f"late{suffix}"
    lines = [json.dumps(row) for row in rows]
    file.write_text("\n".join(lines) if suffix == ".jsonl" else f"[{','.join(lines)}]", encoding="utf-8")
    assert list(moreish.read(file, column="nick")) == [f"nick {i}" for i in range(40)]
    kinds = moreish.read(file, column="id", by="nick").kinds
    assert set(kinds) == {"unknown", *(f"nick {i}" for i in range(40))}
    with pytest.raises(ValueError, match=r'has no column "nock"'):
        moreish.read(file, column="nock")


def test_a_column_of_objects_is_told_with_its_fields(tmp_path):
    file = tmp_path / "objects.json"
    file.write_text(json.dumps([{"name": {"en": "Salt", "fr": "Sel"}, "id": 1}] * 3), encoding="utf-8")
    with pytest.raises(ValueError, match=r'its "name" has fields of its own: name.en \("Salt"\), name.fr'):
        moreish.read(file, column="name")
