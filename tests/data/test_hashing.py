"""The hash of many items at once, duplicates, and the helpers for items that lie end to end."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moreish.data.duplicates import first_occurrences
from moreish.data.hashing import ItemHash
from moreish.data.known import Known
from moreish.data.ragged import GrowingArray, bounded, equal, gather
from tests.data.oracles import slow_hash, small_pieces

ITEMS = st.lists(st.text(st.sampled_from("ab.é👩"), min_size=1, max_size=5), min_size=1, max_size=30)


def flat(items: list[str], end: int = 10) -> tuple[np.ndarray, np.ndarray]:
    codes = np.array([end, *(c for item in items for c in [*map(ord, item), end])], np.uint32)
    return codes, np.cumsum([0, *(len(item) + 1 for item in items)]).astype(np.uint32)


@given(ITEMS, st.integers(0, 2**70))
@settings(max_examples=30, deadline=None)
def test_hash_of_many_is_the_hash_of_each(items, seed):
    codes, offsets = flat(items)
    hashes = ItemHash(seed, end=10)(codes[1:], offsets[1:] - 1)
    assert hashes.tolist() == [slow_hash(item, seed % 2**64) for item in items]


@pytest.mark.slow
@given(ITEMS)
@settings(max_examples=30, deadline=None)
def test_hash_of_one_is_its_hash_among_many(items):
    codes, offsets = flat(items)
    of_all = ItemHash(1, end=10)(codes[1:], offsets[1:] - 1).tolist()
    assert [ItemHash(1, end=10).one(np.array([*map(ord, item)])) for item in items] == of_all


def test_hash_does_not_depend_on_what_was_hashed_before():
    used, codes, ends = ItemHash(1, end=10), np.array([97, 98, 10]), np.array([2])
    for more in ([0x1F469, 10], [97, 300, 10], [5] * 1000 + [10]):
        used(np.array(more), np.array([len(more) - 1]))
    np.testing.assert_array_equal(used(codes, ends), ItemHash(1, end=10)(codes, ends))


@pytest.mark.parametrize("hashed", ["well", "to two values", "all to one"])
@given(items=ITEMS)
@settings(max_examples=30, deadline=None)
def test_first_occurrences_are_those_of_a_dictionary(hashed, items):
    codes, offsets = flat(items)
    hashes = ItemHash(3, end=10)(codes[1:], offsets[1:] - 1)
    if hashed != "well":  # whatever the hash says, equality decides
        hashes = np.where(
            hashes % 2 == 0, np.uint64(7 << 60), np.uint64(1 << 60 if hashed == "to two values" else 7 << 60)
        )
    first = {item: i for i, item in reversed(list(enumerate(items)))}
    with small_pieces():
        assert np.flatnonzero(first_occurrences(hashes, codes, offsets)).tolist() == sorted(first.values())


@given(ITEMS, st.booleans())
@settings(max_examples=30, deadline=None)
def test_known_finds_the_first_equal_item_or_none(items, collide):
    codes, offsets = flat(items)
    hashes = ItemHash(3, end=10)(codes[1:], offsets[1:] - 1)
    if collide:
        hashes[:] = 5 << 60
    asked = dict(zip(items, hashes.tolist(), strict=True))
    known = Known(codes, offsets.astype(np.int64), hashes.copy())
    for item in items:
        assert known.find(np.array([*map(ord, item)], np.uint32), asked[item]) == items.index(item)
        assert known.find(np.array([*map(ord, item), 98], np.uint32), 5 << 60) in (
            None,
            items.index(item + "b") if item + "b" in items else None,
        )


@given(ITEMS, st.data())
@settings(max_examples=30, deadline=None)
def test_gather_and_equal_agree_with_lists(items, data):
    codes, offsets = flat(items)
    which = np.array(data.draw(st.lists(st.integers(0, len(items) - 1))), np.int64)
    want = [c for i in which for c in [*map(ord, items[i]), 10]]
    assert gather(codes, offsets, which).tolist() == want
    other = np.array(data.draw(st.permutations(range(len(items)))), np.int64)
    mine = np.arange(len(items))
    with small_pieces():
        same = equal(codes, offsets, mine, other)
    assert same.tolist() == [items[a] == items[b] for a, b in zip(mine, other, strict=True)]


@given(ITEMS)
def test_bounded_slices_cover_all_and_keep_the_bound(items):
    _, offsets = flat(items)
    with small_pieces():
        parts = list(bounded(offsets))
    assert [i for part in parts for i in range(part.start, part.stop)] == list(range(len(items)))
    for part in parts:
        assert part.stop - part.start <= 3
        assert offsets[part.stop] - offsets[part.start] <= 8 or part.stop - part.start == 1
        if part.stop < len(items):  # and no slice is smaller than it need be
            assert offsets[part.stop + 1] - offsets[part.start] > 8 or part.stop - part.start == 3


@given(st.lists(st.lists(st.integers(0, 2**33), max_size=4)))
def test_growing_widens_when_a_larger_number_comes_and_loses_none(rows):
    growing = GrowingArray(np.uint8, first=(7,))
    for row in rows:
        growing.extend(np.array(row, np.int64))
    want = [7, *(x for row in rows for x in row)]
    assert len(growing) == len(want)
    array = growing.finish()
    assert array.tolist() == want
    assert array.dtype == np.min_scalar_type(max(want))
