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
]
WRITTEN = {
    "JSON": json.dumps(RECORDS),
    "JSON lines": "".join(json.dumps(each) + "\n" for each in RECORDS),
    "YAML": "- title: x\n  tags: [red, blue]\n  n: 2\n- title: y\n  n: 1\n- title: z\n  tags: grey\n  n: 1\n",
    "an object": json.dumps({"films": RECORDS}),
}


def read_as(tmp_path, text, **options):
    (tmp_path / "list").write_text(text, encoding="utf-8")
    return read(tmp_path / "list", DataOptions(**options))


@pytest.mark.parametrize("form", WRITTEN)
def test_each_text_is_an_item_with_what_stands_beside_its_list(tmp_path, form):
    corpus = read_as(tmp_path, WRITTEN[form], column="tags", by="title", weight="n", normalise="none")
    assert list(corpus.items) == ["red", "blue", "grey"]
    whole = corpus.split("all")
    assert whole.kinds is not None
    assert whole.weights is not None
    assert [corpus.kinds[k] for k in whole.kinds] == ["x", "x", "z"]
    assert list(whole.weights) == [2, 2, 1]


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
    with pytest.raises(ValueError, match='has no column "parts"'):
        read_as(tmp_path, '[{"t": "x", "parts": [{"a": 1}]}, {"t": "y", "parts": [{"a": 2}]}]', column="parts")
    with pytest.raises(ValueError, match="row 2: its tags is a list, where the others have texts"):
        read_as(tmp_path, '[{"t": "x", "tags": ["a"]}, {"t": "y", "tags": [["b"]]}]', column="tags")


TEXTS = st.text(st.characters(codec="ascii", categories=["L"]), min_size=1, max_size=6)


@given(st.lists(st.lists(TEXTS, min_size=1, max_size=4), min_size=2, max_size=8))
def test_no_text_is_lost_and_their_order_stays(tmp_path_factory, lists):
    folder = tmp_path_factory.mktemp("several")
    rows = [{"t": f"t{i}", "tags": each} for i, each in enumerate(lists)]
    corpus = read_as(folder, json.dumps(rows), column="tags", duplicates="keep")
    assert list(corpus.items) == [text for each in lists for text in each]
