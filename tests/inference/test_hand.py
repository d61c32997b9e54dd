"""How a hand slips: probabilities that add up, and the likelier slips likelier."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from moreish.inference.hand import Hand

KEYS = "qwertyuiopasdfghjklzxcvbnm0123456789"


def test_of_all_keys_every_replacement_is_shared_out():
    hand = Hand(len(KEYS) + 1, KEYS)
    every = np.arange(1, len(KEYS) + 1)
    written = np.exp(hand.replaced(every[:, None], every[None]))
    assert not written.diagonal().any()
    assert (written.sum(1) < 1 + 1e-9).all()
    assert (written.sum(1) > 0.7).all()  # what has no capital to be mistaken for goes nowhere


@given(st.lists(st.sampled_from("aAbBeé3ш中"), min_size=1, unique=True))
def test_what_is_put_in_is_never_more_than_all_there_is(symbols):
    hand = Hand(len(symbols) + 1, symbols)
    every = np.arange(1, len(symbols) + 1)
    put_in = np.exp(hand.put_in(np.arange(len(symbols) + 1)[:, None], every[None]))
    assert (put_in > 0).all()
    assert (put_in.sum(1) <= 1 + 2 * 0.5).all()  # both the letter and its capital count as the same key once more


@pytest.mark.parametrize(("meant", "likely", "unlikely"), [("e", "r", "p"), ("o", "0", "4"), ("a", "A", "P")])
def test_the_key_beside_the_digit_alike_and_the_capital_are_likelier(meant, likely, unlikely):
    symbols = "aeorpAP04"
    hand = Hand(len(symbols) + 1, symbols)
    number = {symbol: np.array([i]) for i, symbol in enumerate(symbols, 1)}
    assert hand.replaced(number[meant], number[likely]) > hand.replaced(number[meant], number[unlikely])


def test_of_unknown_symbols_all_are_alike():
    hand = Hand(6)
    found = np.exp(hand.replaced(np.array([1]), np.array([2, 3, 4, 5])))
    np.testing.assert_allclose(found, found[0])
