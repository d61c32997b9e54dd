"""Items are about as long as those of the list: the odds of the end before and behind the median length."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import moreish
from moreish.background.blend import Blend
from moreish.background.lengths import PLACES, Lengths, Timing, nats_of, strictest, timed, timed_targets
from moreish.fitting.few import heard
from moreish.recipes import BackgroundChoice

SUBJECTS = [
    "Re: your order from the garden centre has been sent", "Fwd: minutes of the meeting on Thursday the 14th",
    "Invitation: summer party at the rowing club", "Your parcel could not be delivered today",
    "Reminder: the library books are due on Monday", "Re: question about the leaking tap in flat 3",
    "Offer: two new tyres for the price of one", "Your invoice for the month of October is ready",
    "Fwd: pictures of the wedding in Lisbon", "Please confirm your appointment with Dr Hale",
    "Re: the key to the bicycle shed", "Last chance to renew your membership",
    "Invitation: talk on the history of our canal", "Your password will expire in seven days",
    "Re: Re: lunch on Friday or Saturday?", "Thank you for your application as a gardener",
    "Water will be cut off on Tuesday from 9 to 12", "Fwd: recipe for the plum cake of Aunt Vera",
    "New message from the parents' council", "Your train to Ghent has been cancelled",
    "Survey: how satisfied were you with our service?", "Re: offer for painting the stairwell",
]  # fmt: skip

LENGTHS = st.lists(st.integers(0, 600), min_size=1, max_size=20).map(np.array)
STRENGTH = st.floats(0, 8)


@given(LENGTHS)
def test_only_places_away_from_the_median_are_beyond(lengths):
    found = Lengths.of(lengths)
    early, late = found.beyond()
    place = np.arange(PLACES)
    assert early.max() <= 0 <= late.min()
    assert ((early < 0) == (place < found.median)).all()
    assert ((late > 0) == (place > found.median)).all()
    assert (np.diff([early, late]) >= 0).all()
    if found.longest + 1 < PLACES:
        assert late[found.longest + 1] == pytest.approx(1)
    if 0 < found.shortest < PLACES:
        assert early[found.shortest - 1] == pytest.approx(-1)


@given(st.integers(1, 5), st.integers(2, 6), st.floats(-30, 30), st.integers(0, 1000))
def test_what_is_timed_is_a_distribution_in_which_the_odds_of_the_end_alone_have_moved(rows, symbols, nats, seed):
    logits = np.random.default_rng(seed).normal(size=(rows, symbols)) * 3
    before = logits - np.log(np.exp(logits).sum(1, keepdims=True))
    after = timed(before, np.full(rows, nats))
    np.testing.assert_allclose(np.exp(after).sum(1), 1, rtol=1e-6)
    np.testing.assert_allclose((after - before)[:, 0] - (after - before)[:, 1], nats, atol=1e-6)
    np.testing.assert_allclose(np.diff(after[:, 1:]), np.diff(before[:, 1:]), atol=1e-9)
    for target in range(symbols):
        own = timed_targets(before[:, target], before[:, 0], np.full(rows, target == 0), np.full(rows, nats))
        np.testing.assert_allclose(own, after[:, target], atol=1e-9)


def test_a_sure_end_that_is_made_unlikely_stays_a_distribution():
    sure = np.array([[0.0, -200.0]], np.float32)
    assert np.isfinite(timed(sure, np.array([-32.0]))).all()


@given(STRENGTH, STRENGTH, LENGTHS)
def test_no_timing_changes_nothing_and_each_half_works_on_its_side(early, late, lengths):
    beyond = Lengths.of(lengths).beyond()
    assert not nats_of(Timing(), beyond).any()
    nats = nats_of(Timing(early, late), beyond)
    np.testing.assert_allclose(nats, nats_of(Timing(early, 0), beyond) + nats_of(Timing(0, late), beyond))


def test_the_strictest_is_the_last_before_it_costs_something():
    assert strictest(lambda t: max(t.early - 2, 0) + max(t.late - 5, 0), worth=0.1) == Timing(2, 5)
    assert strictest(lambda t: t.early + t.late, worth=0.1) == Timing(0, 0)


def test_long_items_are_not_cut_short_or_drawn_out():
    corpus = moreish.data.undivided(moreish.read(SUBJECTS))
    blend, measured = heard(corpus, BackgroundChoice())
    assert measured is not None
    free = Blend(blend.ensemble, blend.gate, blend.temperature, blend.outline, blend.strictness)
    low, high = min(map(len, SUBJECTS)), max(map(len, SUBJECTS))
    outside = []
    for model in (blend, free):
        made = [item.text for item in moreish.api.Listened(corpus, model, measured).more(100, seed=1)]
        outside.append(np.mean([not 0.9 * low <= len(item) <= 1.1 * high for item in made]))
    assert outside[0] < outside[1] / 2
