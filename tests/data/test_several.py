"""Lists of texts within records: each text is an item where the column is asked for, and nothing else changes."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moreish.data import DataOptions, read

RECORDS = [
    {"title": "x", "tags": ["red", "blue"], "n": 2},
    {"title": "y", "tags": [], "n": 1},
    {"title": "z", "tags": "grey", "n": 1},
    {"title": "w", "tags": None, "n": 5},
    {"title": "v", "tags": ["pink"], "n": 3},
]
WRITTEN = {
    "JSON": json.dumps(RECORDS),
    "JSON lines": "".join(json.dumps(each) + "\n" for each in RECORDS),
    "YAML": "- title: x\n  tags: [red, blue]\n  n: 2\n- title: y\n  n: 1\n- title: z\n  tags: grey\n  n: 1\n"
    "- title: v\n  tags:\n    - pink\n  n: 3\n",
    "an object": json.dumps({"films": RECORDS}),
}


def read_as(tmp_path, text, **options):
    (tmp_path / "list").write_text(text, encoding="utf-8")
    return read(tmp_path / "list", DataOptions(**options))


@pytest.mark.parametrize("form", WRITTEN)
def test_each_text_is_an_item_with_what_stands_beside_its_list(tmp_path, form):
    corpus = read_as(tmp_path, WRITTEN[form], column="tags", by="title", weight="n", normalise="none")
    assert list(corpus.items) == ["red", "blue", "grey", "pink"]
    whole = corpus.split("all")
    assert whole.kinds is not None
    assert whole.weights is not None
    assert [corpus.kinds[k] for k in whole.kinds] == ["x", "x", "z", "v"]
    assert list(whole.weights) == [2, 2, 1, 3]


@pytest.mark.parametrize("form", WRITTEN)
def test_a_column_of_lists_is_not_taken_by_itself_where_there_is_another(tmp_path, form):
    assert next(iter(read_as(tmp_path, WRITTEN[form]).items)) == "x"


def test_it_is_taken_where_there_is_no_other(tmp_path):
    assert list(read_as(tmp_path, '[{"names": ["a", "b"]}, {"names": ["c"]}, {"names": ["d"]}]').items) == list(
        "abcd"
    )


@pytest.mark.parametrize("option", ["by", "weight"])
def test_kinds_and_weights_are_one_for_an_item(tmp_path, option):
    with pytest.raises(ValueError, match=rf"the column tags has lists in it, and {option} wants one value"):
        read_as(tmp_path, WRITTEN["JSON"], column="title", **{option: "tags"})


def test_lists_of_records_are_no_texts(tmp_path):
    with pytest.raises(ValueError, match='has no column for column="parts"'):
        read_as(tmp_path, '[{"t": "x", "parts": [{"a": 1}]}, {"t": "y", "parts": [{"a": 2}]}]', column="parts")
    with pytest.raises(ValueError, match="row 2: its tags is a list of lists, where the others have texts"):
        read_as(tmp_path, '[{"t": "x", "tags": ["a"]}, {"t": "y", "tags": [["b"]]}]', column="tags")


TEXTS = st.text(st.characters(codec="ascii", categories=["L"]), min_size=1, max_size=6)


@given(st.lists(st.lists(TEXTS, min_size=1, max_size=4), min_size=2, max_size=8))
def test_no_text_is_lost_and_their_order_stays(tmp_path_factory, lists):
    folder = tmp_path_factory.mktemp("several")
    rows = [{"t": f"t{i}", "tags": each} for i, each in enumerate(lists)]
    corpus = read_as(folder, json.dumps(rows), column="tags", duplicates="keep")
    assert list(corpus.items) == [text for each in lists for text in each]


def test_one_list_among_texts_is_read_where_the_column_is_asked_for_and_refused_where_it_is_not(tmp_path):
    text = '[{"t": "x"}, {"t": "y"}, {"t": ["z", "w"]}]'
    assert list(read_as(tmp_path, text, column="t").items) == ["x", "y", "z", "w"]
    with pytest.raises(ValueError, match="row 3: its t is a list"):
        read_as(tmp_path, text)


def test_numbers_in_a_list_are_texts_and_nothing_is_nothing(tmp_path):
    text = '[{"t": "x", "tags": ["red", null, 1990]}, {"t": "y", "tags": [null]}, {"t": "z", "tags": [2.5, true]}]'
    assert list(read_as(tmp_path, text, column="tags").items) == ["red", "1990", "2.5", "true"]


def test_lists_that_begin_late_are_read(tmp_path):
    rows = [{"t": f"t{i}", "tags": "one"} for i in range(1500)] + [{"t": "last", "tags": ["two", "three"]}]
    assert {*read_as(tmp_path, json.dumps(rows), column="tags").items} == {"one", "two", "three"}


ANSWER = {"total": 3, "facets": ["a", "b"], "films": [{"n": 1, "title": t, "tags": [t * 2]} for t in ("x", "y", "z")]}
WHICH = {
    "title": ["x", "y", "z"],
    "films.title": ["x", "y", "z"],
    "films": ["x", "y", "z"],
    "tags": ["xx", "yy", "zz"],
    "facets": ["a", "b"],
}


@pytest.mark.parametrize("column", WHICH)
def test_a_column_of_one_of_several_arrays_is_found(tmp_path, column):
    assert list(read_as(tmp_path, json.dumps(ANSWER), column=column).items) == WHICH[column]


@pytest.mark.parametrize("column", [None, "nothing"])
def test_what_is_advised_where_there_are_several_arrays_works(tmp_path, column):
    with pytest.raises(ValueError, match=r'Say which, such as column="films\.title"'):
        read_as(tmp_path, json.dumps(ANSWER), column=column)
