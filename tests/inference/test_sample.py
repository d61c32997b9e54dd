"""Sampling against closed forms, by brute force, and on models that end at once or never."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from moreish.inference import Sampling, sample, score_items
from moreish.inference.drawn import Drawn
from moreish.inference.sample import draw_probabilities, read_prefix
from moreish.ngram import KneserNey

V = 4


class Table:
    """A model whose next distribution depends on the last symbol only: a table of log probabilities."""

    def __init__(self, p) -> None:
        with np.errstate(divide="ignore"):
            self.logp = np.log(np.asarray(p, np.float64)).astype(np.float32)
        self.vocab_size = len(self.logp)
        self.rows_computed = 0

    def start(self, rows):
        return self.advance(None, np.zeros(rows, np.int64))

    def advance(self, state, ids):
        self.rows_computed += len(ids)
        return ids.copy(), self.logp[ids]

    def take(self, state, rows):
        return state[rows]

    def score(self, ids, offsets):
        return np.concatenate([[0], self.logp[ids[:-1], ids[1:]]]).astype(np.float32)


@pytest.fixture(scope="module")
def table():
    return Table([[0.0, 0.5, 0.3, 0.2], [0.4, 0.1, 0.3, 0.2], [0.6, 0.2, 0.0, 0.2], [0.5, 0.25, 0.25, 0.0]])


def items(draws: Drawn) -> list[np.ndarray]:
    return [draws.item(i) for i in range(len(draws))]


def chance_of(model, ids) -> float:
    return math.exp(score_items(model, [np.array(ids, np.int64)])[0].logprob)


def test_items_come_as_often_as_the_model_says(table):
    n = 40_000
    draws = sample(table, n, np.random.default_rng(0))
    counts: dict[tuple, int] = {}
    for i in range(n):
        key = tuple(draws.item(i).tolist())
        counts[key] = counts.get(key, 0) + 1
    statistic = cells = 0
    for length in range(1, 4):
        for ids in itertools.product(range(1, V), repeat=length):
            expected = n * chance_of(table, ids)
            if expected < 10:
                assert expected > 0 or ids not in counts
                continue
            statistic += (counts.get(ids, 0) - expected) ** 2 / expected
            cells += 1
    assert statistic < cells + 5 * math.sqrt(2 * cells)  # chi-squared, five standard deviations


def test_the_log_probability_of_a_draw_is_its_score(table):
    draws = sample(table, 300, np.random.default_rng(1), Sampling(temperature=0.5, top_k=2))
    assert draws.ended.all()
    np.testing.assert_allclose(draws.logprob, [s.logprob for s in score_items(table, items(draws))], atol=1e-5)


def test_every_draw_begins_with_the_prefix_and_counts_it(table):
    prefix = np.array([2, 3, 1])
    draws = sample(table, 200, np.random.default_rng(2), prefix=prefix)
    assert all(ids[:3].tolist() == [2, 3, 1] for ids in items(draws))
    np.testing.assert_allclose(draws.logprob, [s.logprob for s in score_items(table, items(draws))], atol=1e-5)
    _, _, logprob = read_prefix(table, prefix)
    assert logprob == pytest.approx(math.log(0.3 * 0.2 * 0.25), abs=1e-6)


def test_an_item_that_never_ends_is_cut(table):
    endless = Table([[0, 1, 0, 0], [0, 0, 1, 0], [0, 1, 0, 0], [0, 1, 0, 0]])
    draws = sample(endless, 3, np.random.default_rng(0), Sampling(max_length=50))
    assert [len(ids) for ids in items(draws)] == [50] * 3
    assert not draws.ended.any()
    draws = sample(endless, 3, np.random.default_rng(0), Sampling(max_length=2), prefix=np.array([1, 2]))
    assert [ids.tolist() for ids in items(draws)] == [[1, 2]] * 3
    assert not draws.ended.any()


@given(st.integers(1, 6), st.integers(0, 10**6))
def test_no_item_is_longer_than_allowed_and_one_that_fits_has_ended(longest, seed):
    table = Table([[0, 0.5, 0.3, 0.2], [0.4, 0.1, 0.3, 0.2], [0.6, 0.2, 0, 0.2], [0.5, 0.25, 0.25, 0]])
    draws = sample(table, 20, np.random.default_rng(seed), Sampling(max_length=longest))
    assert len(draws) == 20
    for ids, ended in zip(items(draws), draws.ended, strict=True):
        assert len(ids) <= longest
        assert ended or len(ids) == longest


def test_the_same_beginning_is_computed_once(table):
    fresh = Table(np.exp(table.logp))
    draws = sample(fresh, 5000, np.random.default_rng(3))
    beginnings = {tuple(ids[:k].tolist()) for ids in items(draws) for k in range(len(ids) + 1)}
    assert fresh.rows_computed == len(beginnings)


@given(st.integers(0, 2**40))
def test_the_same_seed_gives_the_same_items(seed):
    ngram = KneserNey.fit(np.array([0, 1, 2, 0, 2, 2, 3, 0], np.uint8), np.array([0, 3, 7]), V, 3)
    once, again = (sample(ngram, 9, np.random.default_rng(seed)).ids.tolist() for _ in range(2))
    assert once == again


distributions = st.lists(st.floats(0, 1), min_size=2, max_size=7).filter(lambda p: sum(p) > 1e-3)


@given(
    distributions,
    st.floats(0.05, 5),
    st.none() | st.integers(1, 8),
    st.none() | st.floats(0.01, 1),
    st.none() | st.floats(0, 1),
)
def test_sharpening_is_temperature_then_top_k_then_top_p_then_min_p(weights, temperature, top_k, top_p, min_p):
    p = np.array(weights) / sum(weights)
    with np.errstate(divide="ignore"):
        logprobs = np.log(p)[None]
    got = draw_probabilities(logprobs, Sampling(temperature, top_k, top_p, min_p=min_p))[0]
    # by hand, one symbol at a time
    hot = [q ** (1 / temperature) if q > 0 else 0.0 for q in (p / p.max()).tolist()]
    ranked = sorted(range(len(hot)), key=lambda i: -hot[i])[: top_k or len(hot)]
    total, held, kept = sum(hot[i] for i in ranked), 0.0, []
    for i in ranked:
        if top_p is not None and held >= top_p:
            break
        kept.append(i)
        held += hot[i] / total
    least = (min_p or 0) * hot[kept[0]]
    kept = [i for i in kept if hot[i] >= least]
    tie = any(abs(q - least) < 1e-9 for q in hot)
    want = np.zeros(len(hot))
    for i in kept:
        want[i] = hot[i]
    if not tie and not np.any(
        np.abs(np.cumsum([hot[i] / total for i in ranked]) - (top_p or 2)) < 1e-9
    ):  # no tie at the edge
        np.testing.assert_allclose(got, want / want.sum(), atol=1e-9)
    assert got.sum() == pytest.approx(1)
    assert got[p == 0].sum() == 0


def test_temperature_zero_always_takes_the_likeliest(table):
    draws = sample(table, 5, np.random.default_rng(0), Sampling(temperature=0.0))
    assert {tuple(ids.tolist()) for ids in items(draws)} == {(1,)}
    assert draws.logprob[0] == pytest.approx(math.log(0.5 * 0.4), abs=1e-5)


def test_scores_are_split_into_items_with_their_ends(table):
    scores = score_items(table, [np.array([1]), np.array([2, 1, 3])])
    assert [len(s.logprobs) for s in scores] == [2, 4]
    assert scores[0].loss == pytest.approx(-(math.log(0.5) + math.log(0.4)) / 2, abs=1e-6)
    assert scores[1].logprob == pytest.approx(math.log(0.3 * 0.2 * 0.2 * 0.5), abs=1e-6)
    assert score_items(table, []) == []


@given(st.integers(1, 6), st.integers(0, 5), st.integers(0, 10**6))
def test_drawn_items_lie_end_to_end_with_boundaries_around_them(longest, count, seed):
    table = Table([[0, 0.5, 0.3, 0.2], [0.4, 0.1, 0.3, 0.2], [0.6, 0.2, 0, 0.2], [0.5, 0.25, 0.25, 0]])
    prefix = np.array([3, 1][: longest - 1], np.int64)
    draws = sample(table, count, np.random.default_rng(seed), Sampling(max_length=longest), prefix)
    assert np.flatnonzero(draws.ids == 0).tolist() == draws.offsets.tolist()
    assert draws.ids.dtype == np.uint8
    assert all(ids[: len(prefix)].tolist() == prefix.tolist() for ids in items(draws))
    assert len(draws.logprob) == len(draws.ended) == len(draws) == count
