"""N-grams of kinds: distributions, the two limits that they lie between, and what they gain on items of a kind."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from moreish.ngram import AddK, Backoff, KindNGram, KneserNey, choose_trust, count_ngrams
from moreish.ngram.kinds import TRIED

V = 5
lists = st.lists(st.lists(st.integers(1, V - 1), min_size=1, max_size=6), min_size=1, max_size=12)


def flat(items) -> tuple[np.ndarray, np.ndarray]:
    ids = np.array([0, *(i for item in items for i in (*item, 0))])
    return ids, np.cumsum([0, *(len(item) + 1 for item in items)])


def rows(model: Backoff, items) -> np.ndarray:
    """The log probabilities of all ids at every place of the items."""
    found = []
    for item in items:
        state, logprobs = model.start(1)
        found.append(logprobs[0])
        for i in item:
            state, logprobs = model.advance(state, np.array([i]))
            found.append(logprobs[0])
    return np.array(found)


@given(lists, lists, st.integers(1, 4), st.floats(0.1, 100))
def test_every_prediction_is_a_distribution(own, others, order, trust):
    model = KindNGram(KneserNey.fit(*flat(own + others), V, order), KneserNey.fit(*flat(own), V, order), trust)
    probs = np.exp(rows(model, own + others))
    np.testing.assert_allclose(probs.sum(1), 1, atol=1e-9)
    assert (probs > 0).all()


@given(lists, lists, st.integers(1, 4))
def test_with_little_trust_it_is_the_ngram_of_all_items(own, others, order):
    pooled = KneserNey.fit(*flat(own + others), V, order)
    model = KindNGram(pooled, KneserNey.fit(*flat(own), V, order), 1e-12)
    np.testing.assert_allclose(rows(model, own + others), rows(pooled, own + others), atol=1e-6)


@given(lists, lists, st.integers(1, 4), st.sampled_from(["kneser-ney", "add-k"]))
def test_with_much_trust_it_is_the_kinds_own_ngram_where_that_has_counts(own, others, order, method):
    fit = KneserNey.fit if method == "kneser-ney" else AddK.fit
    alone = fit(*flat(own), V, order)
    has = {i for item in own for i in item}
    others = [[i for i in item if i in has] or own[0] for item in others]  # what it lacks is doubted
    model = KindNGram(fit(*flat(own + others), V, order), alone, 1e12)
    np.testing.assert_allclose(rows(model, own), rows(alone, own), atol=1e-5)


@given(lists, lists)
def test_scores_are_those_of_the_rows(own, others):
    model = KindNGram(KneserNey.fit(*flat(own + others), V, 3), KneserNey.fit(*flat(own), V, 3))
    ids, offsets = flat(others)
    expected = rows(model, others)
    np.testing.assert_allclose(model.score(ids, offsets)[1:], expected[np.arange(len(ids) - 1), ids[1:]], atol=1e-9)


def test_an_item_that_only_another_list_has_is_refused():
    with pytest.raises(ValueError, match="all items together do not have"):
        KindNGram(KneserNey.fit(*flat([[1, 2]]), V, 2), KneserNey.fit(*flat([[3]]), V, 2))
    with pytest.raises(ValueError, match="differ in order"):
        KindNGram(KneserNey.fit(*flat([[1, 2]]), V, 2), KneserNey.fit(*flat([[1]]), V, 3))


def test_the_trust_that_is_chosen_loses_least_on_val():
    rng = np.random.default_rng(0)
    kinds = [[list(rng.choice(V - 1, rng.integers(2, 6), p=p) + 1) for _ in range(60)] for p in np.eye(4) * 0.6 + 0.1]
    train, val = [kind[:40] for kind in kinds], [flat(kind[40:]) for kind in kinds]
    pooled = KneserNey.fit(*flat([item for kind in train for item in kind]), V, 2)
    own = [KneserNey.fit(*flat(kind), V, 2) for kind in train]

    def loss(trust: float) -> float:
        return sum(KindNGram(pooled, one, trust).loss(*part) for one, part in zip(own, val, strict=True))

    chosen = choose_trust(pooled, own, val)
    assert loss(chosen) == min(map(loss, TRIED))
    assert loss(chosen) < sum(pooled.loss(*part) for part in val) - 0.1


@given(lists, st.data(), st.integers(0, 4))
def test_weights_count_items_as_often_as_they_stand_in_the_list(items, data, order):
    weights = data.draw(st.lists(st.integers(1, 4), min_size=len(items), max_size=len(items)))
    repeated = [item for item, n in zip(items, weights, strict=True) for _ in range(n)]
    weighted = count_ngrams(*flat(items), V, order, np.array(weights))
    expected = count_ngrams(*flat(repeated), V, order)
    assert weighted.keys.tolist() == expected.keys.tolist()
    assert weighted.count.tolist() == expected.count.tolist()


def test_symbols_that_only_other_kinds_have_are_doubted_the_more_there_are_of_them():
    own, others = [[1, 2], [2, 1, 1]] * 20, [[3, 4], [4, 3, 3]] * 20
    pooled = KneserNey.fit(*flat(own + others), V, 3)
    model = KindNGram(pooled, KneserNey.fit(*flat(own), V, 3), 2.0)
    probs = np.exp(rows(model, [[1, 2, 1]]))
    np.testing.assert_allclose(probs.sum(1), 1, atol=1e-9)
    assert (probs[:, 3:5] > 0).all()
    assert probs[:, 3:5].sum(1).max() < 0.01
    seldom = KindNGram(KneserNey.fit(*flat([*own, [3]]), V, 3), KneserNey.fit(*flat(own), V, 3), 2.0)
    assert np.exp(rows(seldom, [[1]]))[0, 3] > probs[0, 3]
