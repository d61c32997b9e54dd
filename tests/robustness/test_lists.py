"""Odd lists, names and patterns: read, shown and parsed, or refused in one sentence; never a long wait."""

import contextlib
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moreish.automata.pattern import pattern
from moreish.cli.show import csv_cell, printable
from moreish.data import DataOptions, read
from moreish.data.symbols import normalize
from moreish.errors import Damaged
from moreish.runs import events
from tests.support.fuzz import EXAMPLES

CHUNKS = [
    b"emma\n", b"\r", b"\r\n", b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"\x1b[2J", b"\xf0\x9f\x98\x80",
    b"a,b,c\n", b'"a\n', b"{", b'{"name": "x"}\n', b"[" * 500, b"\t", b" ", b"x" * 3000, b"\n" * 50, b"\xe2\x80\xae",
    b"\x85", b"\xcc\x81" * 90,
    "ß\u2028İ\n".encode(), b"1;2;3\n", b"# c\n", b"<script>\n", b"=1+1\n",
]  # fmt: skip
MARKS = "".join(chr(c) for c in range(0x300, 0x1000) if unicodedata.category(chr(c))[0] == "M")


@settings(max_examples=3 * EXAMPLES, deadline=None)
@given(
    st.lists(st.sampled_from(CHUNKS) | st.binary(max_size=12), max_size=12).map(b"".join),
    st.sampled_from(["list.txt", "list.csv", "list.json", "list.jsonl", "list.tsv"]),
    st.sampled_from(
        [{}, {"unit": "word"}, {"unit": "grapheme"}, {"text": True}, {"lower": True, "normalise": "NFKC"}]
    ),
)
def test_any_bytes_are_a_list_or_a_sentence(tmp_path_factory, data, name, options):
    path = tmp_path_factory.getbasetemp() / name
    path.write_bytes(data)
    try:
        corpus = read(path, DataOptions(**options))
    except ValueError:
        return
    assert len(corpus) == sum(len(corpus.split(part)) for part in ("train", "val", "test"))
    assert all(corpus.vocab.encode(item).size for item in list(corpus)[:5])


@settings(max_examples=2 * EXAMPLES, deadline=None)
@given(
    st.text(st.sampled_from("aé한ﾩक" + MARKS[:40]) | st.characters(), max_size=400).map(lambda s: s + MARKS[:90] * 2)
)
def test_a_text_with_many_marks_has_the_form_that_unicode_says(text):
    for form in ("NFC", "NFD", "NFKC", "NFKD"):
        assert normalize(form, text) == unicodedata.normalize(form, text)


@pytest.mark.parametrize("marks", ["\u0301\u0327\u0323", "\u0344\u0323", "\u0f73"])
def test_a_megabyte_of_marks_is_put_in_order_at_once(marks):
    text = "a" + marks * (400_000 // len(marks))  # minutes, in quadratic time: the limit of all tests is the judge
    assert len(normalize("NFC", text)) > 1


@settings(max_examples=2 * EXAMPLES, deadline=None)
@given(st.text(st.sampled_from("ab.*+?()[]{}|^$\\-,0123:=!<>Ppé\x1b") | st.characters(), max_size=24))
def test_any_text_is_a_pattern_or_a_sentence(text):
    with contextlib.suppress(ValueError):
        pattern(text, ["a", "b", "é"])


@settings(max_examples=2 * EXAMPLES)
@given(st.text())
def test_whatever_is_shown_holds_nothing_that_a_terminal_obeys(text):
    shown = printable(text)
    assert all(c.isprintable() or c in "\u200c\u200d" for c in shown)
    assert printable(shown) == shown
    assert csv_cell(text)[:1] not in ("=", "+", "-", "@", "\t", "\r")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
FIELDS = sorted({name for kind in events.EVENTS for name in kind.__struct_fields__})


@settings(max_examples=4 * EXAMPLES, deadline=None)
@given(st.sampled_from(sorted(events.NAMES)), st.dictionaries(st.sampled_from(FIELDS), JSON, max_size=8))
def test_any_record_is_an_event_or_damage(name, fields):
    try:
        event = events.from_record({"event": name, **fields})
    except Damaged:
        return
    assert event is not None
    assert events.from_record(events.to_record(event)) is not None
