"""Exact draws under a rule against brute force, on random n-grams, rules and lists."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from moreish.automata import Automaton, everything, nothing
from moreish.inference.conditional import draw, pick
from moreish.inference.drawn import Drawn
from moreish.inference.excluding import Excluding
from moreish.inference.lookahead import Lookahead
from moreish.inference.places import Conditional
from moreish.ngram import AddK, KneserNey
from tests.inference.rule_oracles import (
    automata,
    beginning,
    chi_square_p,
    containing,
    every_item,
    flat,
    ngrams,
    of_length,
    probabilities,
    upper_gamma,
)

V = 4
LONGEST = 6
ITEMS = every_item(V, LONGEST)
SHORT = of_length(0, LONGEST, V)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def items_of(drawn: Drawn) -> list[tuple[int, ...]]:
    return [tuple(drawn.item(i).tolist()) for i in range(len(drawn))]


def p_value(conditional: Conditional, expected: np.ndarray, seed: int, count: int = 5_000) -> float:
    """Of draws, where `expected` says how probable each of ITEMS is; others must not come."""
    number = {item: i for i, item in enumerate(ITEMS)}
    drawn = [number[item] for item in items_of(draw(conditional, count, rng(seed)))]
    observed = np.bincount(drawn, minlength=len(ITEMS))
    assert not observed[expected == 0].any()
    return chi_square_p(observed, count * expected / expected.sum())


def test_the_chi_square_quantiles_are_those_of_the_tables():
    for cells, statistic, p in [(1, 3.841459, 0.05), (5, 11.0705, 0.05), (10, 23.20925, 0.01), (100, 118.498, 0.1)]:
        assert math.isclose(upper_gamma(cells / 2, statistic / 2), p, rel_tol=1e-4)


def random_case(seed: int) -> tuple[KneserNey | AddK, Automaton]:
    """An n-gram of order 0 to 5 and a rule with some item to allow, cut to items that brute force can list."""
    r = rng(seed)
    items = flat([r.integers(1, V, r.integers(0, 6)).tolist() for _ in range(r.integers(2, 30))])
    order = seed % 6
    model = KneserNey.fit(*items, V, order) if seed % 3 else AddK.fit(*items, V, order, 0.1)
    while True:
        states, kinds = r.integers(2, 7), r.integers(2, 4)
        table, accepts = r.integers(0, states, (states, kinds)), r.random(states) < 0.4
        table[0], accepts[0] = 0, False
        automaton = Automaton(r.integers(0, kinds, V), table, accepts) & SHORT
        if sum(map(automaton.allows, ITEMS)) > 3:
            return model, automaton


def expected_rate(found: list[float]) -> bool:
    """Whether 50 p-values look uniform: each limit is passed by chance less often than once in 1,000 times."""
    p = np.sort(found)
    below = max(abs(p - np.arange(1, 51) / 50).max(), abs(p - np.arange(50) / 50).max())
    return below < 0.275 and (p < 0.05).sum() <= 9 and p[0] > 1e-5  # Kolmogorov-Smirnov, binomial


@pytest.mark.slow
def test_draws_under_random_rules_come_as_often_as_brute_force_says_for_50_seeds():
    found = []
    for seed in range(50):
        model, automaton = random_case(seed)
        expected = probabilities(model, ITEMS) * [automaton.allows(item) for item in ITEMS]
        lookahead = Lookahead(model, automaton)
        assert math.isclose(lookahead.probability, expected.sum(), rel_tol=1e-9)
        found.append(p_value(lookahead, expected, seed))
    assert expected_rate(found)


@pytest.mark.slow
def test_draws_without_known_items_come_as_often_as_brute_force_says_for_50_seeds():
    found = []
    for seed in range(50):
        model, automaton = random_case(seed)
        known = set(rng(seed + 1000).permutation(len(ITEMS))[: rng(seed).integers(1, len(ITEMS))].tolist())
        allowed = [automaton.allows(item) and i not in known for i, item in enumerate(ITEMS)]
        expected = probabilities(model, ITEMS) * allowed
        if sum(allowed) < 2:
            continue
        excluding = Excluding(Lookahead(model, automaton), *flat([list(ITEMS[i]) for i in known]))
        assert math.isclose(excluding.probability, expected.sum(), rel_tol=1e-9)
        found.append(p_value(excluding, expected, seed))
    assert len(found) == 50
    assert expected_rate(found)


def test_a_wrong_weight_is_seen():
    model, automaton = random_case(4)
    expected = probabilities(model, ITEMS) * [automaton.allows(item) for item in ITEMS]
    expected[np.argmax(expected)] *= 1.3
    assert p_value(Lookahead(model, automaton), expected, 4) < 1e-3


@given(ngrams(V), automata(V), st.integers(0, 100))
def test_every_draw_obeys_and_its_log_probability_is_that_of_the_untouched_model(ngram, automaton, seed):
    model = ngram.fit(V)
    lookahead = Lookahead(model, automaton)
    if lookahead.probability == 0:
        with pytest.raises(ValueError, match="can make none"):
            draw(lookahead, 1, rng(seed))
        return
    drawn = draw(lookahead, 50, rng(seed))
    assert automaton.accepted(drawn.ids, drawn.offsets)[drawn.ended].all()
    assert drawn.ids[drawn.offsets].tolist() == [0] * 51
    whole = [i for i in range(50) if drawn.ended[i]]
    expected = np.log(probabilities(model, [tuple(drawn.item(i).tolist()) for i in whole])) if whole else []
    np.testing.assert_allclose(drawn.logprob[whole], expected, rtol=1e-9, atol=1e-12)


def test_the_same_seed_draws_the_same_and_no_items_are_no_items():
    lookahead = Lookahead(*random_case(1))
    one, two = draw(lookahead, 20, rng(3)), draw(lookahead, 20, rng(3))
    assert items_of(one) == items_of(two)
    assert len(draw(lookahead, 0, rng())) == 0


def test_an_item_that_grows_beyond_max_length_is_cut_and_says_so():
    model = AddK.fit(*flat([[1] * 30]), V, 2, 0.01)
    drawn = draw(Lookahead(model, everything(V)), 200, rng(), max_length=5)
    lengths = np.diff(drawn.offsets) - 1
    assert lengths.max() == 5
    assert (lengths[~drawn.ended] == 5).all()
    assert not drawn.ended.all()
    ids, offsets = flat([[1] * 5])
    cut = [i for i in range(200) if not drawn.ended[i] and drawn.item(i).tolist() == [1] * 5]
    np.testing.assert_allclose(drawn.logprob[cut], model.score(ids, offsets)[:-1].sum())


def test_what_is_left_of_a_rule_when_all_but_one_item_is_known():
    model = KneserNey.fit(*flat([[1, 2], [1, 3], [2, 2, 1], [3]]), V, 3)
    rule = beginning([3, 3], V) & of_length(0, 4, V)
    behind = [item for item in ITEMS if rule.allows(item)]
    for kept in (behind[0], behind[5], behind[-1]):
        known = flat([list(item) for item in behind if item != kept])
        excluding = Excluding(Lookahead(model, rule), *known)
        assert math.isclose(excluding.probability, probabilities(model, [kept])[0], rel_tol=1e-9)
        assert set(items_of(draw(excluding, 20, rng()))) == {kept}


def test_when_every_allowed_item_is_known_nothing_can_be_drawn_and_the_probability_is_0():
    model = KneserNey.fit(*flat([[1, 2], [1, 3], [2, 2, 1], [3]]), V, 3)
    rule = beginning([3, 3], V) & of_length(0, 4, V)
    excluding = Excluding(Lookahead(model, rule), *flat([list(item) for item in ITEMS if rule.allows(item)]))
    assert excluding.probability == 0
    with pytest.raises(ValueError, match="can make none"):
        draw(excluding, 1, rng())


def test_an_excluded_list_may_have_duplicates_the_empty_item_and_items_that_break_the_rule():
    model = KneserNey.fit(*flat([[1, 2], [1, 3], [2, 2, 1], [3], []]), V, 3)
    known = [[], [1], [1], [2, 2], [3, 3, 3, 3, 3, 3, 3, 3]]
    allowed = [item for item in ITEMS if list(item) not in known and len(item) <= 2]
    excluding = Excluding(Lookahead(model, of_length(0, 2, V)), *flat(known))
    assert math.isclose(excluding.probability, probabilities(model, allowed).sum(), rel_tol=1e-12)
    assert set(items_of(draw(excluding, 3_000, rng()))) <= set(allowed)


def test_a_rule_that_nothing_can_meet_has_probability_0_and_is_refused():
    model = KneserNey.fit(*flat([[1, 2], [3]]), V, 3)
    for conditional in (Lookahead(model, nothing(V)), Excluding(Lookahead(model, nothing(V)), *flat([[1]]))):
        assert conditional.probability == 0
        with pytest.raises(ValueError, match="can make none"):
            draw(conditional, 3, rng())


def test_counts_without_smoothing_cannot_make_what_they_never_saw():
    model = AddK.fit(*flat([[1, 2, 1], [1, 2, 2]]), V, 2, 0.0)
    assert Lookahead(model, containing([1, 1], V)).probability == 0
    assert Lookahead(model, containing([3], V)).probability == 0
    assert Lookahead(model, containing([2, 1], V)).probability > 0


def test_a_rule_far_beyond_what_floats_can_count_is_drawn_and_its_log_probability_is_right():
    word = list(itertools.islice(itertools.cycle([3, 3, 1, 3, 2, 3]), 600))
    model = KneserNey.fit(*flat([[1, 2], [1, 2, 1], [2, 2], [3]]), V, 3)
    rule = beginning(word, V) & of_length(600, 600, V)
    lookahead = Lookahead(model, rule)
    ids, offsets = flat([word])
    assert math.isclose(lookahead.log_probability, model.score(ids, offsets).sum(), rel_tol=1e-12)
    assert lookahead.probability == 0.0
    drawn = draw(lookahead, 3, rng())
    assert items_of(drawn) == [tuple(word)] * 3


@given(st.integers(1, 5), st.integers(2, 6), st.data())
def test_an_id_of_weight_0_is_never_picked(places, size, data):
    weight = np.array(
        [
            data.draw(
                st.lists(st.sampled_from([0.0, 1e-300, 1.0]), min_size=size, max_size=size).filter(
                    lambda w: sum(w) > 0
                )
            )
            for _ in range(places)
        ]
    )
    at = np.repeat(np.arange(places), 4)
    u = np.tile([0.0, 0.5, 1 - 2**-53, 2**-53], places)
    assert (weight[at, pick(weight, at, u)] > 0).all()
