"""Odd texts: put into the form that Unicode says at once, and shown without anything that a terminal obeys."""

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moreish.cli.show import csv_cell, printable
from moreish.data.symbols import normalize

MARKS = "".join(chr(c) for c in range(0x300, 0x1000) if unicodedata.category(chr(c))[0] == "M")


@settings(max_examples=200, deadline=None)
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


@pytest.mark.slow
@settings(max_examples=200)
@given(st.text())
def test_whatever_is_shown_holds_nothing_that_a_terminal_obeys(text):
    shown = printable(text)
    assert all(c.isprintable() or c in "\u200c\u200d" for c in shown)
    assert printable(shown) == shown
    assert csv_cell(text)[:1] not in ("=", "+", "-", "@", "\t", "\r")
