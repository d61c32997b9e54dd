"""Items are about as long as those of the list: the odds of the end before and behind the median length."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import moreish
from moreish.background.blend import Blend
from moreish.background.endings import Endings
from moreish.background.lengths import (
    PLACES,
    Foretold,
    Lengths,
    Nats,
    Places,
    Timing,
    nats_of,
    places_in,
    strictest,
    timed,
)
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


@given(st.integers(1, 5), st.integers(2, 6), st.floats(-8, 30), st.floats(-8, 30), st.integers(0, 1000))
def test_what_is_timed_is_a_distribution_and_the_odds_of_ends_alone_have_moved(rows, symbols, end, closing, seed):
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(rows, symbols)) * 3
    before = logits - np.log(np.exp(logits).sum(1, keepdims=True))
    last = rng.integers(0, symbols, rows)
    closes = rng.random((rows, symbols)) < 0.4
    closes[:, 0] = closes[np.arange(rows), last] = False
    places = Places(np.zeros((2, rows)), np.zeros(rows, bool), closes, last)
    nats = Nats(np.full(rows, end), np.full(rows, closing))
    after = timed(before, nats, places)
    np.testing.assert_allclose(np.exp(after).sum(1), 1, rtol=1e-6)
    moved = after - before
    want = np.where(closes, closing, 0.0)
    want[np.arange(rows), last] = end
    np.testing.assert_allclose(moved - moved[:, :1], want - want[:, :1], atol=1e-6)
    for target in range(symbols):
        own = Foretold.of(before, np.full(rows, target), places).timed(nats)
        np.testing.assert_allclose(own, after[:, target], atol=1e-5)


def test_a_sure_end_that_is_made_unlikely_stays_a_distribution():
    sure = np.array([[0.0, -200.0]], np.float32)
    places = Places(np.zeros((2, 1)), np.array([False]), np.array([[False, True]]), np.array([0]))
    assert np.isfinite(timed(sure, Nats(np.array([-40.0]), np.array([-32.0])), places)).all()


@given(STRENGTH, STRENGTH, LENGTHS)
def test_no_timing_changes_nothing_and_each_part_works_where_it_should(early, late, lengths):
    beyond = Lengths.of(lengths).beyond()
    odd = np.arange(PLACES) % 3 == 0
    places = Places(beyond, odd, np.zeros((PLACES, 4), bool), np.zeros(PLACES, int))
    assert not any(each.any() for each in nats_of(Timing(), places))
    nats = nats_of(Timing(early, late, 2.0, 3.0), places)
    halves = [nats_of(timing, places).end for timing in (Timing(early, 0), Timing(0, late))]
    np.testing.assert_allclose(nats.closing, sum(halves) + 3)
    np.testing.assert_allclose(nats.end, sum(halves) - 2 * odd)


def test_what_closes_an_item_and_what_it_ends_in():
    texts = ['"ab."', '"b a"', '"a.b?"', '"bb."', '"ba."', '"a"']
    symbols = sorted(set("".join(texts)))
    ids = {symbol: i + 1 for i, symbol in enumerate(symbols)}
    items = [np.array([ids[s] for s in text]) for text in texts]
    found = Endings.of(np.arange(len(symbols) + 1), items)
    assert [s for s in symbols if found.last[ids[s]]] == ['"']
    assert [s for s in symbols if found.closing[ids[s]]] == ['"'], "of four full stops three close"
    assert not found.last[0]
    assert not found.closing[0]
    places = places_in(items, Lengths.of(np.array([len(item) for item in items])), found)
    first = np.cumsum([0, *(len(item) + 1 for item in items[:-1])])
    assert not places.closing[first].any(), "what stands first opens"
    assert (places.closing.sum(1) == 1).sum() == sum(map(len, items))


@pytest.mark.slow
def test_quoted_items_are_closed():
    corpus = moreish.data.undivided(moreish.read([f"<{each}>" for each in SUBJECTS]))
    blend, measured = heard(corpus, BackgroundChoice())
    assert measured is not None
    untimed = Blend(blend.ensemble, blend.gate, blend.temperature, blend.outline, blend.strictness)
    closed, too_long = [], []
    for model in (blend, untimed):
        made = [item.text for item in moreish.api.Listened(corpus, model, measured).more(100, seed=1)]
        closed.append(np.mean([item.endswith(">") for item in made]))
        too_long.append(np.mean([len(item) > 2 + max(map(len, SUBJECTS)) for item in made]))
    assert closed[0] > 0.95 > closed[1]
    assert too_long[0] < too_long[1] / 2


def test_the_strictest_is_the_last_before_it_costs_something():
    assert strictest(lambda t: max(t.early - 2, 0) + max(t.late - 5, 0) + t.odd, worth=0.1) == Timing(2, 5)
    assert strictest(lambda t: t.early + t.late + max(t.odd - 3, 0), worth=0.1) == Timing(0, 0, 3)
    assert strictest(lambda t: t.late + abs(t.closing - 3) / 100, worth=9.5) == Timing(8, 8, 8, 3), "as is best"


@pytest.mark.slow
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
