"""Rules of one line against brute force: every word up to six symbols of a small alphabet."""

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from moreish.automata import TooManyStates
from moreish.automata import words as rules
from moreish.automata.automaton import alike_states
from tests.automata.words import WORDS, V, allowed

ids = st.lists(st.integers(1, V - 1), max_size=5).map(tuple)


def has(word: tuple[int, ...], part: tuple[int, ...]) -> bool:
    return any(word[i : i + len(part)] == part for i in range(len(word) - len(part) + 1))


@given(ids)
def test_what_begins_with_some_symbols(part):
    assert allowed(rules.starts_with(part, V)) == [word for word in WORDS if word[: len(part)] == part]


@given(ids)
def test_what_ends_with_some_symbols(part):
    assert allowed(rules.ends_with(part, V)) == [word for word in WORDS if word[len(word) - len(part) :] == part]


@given(ids)
def test_what_has_some_symbols_in_a_row(part):
    assert allowed(rules.contains(part, V)) == [word for word in WORDS if has(word, part)]


@given(st.integers(0, 8), st.none() | st.integers(0, 8))
def test_what_is_so_many_symbols_long(shortest, longest):
    wanted = [word for word in WORDS if shortest <= len(word) <= (9 if longest is None else longest)]
    assert allowed(rules.length(shortest, longest, V)) == wanted


@given(st.sets(st.integers(1, V - 1)))
def test_what_has_only_some_symbols_or_none_of_them(some):
    assert allowed(rules.only(some, V)) == [word for word in WORDS if set(word) <= some]
    assert allowed(rules.without(some, V)) == [word for word in WORDS if not set(word) & some]


@given(st.lists(st.lists(st.integers(1, V - 1), max_size=6).map(tuple), max_size=12))
def test_one_and_none_of_these_words(words):
    assert allowed(rules.one_of(words, V)) == [word for word in WORDS if word in words]
    assert allowed(rules.none_of(words, V)) == [word for word in WORDS if word not in words]


@pytest.mark.slow
def test_words_of_thousands_of_symbols_are_told_apart():
    rng = random.Random(3)
    words = [tuple(rng.randrange(1, 40) for _ in range(rng.randrange(1, 12))) for _ in range(3000)]
    one, none = rules.one_of(words, 60), rules.none_of(words, 60)
    for word in words:
        longer, shorter = (*word, 59), word[:-1]
        assert one.allows(word)
        assert not none.allows(word)
        assert not one.allows(longer)
        assert none.allows(longer)
        assert one.allows(shorter) == (shorter in set(words))


def test_the_words_that_begin_or_end_alike_share_their_states():
    """u in {a, b}, v in {c, d}: all four words uv need the states of one."""
    words = [(u, v) for u in (1, 2) for v in (3, 4)]
    assert len(rules.one_of(words, 5)) == len(rules.one_of([(1, 3)], 5)) == 4


def test_so_many_words_of_so_many_symbols_that_no_table_holds_them_are_refused_with_a_sentence():
    words = [(i, i + 1, i + 2) for i in range(1, 8000, 2)]
    with pytest.raises(TooManyStates, match="4,000 items are too many for one rule"):
        rules.one_of(words, 9000)


@given(st.integers(2, 30), st.integers(1, 3), st.randoms(use_true_random=False))
def test_alike_states_are_those_that_no_word_tells_apart(states, kinds, rng):
    """Two states of n are told apart by a word shorter than n, or by none: each state's answers to all, by rounds."""
    table = np.array([[rng.randrange(states) for _ in range(kinds)] for _ in range(states)])
    block = np.array([rng.randrange(2) for _ in range(states)])
    names = block.tolist()
    for _ in range(states):
        seen = [(names[s], *(names[t] for t in table[s])) for s in range(states)]
        names = [seen.index(row) for row in seen]
    found = alike_states(table, block).tolist()
    assert [[a == b for a in found] for b in found] == [[a == b for a in names] for b in names]
