"""Mixtures: weights by expectation maximisation, weights by a count model's evidence, the contract."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moreish import ngram
from moreish.errors import Damaged
from moreish.fitting.mixing import gate_for
from moreish.fitting.serialize import from_tensors, to_tensors
from moreish.models.mixture import Gate, Mixture, evidence_groups, fit_group_weights, fit_weights
from moreish.recipes import choose_model

V = 6
NGRAMS = choose_model({"name": "mixture", "components": [{"name": "ngram"}] * 2})


def items(seed: int, count: int = 60) -> tuple[np.ndarray, np.ndarray]:
    """Random items over a few symbols, of which the low ones are more frequent."""
    rng = np.random.default_rng(seed)
    lengths = rng.integers(1, 6, count)
    offsets = np.append(0, np.cumsum(lengths + 1))
    ids = np.minimum(rng.geometric(0.4, offsets[-1] + 1), V - 1).astype(np.uint8)
    ids[offsets] = 0
    return ids, offsets


def two_counts(seed: int = 1) -> list[ngram.Backoff]:
    ids, offsets = items(seed)
    return [ngram.AddK.fit(ids, offsets, V, 2, 1.0), ngram.KneserNey.fit(ids, offsets, V, 4)]


def gated(components: list[ngram.Backoff], seed: int = 2) -> Mixture:
    gate = Gate(1, 2, (2, 8))
    weights = np.random.default_rng(seed).dirichlet(np.ones(len(components)), gate.groups)
    return Mixture(components, weights, gate)


def walk(model: Mixture, ids: np.ndarray) -> np.ndarray:
    """(N, V): the distribution before every id but the first, asked for one id at a time."""
    rows = []
    state, logprobs = model.start(1)
    for i in ids[1:]:
        rows.append(logprobs[0])
        state, logprobs = model.start(1) if i == 0 else model.advance(state, np.array([i]))
    return np.stack(rows)


@given(st.integers(0, 2**32), st.integers(1, 200))
@settings(max_examples=25, deadline=None)
def test_the_weights_of_two_parts_are_the_best_of_a_fine_grid(seed: int, tokens: int):
    p = np.random.default_rng(seed).uniform(0.001, 1, (2, tokens))
    w = fit_weights(np.log(p), 1e-12, 100_000)
    grid = np.linspace(0, 1, 1001)
    mean_log = np.log(grid[:, None] * p[0] + (1 - grid[:, None]) * p[1]).mean(1)
    assert np.log(w @ p).mean() >= mean_log.max() - 1e-8


@given(st.integers(0, 2**32), st.floats(0.5, 50))
@settings(max_examples=15, deadline=None)
def test_a_groups_weights_are_the_best_of_a_grid_for_its_tokens_and_the_prior(seed: int, strength: float):
    rng = np.random.default_rng(seed)
    p, groups = rng.uniform(0.01, 1, (2, 80)), rng.integers(0, 3, 80)
    shared = fit_weights(np.log(p), 1e-13, 100_000)
    weights = fit_group_weights(np.log(p), groups, 3, strength, 1e-14, 100_000)
    grid = np.linspace(0.0005, 0.9995, 2000)
    grid = np.stack([grid, 1 - grid], 1)

    def posterior(w: np.ndarray, group: int) -> np.ndarray:
        return np.log(w @ p[:, groups == group]).sum(-1) + strength * (np.log(w) * shared).sum(-1)

    for group in range(3):
        assert posterior(np.maximum(weights[group], 1e-300), group) >= posterior(grid, group).max() - 1e-5


def test_a_group_without_tokens_has_the_weights_of_all_tokens():
    p = np.random.default_rng(3).uniform(0.01, 1, (3, 50))
    for strength in (0.0, 0.5, 10.0):
        weights = fit_group_weights(np.log(p), np.zeros(50, np.int64), 2, strength)
        np.testing.assert_allclose(weights[1], fit_weights(np.log(p)), atol=1e-12)
    np.testing.assert_allclose(weights.sum(1), 1, atol=1e-12)


def test_a_token_that_no_part_holds_possible_changes_nothing():
    p = np.random.default_rng(4).uniform(0.01, 1, (2, 30))
    with np.errstate(divide="ignore"):
        impossible = np.log(np.concatenate([p, np.zeros((2, 1))], 1))
    np.testing.assert_array_equal(fit_weights(impossible), fit_weights(np.log(p)))


def test_groups_that_differ_get_weights_that_differ_and_a_likelier_mixture():
    p = np.full((2, 200), 0.1)
    p[0, :100], p[1, 100:] = 0.9, 0.9
    groups = np.repeat([0, 1], 100)
    weights = fit_group_weights(np.log(p), groups, 2, 1.0)
    assert weights[0, 0] > 0.95
    assert weights[1, 1] > 0.95


@given(st.integers(0, 1000))
@settings(max_examples=10, deadline=None)
def test_a_gated_mixture_sums_to_one_and_scores_as_it_walks(seed: int):
    model = gated(two_counts(), seed)
    ids, offsets = items(seed + 7, 12)
    rows = walk(model, ids)
    np.testing.assert_allclose(np.exp(rows).sum(1), 1, atol=1e-5)
    stepped = rows[np.arange(len(rows)), ids[1:]]
    np.testing.assert_allclose(model.score(ids, offsets)[1:], stepped, atol=1e-5)
    assert model.score(ids, offsets)[0] == 0


def test_a_gate_with_equal_rows_is_the_plain_mixture():
    components, w = two_counts(), np.array([0.3, 0.7])
    gate = Gate(1, 2, (2, 8))
    ids, offsets = items(5)
    one, other = Mixture(components, w), Mixture(components, np.tile(w, (gate.groups, 1)), gate)
    np.testing.assert_array_equal(one.score(ids, offsets), other.score(ids, offsets))
    np.testing.assert_array_equal(walk(one, ids), walk(other, ids))


def test_the_plain_mixture_is_the_weighted_mean_of_probabilities():
    components, w = two_counts(), np.array([0.25, 0.75])
    ids, offsets = items(6)
    want = np.log(w @ np.exp([component.score(ids, offsets) for component in components]))
    np.testing.assert_allclose(Mixture(components, w).score(ids, offsets)[1:], want[1:], atol=1e-6)


def test_a_part_of_weight_zero_is_not_heard():
    components = two_counts()
    ids, offsets = items(8)
    alone = components[1].score(ids, offsets)
    np.testing.assert_allclose(Mixture(components, np.array([0.0, 1.0])).score(ids, offsets), alone, atol=1e-6)


def test_states_of_kept_rows_answer_as_those_rows_did():
    model = gated(two_counts())
    state, _ = model.start(3)
    state, all_rows = model.advance(state, np.array([1, 2, 3]))
    kept = model.take(state, np.array([2, 0]))
    _, after = model.advance(kept, np.array([1, 1]))
    _, want = model.advance(state, np.array([1, 1, 1]))
    np.testing.assert_array_equal(after, want[[2, 0]])
    assert all_rows.shape == (3, V)


def test_a_gate_groups_by_length_and_bucket_of_the_count():
    gate = Gate(0, 2, (2, 10))
    length, count = np.array([0, 1, 1, 1, 2, 5]), np.array([0, 1, 2, 9, 10, 10])
    assert gate.group(length, count).tolist() == [0, 3, 4, 4, 8, 8]
    assert gate.groups == 9


def test_the_gate_asks_the_count_model_with_the_longest_contexts():
    components = two_counts()
    gate = gate_for(components)
    assert gate is not None
    assert (gate.component, gate.longest) == (1, 3)
    ids, offsets = items(9)
    length, count = components[1].evidence(ids, offsets)
    np.testing.assert_array_equal(evidence_groups(components, gate, ids, offsets), gate.group(length, count))


def test_models_of_different_vocabularies_are_refused():
    ids, offsets = items(10)
    with pytest.raises(ValueError, match="different vocabularies"):
        Mixture([*two_counts(), ngram.KneserNey.fit(ids, offsets, V + 1, 2)], np.full(3, 1 / 3))


def test_a_gated_mixture_comes_back_from_its_tensors():
    model = gated(two_counts())
    tensors, described = to_tensors(model)
    back = from_tensors(tensors, described, NGRAMS, V)
    ids, offsets = items(11)
    np.testing.assert_array_equal(back.score(ids, offsets), model.score(ids, offsets))


@pytest.mark.parametrize(
    "change",
    [
        {"gate": None},
        {"gate": {"component": 2, "longest": 2, "bounds": [2, 8]}},
        {"gate": {"component": 1, "longest": 2, "bounds": [8, 2]}},
        {"gate": {"component": 1, "longest": -1, "bounds": [2, 8]}},
        {"gate": {"component": 1, "longest": 2, "bounds": [2, "8"]}},
        {"gate": [1, 2]},
        {"weights": [0.5, 0.5]},
        {"weights": [[0.5, 0.6]] * 9},
        {"weights": [[0.5, 0.5]] * 8},
        {"weights": [[-0.5, 1.5]] * 9},
        {"weights": [[True, False]] * 9},
    ],
)
def test_a_description_that_does_not_fit_is_damage(change: dict):
    tensors, described = to_tensors(gated(two_counts()))
    with pytest.raises(Damaged, match="mixture's"):
        from_tensors(tensors, described | change, NGRAMS, V)
