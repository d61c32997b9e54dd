"""Which blend is chosen, and how strictly it keeps to the list, by items that it was not made from."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from moreish.background.cases import joined
from moreish.background.choosing import NAMES, TEMPERATURES, WORTH, ByItem, Choice, Measured, choose, measure
from moreish.background.gate import Parts
from moreish.background.lengths import STRENGTHS, Timing, nats_of
from moreish.background.listening import Listening
from moreish.background.outline import STRICTNESSES, Strictness
from tests.support.backgrounds import numbered_list, random_background

SYMBOLS, ITEMS = numbered_list(30)
NET = random_background(n_hidden=4)
CASE, GATE = joined((HEARD := Listening(NET, SYMBOLS, ITEMS, orders=2)).read_cases()).first(2), NET.gates[Parts(1, 0)]


def of(*nats: float, temperature: float = 1.0) -> Measured:
    """What was measured of items of ten symbols, each with so many nats a symbol."""
    return Measured.of(ByItem(np.array(nats) * 10, np.full(len(nats), 10)), temperature)


@given(st.lists(st.tuples(st.floats(0, 50), st.integers(1, 30)), min_size=2, max_size=40), st.integers(0, 99))
def test_the_error_of_a_mean_over_items_is_that_of_a_ratio(items, seed):
    """Linearised: the spread of nats - mean x size, item by item, as of a mean over as many draws."""
    nats, sizes = (np.array(column, float) for column in zip(*items, strict=True))
    found = ByItem(nats, sizes)
    mean = math.fsum(nats) / math.fsum(sizes)
    apart = [n - mean * s for n, s in zip(nats, sizes, strict=True)]
    assert found.mean == pytest.approx(mean)
    want = math.sqrt(math.fsum(a * a for a in apart) / (len(apart) - 1) * len(apart)) / math.fsum(sizes)
    assert found.error == pytest.approx(want, abs=1e-9)
    assert found.beside(found).mean == 0
    assert found.beside(found).error == pytest.approx(0, abs=1e-12)


def test_the_error_of_one_item_is_unknown_and_of_many_equals_what_draws_spread():
    assert ByItem(np.array([3.0]), np.array([2])).error == math.inf
    rng = np.random.default_rng(0)
    sizes = rng.integers(2, 12, (4000, 50))
    nats = rng.normal(2, 0.5, sizes.shape) * sizes
    errors = [ByItem(n, s).error for n, s in zip(nats[:200], sizes[:200], strict=True)]
    assert np.mean(errors) == pytest.approx((nats.sum(1) / sizes.sum(1)).std(), rel=0.05)


def test_of_blends_that_are_as_good_the_simplest_is_chosen():
    same = of(2.0, 2.1, 1.9)
    assert choose({"tuned": same, "read": same, "counted": same}, "tuned").name == "counted"
    hardly = of(*(each - WORTH / 2 for each in (2.0, 2.1, 1.9)))
    assert choose({"counted": same, "read": hardly}, "tuned").name == "counted"


def test_more_models_are_kept_where_so_few_items_cannot_tell():
    counted, read = of(2.0, 2.1, 1.9, 2.0), of(2.3, 1.9, 1.7, 2.2)
    assert read.loss > counted.loss
    assert choose({"counted": counted, "read": read}, "read").name == "read"
    one = choose({"counted": of(2.0), "read": of(2.4)}, "read")
    assert one.name == "read", "one item says nothing of how far it is from the others"


def test_a_simpler_blend_is_chosen_that_is_better_by_more_than_its_error():
    counted, read = of(*[2.0, 2.1] * 20), of(*[2.2, 2.25] * 20, temperature=0.9)
    tuned = of(*[2.3, 2.4] * 20)
    assert choose({"counted": counted, "read": read, "tuned": tuned}, "tuned").name == "counted"
    assert choose({"read": read, "tuned": tuned}, "tuned") == Choice("read", 0.9)


def test_where_nothing_was_measured_the_best_is_taken():
    assert choose({}, "read") == Choice("read")
    assert choose({name: of(2.0, 1.0) for name in NAMES[:1]}, "read") == Choice("counted")


def test_the_temperature_is_the_best_where_that_gains_more_than_its_error():
    case = replace(CASE, strays=None, stretches=None, places=None)
    ends = np.append(0, np.flatnonzero(case.targets == 0)[:-1] + 1)
    by_item = {t: -np.add.reduceat(case.foretold(GATE, t).own, ends) for t in TEMPERATURES}
    losses = {t: nats.sum() / len(case.targets) for t, nats in by_item.items()}
    best = min(losses, key=lambda t: losses[t])
    sizes = np.diff(np.append(ends, len(case.targets)))
    error = ByItem(by_item[1.0] - by_item[best], sizes).error
    want = best if losses[1.0] - losses[best] >= max(WORTH, error) else 1.0
    assert measure(case, GATE).temperature == want
    assert measure(case, GATE).loss == pytest.approx(losses[want], abs=1e-5)


@pytest.mark.parametrize("sharpness", [0.5, 1.0, 3.0])
def test_a_temperature_is_chosen_for_models_that_are_too_sure(sharpness: float):
    """Scores to a power: the temperature that undoes it, where it is among those that are tried."""
    heated = replace(CASE, scores=CASE.scores * np.float32(sharpness), strays=None, stretches=None, places=None)
    losses = {t: -heated.foretold(GATE, t).own.mean() for t in TEMPERATURES}
    found = measure(heated, GATE)
    assert found.loss <= losses[1.0] + 1e-6
    if losses[1.0] - min(losses.values()) > 0.5:
        assert found.temperature == min(losses, key=lambda t: losses[t])


def test_the_strictness_is_the_highest_that_costs_nothing_with_one_item_more_that_strays():
    found = measure(CASE, GATE).strictness

    def most(of):
        losses = {s: -float(CASE.foretold(GATE, 1.0, of(s)).own.mean()) + s / len(CASE.targets) for s in STRICTNESSES}
        return max(s for s in STRICTNESSES if losses[s] <= min(losses.values()) + WORTH)

    assert found.order == most(lambda s: Strictness(order=s))
    assert found.runs == most(lambda s: Strictness(found.order, s))


def test_few_items_are_not_kept_strictly_and_many_are():
    """The same evidence twenty times over: none of the items strays, which of three is no wonder."""
    few = measure(HEARD.case(0).first(2), GATE)
    many = measure(joined([HEARD.case(k) for k in range(5)] * 20).first(2), GATE)
    assert all(a <= b for a, b in zip(few.strictness, many.strictness, strict=True))
    assert all(a <= b for a, b in zip(few.timing[:3], many.timing[:3], strict=True))
    assert sum(few.timing[:3]) < sum(many.timing[:3])


def test_the_timing_costs_next_to_nothing_on_items_held_out():
    measured = measure(CASE, GATE)
    foretold = CASE.foretold(GATE, 1.0, measured.strictness)

    def loss(early, late):
        assert CASE.places is not None
        timing = Timing(early, late, *others)
        return -float(foretold.timed(nats_of(timing, CASE.places)).mean()) + sum(timing) / len(CASE.targets)

    early, late, *others = measured.timing
    assert loss(early, late) <= min(loss(early, each) for each in STRENGTHS) + WORTH
    for stricter in (s for s in STRENGTHS if s > late):
        assert loss(early, stricter) > min(loss(early, each) for each in STRENGTHS) + WORTH
