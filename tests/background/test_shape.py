"""The shape of a list: classes of symbols, lengths, frequencies."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from moreish.background.shape import (
    LEAST,
    LONGEST,
    MOST,
    ShapeModel,
    end_odds,
    flat,
    frequencies,
    symbol_class,
)
from tests.support.backgrounds import numbered_list

lengths = st.lists(st.integers(0, 2000), min_size=1, max_size=50)


@given(lengths)
def test_the_odds_of_the_end_are_finite_for_any_lengths(found: list[int]):
    odds = end_odds(np.array(found))
    assert odds.shape == (LONGEST,)
    assert np.isfinite(odds).all()
    chance = 1 / (1 + np.exp(-odds))
    assert (chance > LEAST - 1e-9).all()
    assert (chance < MOST + 1e-9).all()


@given(st.integers(2, 40), st.integers(20, 60))
def test_items_of_one_length_end_there_and_nowhere_before(length: int, items: int):
    odds = end_odds(np.full(items, length))
    assert odds[: length - 1].max(initial=-np.inf) < odds[length]
    assert 1 / (1 + np.exp(-odds[length])) > 0.3
    assert 1 / (1 + np.exp(-odds[0])) < 0.1


@pytest.mark.parametrize(
    ("symbol", "found"),
    [("A", "upper"), ("ǅ", "upper"), ("é", "lower"), ("語", "letter"), ("ʰ", "letter"), ("7", "digit"),
     ("Ⅳ", "digit"), ("\u0301", "mark"), (" ", " "), ("-", "-"), ("\ue000", "\ue000"), ("e\u0301", "lower")],
)  # fmt: skip
def test_kinds_of_symbols(symbol: str, found: str):
    assert symbol_class(symbol) == found


def test_symbols_of_a_class_have_the_same_score():
    symbols = ["a", "b", "A", "B", " ", "-", "1", "2"]
    items = [np.array(item) for item in ([3, 1, 2], [4, 2, 1, 5, 3, 1], [7, 8], [3, 6, 4], [1])]
    model = ShapeModel.fit(symbols, items)
    groups = [[1, 2], [3, 4], [7, 8]]
    state, logprobs = model.start(3)
    for ids in ([3, 1, 5], [1, 2, 6], [2, 2, 7]):
        assert logprobs.shape == (3, 9)
        for same in groups:
            assert (logprobs[:, same[0]] == logprobs[:, same[1]]).all()
        kinds = np.exp(logprobs[:, [0, 1, 3, 5, 6, 7]]).sum(1)
        np.testing.assert_allclose(kinds, 1, atol=1e-9)
        state, logprobs = model.advance(state, np.array(ids))


def test_the_shape_does_not_know_which_of_a_class_was_read():
    symbols, items = numbered_list(20)
    model = ShapeModel.fit(symbols, items)
    lower = [i + 1 for i, s in enumerate(symbols) if s.islower()][:5]
    _, after = model.advance(model.start(5)[0], np.array(lower))
    assert (after == after[0]).all()
    state, _ = model.advance(model.start(2)[0], np.array([1, lower[0]]))
    taken, other = (model.take(state, np.array(rows)) for rows in ([1], [0]))
    one = np.array([lower[1]])
    assert not np.array_equal(model.advance(taken, one)[1], model.advance(other, one)[1])


@given(st.lists(st.lists(st.integers(1, 5), max_size=6), min_size=1, max_size=8))
def test_flat_items_and_their_frequencies(items: list[list[int]]):
    arrays = [np.array(item, np.int64) for item in items]
    ids, offsets = flat(arrays)
    assert [ids[a + 1 : b].tolist() for a, b in pairwise(offsets)] == items
    assert not ids[offsets].any()
    assert ids.tolist().count(0) == len(items) + 1
    counts = [len(items), *(sum(item.count(i) for item in items) for i in range(1, 6))]
    want = np.array(counts) + 0.5
    np.testing.assert_allclose(np.exp(frequencies(arrays, 6)), want / want.sum(), atol=1e-12)
