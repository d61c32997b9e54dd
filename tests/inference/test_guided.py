"""Guided sampling against brute force: every item of a small alphabet, scored by the model and asked of the rule."""

import itertools
import math
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import moreish
from moreish.automata import Automaton, everything, nothing
from moreish.inference import Sampling
from moreish.inference.guided import guided
from moreish.inference.guides import FrequencyGuide, NgramGuide, NoGuide
from moreish.inference.network import Network
from moreish.inference.particles import CERTAIN, Particles, steps_to_acceptance, thin, unit_of
from moreish.models import model_class
from moreish.models.mixture import Mixture
from moreish.ngram import KneserNey
from tests.automata.test_automaton import automata
from tests.inference.test_sample import Table
from tests.support.rules import DenseLookahead, contains, ends_with, length, starts_with

V = 5
LONGEST = 7
SAMPLING = Sampling(max_length=LONGEST)
ITEMS = [item for n in range(LONGEST + 1) for item in itertools.product(range(1, V), repeat=n)]
IDS = np.concatenate([*([0, *item] for item in ITEMS), [0]])
OFFSETS = np.cumsum([0, *(len(item) + 1 for item in ITEMS)])
RULES = {
    "contains": contains([3, 1, 2], V),
    "ends with": ends_with([4, 4], V),
    "starts and ends": starts_with([2], V) & ends_with([3], V),
    "neither": ~contains([1], V) & ~ends_with([2], V),
}


ROUNDS = {"contains": 50, "ends with": 5, "starts and ends": 5, "neither": 60}  # the more, the less noise


def random_table(seed: int = 0, vocab_size: int = V) -> Table:
    p = np.random.default_rng(seed).dirichlet(np.full(vocab_size, 0.7), vocab_size)
    p[:, 0] = p[:, 0] / 2 + 0.05
    p[0, 0] = 0
    return Table(p / p.sum(1, keepdims=True))


def small_net(name: str) -> Network:
    torch.manual_seed(4)
    cls = model_class(name)
    module = cls(cls.Options(), V)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter *= 2  # further from uniform
    return Network(module)


def small_ngram(order: int = 3) -> KneserNey:
    rng = np.random.default_rng(2)
    table = random_table(7)
    items = [
        rng.choice(V - 1, size=rng.integers(2, 8), p=np.exp(table.logp[1, 1:]) / np.exp(table.logp[1, 1:]).sum())
    ]
    for _ in range(60):
        start = rng.integers(0, V - 1)
        items.append((start + np.arange(rng.integers(2, 8)) * rng.integers(0, 3)) % (V - 1))
    ids = np.concatenate([*([0, *(item + 1)] for item in items), [0]]).astype(np.uint8)
    return KneserNey.fit(ids, np.cumsum([0, *(len(item) + 1 for item in items)]), V, order)


def small_blend():
    rng = np.random.default_rng(1)
    items = {"".join(rng.choice(list("abcd"), rng.integers(2, 7), p=[0.5, 0.25, 0.15, 0.1])) for _ in range(60)}
    model = moreish.listen(sorted(items)).model
    assert model.vocab_size == V
    return model


MODELS = {
    "table": random_table,
    "gru": cache(lambda: small_net("gru")),
    "mlp": cache(lambda: small_net("mlp")),
    "mixture": cache(lambda: Mixture([small_ngram(), small_net("gru")], np.array([0.4, 0.6]))),
    "blend": cache(small_blend),
}


def code(ids: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """A number for each item."""
    place = np.arange(len(ids)) - np.repeat(offsets, np.diff([*offsets, len(ids)]))
    return np.add.reduceat(ids * V ** np.maximum(place - 1, 0).astype(np.int64), offsets[:-1])


@cache
def truth(model, automaton: Automaton) -> tuple[np.ndarray, float]:
    """The probability of every item among those that are allowed, and that of the rule."""
    p = np.exp(np.add.reduceat(model.score(IDS.astype(np.uint8), OFFSETS)[1:].astype(np.float64), OFFSETS[:-1]))
    p *= automaton.accepted(IDS, OFFSETS)
    return p / p.sum(), float(p.sum())


CODES = code(IDS, OFFSETS)
ORDER = np.argsort(CODES)


def mean_weights(model, automaton, guide, size: int, rounds: int, sampling: Sampling = SAMPLING) -> np.ndarray:
    """For each of ITEMS, its share of the weights of a round, on average over many rounds."""
    total = np.zeros(len(ITEMS))
    for seed in range(rounds):
        found = Particles(model, automaton, steps_to_acceptance(automaton), guide, sampling)
        found.run(size, np.random.default_rng([seed, 8]))
        weights = np.exp(found.found.weight)
        ids, offsets = found.read(np.arange(len(weights)))
        which = ORDER[np.searchsorted(CODES[ORDER], code(ids, offsets))]
        total += np.bincount(which, weights / weights.sum(), len(ITEMS))
    return total / rounds


def variation(p: np.ndarray, q: np.ndarray) -> float:
    return float(np.abs(p - q).sum() / 2)


@pytest.mark.slow
@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("model", MODELS)
def test_items_are_as_probable_as_the_model_says_among_those_that_are_allowed(model, rule):
    model, automaton = MODELS[model](), RULES[rule]
    expected, probability = truth(model, automaton)
    default = FrequencyGuide.of(model, automaton, SAMPLING, np.random.default_rng(0))
    assert variation(mean_weights(model, automaton, default, 1024, ROUNDS[rule]), expected) < 0.02
    result = guided(model, automaton, 500, np.random.default_rng(1), SAMPLING)
    assert automaton.accepted(result.drawn.ids, result.drawn.offsets).all()
    assert result.probability == pytest.approx(probability, rel=5 / math.sqrt(result.effective) + 1e-5)


@pytest.mark.parametrize("model", MODELS)
def test_where_thousands_of_items_are_allowed_their_beginnings_lengths_and_ends_come_as_often_as_they_should(model):
    """Each of so many items is too rare to be measured in a test; see the next one."""
    model, automaton = MODELS[model](), length(5, 6, V)
    kinds = {(len(item), item[:2], item[-1:]): None for item in ITEMS}
    kind = np.array([[*kinds].index((len(item), item[:2], item[-1:])) for item in ITEMS])
    expected, _ = truth(model, automaton)
    found = mean_weights(model, automaton, NoGuide(V), 1024, 20)
    assert variation(np.bincount(kind, found), np.bincount(kind, expected)) < 0.02


@pytest.mark.parametrize("rule", [length(5, 6, V), everything(V)])
def test_thousands_of_items_one_by_one(rule):
    model = random_table(3)
    expected, _ = truth(model, rule)
    assert variation(mean_weights(model, rule, NoGuide(V), 512, 150), expected) < 0.02


@pytest.mark.slow
def test_masking_alone_draws_from_another_distribution():
    """What this is for: the mask obeys, and is far from what the model says."""
    model, automaton = random_table(), RULES["ends with"]
    expected, _ = truth(model, automaton)
    assert variation(masked(model, automaton), expected) > 0.2


def masked(model, automaton: Automaton) -> np.ndarray:
    """The probability of each of ITEMS where the next symbol is drawn from those with which it can still succeed."""
    steps = steps_to_acceptance(automaton)
    p = np.zeros(len(ITEMS))
    for k, item in enumerate(ITEMS):
        state, logp = automaton.start, 0.0
        for t, i in enumerate([*item, 0]):
            after = automaton.table[state, automaton.classes]
            possible = steps[after] < LONGEST - t
            possible[0] = automaton.accepts[state]
            row = np.exp(model.logp[([0, *item])[t]].astype(float)) * possible
            if not possible[i]:
                logp = -math.inf
                break
            logp += math.log(row[i] / row.sum()) if row[i] else -math.inf
            state = after[i]
        p[k] = math.exp(logp)
    return p


def test_an_ngram_looks_ahead_for_a_net():
    model, automaton, ngram = small_net("gru"), contains([3, 1, 2, 3], V), small_ngram()
    expected, _ = truth(model, automaton)
    guide = NgramGuide(ngram, DenseLookahead(ngram, automaton))
    assert variation(mean_weights(model, automaton, guide, 256, 60), expected) < 0.02


class WrongGuide(NoGuide):
    """Positive values that have nothing to do with anything, some of them far too small to be written."""

    def __init__(self, seed: int, spread: float, vocab_size: int = V) -> None:
        super().__init__(vocab_size)
        self.values = 10.0 ** np.random.default_rng(seed).uniform(-spread, 0, (50, vocab_size))

    def after(self, state, rule):
        return self.values[rule]


@pytest.mark.parametrize("seed", range(3))
def test_a_guide_that_errs_costs_effort_and_not_correctness(seed):
    model, automaton = random_table(seed), RULES["contains"]
    expected, _ = truth(model, automaton)
    assert variation(mean_weights(model, automaton, WrongGuide(seed, 2), 512, 100), expected) < 0.02


def test_a_guide_that_underflows_everywhere_is_as_good_as_none():
    model, automaton = random_table(1), RULES["contains"]
    expected, _ = truth(model, automaton)
    zero = WrongGuide(0, 2)
    zero.values[:] = 0
    assert variation(mean_weights(model, automaton, zero, 512, 20), expected) < 0.02


# ---- temperature, top-k, top-p ----


def sampled_truth(table: Table, automaton: Automaton, sampling: Sampling) -> np.ndarray:
    """The same by the definition, symbol by symbol: all in plain Python."""
    steps = steps_to_acceptance(automaton)
    p = np.zeros(len(ITEMS))
    for k, item in enumerate(ITEMS):
        state, total = automaton.start, 1.0
        for t, i in enumerate([*item, 0]):
            row = [math.exp(x) ** (1 / sampling.temperature) for x in table.logp[[0, *item][t]].tolist()]
            row = [x / sum(row) for x in row]
            after = automaton.table[state, automaton.classes].tolist()
            can = {j: row[j] for j in range(1, V) if steps[after[j]] < LONGEST - t}
            if automaton.accepts[state]:
                can[0] = row[0]
            ranked = sorted(can, key=lambda j: (-can[j], j))[: sampling.top_k]
            if sampling.top_p is not None:
                before = list(itertools.accumulate([can[j] for j in ranked], initial=0.0))
                ranked = [j for j, b in zip(ranked, before, strict=False) if b < sampling.top_p * before[-1]]
            ranked = [j for j in ranked if can[j] >= (sampling.min_p or 0) * can[ranked[0]]]
            kept = sum(can[j] for j in ranked)
            total *= can[i] / kept * sum(can.values()) if i in ranked else 0.0
            if not total:
                break
            state = after[i]
        p[k] = total
    return p


@pytest.mark.slow
@pytest.mark.parametrize("rule", ["ends with", "contains"])
@pytest.mark.parametrize(
    "sampling",
    [
        Sampling(0.5),
        Sampling(2.0),
        Sampling(top_k=2),
        Sampling(top_p=0.7),
        Sampling(1.3, top_k=3, top_p=0.9),
        Sampling(min_p=0.3),
    ],
    ids=str,
)
def test_any_sampling_can_be_put_under_a_rule(sampling, rule):
    model, automaton = random_table(5), RULES[rule]
    sampling = replace(sampling, max_length=LONGEST)
    expected = sampled_truth(model, automaton, sampling)
    found = mean_weights(model, automaton, NoGuide(V), 512, 40, sampling)
    assert variation(found, expected / expected.sum()) < 0.02
    result = guided(model, automaton, 10, np.random.default_rng(0), sampling)
    assert result.probability == pytest.approx(expected.sum(), rel=5 / math.sqrt(result.effective) + 1e-5)


def test_at_temperature_zero_the_item_of_free_sampling_is_taken_if_it_obeys():
    model = Table([[0, 0.2, 0.7, 0.1], [0.1, 0.1, 0.1, 0.7], [0.1, 0.6, 0.2, 0.1], [0.9, 0.05, 0.05, 0]])
    result = guided(model, everything(4), 3, np.random.default_rng(0), Sampling(0.0))
    assert [result.drawn.item(i).tolist() for i in range(3)] == [[2, 1, 3]] * 3
    assert result.probability == 1
    np.testing.assert_allclose(result.drawn.logprob, math.log(0.7 * 0.6 * 0.7 * 0.9), rtol=1e-5)


@pytest.mark.parametrize("seed", range(20))
def test_at_temperature_zero_the_likeliest_item_that_obeys_is_taken_where_free_sampling_does_not(seed):
    model, automaton = random_table(seed), RULES["ends with"] & ~starts_with([4], V)
    expected, _ = truth(model, automaton)
    result = guided(model, automaton, 2, np.random.default_rng(0), replace(SAMPLING, temperature=0.0))
    if result.probability == 0:
        assert result.drawn.item(0).tolist() == list(ITEMS[expected.argmax()])
    assert automaton.accepted(result.drawn.ids, result.drawn.offsets).all()


# ---- what is said about the draw ----


def test_the_probability_of_a_rule_is_right_on_average_and_errs_as_much_as_is_said():
    model, automaton = random_table(2), contains([3, 1], V)
    _, probability = truth(model, automaton)
    found, effective = [], []
    for seed in range(100):
        result = guided(model, automaton, 1, np.random.default_rng(seed), SAMPLING, NoGuide(V), particles=64)
        found.append(result.probability / probability)
        effective.append(result.effective)
    error = float(np.std(found))
    assert abs(np.mean(found) - 1) < 4 * error / math.sqrt(100) + 0.01  # stopping by what was found is a small bias
    assert 0.2 / np.median(effective) < error**2 < 3 / np.median(effective)


@given(automata(), st.integers(0, 1000))
def test_where_all_that_is_allowed_finds_room_nothing_is_left_to_chance(automaton, seed):
    automaton, model = automaton.trimmed(), random_table(seed, 4)
    allowed = [w for n in range(5) for w in itertools.product(range(1, 4), repeat=n) if automaton.allows(w)]
    p = [math.exp(sum(float(model.logp[a, b]) for a, b in itertools.pairwise([0, *w, 0]))) for w in allowed]
    rng = np.random.default_rng(seed)
    if sum(p) == 0:
        with pytest.raises(ValueError, match="rule allows"):
            guided(model, automaton, 5, rng, Sampling(max_length=4))
        return
    result = guided(model, automaton, 5, rng, Sampling(max_length=4))
    assert result.effective == math.inf
    assert result.probability == pytest.approx(sum(p))
    assert {tuple(result.drawn.item(i).tolist()) for i in range(5)} <= set(allowed)


@given(automata(), st.integers(0, 1000), st.integers(1, 12), st.integers(1, 30))
def test_few_particles_obey_or_say_that_they_found_nothing(automaton, seed, longest, particles):
    automaton, model = automaton.trimmed(), random_table(seed, 4)
    sampling = Sampling(max_length=longest)
    try:
        guide = WrongGuide(seed, 400, 4)
        result = guided(model, automaton, 20, np.random.default_rng(seed), sampling, guide, particles)
    except ValueError:
        return
    drawn = result.drawn
    assert len(drawn) == 20
    assert drawn.ended.all()
    assert automaton.accepted(drawn.ids, drawn.offsets).all()
    assert (np.diff(drawn.offsets) - 1 <= longest).all()
    assert np.flatnonzero(drawn.ids == 0).tolist() == drawn.offsets.tolist()
    score = np.add.reduceat(model.score(drawn.ids, drawn.offsets)[1:], drawn.offsets[:-1])
    np.testing.assert_allclose(drawn.logprob, score, rtol=1e-4)


def test_certainty_is_not_claimed_where_all_that_was_left_to_chance_was_lost():
    row = [0.1, 0.45, 0.4495, 0.0005]
    model, automaton = Table([[0, 0.5, 0.4995, 0.0005], row, row, row]), ends_with([3, 3], 4)
    lost = 0
    for seed in range(5):
        found = Particles(model, automaton, steps_to_acceptance(automaton), NoGuide(4), Sampling())
        found.run(16, np.random.default_rng(seed))
        if (found.found.ancestor == CERTAIN).all():
            lost += 1
            assert found.effective() < 1
    assert lost > 2


def test_items_come_in_random_order():
    drawn = guided(random_table(), everything(V), 400, np.random.default_rng(0), SAMPLING, particles=64).drawn
    late = np.diff(drawn.offsets)[200:].mean() - np.diff(drawn.offsets)[:200].mean()
    first = [np.mean([drawn.item(i)[0] for i in half]) for half in (range(200), range(200, 400))]
    assert abs(late) < 0.6
    assert abs(first[0] - first[1]) < 0.4


def test_draws_of_known_probability_are_independent():
    model = Table([[0, 0.5, 0.3, 0.2], [1, 0, 0, 0], [1, 0, 0, 0], [1, 0, 0, 0]])
    first = []
    for seed in range(300):
        drawn = guided(model, everything(4), 40, np.random.default_rng(seed)).drawn
        first.append(int((drawn.ids == 1).sum()))
    assert np.mean(first) == pytest.approx(20, abs=4 * math.sqrt(10 / 300))
    assert np.var(first) == pytest.approx(10, rel=0.3)  # binomial, and not as even as can be


def test_one_item_is_not_drawn_again_and_again_where_thousands_are_allowed():
    model = small_net("gru")
    result = guided(model, length(6, 7, V), 1000, np.random.default_rng(0), SAMPLING)
    items = {tuple(result.drawn.item(i)) for i in range(1000)}
    p, _ = truth(model, length(6, 7, V))
    free = np.random.default_rng(0).choice(len(p), 1000, p=p)
    assert len(items) >= len(set(free)) - 20
    assert result.ancestors > 400


def test_the_same_seed_gives_the_same_items():
    model, automaton = small_net("gru"), RULES["contains"]
    once, again = (guided(model, automaton, 9, np.random.default_rng(3), SAMPLING).drawn for _ in range(2))
    np.testing.assert_array_equal(once.ids, again.ids)


def test_no_beginning_is_asked_twice_in_a_round():
    model = random_table(1)
    found = Particles(model, everything(V), steps_to_acceptance(everything(V)), NoGuide(V), SAMPLING)
    found.run(100, np.random.default_rng(0))
    rows = 1 + sum(len(level.parent) for level in found.trees[0])
    assert model.rows_computed == rows
    for level in found.trees[0]:
        assert len(set(zip(level.parent.tolist(), level.symbol.tolist(), strict=True))) == len(level.parent)


# ---- what cannot be done ----


def test_a_rule_that_allows_nothing_is_refused():
    with pytest.raises(ValueError, match="allows no item"):
        guided(random_table(), nothing(V), 1, np.random.default_rng(0))


def test_a_rule_whose_items_are_all_too_long_is_refused_before_anything_is_drawn():
    model = random_table()
    with pytest.raises(ValueError, match="has 3 symbols, and max_length is 2: raise it"):
        guided(model, contains([1, 2, 3], V), 1, np.random.default_rng(0), Sampling(max_length=2))
    assert model.rows_computed == 0


def test_a_rule_of_which_the_model_holds_nothing_possible_is_refused():
    model = Table([[0, 1, 0, 0], [0.5, 0, 0.5, 0], [0.5, 0.5, 0, 0], [1, 0, 0, 0]])
    with pytest.raises(ValueError, match="probability of 0"):
        guided(model, contains([3], 4), 1, np.random.default_rng(0), Sampling(max_length=9))


def test_a_model_that_never_ends_is_given_up():
    endless = Table([[0, 0.5, 0.5, 0], [0, 0.2, 0.8, 0], [0, 0.7, 0.3, 0], [0, 1, 0, 0]])
    with pytest.raises(ValueError, match="rule allows"):
        guided(endless, everything(4), 5, np.random.default_rng(0), Sampling(max_length=60))
    with pytest.raises(ValueError, match="rule allows"):
        guided(endless, everything(4), 5, np.random.default_rng(0), Sampling(0.0, max_length=60))


def test_no_items_can_be_asked_for():
    assert len(guided(random_table(), everything(V), 0, np.random.default_rng(0), SAMPLING).drawn) == 0


# ---- the parts ----


@given(st.lists(st.floats(1e-6, 10), min_size=2, max_size=60), st.floats(0.1, 0.95), st.integers(0, 1000))
def test_each_is_kept_as_often_as_is_said(values, share, seed):
    values = np.array(values)
    room = share * len(values)
    unit = unit_of(values, room)
    inclusion = np.minimum(1, values / unit)
    assert inclusion.sum() == pytest.approx(room)
    kept, said = thin(values, unit, np.random.default_rng(seed))
    np.testing.assert_array_equal(said, inclusion[kept])
    assert abs(len(kept) - room) < 1 + 1e-6
    assert set(np.flatnonzero(values >= unit)) <= set(kept)


def test_what_is_thinned_is_right_on_average():
    values = np.array([5.0, 0.1, 0.2, 3.0, 0.3, 0.4, 0.5, 0.6])
    unit = unit_of(values, 4.0)
    total = np.zeros(8)
    for seed in range(2000):
        kept, inclusion = thin(values, unit, np.random.default_rng(seed))
        total[kept] += values[kept] / inclusion
    np.testing.assert_allclose(total / 2000, values, rtol=0.15)


def test_what_frequencies_expect_of_a_rule_is_the_closed_form():
    frequency = np.array([0.25, 0.5, 0.25])
    guide = FrequencyGuide(frequency, contains([2], 3))
    start, done = guide.after(None, np.array([1]))[0, 1:]
    assert done == pytest.approx(1, rel=0.02)  # nothing can go wrong any more
    assert start == pytest.approx(0.25 / (1 - 0.5), rel=0.02)


def test_the_shortest_way_to_acceptance():
    rule = contains([1, 2, 1], V) & starts_with([3], V)
    steps = steps_to_acceptance(rule)
    assert steps[rule.start] == min(len(item) for item in ITEMS if rule.allows(item)) == 4
    assert steps[0] == math.inf
