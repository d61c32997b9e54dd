"""What is given and what is judged of a kept-out list, and the lists themselves."""

import math

import pytest

from benchmarks.background import lists, protocol

ITEMS = [f"{a}{b}{c}" for a in "abcdefgh" for b in "ijklmnop" for c in "qrst"] + ["zzz"]


def test_given_and_judged_are_apart_and_all_of_the_list():
    given, others = protocol.judged(ITEMS, 50, 1)
    assert len(given) == 50
    assert len(set(given) | set(others)) == len(given) + len(others)
    assert set(given) | set(others) <= set(ITEMS)


def test_only_what_a_list_holds_and_the_seed_matter():
    assert protocol.judged(ITEMS, 50, 1) == protocol.judged([*reversed(ITEMS), ITEMS[0]], 50, 1)
    assert protocol.judged(ITEMS, 50, 1) != protocol.judged(ITEMS, 50, 2)


def test_a_smaller_k_gives_the_first_of_the_items_of_a_larger_one():
    assert protocol.judged(ITEMS, 20, 3)[0] == protocol.judged(ITEMS, 100, 3)[0][:20]


@pytest.mark.parametrize("seed", range(10))
def test_no_item_is_judged_that_has_a_symbol_the_given_ones_lack(seed):
    given, others = protocol.judged(ITEMS, 3, seed)
    known = set(protocol.alphabet(given))
    assert all(set(item) <= known for item in others)
    assert set(ITEMS) - set(given) - set(others) == {i for i in ITEMS if i not in given and not set(i) <= known}


def test_at_most_two_hundred_are_judged():
    given, others = protocol.judged([f"{i:03}" for i in range(900)], 300, 1)
    assert (len(given), len(others)) == (300, 200)


def test_composed_and_decomposed_letters_are_one():
    given, others = protocol.judged(["é", "e\u0301", "éé", "ééé"], 1, 1)
    assert len(given + others) == 3
    assert set("".join(given + others)) == {"é"}


@pytest.mark.parametrize("k", [0, 4, 5])
def test_a_size_that_leaves_nothing_is_refused(k):
    with pytest.raises(ValueError, match="given"):
        protocol.judged(["a", "b", "c", "d"], k, 1)


def test_sizes_leave_enough_and_short_lists_give_forty():
    assert protocol.sizes(["x"] * 75) == [20, 40, 50]
    assert protocol.sizes(["x"] * 220) == [20, 50, 100, 200]
    assert protocol.sizes(["x"] * 720) == [20, 50, 100, 200, 500]


def test_the_loss_is_per_symbol_of_all_items_together():
    assert protocol.symbols("abc") == 4
    assert math.isclose(protocol.mean_loss([(4.0, 4), (1.0, 1), (5.0, 5)]), 1.0)
    assert math.isclose(protocol.mean_loss([(2.0, 4), (6.0, 2)]), 8 / 6)


def test_every_list_is_clean_and_says_where_it_is_from():
    for folder, items_of, least, most in (
        (lists.KEPT_OUT, lists.kept_out(), 70, 2000),
        (lists.MAKERS, lists.makers(), 30, 100),
    ):
        for path in folder.glob("*.txt"):
            items = items_of[path.stem]
            assert least <= len(items) <= most, path.stem
            assert len({item.casefold() for item in items}) == len(items), path.stem
            assert all(item == item.strip() != "" for item in items), path.stem
            assert lists.about(path).count(", ") >= 2, path.stem
            assert any(word in lists.about(path) for word in ("MIT", "CC0")), path.stem


def test_there_are_lists_enough():
    sizes = [len(items) for items in lists.kept_out().values()]
    assert len(sizes) >= 19
    assert sum(size > 720 for size in sizes) >= 4
    assert len(lists.makers()) == 12
