"""What no item can do is explained: which part contradicts which, why, and what would do instead."""

import re

import pytest

from moreish.automata import TooManyStates
from moreish.data import DataOptions, from_items
from moreish.inference import contradictions
from moreish.inference.contradictions import Impossible, combined
from moreish.inference.rules import Rules

pytestmark = pytest.mark.usefixtures("said_in_a_terminal")

NAMES = [
    "brian",
    "britta",
    "emma",
    "emmy",
    "karin",
    "kasimir",
    "anna",
    "xaver",
    "zoe",
    "bob",
    "jolanthe",
    "quf",
    "dwg",
]
VOCAB = from_items(NAMES).vocab

IMPOSSIBLE = [
    (
        Rules(starts_with="bri", length="2"),
        '--length 2 leaves no room for what begins with "bri": the shortest has 3 symbols; '
        'without --length 2, "bri" would do',
    ),
    (
        Rules(pattern="____", length="20-", starts_with="k"),
        '--length 20- is more than what looks like "____" can have: the longest has 4 symbols; '
        'without --length 20-, "kaaa" would do',
    ),
    (
        Rules(regex="(an)+", length="3"),
        '--length 3 fits no length of what matches the regular expression "(an)+"; without --length 3, "an" would do',
    ),
    (
        Rules(starts_with="bri", without="rx", ends_with="a"),
        '--without rx leaves out "r", and what begins with "bri" needs it; without --without rx, "bria" would do',
    ),
    (
        Rules(contains=("bri",), only="a-h"),
        '--only a-h leaves out "r" and "i", and what has "bri" in it needs them; without --only a-h, "bri" would do',
    ),
    (
        Rules(starts_with="bo", pattern="ka__"),
        '--starts-with bo needs "b" as the first symbol, and --pattern ka__ does not allow that; '
        'without --pattern ka__, "bo" would do',
    ),
    (
        Rules(starts_with="kar", regex="ka[l-p].*"),
        '--starts-with kar needs "r" after "ka", and --regex ka[l-p].* does not allow that; '
        'without --regex ka[l-p].*, "kar" would do',
    ),
    (
        Rules(ends_with="x", regex=".*n"),
        '--ends-with x needs "x" as the last symbol, and --regex .*n does not allow that; '
        'without --regex .*n, "x" would do',
    ),
    (
        Rules(pattern="emm_", only="aemy", not_in=("emma", "emmy", "emme", "emmm")),
        '--not-in has every item that looks like "emm_" and is made of "aemy" alone; '
        'without --only aemy, "emmb" would do',
    ),
    (
        Rules(starts_with="ab", ends_with="bc", contains=("zz",), length="-4"),
        '--length -4 leaves no room for what begins with "ab", ends with "bc" and has "zz" in it: '
        'the shortest has 6 symbols; without --length -4, "abzzbc" would do',
    ),
    (Rules(length="0"), "--length 0 allows the empty item alone, and every item has at least one symbol"),
    (Rules(only="ÉÄ"), '--only ÉÄ allows no item: this list never has "É" and "Ä". Nearest: "e", "a".'),
    (Rules(regex="Ä+"), '--regex Ä+ allows no item: this list never has "Ä". Nearest: "a".'),
    (
        Rules(regex=r"\d+"),
        r"--regex \d+ allows no item that can be written with the symbols of this list: a-o and q-z",
    ),
]


@pytest.mark.parametrize(("asked", "sentence"), IMPOSSIBLE)
def test_an_impossible_request_is_explained(asked, sentence):
    vocab = from_items([*NAMES, "c"]).vocab
    with pytest.raises(Impossible, match=re.escape(sentence)):
        combined(asked.parts(vocab), vocab)


def test_words_are_called_words():
    vocab = from_items(["the old man", "the sea", "a man"], DataOptions(unit="word")).vocab
    with pytest.raises(
        Impossible, match=r'--length 1 leaves no room .*: the shortest has 2 words; .*, "the old" would'
    ):
        combined(Rules(starts_with="the old", length="1").parts(vocab), vocab)
    with pytest.raises(Impossible, match='needs "the" as the first word'):
        combined(Rules(starts_with="the", pattern="a *").parts(vocab), vocab)


def test_where_leaving_out_one_part_does_not_help_no_cure_is_named():
    parts = Rules(starts_with="b", regex="k.*", length="2", contains=("emma",)).parts(VOCAB)
    with pytest.raises(Impossible) as caught:
        combined(parts, VOCAB)
    assert caught.value.cure is None
    assert "would do" not in str(caught.value)


def test_too_many_states_together_name_the_largest_parts(monkeypatch):
    monkeypatch.setattr(contradictions, "MOST_STATES", 20)
    parts = Rules(regex="(.{7})+", length="-30", starts_with="b").parts(VOCAB)
    with pytest.raises(TooManyStates, match=r"more than 20 states: ask for less .*: --length -30 and --regex"):
        combined(parts, VOCAB)
