"""Folds, the order of the n-gram, and the parts of a blend."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from moreish import ngram
from moreish.background.parts import HIGHEST_ORDER, best_order, folds_of, shape_of
from moreish.background.shape import flat
from tests.support.backgrounds import numbered_list


@given(st.integers(1, 60), st.integers(0, 2**32), st.integers(2, 7))
def test_every_item_is_held_out_once_and_kept_in_all_other_folds(count: int, seed: int, folds: int):
    items = [np.array([i + 1]) for i in range(count)]
    found = folds_of(items, seed, folds)
    assert len(found) == min(folds, count)
    held_out = [int(item[0]) for fold in found for item in fold.held_out]
    assert sorted(held_out) == list(range(1, count + 1))
    for fold in found:
        parts = [{int(item[0]) for item in part} for part in (fold.kept, fold.held_out)]
        assert not parts[0] & parts[1]
        assert len(fold.kept) + len(fold.held_out) == count
    sizes = [len(fold.held_out) for fold in found]
    assert max(sizes) - min(sizes) <= 1


@given(st.lists(st.integers(1, 12), min_size=1, max_size=60), st.integers(0, 2**32), st.integers(2, 7))
def test_no_item_is_held_out_of_a_fold_that_keeps_an_equal_one(numbers: list[int], seed: int, folds: int):
    found = folds_of([np.array([n]) for n in numbers], seed, folds)
    assert len(found) == min(folds, len(set(numbers)))
    assert sorted(int(item[0]) for fold in found for item in fold.held_out) == sorted(set(numbers))
    for fold in found:
        kept, held_out = ([int(item[0]) for item in part] for part in (fold.kept, fold.held_out))
        assert sorted(kept) == sorted(n for n in numbers if n not in held_out)


def test_folds_depend_on_the_seed_and_on_nothing_else():
    items = [np.array([i + 1]) for i in range(30)]
    one, two, other = ([f.held_out for f in folds_of(items, seed)] for seed in (1, 1, 2))
    assert [np.concatenate(f).tolist() for f in one] == [np.concatenate(f).tolist() for f in two]
    assert [np.concatenate(f).tolist() for f in one] != [np.concatenate(f).tolist() for f in other]


def loss(order: int, folds: list, vocab_size: int) -> float:
    """Of Kneser-Ney of this order, symbol by symbol."""
    total = 0.0
    for fold in folds:
        model = ngram.KneserNey.fit(*flat(fold.kept), vocab_size, order)
        for item in fold.held_out:
            state, logprobs = model.start(1)
            for i in [*item, 0]:
                total -= logprobs[0, i]
                state, logprobs = model.advance(state, np.array([i]))
    return total


def test_the_order_is_the_one_that_loses_least_on_items_held_out():
    symbols, items = numbered_list(60)
    folds = folds_of(items, 0)
    losses = [loss(order, folds, len(symbols) + 1) for order in range(1, HIGHEST_ORDER + 1)]
    assert best_order(folds, len(symbols) + 1) == int(np.argmin(losses)) + 1


@pytest.mark.parametrize("seed", [0, 1])
def test_symbols_by_chance_want_a_low_order_and_repeated_ones_a_higher(seed: int):
    rng = np.random.default_rng(seed)
    chance = [rng.integers(1, 5, 6) for _ in range(40)]
    cycles = [(np.arange(8 + k // 4) + k) % 4 + 1 for k in range(40)]  # all different
    assert best_order(folds_of(chance, 0), 5) <= 3 < best_order(folds_of(cycles, 0), 5)


def test_the_shape_counts_every_symbol_and_every_end():
    symbols, items = numbered_list(10)
    assert shape_of(symbols, items).symbols == sum(map(len, items)) + len(items)
