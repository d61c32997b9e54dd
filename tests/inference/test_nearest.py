"""The nearest known item, beside the textbook's table of distances over every pair."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from moreish.data import DataOptions, from_items
from moreish.inference import nearest as nearest_module
from moreish.inference.nearest import Nearest, flat_ids


def edits(a, b):
    """The distance by the recurrence of Wagner and Fischer 1974."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        above, row = row, [i]
        for j, y in enumerate(b, 1):
            row.append(min(above[j] + 1, row[-1] + 1, above[j - 1] + (x != y)))
    return row[-1]


def flat(items):
    ids = np.array([0, *(i for item in items for i in (*item, 0))], np.int64)
    return ids, np.cumsum([0, *(len(item) + 1 for item in items)])


def ordered(made, known):
    """The number of the known item that is to be named, and its distance."""
    key = lambda k: (edits(made, known[k]), abs(len(known[k]) - len(made)), len(known[k]) < len(made), k)  # noqa: E731
    which = min(range(len(known)), key=key)
    return which, edits(made, known[which])


WORDS = st.lists(st.lists(st.integers(1, 3), max_size=7), max_size=12)


@given(known=WORDS.filter(bool), made=WORDS, index=st.booleans())
def test_the_nearest_is_that_of_every_pair_by_either_way(known, made, index):
    nearest = Nearest(*flat(known))
    if index:
        assert len(nearest._index)
    found = nearest.find(*flat(made))
    expected = [ordered(item, known) for item in made]
    assert list(zip(found.which.tolist(), found.distance.tolist(), strict=True)) == expected


@given(known=WORDS.filter(bool), made=WORDS, most=st.integers(-1, 4))
def test_within_is_whether_some_pair_is_as_near(known, made, most):
    near = Nearest(*flat(known)).within(*flat(made), most)
    assert near.tolist() == [min(edits(item, k) for k in known) <= most for item in made]


@given(item=st.lists(st.integers(1, 300), min_size=1, max_size=40), data=st.data())
def test_an_item_and_its_neighbour_share_a_spelling(item, data):
    place, symbol = data.draw(st.integers(0, len(item))), data.draw(st.integers(1, 300))
    kind = data.draw(st.sampled_from(["put in", "left out", "replaced"]))
    other = [*item[:place], *([] if kind == "left out" else [symbol]), *item[place + (kind != "put in") :]]
    hashes, of = nearest_module.spellings(*flat([item, other]))
    assert set(hashes[of == 0]) & set(hashes[of == 1])


def test_many_items_in_small_pieces_are_found_as_in_one(monkeypatch):
    rng = np.random.default_rng(0)
    known = [rng.integers(1, 5, rng.integers(0, 9)).tolist() for _ in range(300)]
    made = [rng.integers(1, 5, rng.integers(0, 9)).tolist() for _ in range(200)]
    whole = Nearest(*flat(known)).find(*flat(made))
    monkeypatch.setattr(nearest_module, "PIECE", 7)
    monkeypatch.setattr(nearest_module, "CELLS", 512)
    pieces = Nearest(*flat(known)).find(*flat(made))
    assert whole.which.tolist() == pieces.which.tolist()
    assert whole.distance.tolist() == pieces.distance.tolist()
    assert whole.which.tolist() == [ordered(item, known)[0] for item in made]


def test_items_longer_than_a_byte_can_count():
    known = [[1] * 700, [2] * 40]
    found = Nearest(*flat(known)).find(*flat([[2] * 300, [1] * 400, [3] * 1000]))
    assert found.distance.tolist() == [260, 300, 1000]
    assert found.which.tolist() == [1, 0, 0]


def test_distance_is_in_symbols_not_in_code_points():
    flags = from_items(["🇩🇪🇫🇷", "🇮🇹🇪🇸", "e\u0301a"], DataOptions(unit="grapheme"))
    nearest = Nearest.of(flags.split("all"), flags.vocab)
    assert nearest(["🇩🇪🇪🇸"])[0].distance == 1
    assert nearest(["🇮🇹"]) == [("🇮🇹🇪🇸", 1)]


def test_a_symbol_that_the_list_lacks_is_unlike_every_other():
    names = from_items(["emma", "ava"])
    assert Nearest.of(names.split("all"), names.vocab)(["em%%a"]) == [("emma", 2)]


def test_ids_where_utf_16_has_surrogates_are_ids_like_others():
    known = [[0xD800, 0xDC00], [0xD801]]
    assert Nearest(*flat(known)).find(*flat([[0xD800], [0xDC00, 0xD801]])).distance.tolist() == [1, 1]


def test_no_known_items_are_a_sentence():
    with pytest.raises(ValueError, match="no known items"):
        Nearest(*flat([]))


def test_nothing_made_is_nothing_found():
    names = from_items(["emma", "ava"])
    nearest = Nearest.of(names.split("all"), names.vocab)
    assert nearest([]) == []
    ids, offsets = flat_ids([], names.vocab)
    assert len(nearest.find(ids, offsets).which) == 0
