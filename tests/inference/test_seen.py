"""Which items came before, against a set of tuples."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from moreish.inference import seen as seen_module
from moreish.inference.seen import Seen

batches = st.lists(st.lists(st.lists(st.integers(1, 3), max_size=4), max_size=12), min_size=1, max_size=6)


def flat(items) -> tuple[np.ndarray, np.ndarray]:
    ids = np.array([0, *(i for item in items for i in [*item, 0])], np.uint8)
    return ids, np.flatnonzero(ids == 0)


def expected(listed) -> list[list[bool]]:
    before, answers = set(), []
    for items in listed:
        answers.append([])
        for item in map(tuple, items):
            answers[-1].append(item not in before)
            before.add(item)
    return answers


@given(batches)
def test_an_item_is_new_once(listed):
    seen = Seen()
    assert [seen.add(*flat(items)).tolist() for items in listed] == expected(listed)
    assert len(seen) == sum(map(sum, expected(listed)))


@pytest.mark.parametrize("blind", [0, 1])
@given(batches)
def test_one_half_of_the_hash_that_tells_nothing_apart_does_no_harm(blind, listed):
    whole = seen_module.hashes_of
    seen = Seen()

    def half_blind(ids, offsets, hasher):
        hashes = whole(ids, offsets, hasher)
        return np.full_like(hashes, 7) if hasher is seen._hashers[blind] else hashes

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(seen_module, "hashes_of", half_blind)
        assert [seen.add(*flat(items)).tolist() for items in listed] == expected(listed)


def test_the_table_grows_and_forgets_nothing(monkeypatch):
    monkeypatch.setattr(seen_module, "SMALLEST", 4)
    seen, items = Seen(), list(itertools.product((1, 2, 3), repeat=8))
    rng = np.random.default_rng(0)
    order = rng.permutation(len(items))
    for part in np.array_split(order, 7):
        assert seen.add(*flat([items[i] for i in part])).all()
    assert len(seen) == len(items)
    assert not seen.add(*flat(items)).any()
