"""Scoring from dense tables against the walk through the trie, over the ends of strips and of pieces."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moreish.ngram import AddK, KneserNey, backoff
from moreish.ngram.dense import STRIP
from tests.ngram.oracles import V, flat, lists, orders

few = settings(max_examples=40, deadline=None)


def walked(model, ids):
    """The present way, from the trie."""
    scores = model._walk(ids)
    scores[:1] = 0
    return scores


def long_text(seed, boundaries):
    """Some strips of ids, the last strip not full, with items of very different lengths."""
    rng = np.random.default_rng(seed)
    ids = rng.integers(1, V, rng.integers(3 * STRIP, 6 * STRIP)).astype(np.uint8)
    ids[rng.random(len(ids)) < boundaries] = 0
    ids[[0, -1]] = 0
    return ids


@few
@given(lists, orders, st.integers(0, 2**32), st.sampled_from([0.0, 0.02, 0.3]))
def test_the_tables_give_the_numbers_of_the_trie(items, order, seed, boundaries):
    ids = long_text(seed, boundaries)
    for model in (KneserNey.fit(*flat(items), V, order), AddK.fit(*flat(items), V, order, 0.3)):
        scores = model.score(ids, np.flatnonzero(ids == 0))
        assert "dense" in vars(model)
        np.testing.assert_array_equal(scores, walked(model, ids))


def test_pieces_are_read_with_what_stands_before_them(monkeypatch):
    ids = long_text(0, 0.05)
    model = KneserNey.fit(ids, np.flatnonzero(ids == 0), V, 5)
    whole = model.score(ids, np.flatnonzero(ids == 0))
    monkeypatch.setattr(backoff, "PIECE", 50)
    np.testing.assert_array_equal(model.score(ids, np.flatnonzero(ids == 0)), whole)


@pytest.mark.parametrize("order", [0, 1, 2, 100])
def test_orders_from_none_to_the_highest(order):
    ids = long_text(1, 0.01)
    model = KneserNey.fit(ids, np.flatnonzero(ids == 0), V, order)
    assert model.dense
    np.testing.assert_array_equal(model.score(ids, np.flatnonzero(ids == 0)), walked(model, ids))


def test_every_table_entry_is_what_advancing_gives():
    ids = long_text(2, 0.2)
    model = KneserNey.fit(ids, np.flatnonzero(ids == 0), V, 4)
    contexts = np.repeat(np.arange(model.counts.contexts), V)
    symbols = np.tile(np.arange(V), model.counts.contexts)
    state, _ = model.advance(contexts, symbols)
    np.testing.assert_array_equal(model.dense.after, state * V)


def test_a_few_symbols_are_not_worth_a_table():
    ids = long_text(3, 0.1)
    model = KneserNey.fit(ids, np.flatnonzero(ids == 0), V, 5)
    item = np.array([0, 1, 2, 0])
    model.score(item, np.array([0, 3]))
    assert "dense" not in vars(model)
    for _ in range(len(model.counts.keys)):
        once = model.score(item, np.array([0, 3]))
    assert "dense" in vars(model)
    np.testing.assert_array_equal(once, walked(model, item))


def test_a_large_model_is_walked(monkeypatch):
    ids = long_text(4, 0.1)
    model = KneserNey.fit(ids, np.flatnonzero(ids == 0), V, 5)
    monkeypatch.setattr(backoff, "LARGEST_TABLE", model.counts.contexts * V - 1)
    np.testing.assert_array_equal(model.score(ids, np.flatnonzero(ids == 0)), walked(model, ids))
    assert "dense" not in vars(model)


@pytest.mark.parametrize("wrong", [-1, V])
def test_ids_outside_the_vocabulary_are_refused_whichever_way_is_taken(wrong):
    ids = long_text(5, 0.1)
    model = KneserNey.fit(ids, np.flatnonzero(ids == 0), V, 3)
    assert model.dense
    with pytest.raises(ValueError, match="the vocabulary has"):
        model.score(np.array([0, wrong, 0]), np.array([0, 2]))
