"""Graphemes become the symbols by themselves where code points would break the letters of a list."""

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moreish.data import DataOptions, from_items
from moreish.data.build import read
from moreish.data.bundled import LISTS
from moreish.data.stored import from_tensors, to_tensors
from tests.data.oracles import small_pieces

pytestmark = pytest.mark.usefixtures("said_in_a_terminal")

BROKEN = {
    "flags": ["🇫🇷", "🇩🇪", "🇧🇷"],
    "Thai": ["กำลัง", "น้ำ", "ที่นี่", "คน"],
    "Hindi": ["हिन्दी", "नमस्ते", "घर"],
    "faces": ["👍🏽", "👩‍👩‍👧", "🙂"],
    "letters without a code point of their own": ["m̄a", "n̈o", "ab"],
    "Hangul in parts that make no syllable": ["\u1100\ub098", "\u1100\u1100\u1161", "\uac00"],
}
WHOLE = {
    "Latin": ["Zoë", "emma", "Łódź"],
    "Vietnamese written with marks": [unicodedata.normalize("NFD", x) for x in ("Nguyễn", "Trần", "Đặng")],
    "Hangul in parts that make syllables": [unicodedata.normalize("NFD", x) for x in ("서울", "부산", "대구")],
    "Japanese": ["がっこう", "日本", "カタカナ"],
    "one face among many": ["👍🏽", *(f"name {i}" for i in range(20))],
    "one face among few": ["👍🏽", "ann", "bob"],
}


@pytest.mark.parametrize("kind", BROKEN)
def test_where_letters_would_break_graphemes_are_symbols_and_it_is_said(kind):
    corpus = from_items(BROKEN[kind])
    assert corpus.options.unit == corpus.vocab.unit == "grapheme"
    assert any("--unit char" in note for note in corpus.report.notes)
    assert list(corpus) == [unicodedata.normalize("NFC", item) for item in BROKEN[kind]]


@pytest.mark.parametrize("kind", WHOLE)
def test_where_they_do_not_code_points_are(kind):
    corpus = from_items(WHOLE[kind])
    assert corpus.options.unit == corpus.vocab.unit == "char"
    assert not any("--unit char" in note for note in corpus.report.notes)


def test_marks_that_are_kept_apart_make_graphemes():
    apart = WHOLE["Vietnamese written with marks"]
    assert from_items(apart, DataOptions(normalise="none")).vocab.unit == "grapheme"


ODD = st.lists(
    st.sampled_from([*"ab c", "é", "ि", "क", "🇫", "🇷", "👍", "🏽", "\u200d", "\u0308"]), min_size=1, max_size=6
)


@pytest.mark.slow
@given(st.lists(ODD.map("".join), min_size=1, max_size=12), st.booleans(), st.sampled_from(["hash", "lecture"]))
@settings(max_examples=150, deadline=None)
def test_what_is_chosen_is_what_asking_for_it_gives(items, text, split):
    options = DataOptions(text=text, split=split, normalise="none")
    with small_pieces(7):
        corpus = from_items(["o", *items], options)
        asked = from_items(["o", *items], corpus.options)
    assert corpus.options.unit in ("char", "grapheme")
    assert asked.vocab == corpus.vocab
    for name in ("train", "val", "test"):
        assert asked.split(name).ids.tolist() == corpus.split(name).ids.tolist()
        assert asked.split(name).offsets.tolist() == corpus.split(name).offsets.tolist()
    assert [corpus.where(item) for item in items] == [asked.where(item) for item in items]


@pytest.mark.parametrize("name", LISTS)
def test_of_the_bundled_lists_only_hindi_needs_them(name):
    assert (read(name).vocab.unit == "grapheme") == (name == "hindi")


def test_a_run_keeps_what_was_chosen_and_an_old_one_what_it_had():
    corpus = from_items(BROKEN["Hindi"])
    again = from_tensors(to_tensors(corpus), corpus.vocab, corpus.options, "a run")
    assert [again.where(item) for item in corpus] == [corpus.where(item) for item in corpus]
    old = from_items(BROKEN["Hindi"], DataOptions(unit="char"))
    reopened = from_tensors(to_tensors(old), old.vocab, DataOptions(), "a run that names no unit")
    assert [reopened.where(item) for item in old] == [old.where(item) for item in old]
