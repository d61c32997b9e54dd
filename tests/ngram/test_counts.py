"""The trie of counts against a dictionary of tuples, by every way of counting."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moreish.ngram import count_ngrams
from moreish.ngram import counts as counts_module
from tests.ngram.oracles import V, flat, lists, orders


def grams(counts):
    """{tuple of ids: count} for every node of the trie."""
    names: list[tuple[int, ...]] = [()]
    for parent, symbol in zip(counts.parent[1:], counts.symbol[1:], strict=True):
        names.append((*names[parent], int(symbol)))
    return names, dict(zip(names, counts.count.tolist(), strict=True))


def expected(items, order):
    found = Counter()
    for item in items:
        word = (0, *item, 0)
        for end in range(1, len(word)):
            for begin in range(max(0, end - order + 1), end + 2):
                found[word[begin : end + 1]] += 1
    return found


@pytest.mark.parametrize("way", ["table", "sort", "pieces"])
@settings(max_examples=40, deadline=None)
@given(lists, orders)
def test_every_ngram_is_counted(way, items, order):
    with pytest.MonkeyPatch.context() as patch:
        if way == "sort":
            patch.setattr(counts_module, "LARGEST_TABLE", 0)
        if way == "pieces":
            patch.setattr(counts_module, "_pieces", lambda n, _: ((i, min(i + 3, n)) for i in range(1, n, 3)))
        counts = count_ngrams(*flat(items), V, order)
    names, found = grams(counts)
    assert found == expected(items, order)
    assert (np.diff(counts.keys) > 0).all()
    assert [len(names[n]) for n in range(len(names))] == counts.length(np.arange(len(names))).tolist()


@settings(max_examples=40, deadline=None)
@given(lists, orders)
def test_suffix_drops_the_first_symbol(items, order):
    counts = count_ngrams(*flat(items), V, order)
    names, _ = grams(counts)
    assert [names[s] for s in counts.suffix] == [name[1:] for name in names]


@settings(max_examples=40, deadline=None)
@given(lists, orders)
def test_opening_ngrams_are_the_first_of_their_level(items, order):
    counts = count_ngrams(*flat(items), V, order)
    names, _ = grams(counts)
    for level, opening in enumerate(counts.opening):
        here = names[counts.levels[level] : counts.levels[level + 1]]
        assert [name[:1] == (0,) for name in here] == [i < opening for i in range(len(here))]


@settings(max_examples=40, deadline=None)
@given(lists, st.integers(1, V - 1), st.integers(0, 20))
def test_child_is_found_or_zero(items, symbol, context):
    counts = count_ngrams(*flat(items), V, 3)
    names, _ = grams(counts)
    context = context % len(names)
    child = int(counts.child(np.array([context]), np.array([symbol]))[0])
    wanted = (*names[context], symbol)
    assert child == (names.index(wanted) if wanted in names else 0)


@settings(max_examples=40, deadline=None)
@given(lists, orders, st.integers(0, 5))
def test_lower_orders_are_the_first_levels(items, order, lower):
    counts = count_ngrams(*flat(items), V, order)
    if lower > order:
        with pytest.raises(ValueError, match=f"order {lower} is not among them"):
            counts.upto(lower)
    else:
        assert grams(counts.upto(lower)) == grams(count_ngrams(*flat(items), V, lower))


def test_large_vocabularies_need_no_table():
    V = 60_000
    generator = np.random.default_rng(3)
    ids = generator.integers(1, V, 3000).astype(np.uint16)
    ids[1000:1200] = ids[:200]
    ids[0] = ids[-1] = 0
    counts = count_ngrams(ids, np.array([0, len(ids) - 1]), V, 4)
    assert grams(counts)[1] == expected([ids[1:-1].tolist()], 4)


@pytest.mark.parametrize(
    ("ids", "offsets", "order", "message"),
    [
        ([0], [0], 2, "no items"),
        ([1, 0], [0, 1], 2, "boundary"),
        ([0, 1, 0], [0, 1], 2, "boundary"),
        ([0, 9, 0], [0, 2], 2, "vocabulary has 6"),
        ([0, 1, 0], [0, 2], -1, "not -1"),
    ],
)
def test_what_cannot_be_counted_is_refused(ids, offsets, order, message):
    with pytest.raises(ValueError, match=message):
        count_ngrams(np.array(ids), np.array(offsets), V, order)
