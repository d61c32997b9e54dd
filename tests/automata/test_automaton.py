"""Automata against brute force: every word of a small alphabet, asked of the tables."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from moreish.automata import Automaton, TooManyStates, conjunction, everything, nothing
from moreish.automata import product as both

V = 4
WORDS = [word for length in range(6) for word in product(range(1, V), repeat=length)]


@st.composite
def automata(draw: st.DrawFn) -> Automaton:
    states, kinds = draw(st.integers(2, 6)), draw(st.integers(1, 3))
    classes = np.array(draw(st.lists(st.integers(0, kinds - 1), min_size=V, max_size=V)))
    cells = draw(st.lists(st.integers(0, states - 1), min_size=states * kinds, max_size=states * kinds))
    table = np.array(cells).reshape(states, kinds)
    accepts = np.array(draw(st.lists(st.booleans(), min_size=states, max_size=states)))
    table[0], accepts[0] = 0, False
    return Automaton(classes, table, accepts, draw(st.integers(0, states - 1)))


def allowed(automaton: Automaton) -> list[bool]:
    return [automaton.allows(word) for word in WORDS]


@given(automata())
def test_a_trimmed_automaton_allows_the_same_items(automaton):
    assert allowed(automaton.trimmed()) == allowed(automaton)
    assert len(automaton.trimmed()) <= len(automaton) + 1


@given(automata())
def test_the_complement_allows_exactly_the_other_items(automaton):
    assert allowed(~automaton) == [not each for each in allowed(automaton)]
    assert allowed(~~automaton) == allowed(automaton)


@given(automata(), automata(), automata())
def test_a_conjunction_allows_what_all_allow(one, two, three):
    each = zip(allowed(one), allowed(two), allowed(three), strict=True)
    assert allowed(conjunction([one, two, three], V)) == [all(answers) for answers in each]


@given(automata())
def test_every_state_of_a_trimmed_automaton_can_still_succeed(automaton):
    trimmed = automaton.trimmed()
    longest = len(trimmed)
    alive = trimmed.accepts.copy()
    for _ in range(longest):
        alive |= alive[trimmed.table].any(1)
    assert alive[1:].all()
    assert trimmed.is_empty == (not alive[1:].any())


@given(automata())
def test_items_of_a_flat_array_are_judged_as_one_by_one(automaton):
    offsets = np.cumsum([0, *(len(word) + 1 for word in WORDS)])
    ids = np.array([0, *(i for word in WORDS for i in (*word, 0))])
    assert automaton.accepted(ids, offsets).tolist() == allowed(automaton)


@given(automata())
def test_an_id_is_possible_where_some_item_goes_on_with_it(automaton):
    trimmed = automaton.trimmed()
    if trimmed.is_empty:
        return
    possible = trimmed.allowed(np.array([trimmed.start]))[0]
    assert possible[0] == trimmed.allows(())
    for i in range(1, V):
        assert possible[i] == (trimmed.table[trimmed.start, trimmed.classes[i]] != 0)


def test_nothing_goes_on_with_a_class_that_no_symbol_has():
    """Only id 0, which is no symbol, is of the class that leads to acceptance."""
    automaton = Automaton(np.array([1, 0, 0, 0]), np.array([[0, 0], [1, 2], [0, 0]]), np.arange(3) == 2)
    assert automaton.trimmed().is_empty
    assert both(everything(V), automaton).is_empty
    assert (~automaton).allows((1, 2, 3))


def test_a_vocabulary_without_symbols_has_the_empty_item_alone():
    assert everything(1).trimmed().allows(())
    assert (~everything(1)).is_empty
    assert not both(everything(1), everything(1)).is_empty


def test_everything_and_nothing_are_each_others_complement():
    assert all(allowed(everything(V)))
    assert not any(allowed(nothing(V)))
    assert (~everything(V)).is_empty
    assert all(allowed(~nothing(V)))


def test_a_product_that_grows_too_large_is_refused_with_a_sentence():
    def a_multiple_of(n: int) -> Automaton:
        table = np.array([[0], *([i % n + 1] for i in range(1, n + 1))])
        return Automaton(np.zeros(V, np.int64), table, np.arange(n + 1) == 1)

    with pytest.raises(TooManyStates, match="more than 100 states"):
        both(a_multiple_of(11), a_multiple_of(13), most_states=100)
