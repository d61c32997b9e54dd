"""The lookahead against dense linear algebra, closed forms, and what a model does by itself."""

import math

import numpy as np
import pytest
from hypothesis import given

from moreish.automata import Automaton, everything, nothing
from moreish.data import Corpus, read
from moreish.inference import reached
from moreish.inference.conditional import draw
from moreish.inference.lookahead import Lookahead
from moreish.ngram import AddK, Backoff, KneserNey
from tests.inference.rule_oracles import (
    automata,
    beginning,
    containing,
    dense,
    every_item,
    flat,
    ngrams,
    of_length,
    probabilities,
)

V = 5


@given(ngrams(V), automata(V))
def test_every_pair_that_an_item_comes_to_has_the_probability_of_dense_algebra(ngram, automaton):
    model = ngram.fit(V)
    lookahead = Lookahead(model, automaton)
    h, reached_pairs = dense(model, automaton)
    contexts, states = np.nonzero(reached_pairs)
    alive = states > 0
    contexts, states = contexts[alive], states[alive]
    np.testing.assert_allclose(lookahead.of(contexts, states), h[contexts, states], rtol=1e-9, atol=0)
    assert math.isclose(lookahead.probability, h[lookahead.begin, automaton.start], rel_tol=1e-9)


@given(ngrams(V), automata(V))
def test_what_is_behind_each_next_id_is_the_probability_of_the_pair_after_it(ngram, automaton):
    model = ngram.fit(V)
    lookahead = Lookahead(model, automaton)
    h, reached_pairs = dense(model, automaton)
    h[:, 0] = 0
    contexts, states = np.nonzero(reached_pairs[:, 1:])
    states += 1
    found = lookahead.after(contexts, states)
    assert found[:, 0].tolist() == automaton.accepts[states].tolist()
    for w in range(1, V):
        after = automaton.table[states, automaton.classes[w]]
        expected = h[model.next_context(contexts, np.full(len(contexts), w)), after]
        np.testing.assert_allclose(found[:, w], expected, rtol=1e-9, atol=0)


@given(ngrams(V))
def test_the_contexts_after_each_id_are_those_of_reading_it(ngram):
    model = ngram.fit(V)
    contexts = np.arange(model.counts.contexts)
    found = model.next_contexts(contexts)
    for w in range(V):
        assert found[:, w].tolist() == model.next_context(contexts, np.full(len(contexts), w)).tolist()


@given(ngrams(V))
def test_one_log_probability_is_that_of_the_row(ngram):
    model = ngram.fit(V)
    contexts = np.repeat(np.arange(model.counts.contexts), V)
    ids = np.tile(np.arange(V), model.counts.contexts)
    rows = model.next_logprobs(np.arange(model.counts.contexts))
    np.testing.assert_allclose(model.next_logprob(contexts, ids), rows.ravel(), rtol=1e-12)


def test_a_length_under_a_uniform_model_is_geometric():
    model = AddK.fit(*flat([[1, 2], [3]]), V, 0)
    for low, high in [(0, 0), (1, 3), (5, 40)]:
        expected = sum((1 - 1 / V) ** n / V for n in range(low, high + 1))
        assert math.isclose(Lookahead(model, of_length(low, high, V)).probability, expected, rel_tol=1e-12)


def test_a_symbol_somewhere_under_a_uniform_model_is_one_half():
    model = AddK.fit(*flat([[1, 2], [3]]), V, 0)
    assert math.isclose(Lookahead(model, containing([2], V)).probability, 1 / 2, rel_tol=1e-12)


def test_a_rule_and_its_complement_share_all_there_is():
    model = KneserNey.fit(*flat([[1, 2, 3], [1, 2], [2, 2, 3, 1], [3, 3]]), V, 4)
    for rule in (
        containing([2, 3], V),
        containing([1], V, at_the_end=True),
        beginning([3, 2], V),
        of_length(2, 4, V),
    ):
        both = Lookahead(model, rule).probability + Lookahead(model, ~rule).probability
        assert math.isclose(both, 1, rel_tol=1e-12)
    assert Lookahead(model, everything(V)).probability == 1
    assert Lookahead(model, nothing(V)).probability == 0


def test_a_word_that_is_long_and_improbable_is_as_exact_as_a_short_one():
    model = KneserNey.fit(*flat([[1, 2, 3], [1, 2], [2, 2, 3, 1], [3, 3]]), V, 3)
    for length in (1, 5, 20, 60):
        rule = containing([1 + i * i % 4 for i in range(length)], V)
        assert math.isclose(Lookahead(model, rule).probability, by_sweeps(model, rule), rel_tol=1e-9)


def by_sweeps(model: Backoff, rule: Automaton) -> float:
    """h at the start by Gauss-Seidel: nothing is subtracted, so that small numbers are as exact as large ones."""
    contexts, h = np.arange(model.counts.contexts), np.zeros((model.counts.contexts, len(rule)))
    p, to, begin = np.exp(model.next_logprobs(contexts)), model.next_contexts(contexts), int(model.start(1)[0][0])
    for sweep in range(10_000):
        before = float(h[begin, rule.start])
        for q in reversed(range(1, len(rule))):
            after = rule.table[q][rule.classes]
            after[0] = 0
            h[:, q] = p[:, 0] * rule.accepts[q] + (p * h[to, after]).sum(1)
        if sweep > len(rule) and h[begin, rule.start] - before <= 1e-15 * before:
            return before
    raise AssertionError("no fixed point")


def test_what_a_longer_context_all_but_forbids_is_not_lost_in_a_difference():
    items = flat([[1, 2, 1], [1, 2], [2, 2, 1], [3], [3, 2], [1, 1]])  # 3 1 never comes, 1 2 does
    model = KneserNey.fit(*items, V, 3)
    one = model.next_context(np.zeros(1, int), np.array([1]))
    after_one_two = int(model.next_context(one, np.array([2]))[0])
    children = slice(model.counts.first[after_one_two], model.counts.first[after_one_two + 1])
    model.logprob[children] -= 35  # a model in backoff form need not add up to 1
    model.log_backoff[after_one_two] -= 35
    literal = beginning([3, 1, 2], V) & of_length(3, 3, V)
    expected = float(model.score(*flat([[3, 1, 2]])).sum())
    assert math.isclose(Lookahead(model, literal).log_probability, expected, rel_tol=1e-9)
    ending = containing([3, 1, 2], V, at_the_end=True)
    assert math.isclose(Lookahead(model, ending).probability, by_sweeps(model, ending), rel_tol=1e-9)


@given(ngrams(V), automata(V))
def test_it_makes_no_difference_how_many_symbols_decide_which_pairs_come_up(ngram, automaton):
    model = ngram.fit(V)
    exact = Lookahead(model, automaton)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reached, "SHORT", 3)
        patch.setattr(reached, "LARGEST_BITMAP", 5)
        rough = Lookahead(model, automaton)
    assert math.isclose(exact.probability, rough.probability, rel_tol=1e-11)


def test_a_model_that_may_go_on_for_ever_is_not_taken_to_end():
    model = AddK.fit(*flat([[1, 2], [1]]), V, 2, 0.0)
    forever = model.counts.child(model.counts.child(np.zeros(1, int), np.array([1])), np.array([0]))
    model.logprob[forever] = -np.inf  # after 1 comes 2 with what was its share, and then the end
    items = every_item(V, 4)
    expected = probabilities(model, items).sum()
    assert expected < 0.9
    assert math.isclose(Lookahead(model, everything(V)).probability, expected, rel_tol=1e-12)


def test_a_rule_with_too_many_pairs_is_refused_with_a_sentence(monkeypatch):
    monkeypatch.setattr(reached, "MOST_PAIRS", 100)
    model = KneserNey.fit(*flat([[1, 2, 3], [1, 2], [2, 2, 3, 1], [3, 3]]), V, 3)
    with pytest.raises(ValueError, match="100 are the most: ask for less"):
        Lookahead(model, of_length(0, 50, V))


@pytest.fixture(scope="module", params=["names", "towns", "hindi"])
def corpus(request) -> Corpus:
    return read(request.param)


@pytest.mark.slow
def test_items_obey_random_rules_on_real_lists(corpus):
    split, vocab, rng = corpus.split("all"), corpus.vocab, np.random.default_rng(0)
    size = len(vocab)
    model = KneserNey.fit(split.ids, split.offsets, size, 5)
    for _ in range(25):
        item = split.symbols(int(rng.integers(len(split)))).tolist()
        cut, first = sorted(rng.integers(0, len(item) + 1, 2).tolist())
        start, end = item[: min(cut, 2)], item[max(first, len(item) - 2) :]
        inside = split.symbols(int(rng.integers(len(split)))).tolist()[:2]
        low = len(start + end + inside) + int(rng.integers(0, 3))
        rule = beginning(start, size) & containing(end, size, True) & containing(inside, size)
        rule = rule & of_length(low, low + 2, size)
        lookahead = Lookahead(model, rule)
        assert 0 < lookahead.probability < 1
        drawn = draw(lookahead, 20, rng)
        for i in range(20):
            text = vocab.decode(drawn.item(i))
            assert text.startswith(vocab.decode(start))
            assert text.endswith(vocab.decode(end))
            assert vocab.decode(inside) in text
            assert low <= len(drawn.item(i)) <= low + 2
        assert drawn.ended.all()


def test_a_rule_is_as_frequent_among_free_draws_as_its_probability_says(corpus):
    split = corpus.split("all")
    model = KneserNey.fit(split.ids, split.offsets, len(corpus.vocab), 4)
    free = draw(Lookahead(model, everything(len(corpus.vocab))), 20_000, np.random.default_rng(0))
    common = int(np.bincount(split.ids)[1:].argmax()) + 1
    for rule in (containing([common], len(corpus.vocab)), of_length(2, 5, len(corpus.vocab))):
        p = Lookahead(model, rule).probability
        share = rule.accepted(free.ids, free.offsets).mean()
        assert abs(share - p) < 5 * math.sqrt(p * (1 - p) / 20_000)
