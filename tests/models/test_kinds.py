"""Models of kinds as one: Bayes' rule, written out item by item, is the oracle."""

import numpy as np
import pytest

from moreish.data import Split
from moreish.inference.evaluate import mean_loss, scores_of
from moreish.models.contract import LanguageModel
from moreish.models.kinds import Kinded, components_of, mixed, mixture_in, one_kind_of
from moreish.models.mixture import Mixture
from moreish.models.stepping import score_by_steps
from moreish.ngram import KneserNey

V = 5
KINDS = [[[1, 2, 1], [1, 2], [2, 1, 2, 1]], [[3, 4], [4, 3, 3], [4, 4, 1]], [[1, 3], [2, 4, 2]]]
ASKED = [[1, 2, 1], [4, 3], [2], [1, 3, 3, 2, 4], []]


def flat(items) -> tuple[np.ndarray, np.ndarray]:
    ids = np.array([0, *(i for item in items for i in (*item, 0))], np.uint8)
    return ids, np.cumsum([0, *(len(item) + 1 for item in items)])


@pytest.fixture
def models() -> list[KneserNey]:
    return [KneserNey.fit(*flat(items), V, 2) for items in KINDS]


@pytest.fixture
def kinded(models) -> Kinded:
    return Kinded(models, np.array([0.5, 0.3, 0.2]))


def test_an_item_is_as_likely_as_the_kinds_together_make_it(kinded, models):
    ids, offsets = flat(ASKED)
    per_item = np.add.reduceat(kinded.score(ids, offsets)[1:], offsets[:-1])
    for item, logprob in zip(ASKED, per_item, strict=True):
        joint = [share * np.exp(m.score(*flat([item])).sum()) for m, share in zip(models, kinded.shares, strict=True)]
        assert logprob == pytest.approx(np.log(sum(joint)), abs=1e-9)


def test_scores_are_those_of_reading_id_by_id(kinded):
    np.testing.assert_allclose(kinded.score(*flat(ASKED)), score_by_steps(kinded, *flat(ASKED)), atol=1e-6)


def test_an_item_is_put_to_its_kind_by_bayes_rule(kinded, models):
    posterior = kinded.posterior(*flat(ASKED))
    for item, row in zip(ASKED, posterior, strict=True):
        joint = np.array([np.exp(m.score(*flat([item])).sum()) for m in models]) * kinded.shares
        np.testing.assert_allclose(row, joint / joint.sum(), atol=1e-9)


def test_rows_that_are_taken_keep_what_they_know_of_their_kind(kinded):
    state, _ = kinded.start(3)
    state, before = kinded.advance(state, np.array([1, 4, 2]))
    _, after = kinded.advance(kinded.take(state, np.array([1, 1])), np.array([3, 4]))
    one, _ = kinded.start(1)
    one, expected = kinded.advance(one, np.array([4]))
    np.testing.assert_allclose(before[1], expected[0])
    np.testing.assert_allclose(after[0], kinded.advance(kinded.take(one, np.array([0])), np.array([3]))[1][0])


def test_one_kind_that_is_asked_for_is_its_model_and_several_are_mixed(kinded, models):
    assert kinded.asked({1: 1.0}) is models[1]
    blend = kinded.asked({0: 3.0, 2: 1.0})
    expected = 0.75 * np.exp(models[0].start(1)[1]) + 0.25 * np.exp(models[2].start(1)[1])
    np.testing.assert_allclose(np.exp(blend.start(1)[1]), expected, atol=1e-6)


def test_items_that_say_their_kind_are_judged_by_its_model(kinded, models):
    ids, offsets = flat(ASKED)
    kinds = np.array([0, 1, 2, 1, 0], np.uint8)
    scores = scores_of(kinded, Split(ids, offsets, kinds))
    for i, item in enumerate(ASKED):
        np.testing.assert_allclose(
            scores[offsets[i] + 1 : offsets[i + 1] + 1], models[kinds[i]].score(*flat([item]))[1:]
        )


def test_a_mean_loss_weighs_items_as_the_list_does(models):
    ids, offsets = flat(ASKED[:2])
    weighted = mean_loss(models[0], Split(ids, offsets, weights=np.array([3.0, 1.0])))
    repeated = flat([ASKED[0]] * 3 + [ASKED[1]])
    assert weighted == pytest.approx(models[0].loss(*repeated), abs=1e-6)


def test_a_mixture_of_kinds_is_a_mixture_in_each_kind(kinded, models):
    other = Kinded([KneserNey.fit(*flat(items), V, 1) for items in KINDS], kinded.shares)
    weights = np.array([0.25, 0.75])
    model: LanguageModel = mixed([kinded, other], weights)
    ids, offsets = flat(ASKED)
    for kind in range(3):
        alone = Mixture([models[kind], other.of_kind[kind]], weights)
        scores = scores_of(model, Split(ids, offsets, np.full(len(ASKED), kind, np.uint8)))
        np.testing.assert_allclose(scores, alone.score(ids, offsets))
    assert [one_kind_of(c) for c in components_of(model)] == [models[0], other.of_kind[0]]
    mixture = mixture_in(model)
    assert mixture is not None
    assert mixture.weights is weights
    assert components_of(models[0]) == [models[0]]
    assert mixture_in(models[0]) is None
