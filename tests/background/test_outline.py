"""Outlines against a slow account of the same, and what keeping to them does to a list that has few."""

import random
from itertools import groupby

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import moreish
from moreish.background.blend import Blend
from moreish.background.outline import OFTEN, SLACK, SURE, Outline, Strictness, kept_inside
from moreish.background.shape import symbol_class
from moreish.fitting.few import heard
from moreish.inference.suggested import in_outline
from moreish.recipes import BackgroundChoice

CLASS_OF = np.array([0, 1, 1, 2, 2, 3])
ITEM = st.lists(st.integers(1, 5), min_size=1, max_size=12).map(np.array)
ITEMS = st.builds(lambda items, times: items * times, st.lists(ITEM, min_size=1, max_size=8), st.integers(1, 4))


def runs(item):
    return [(c, len(list(run))) for c, run in groupby(CLASS_OF[item].tolist())]


def slack(there, n, bound):
    """None where the longest, or the shortest, comes so often that nobody would take it for chance."""
    return 0 if len(there) >= SURE and there.count(bound(there)) >= len(there) / OFTEN else int(SLACK * n)


def straying(items, prefix, symbol):
    """How a symbol strays after a prefix that has not left the outlines, by every item; "" if it does not."""
    before, c = runs(prefix), int(CLASS_OF[symbol])
    shape = tuple(each for each, _ in before)
    there = [
        runs(item)[len(before) - 1][1] for item in items if tuple(e for e, _ in runs(item)[: len(before)]) == shape
    ]
    place = before[-1][1] if before else 0
    if before and c == before[-1][0]:
        return "runs" * all(n + slack(there, n, max) <= place for n in there)
    goes_on = {tuple(e for e, _ in runs(item))[: len(before) + 1] for item in items}
    ends = {tuple(e for e, _ in runs(item)) for item in items}
    if ((*shape, c) not in goes_on) if c else (shape not in ends):
        return "order"
    return "runs" * all(n - slack(there, n, min) > place for n in there) if before else ""


SHARES = st.builds(Strictness, st.sampled_from([0.0, 0.5, 1.0]), st.sampled_from([0.0, 0.25, 1.0]))


@given(ITEMS, SHARES, st.data())
def test_a_symbol_strays_where_every_run_of_the_list_says_otherwise(items, shares, data):
    outline = Outline.of(CLASS_OF, items, shares)
    item = data.draw(st.sampled_from(items))
    prefix = item[: data.draw(st.integers(0, len(item)))]
    nodes = outline.start(1)
    for symbol in prefix:
        nodes = outline.advance(nodes, np.array([symbol]))
    want = [
        getattr(shares, straying(items, prefix, s) or "runs") * bool(straying(items, prefix, s)) for s in range(6)
    ]
    np.testing.assert_allclose(outline.strays(nodes)[0], want, atol=1e-6)


@pytest.mark.parametrize(("fours", "strays"), [(10, True), (2, False)])
def test_a_run_longer_than_many_of_the_longest_strays_and_than_few_may_be_a_new_one(fours, strays):
    digits, boundary = np.array([1] * 9), [np.array([4])]
    items = [np.r_[digits[:n], boundary[0]] for n in [4] * fours + [1, 2, 3, 2, 3, 1, 2, 3, 1, 2]]
    outline = Outline.of(np.array([0, 1, 1, 2, 2, 3]), items)
    found = outline.strays_in([np.r_[digits[:5], boundary[0]]])
    assert bool(found[4, 1]) == strays


@given(ITEMS, ITEM)
def test_no_item_of_the_list_strays_and_any_other_can_be_read(items, other):
    outline = Outline.of(CLASS_OF, items)
    for item in items:
        strays = outline.strays_in([item])
        assert not strays[np.arange(len(item) + 1), [*item, 0]].any()
    strays = outline.strays_in([other])
    assert strays.shape == (len(other) + 1, len(CLASS_OF))
    assert ((strays >= 0) & (strays <= 1)).all()


@given(ITEMS, ITEMS, SHARES)
def test_an_item_leaves_the_outlines_where_it_strays_from_their_order(items, others, shares):
    outline, order = Outline.of(CLASS_OF, items, shares), Outline.of(CLASS_OF, items, Strictness(order=1.0))
    want = [order.strays_in([item])[np.arange(len(item) + 1), [*item, 0]].any() for item in others]
    ids = np.concatenate([[0], *([*item, 0] for item in others)])
    offsets = np.cumsum([0, *(len(item) + 1 for item in others)])
    np.testing.assert_array_equal(outline.are_left_by(ids, offsets), want)


@given(ITEMS, st.integers(0, 5), st.integers(0, 1000))
def test_what_is_kept_inside_is_a_distribution_in_which_only_straying_costs(items, strictness, seed):
    outline = Outline.of(CLASS_OF, items)
    strays = outline.strays_in(items)
    logits = np.random.default_rng(seed).normal(size=strays.shape)
    logprobs = logits - np.log(np.exp(logits).sum(1, keepdims=True))
    kept = kept_inside(logprobs, strays, float(strictness))
    np.testing.assert_allclose(np.exp(kept).sum(1), 1, rtol=1e-9)
    cost = (kept - logprobs) + strictness * strays  # the same for every symbol of a row
    np.testing.assert_allclose(cost, np.broadcast_to(cost[:, :1], cost.shape), atol=1e-6)


PLATES = [
    "HH-KR 4021", "HH-TB 775", "B-MW 1290", "B-AC 318", "M-ZU 9004", "M-LE 52", "KI-PO 611", "KI-RA 7188",
    "S-TX 430", "S-GN 8215", "DD-FE 96", "DD-OV 3107", "K-HD 542", "K-WI 6630", "HB-SY 208", "HB-NU 1749",
    "F-CJ 853", "F-QA 4466", "L-EB 71", "L-MO 2395", "N-VK 617", "N-DP 5082", "E-RT 934", "E-UF 1811",
    "DO-GI 76", "DO-LS 3528",
]  # fmt: skip


def outline_of(text):
    return tuple(c for c, _ in groupby(map(symbol_class, text)))


@pytest.mark.slow
def test_number_plates_keep_their_form_and_hardly_do_without():
    corpus = moreish.data.undivided(moreish.read(PLATES))
    blend, measured = heard(corpus, BackgroundChoice())
    assert measured is not None
    assert measured.strictness.order >= 3
    free = Blend(blend.ensemble, blend.gate, blend.temperature)
    shares = []
    for model in (blend, free):
        made = [item.text for item in moreish.api.Listened(corpus, model, measured).more(100, seed=1)]
        shares.append(np.mean([outline_of(item) == outline_of(PLATES[0]) for item in made]))
    assert shares[0] > 0.9 > shares[1] + 0.2


NAMES = [
    "Harbour, Anna", "Winter, Bruno", "Ladder, Clara", "Pocket, Dieter", "Candle, Elena", "River, Fabian",
    "Silver, Greta", "Market, Hannes", "Bridge, Ines", "Thunder, Jakob", "Copper, Karla", "Garden, Leon",
    "Meadow, Mila", "Lantern, Nils", "Pillow, Olga", "Saddle, Paul", "Barrel, Quirin", "Timber, Rosa",
    "Orchard, Stefan", "Feather, Tilda", "Ribbon, Uwe", "Pepper, Vera", "Ginger, Wanda", "Walnut, Zeno",
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("items", [NAMES, [f"[{n}]" for n in NAMES], [n.replace(", ", "_").lower() for n in NAMES]])
def test_no_item_is_given_that_leaves_an_outline_which_all_items_keep_to(items):
    corpus = moreish.data.undivided(moreish.read(items))
    blend, measured = heard(corpus, BackgroundChoice())
    listened = moreish.api.Listened(corpus, blend, measured)
    outlines = {outline_of(item) for item in items}
    assert all(outline_of(item.text) in outlines for item in listened.more(100, seed=1))
    as_it_is = [outline_of(item.text) in outlines for item in listened.more(100, seed=1, min_p=0)]
    assert not all(as_it_is), "the model itself holds them possible"


def test_a_list_of_many_outlines_is_drawn_from_without_looking_at_them():
    draw = random.Random(3)
    items = ["".join(draw.choices("abAB01-. ", k=draw.randrange(4, 12))).strip() + "x" for _ in range(40)]
    blend, _ = heard(moreish.data.undivided(moreish.data.from_items(items)), BackgroundChoice())
    assert in_outline(blend) is None
