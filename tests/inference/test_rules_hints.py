"""Hints: what of a rule a list never shows, and how what was meant may have to be written."""

import pytest

from moreish.data import Corpus, DataOptions, from_items
from moreish.inference import hints as module
from moreish.inference.hints import hints
from moreish.inference.rules import Rules

pytestmark = pytest.mark.usefixtures("said_in_a_terminal")

CORPUS = from_items(["Brian", "Brigitte", "Bríd", "Éva", "eve", "Noël", "joël", "brown", "Annab"])


def given(corpus: Corpus, **asked) -> list[str]:
    return hints(Rules(**asked).parts(corpus.vocab), corpus)


@pytest.mark.parametrize(
    ("asked", "sentences"),
    [
        (
            {"starts_with": "bri"},
            ['no item of this list begins with "bri"; 2 with "Bri", 1 with "Brí": write --starts-with Bri'],
        ),
        ({"ends_with": "oel"}, ['no item of this list ends with "oel"; 2 with "oël": write --ends-with oël']),
        ({"contains": ("eN", "ow")}, ['no item of this list has "eN" in it']),
        ({"contains": ("Nn", "ow")}, ['no item of this list has "Nn" in it; 1 with "nn": write --contains nn']),
        ({"starts_with": "aa"}, ['no item of this list begins with "aa"']),
        (
            {"pattern": "e_a"},
            ['no item of this list looks like "e_a"; 1 would if case and accents did not count, such as "Éva"'],
        ),
        (
            {"regex": "[Ne]..."},
            [],
        ),
        (
            {"regex": "n.*"},
            [
                'no item of this list matches the regular expression "n.*"; 1 would if case did not count, '
                'such as "Noël": write --regex (?i)n.*'
            ],
        ),
        ({"length": "20-30"}, ["no item of this list is 20 to 30 symbols long: they are 3 to 8 long"]),
        (
            {"only": "abnßÄ"},
            [
                '--only abnßÄ has "ß" and "Ä", which this list never has',
                'no item of this list is made of "abnßÄ" alone; 1 would if case and accents did not count, '
                'such as "Annab"',
            ],
        ),
        ({"without": "aeowí"}, ['no item of this list is free of "aeowí"']),
        ({"without": "#"}, ['--without # has "#", which this list never has']),
        ({"not_in": tuple(CORPUS.items)}, []),
        ({"starts_with": "Bri", "length": "5", "regex": ".*n"}, []),
    ],
)
def test_each_part_that_no_item_obeys_has_its_sentence(asked, sentences):
    assert given(CORPUS, **asked) == sentences


def test_words_are_compared_whole():
    corpus = from_items(["The Sea", "the lake", "A lake"], DataOptions(unit="word"))
    assert given(corpus, contains=("the Sea",)) == [
        'no item of this list has "the Sea" in it; 1 with "The Sea": write --contains "The Sea"'
    ]


def test_of_a_long_list_only_the_beginning_is_looked_at_and_the_sentence_says_so(monkeypatch):
    monkeypatch.setattr(module, "MOST_ITEMS", 5)
    (sentence,) = given(CORPUS, starts_with="aa")
    assert sentence == 'none of the 5 items that were looked at begins with "aa"'
    monkeypatch.setattr(module, "MOST_ITEMS", 100)
    monkeypatch.setattr(module, "MOST_SYMBOLS", 12)
    (sentence,) = given(from_items(["abc", "bca", "cab", "bac"]), starts_with="aa")
    assert sentence == 'none of the 3 items that were looked at begins with "aa"'


def test_the_parts_of_a_running_text_are_no_items():
    corpus = from_items(["to be or not", "to be"], DataOptions())
    text = Corpus(corpus.vocab, corpus.split("all"), [2, 0, 0], None, DataOptions(text=True), corpus.report)
    assert given(text, starts_with="b", regex="é") == ['--regex é has "é", which this list never has']
