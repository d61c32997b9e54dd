"""Kneser-Ney and add-k against their textbook twins, and the promises of every model: it is a distribution, its
sampling rows are its scores, its states are independent of their neighbours."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moreish.models.contract import LanguageModel
from moreish.ngram import AddK, KneserNey
from tests.ngram.oracles import (
    TextbookAddK,
    TextbookKneserNey,
    V,
    context_of,
    flat,
    lists,
    orders,
    symbols,
    textbook_scores,
)

anything = st.lists(st.lists(st.integers(1, V - 1), max_size=6), min_size=1, max_size=4)
few = settings(max_examples=60, deadline=None)


def fits(items, order):
    ids, offsets = flat(items)
    yield KneserNey.fit(ids, offsets, V, order)
    yield AddK.fit(ids, offsets, V, order, 0.3)


@few
@given(lists, anything, orders)
def test_kneser_ney_scores_as_the_textbook_does(items, held_out, order):
    model = KneserNey.fit(*flat(items), V, order)
    twin = TextbookKneserNey(items, order)
    np.testing.assert_allclose(model.score(*flat(held_out)), textbook_scores(twin, held_out), atol=1e-10)
    for k in range(1, order + 1):
        np.testing.assert_allclose(model.discounts[k - 1], [twin.D[k][i] for i in (1, 2, 3)], atol=1e-12)


@few
@given(lists, anything, orders, st.sampled_from([0.0, 0.1, 1.0]))
def test_add_k_scores_as_the_textbook_does(items, held_out, order, k):
    model = AddK.fit(*flat(items), V, order, k)
    expected = textbook_scores(TextbookAddK(items, order, k), held_out)
    np.testing.assert_allclose(model.score(*flat(held_out)), expected, atol=1e-10)


@few
@given(lists, anything, orders)
def test_rows_are_distributions_and_agree_with_scores(items, walks, order):
    for model in fits(items, order):
        for walk in walks:
            state, rows = model.start(1)
            scores = model.score(*flat([walk]))
            for at, symbol in enumerate([*walk, 0], start=1):
                np.testing.assert_allclose(np.exp(rows).sum(1), 1, atol=1e-9)
                assert (rows > -np.inf).all()
                assert rows[0, symbol] == pytest.approx(scores[at], abs=1e-12)
                state, rows = model.advance(state, np.array([symbol]))


@few
@given(lists, st.lists(symbols, max_size=5), orders)
def test_kneser_ney_row_is_the_textbook_distribution(items, prefix, order):
    model = KneserNey.fit(*flat(items), V, order)
    state, rows = model.start(1)
    for symbol in prefix:
        state, rows = model.advance(state, np.array([symbol]))
    twin = TextbookKneserNey(items, order)
    context = context_of(prefix, order)
    np.testing.assert_allclose(np.exp(rows[0]), [twin.prob(context, v) for v in range(V)], atol=1e-12)


@few
@given(lists, orders, st.lists(st.lists(st.integers(0, V - 1), min_size=4, max_size=4), min_size=1, max_size=6))
def test_a_batch_is_its_rows_one_by_one(items, order, columns):
    for model in fits(items, order):
        state, rows = model.start(4)
        ones = [model.start(1)[0] for _ in range(4)]
        for ids in map(np.array, columns):
            state, rows = model.advance(state, ids)
            for i in range(4):
                ones[i], row = model.advance(ones[i], ids[i : i + 1])
                np.testing.assert_array_equal(rows[i], row[0])
        order_of_rows = np.array([3, 1, 1])
        picked = model.take(state, order_of_rows)
        _, after = model.advance(picked, np.array([1, 2, 3]))
        for i, (row, symbol) in enumerate(zip(order_of_rows, (1, 2, 3), strict=True)):
            np.testing.assert_array_equal(after[i], model.advance(ones[row], np.array([symbol]))[1][0])


def test_a_boundary_begins_the_next_item():
    for model in fits([[1, 2, 3], [2, 2]], 3):
        state, opening = model.start(1)
        state, _ = model.advance(state, np.array([2]))
        _, rows = model.advance(state, np.array([0]))
        np.testing.assert_array_equal(rows, opening)


def test_models_keep_the_contract():
    for model in fits([[1, 2]], 2):
        assert isinstance(model, LanguageModel)
        assert model.vocab_size == V


def test_scores_do_not_depend_on_the_pieces_they_are_computed_in(monkeypatch):
    items = [[1, 2, 3, 1, 2], [2, 2, 1], [], [3, 1, 4, 4, 1, 2]]
    whole = [(m.score(*flat(items)), m.evidence(*flat(items))) for m in fits(items, 4)]
    monkeypatch.setattr("moreish.ngram.backoff.PIECE", 3)
    pieces = [(m.score(*flat(items)), m.evidence(*flat(items))) for m in fits(items, 4)]
    for (score, evidence), (score_3, evidence_3) in zip(whole, pieces, strict=True):
        np.testing.assert_array_equal(score, score_3)
        np.testing.assert_array_equal(evidence, evidence_3)


def test_order_zero_is_uniform():
    model = AddK.fit(*flat([[1, 1], [2]]), V, 0)
    assert model.loss(*flat([[3, 5]])) == pytest.approx(np.log(V))
    state, rows = model.start(2)
    _, later = model.advance(state, np.array([1, 0]))
    np.testing.assert_allclose(np.exp([rows, later]), 1 / V)


def test_maximum_likelihood_excludes_what_it_never_saw():
    model = AddK.fit(*flat([[1, 2], [1, 3]]), V, 2, 0.0)
    np.testing.assert_allclose(model.score(*flat([[1, 2]])), [0, 0, np.log(0.5), 0], atol=1e-12)
    assert model.loss(*flat([[2, 1]])) == np.inf


@few
@given(lists, anything, orders)
def test_evidence_is_the_longest_known_context_and_its_count(items, held_out, order):
    model = KneserNey.fit(*flat(items), V, order)
    length, count = model.evidence(*flat(held_out))
    text = "".join(map(str, flat(items)[0]))
    assert (length[0], count[0]) == (0, 0)
    at = 1
    for item in held_out:
        state, _ = model.start(1)
        for i, symbol in enumerate([*item, 0]):
            read = "0" + "".join(map(str, item[:i]))
            known = [read[len(read) - n :] for n in range(min(order - 1, len(read)) + 1)]
            seen = [(len(c), occurrences(text, c)) for c in known if occurrences(text, c)]
            assert (length[at], count[at]) == seen[-1]
            assert tuple(map(int, np.concatenate(model.evidence_of(state)))) == seen[-1]
            state, _ = model.advance(state, np.array([symbol]))
            at += 1


def occurrences(text, context):
    """How often `context` stands before a prediction; the opening boundary of the text is none."""
    return sum(text.startswith(context, i) for i in range(0 if context else 1, len(text) - len(context)))


@pytest.mark.parametrize("strange", [V, -1])
def test_ids_outside_the_vocabulary_are_refused(strange):
    for model in fits([[1, 2], [1]], 2):
        with pytest.raises(ValueError, match="vocabulary has 6"):
            model.score(np.array([0, 1, strange, 0]), np.array([0, 3]))


@pytest.mark.parametrize("k", [-1.0, float("nan"), float("inf")])
def test_impossible_k_is_refused(k):
    with pytest.raises(ValueError, match="add-k"):
        AddK.fit(*flat([[1]]), V, 2, k)
