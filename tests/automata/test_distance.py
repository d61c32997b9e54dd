"""Edit distance: every word up to six symbols of a small alphabet, judged by rapidfuzz."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz.distance import Levenshtein

from moreish.automata import TooManyStates
from moreish.automata.distance import beyond, within
from tests.automata.words import WORDS, V, allowed

words = st.lists(st.integers(1, V - 1), max_size=6).map(tuple)


@given(st.lists(words, max_size=3), st.integers(0, 3))
def test_within_a_distance_of_some_words_and_beyond_it(some, distance):
    near = [word for word in WORDS if any(Levenshtein.distance(word, each) <= distance for each in some)]
    assert allowed(within(some, distance, V)) == near
    assert allowed(beyond(some, distance, V)) == [word for word in WORDS if word not in set(near)]


@pytest.mark.parametrize("word", ["emma", "maximilian", "aabaabaab"])
def test_on_words_that_few_edits_made(word):
    rng = random.Random(word)
    for distance in (1, 2, 3):
        near = within([[ord(c) for c in word]], distance, 128)
        for _ in range(500):
            edited = list(word)
            for _ in range(rng.randrange(5)):
                at = rng.randrange(len(edited) + 1)
                edited[at : at + rng.randrange(2)] = rng.choice(["", "a", "z"])
            truth = Levenshtein.distance(word, "".join(edited)) <= distance
            assert near.allows([ord(c) for c in edited]) == truth


def test_what_would_need_too_many_states_is_refused_with_a_sentence():
    with pytest.raises(TooManyStates, match="4 edits from this word need more than 300 states"):
        within([range(1, 15)], 4, 20, most_states=300)
