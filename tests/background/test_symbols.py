"""Features of symbols: any symbol has some, unknown ones are left out, words are not letters."""

import unicodedata

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from moreish.background.symbols import BOUNDARY, LONGEST_SYMBOL, feature_rows, features, is_known, script
from tests.support.backgrounds import random_background

symbols = st.text(min_size=1, max_size=12)


@given(symbols)
def test_every_symbol_has_its_script_its_category_and_its_letter(symbol: str):
    found = features(symbol)
    base = unicodedata.normalize("NFD", symbol)[0]
    assert len({*found}) >= 3
    assert {f"script {script(base)}", f"category {unicodedata.category(base)}", f"base {base.lower()}"} <= {*found}
    assert BOUNDARY not in found


@given(st.characters(codec="utf-8"))
def test_different_symbols_have_different_features(symbol: str):
    other = "Ế"
    if unicodedata.normalize("NFD", symbol) != unicodedata.normalize("NFD", other):
        assert {*features(symbol)} != {*features(other)}


def test_a_letter_with_marks_is_its_letter_its_marks_and_itself():
    assert features("Ế") == (
        "script LATIN", "category Lu", "upper", "base e", "mark \u0302", "mark \u0301", "symbol Ế"
    )  # fmt: skip
    assert features("e") == ("script LATIN", "category Ll", "base e")
    assert {*features("e")} < {*features("é")}


@pytest.mark.parametrize("symbol", ["\ue000", "\x00", "\ud800", "\U0010ffff", "👩\u200d👩\u200d👧", "\u0301"])
def test_what_has_no_name_or_no_letter_has_features_too(symbol: str):
    assert all(features(symbol))


@given(st.lists(symbols, max_size=8))
def test_only_known_features_are_added_up_and_the_boundary_is_row_0(listed: list[str]):
    net = random_background()
    rows = feature_rows(listed, net.features)
    assert rows[0] == [net.features[BOUNDARY]]
    names = list(net.features)
    for symbol, row in zip(listed, rows[1:], strict=True):
        known = [name for name in features(symbol) if name in net.features] if len(symbol) <= LONGEST_SYMBOL else []
        assert [names[i] for i in row] == known
    vectors, own = net.rows(listed)[0], net.nets[0]
    assert vectors.reading.shape == vectors.writing.shape == (len(listed) + 1, 5)
    for k, row in enumerate(rows):
        np.testing.assert_allclose(vectors.reading[k], sum((own.reading[i] for i in row), np.zeros(5)), atol=1e-5)
        np.testing.assert_allclose(vectors.bias[k], sum(own.bias[i] for i in row), atol=1e-5)


def test_a_letter_that_is_new_with_its_mark_is_known_by_its_letter():
    net = random_background()
    assert is_known("ä", net.features)
    assert "symbol ä" not in net.features
    assert net.features["base a"] in feature_rows(["ä"], net.features)[1]


def test_letters_of_another_script_are_not_known():
    net = random_background()
    assert not any(is_known(symbol, net.features) for symbol in "жλ語\ue000")


@given(st.text("abcxyz", min_size=LONGEST_SYMBOL + 1, max_size=30))
def test_a_word_is_not_known_by_its_first_letter(word: str):
    net = random_background()
    assert not is_known(word, net.features)
    assert feature_rows([word], net.features)[1] == []


def test_the_share_that_is_known_counts_occurrences():
    net = random_background()
    assert net.knows(["a", "ж"], [3, 1]) == 0.75
    assert net.knows(["a", "ж"], [0, 0]) == 0.0
