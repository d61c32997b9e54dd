"""Files with a few faults are refused with the line, and are not read as if their lines were the items."""

import json

import pytest

import moreish
from moreish.data import DataOptions, read

pytestmark = pytest.mark.usefixtures("said_in_a_terminal")

STEMS, ENDS = ("Abel", "Berta", "Cor", "Dora", "Emil"), ("", "a", "o", "us", "in", "el")
NAMES = [f"{stem}{end}" for end in ENDS for stem in STEMS]
OBJECTS = [json.dumps({"id": i, "name": name, "n": i % 3 + 1}) for i, name in enumerate(NAMES)]
ROWS = ["id,name,year", *(f"{i},{name},{1900 + i}" for i, name in enumerate(NAMES))]
WAYS_OUT = r"mend it, or say --set data\.recognise=false"


def read_as(folder, text, suffix=".txt", **options):
    (folder / f"x{suffix}").write_bytes(text.encode())
    return read(folder / f"x{suffix}", DataOptions(**options))


def refused(folder, text, suffix=".txt", **options):
    with pytest.raises(ValueError, match=rf"x\{suffix}") as caught:
        read_as(folder, text, suffix, **options)
    return str(caught.value)


@pytest.mark.parametrize("suffix", [".jsonl", ".ndjson", ".txt", ".json"])
@pytest.mark.parametrize("at", [0, 20, len(OBJECTS) - 1])
@pytest.mark.parametrize("wrong", ["cut off", "a comment", "with a comma"])
def test_one_bad_line_among_json_lines_is_named(suffix, at, wrong, tmp_path):
    lines = list(OBJECTS)
    lines[at] = {"cut off": lines[at][:-4], "a comment": "# comment", "with a comma": f"{lines[at]},"}[wrong]
    with pytest.raises(ValueError, match=rf"line {at + 1}: is no JSON, .*\(column \d+\); {WAYS_OUT}"):
        read_as(tmp_path, "\n".join(lines), suffix)
    assert list(read_as(tmp_path, "\n".join(lines), suffix, recognise=False))[at] == lines[at]
    assert len(read_as(tmp_path, "\n".join([*lines[:at], *lines[at + 1 :]]), suffix)) == len(lines) - 1


def test_a_few_objects_of_which_one_breaks_off_are_json_lines(tmp_path):
    assert "line 4: is no JSON" in refused(tmp_path, "\n".join([*OBJECTS[:3], OBJECTS[3][:-4]]))


def test_objects_that_all_end_in_a_comma_are_refused(tmp_path):
    assert "line 1: is no JSON" in refused(tmp_path, ",\n".join(OBJECTS), ".jsonl")
    assert "line 1: is no JSON" in refused(tmp_path, ",\n".join(OBJECTS))


def test_in_a_file_of_json_lines_half_may_be_wrong(tmp_path):
    lines = [line for each in OBJECTS for line in (each, "# comment")]
    assert "line 2: is no JSON" in refused(tmp_path, "\n".join(lines), ".jsonl")


def test_an_array_that_breaks_off_is_no_json_lines(tmp_path):
    text = "[\n" + ",\n".join(OBJECTS)
    assert refused(tmp_path, text).startswith(f"{tmp_path / 'x.txt'} looks like JSON, but ")


def test_blank_lines_between_json_lines_are_nothing(tmp_path):
    assert list(read_as(tmp_path, "\n\n".join(OBJECTS), ".jsonl")) == NAMES


def test_plain_lines_in_a_file_called_jsonl_stay_items(tmp_path):
    assert list(read_as(tmp_path, "\n".join(NAMES), ".jsonl")) == NAMES


@pytest.mark.parametrize("odd", ["5", '"Emma"', '["Emma"]'])
def test_a_value_that_is_no_object_among_objects_is_refused(odd, tmp_path):
    lines = [*OBJECTS[:7], odd, *OBJECTS[7:]]
    assert "line 8: is no object, as the others are" in refused(tmp_path, "\n".join(lines), ".jsonl")
    assert "row 8: is no object, as the others are" in refused(tmp_path, f"[{','.join(lines)}]", ".json")


def test_an_object_among_texts_is_refused(tmp_path):
    assert "row 2: is an object among texts" in refused(tmp_path, '["Emma", {"name": "Ava"}, "Ida"]', ".json")


@pytest.mark.parametrize("separator", ["\t", ","])
@pytest.mark.parametrize("ragged", [1, 2, 5, 12])
def test_several_ragged_rows_of_a_table_are_refused_with_the_first(separator, ragged, tmp_path):
    rows = list(ROWS)
    for n in range(ragged):
        rows[4 + 2 * n] += ",more"
    text, suffix = "\n".join(rows).replace(",", separator), ".tsv" if separator == "\t" else ".csv"
    assert "line 5: has 4 cells where the header has 3; mend it" in refused(tmp_path, text, suffix)
    assert len(read_as(tmp_path, text, suffix, recognise=False)) == len(rows)


def test_two_ragged_rows_of_six_are_refused(tmp_path):
    text = "id\tname\tyear\n1\tAnn\t1900\n2\tBob\n3\tCy\t1903\n4\tDee\t1904\t5\n5\tEve\t1909"
    assert "line 3: has 2 cells where the header has 3" in refused(tmp_path, text, ".tsv")


def test_ragged_rows_between_tabs_without_a_header_are_refused(tmp_path):
    text = "\n".join([*ROWS[1:9], "x,y", *ROWS[9:], "z,y"]).replace(",", "\t")
    assert "line 9: has 2 cells where the first row has 3" in refused(tmp_path, text, ".tsv")


def test_a_column_of_weights_without_numbers_is_called_so(tmp_path):
    for text, suffix in (("\n".join(OBJECTS), ".jsonl"), ("\n".join(ROWS), ".csv")):
        sentence = refused(tmp_path, text, suffix, weight="name")
        assert 'its column name ("Abel", "Berta") holds no numbers, and --weight wants' in sentence


def test_rows_of_weight_nought_are_told(tmp_path):
    text = "name,n\n" + "".join(f"{name},{i % 3}\n" for i, name in enumerate(NAMES))
    assert "10 rows are of weight 0 and left out." in read_as(tmp_path, text, ".csv", weight="n").report.notes
    one = "name,n\n" + "".join(f"{name},{i}\n" for i, name in enumerate(NAMES))
    assert "1 row is of weight 0 and left out." in read_as(tmp_path, one, ".csv", weight="n").report.notes


@pytest.mark.parametrize("length", [10_001, 120_000, 2_000_000])
def test_the_limit_that_is_advised_for_a_long_line_is_enough(length, tmp_path):
    text = f"Ann\n{'x' * length}\nBob\n"
    advised = refused(tmp_path, text).rpartition("=")[2]
    assert list(read_as(tmp_path, text, max_length=int(advised)))[2] == "Bob"


@pytest.mark.parametrize("weight", [None, "n"])
def test_a_cell_over_lines_is_named_by_the_line_where_it_begins(weight, tmp_path):
    text = 'name,n\nAnn,1\n"Bo\nb\nc",2\nCy,3\n'
    assert "line 3: its item goes over" in refused(tmp_path, text, ".csv", weight=weight)


def test_a_column_that_begins_late_is_found_whatever_its_case(tmp_path):
    rows = [json.dumps({"id": i}) for i in range(1200)] + [json.dumps({"id": 7, "Nick": f"n{i}"}) for i in range(40)]
    assert list(read_as(tmp_path, "\n".join(rows), ".jsonl", column="nick")) == [f"n{i}" for i in range(40)]
    assert "unknown" in read_as(tmp_path, "\n".join(rows), ".jsonl", column="id", by="nick").kinds


def test_a_column_that_changes_late_is_refused_with_what_to_do(tmp_path):
    rows = [json.dumps({"name": f"n{i}"}) for i in range(1200)]
    sentence = refused(tmp_path, "\n".join([*rows, '{"name": {"a": 1}}']), ".jsonl")
    assert "line 1,201: its name is an object, where the others have texts; mend it" in sentence


def test_in_python_the_ways_out_are_arguments(tmp_path):
    from moreish.wording import _in_terminal

    (tmp_path / "x.jsonl").write_text("\n".join([*OBJECTS, "# end"]), encoding="utf-8")
    token = _in_terminal.set(False)
    try:
        with pytest.raises(ValueError, match=r"or say recognise=False if the lines are the items"):
            moreish.read(tmp_path / "x.jsonl")
        assert len(moreish.read(tmp_path / "x.jsonl", recognise=False)) == len(OBJECTS) + 1
    finally:
        _in_terminal.reset(token)
