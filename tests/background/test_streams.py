"""What a background net reads while it is trained: episodes of one list each, in lanes; the alphabet of all lists."""

from itertools import islice, pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from moreish.background.alphabet import Alphabet, SymbolTables
from moreish.background.streams import Changes, Lanes, episodes, training_lists
from moreish.background.symbols import BOUNDARY, features
from tests.support.lists import made_items

UNCHANGED = Changes(0.0, 0.0, 0.0)
LISTS = [made_items(20), [item.upper() for item in made_items(15)], ["один", "два", "три"], ["Ab", "bA", "é"]]
ALPHABET = Alphabet(LISTS, 1)
NUMBERED = training_lists(LISTS, [1.0, 2.0, 1.0, 1.0], ALPHABET)


def source(changes: Changes = UNCHANGED, length: int = 8, seed: int = 0):
    return episodes(NUMBERED, ALPHABET, length, changes, np.random.default_rng(seed))


def written(ids: np.ndarray) -> list[str]:
    """The whole items of an episode."""
    ends = np.flatnonzero(ids == 0)
    return ["".join(ALPHABET.symbols[i - 1] for i in ids[a + 1 : b]) for a, b in pairwise(ends)]


def test_an_episode_is_items_of_one_list_each_once_before_any_is_read_again():
    seen = set()
    for ids in islice(source(), 200):
        assert ids[0] == 0
        assert len(ids) % 8 == 1
        items = written(ids)
        own = next((k for k, each in enumerate(LISTS) if {*items} <= {*each}), None)
        assert own is not None
        seen.add(own)
        whole = sorted(LISTS[own])
        for k in range(len(items) // len(whole)):
            assert sorted(items[k * len(whole) : (k + 1) * len(whole)]) == whole
    assert seen == {0, 1, 2, 3}


def test_lists_are_drawn_by_their_weights():
    drawn = [0, 0, 0, 0]
    for ids in islice(source(), 1000):
        items = {*written(ids)} - {""}
        drawn[next(k for k, each in enumerate(LISTS) if items <= {*each})] += 1
    for count, share in zip(drawn, (0.2, 0.4, 0.2, 0.2), strict=True):
        assert abs(count / 1000 - share) < 5 * (share * (1 - share) / 1000) ** 0.5 + 0.02  # some are cut to no item


@pytest.mark.parametrize(
    ("changes", "change"), [(Changes(1.0, 0.0, 0.0), str.lower), (Changes(0.0, 1.0, 0.0), str.upper)]
)
def test_an_episode_in_another_case_has_that_of_every_letter_that_there_is(changes: Changes, change):
    plain, changed = source(), source(changes)
    for one, two in islice(zip(plain, changed, strict=False), 30):
        for a, b in zip(one, two, strict=True):
            want = change(ALPHABET.symbols[a - 1]) if a else ""
            assert b == ALPHABET.number.get(want, a)


@given(st.integers(0, 2**32), st.integers(1, 5), st.integers(1, 20))
@settings(max_examples=25)
def test_stretches_go_on_where_the_last_ended_and_hide_no_target(seed: int, lanes: int, length: int):
    stream = Lanes(source(Changes(), length, seed), lanes, length)
    last = None
    for stretch in islice(stream, 12):
        assert stretch.x.shape == stretch.y.shape == (lanes, length)
        np.testing.assert_array_equal(stretch.x[:, 1:], stretch.y[:, :-1])
        possible = np.take_along_axis(stretch.impossible, stretch.y, 1)
        assert (possible == 0).all()
        assert (np.take_along_axis(stretch.impossible, stretch.x, 1) == 0).all()
        assert {*np.unique(stretch.impossible)} <= {0, -np.inf}
        ids = stretch.symbols[stretch.x]
        assert (ids[stretch.fresh, 0] == 0).all()
        if last is None:
            assert stretch.fresh.all()
        else:
            assert (ids[~stretch.fresh, 0] == last[~stretch.fresh]).all()
        last = stretch.symbols[stretch.y[:, -1]]
        assert (np.diff(stretch.symbols) > 0).all()


def test_a_lane_chooses_among_the_symbols_of_its_own_list():
    stream = Lanes(source(), 6, 8)
    for stretch in islice(stream, 50):
        for row in stretch.impossible:
            own = {ALPHABET.symbols[i - 1] for i in stretch.symbols[row == 0] if i}
            assert any(own <= {*"".join(each)} for each in LISTS)


@given(st.integers(0, 2**32))
def test_letters_are_exchanged_one_to_one_and_the_boundary_stays(seed: int):
    every = Alphabet([["abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "é1 ж"]], 1)
    mapped = every.exchanged(np.random.default_rng(seed))
    assert mapped[0] == 0
    assert sorted(mapped) == list(range(len(every)))
    after = {s: every.symbols[mapped[i] - 1] for s, i in every.number.items()}
    for s, t in after.items():
        assert (s in "aeiouy") == (t in "aeiouy")
        assert t.upper() == after[s.upper()] if s.isascii() else s == t


@pytest.mark.parametrize("change", [str.lower, str.upper, lambda s: "", lambda s: "no symbol"])
def test_a_mapping_keeps_the_boundary_and_what_has_no_other_form(change):
    mapped = ALPHABET.mapped(change)
    assert mapped[0] == 0
    assert (mapped[1:] > 0).all()
    for s, i in ALPHABET.number.items():
        assert mapped[i] == ALPHABET.number.get(change(s), i)


def test_the_vector_of_a_symbol_is_the_sum_of_its_features_that_are_frequent():
    alphabet = Alphabet([["aa", "ab", "áb", "ж"]], 2)
    assert alphabet.features[BOUNDARY] == 0
    assert "base a" in alphabet.features
    assert not {"symbol á", "base ж"} & {*alphabet.features}
    tables = SymbolTables(alphabet, 3)
    ids = np.array([alphabet.number[s] for s in "ábaж"] + [0, alphabet.number["ж"]])
    reading, writing, bias = tables.parts(ids)
    for row, i in enumerate(ids):
        names = [n for n in features(alphabet.symbols[i - 1]) if n in alphabet.features] if i else [BOUNDARY]
        for found, table in zip((reading, writing, bias), tables.parameters(), strict=True):
            want = sum((table[alphabet.features[n]] for n in names), torch.zeros(table.shape[1]))
            torch.testing.assert_close(found[row], want)
