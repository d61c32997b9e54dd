"""Blends against their formula in float64, their cases, and their stored form."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moreish import ngram
from moreish.background.blend import Blend, Ensemble, blended
from moreish.background.cases import case_of, joined
from moreish.background.gate import EVIDENCE, SHAPE_SCORES
from moreish.background.parts import reader_of, shape_of
from moreish.background.reader import Cell, ListReader
from moreish.background.shape import LONGEST, flat
from tests.support.backgrounds import numbered_list, random_background, random_gate

SYMBOLS, ITEMS = numbered_list(25)
V = len(SYMBOLS) + 1
OTHERS = [*ITEMS[:4], np.array([1]), ITEMS[3][::-1].copy(), np.array([], np.int64)]


def ensemble(models: int) -> Ensemble:
    """The n-gram, and so many nets less one, of the same list."""
    parts: list[ngram.Backoff | ListReader] = [ngram.KneserNey.fit(*flat(ITEMS), V, 3)]
    for k in range(models - 1):
        net = random_background(seed=k)
        parts.append(reader_of(Cell.of(net.nets[0], net.rows(SYMBOLS)[0]), ITEMS, 2 - k, 0))
    return Ensemble(parts, shape_of(SYMBOLS, ITEMS))


def blend(models: int, temperature: float = 1.0) -> Blend:
    return Blend(ensemble(models), random_gate(models), temperature)


def by_the_formula(model: Blend, prefix: np.ndarray) -> np.ndarray:
    """(V,) log probabilities after the prefix, in float64, every model asked alone and from the start."""
    parts, shape = model.ensemble.models, model.ensemble.shape
    scores = []
    for each in (*parts, shape.classes):
        state, logprobs = each.start(1)
        for i in prefix:
            state, logprobs = each.advance(state, np.array([i]))
        scores.append(logprobs[0].astype(np.float64))
    end = np.zeros(V)
    end[0] = shape.end_odds[min(len(prefix), LONGEST - 1)]
    table = np.stack([*scores, shape.frequency, end])
    ids = np.array([0, *prefix, 0])
    length, count = model.ensemble.counts.evidence(ids, np.array([0, len(ids) - 1]))
    entropies = [-(np.exp(s) * s).sum() - 1.5 for s in scores[: len(parts)]]
    features = np.array([
        1, np.log(shape.symbols) - 6, np.log1p(count[-1]) / 2, length[-1] / 3 - 1, not len(prefix), *entropies
    ])  # fmt: skip
    gate = model.gate
    hidden = np.tanh(gate.weight_in.astype(np.float64) @ features + gate.bias_in)
    powers = (gate.weight_out.astype(np.float64) @ hidden + gate.bias_out) / model.temperature
    logits = powers @ table
    return logits - np.logaddexp.reduce(logits)


@pytest.mark.parametrize("models", [1, 2, 3])
@pytest.mark.parametrize("temperature", [1.0, 0.8, 1.2])
def test_a_blend_is_its_formula(models: int, temperature: float):
    model = blend(models, temperature)
    for item in OTHERS:
        state, logprobs = model.start(1)
        for t in range(len(item) + 1):
            np.testing.assert_allclose(logprobs[0], by_the_formula(model, item[:t]), rtol=0, atol=1e-4)
            assert np.exp(logprobs).sum() == pytest.approx(1, abs=1e-5)
            if t < len(item):
                state, logprobs = model.advance(state, item[t : t + 1])


@given(st.integers(0, 2**32), st.integers(1, 3), st.floats(0.1, 10))
@settings(max_examples=20)
def test_powers_weigh_the_scores_and_the_sum_is_one(seed: int, models: int, temperature: float):
    rng = np.random.default_rng(seed)
    scores = rng.normal(-3, 2, (4, models + SHAPE_SCORES, 6)).astype(np.float32)
    features = rng.normal(0, 1, (4, EVIDENCE + models)).astype(np.float32)
    gate = random_gate(models, seed)
    found = blended(scores, features, gate, temperature)
    logits = np.stack([gate(features[i : i + 1])[0].astype(np.float64) @ scores[i] for i in range(4)]) / temperature
    want = logits - np.logaddexp.reduce(logits, 1, keepdims=True)
    np.testing.assert_allclose(found, want, rtol=1e-4, atol=1e-3)
    np.testing.assert_allclose(np.exp(found).sum(1), 1, atol=1e-4)


def test_a_high_temperature_makes_a_blend_less_sure():
    sure, unsure = (np.exp(blend(2, t).start(1)[1]).max() for t in (0.8, 1.2))
    assert sure > unsure


@pytest.mark.parametrize("models", [1, 3])
def test_scores_are_those_of_steps_and_rows_are_taken_in_any_order(models: int):
    model = blend(models, 1.1)
    ids, offsets = flat(OTHERS)
    scores = model.score(ids, offsets)
    assert not scores[0]
    for item, begin in zip(OTHERS, offsets, strict=False):
        for t, target in enumerate([*item, 0]):
            assert scores[begin + 1 + t] == pytest.approx(by_the_formula(model, item[:t])[target], abs=1e-4)
    state, _ = model.advance(model.start(3)[0], np.array([1, 2, 3]))
    _, after = model.advance(model.take(state, np.array([2, 0, 2])), np.array([4, 4, 5]))
    for row, prefix in zip(after, ([3, 4], [1, 4], [3, 5]), strict=True):
        np.testing.assert_allclose(row, by_the_formula(model, np.array(prefix)), rtol=0, atol=1e-4)


def test_an_item_longer_than_any_place_has_odds_of_the_last():
    symbols, items = ["a"], [np.full(600, 1), np.full(3, 1)]
    model = Blend(Ensemble([ngram.KneserNey.fit(*flat(items), 2, 2)], shape_of(symbols, items)), random_gate(1))
    scores = model.score(*flat(items))
    assert np.isfinite(scores).all()


@pytest.mark.parametrize("models", [1, 2, 3])
def test_a_case_says_what_the_blend_scores(models: int):
    model = blend(models, 0.9)
    case = case_of(model.ensemble, OTHERS)
    ids, offsets = flat(OTHERS)
    np.testing.assert_array_equal(case.targets, ids[1:])
    np.testing.assert_allclose(case.foretold(model.gate, 0.9).own, model.score(ids, offsets)[1:], rtol=0, atol=1e-5)


@pytest.mark.parametrize("first", [1, 2])
def test_the_first_models_of_a_case_are_an_ensemble_of_them(first: int):
    found, want = case_of(ensemble(3), OTHERS).first(first), case_of(ensemble(first), OTHERS)
    assert found.models == first
    for name in ("scores", "features", "targets"):
        np.testing.assert_allclose(getattr(found, name), getattr(want, name), rtol=0, atol=1e-5)


def test_cases_are_joined_end_to_end():
    one, two = case_of(ensemble(1), OTHERS[:3]), case_of(ensemble(1), OTHERS[3:])
    whole = case_of(ensemble(1), OTHERS)
    np.testing.assert_array_equal(joined([one, two]).targets, whole.targets)
    np.testing.assert_allclose(joined([one, two]).scores, whole.scores, rtol=0, atol=1e-6)


def test_a_gate_of_another_number_of_models_is_no_gate_of_this_blend():
    with pytest.raises(AssertionError):
        Blend(ensemble(1), random_gate(2))


def test_the_gate_sees_how_much_a_list_says():
    small = replace(shape_of(SYMBOLS, ITEMS), symbols=20)
    many, few = ensemble(1), ensemble(1)
    few.shape = small
    assert many.start(1)[1][1][0, 1] > few.start(1)[1][1][0, 1]
