"""Slips against writing down every slip of every item there could be."""

import math
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moreish.inference.score import score_items
from moreish.inference.slips import read_with_slips
from moreish.ngram import KneserNey
from tests.ngram.oracles import flat, lists

V = 6
LETTERS = range(1, V)


def slips_of(y):
    """(x, P(x | y)) of every way to slip once: a kind, a place, and a symbol where one is needed."""
    n = len(y)
    for place, letter in product(range(n + 1), LETTERS):
        yield (*y[:place], letter, *y[place:]), 1 / 4 / (n + 1) / (V - 1)
    for place in range(n):
        yield (*y[:place], *y[place + 1 :]), 1 / 4 / n
        for letter in LETTERS:
            if letter != y[place]:
                yield (*y[:place], letter, *y[place + 1 :]), 1 / 4 / n / (V - 1)
    for place in range(n - 1):
        if y[place] != y[place + 1]:
            yield (*y[:place], y[place + 1], y[place], *y[place + 2 :]), 1 / 4 / (n - 1)


def written_down(model, longest):
    """x -> sum over y of P(y) P(x | y), from every y of up to `longest` symbols."""
    every = [y for n in range(1, longest + 1) for y in product(LETTERS, repeat=n)]
    total = {}
    for y, score in zip(every, score_items(model, [np.array(y) for y in every]), strict=True):
        for x, p in slips_of(y):
            total[x] = total.get(x, 0.0) + math.exp(score.logprob) * p
    return total


def rows_of(items):
    lengths = np.array([len(item) for item in items])
    rows = np.zeros((len(items), lengths.max() + 1), np.int64)
    for row, item in zip(rows, items, strict=True):
        row[: len(item)] = item
    return rows, lengths


@pytest.mark.slow
@settings(max_examples=15, deadline=None)
@given(
    lists,
    st.lists(st.lists(st.integers(1, V - 1), min_size=1, max_size=3), min_size=1, max_size=5),
    st.integers(1, 5),
)
def test_an_item_as_a_slip_is_summed_over_every_item_that_it_may_be_a_slip_of(known, items, order):
    model = KneserNey.fit(*flat(known), V, order)
    expected = written_down(model, 4)
    read = read_with_slips(model, *rows_of(items), np.arange(1, V))
    np.testing.assert_allclose(read.slip, [math.log(expected[tuple(item)]) for item in items], atol=1e-9)
    for item, row, score in zip(items, read.logprobs, score_items(model, list(map(np.array, items))), strict=True):
        np.testing.assert_allclose(row[: len(item) + 1], score.logprobs, atol=1e-12)
        assert not row[len(item) + 1 :].any()


def test_only_some_letters_are_tried():
    model = KneserNey.fit(*flat([[1, 2, 3], [1, 2, 4], [5, 2, 3]]), V, 3)
    every, some, none = (
        read_with_slips(model, *rows_of([[1, 3, 3]]), np.array(letters, np.int64)).slip[0]
        for letters in ([1, 2, 3, 4, 5], [2], [])
    )
    assert none < some < every
