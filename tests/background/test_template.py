"""What all items of a list do alike, made items do."""

import random

import numpy as np
import pytest

from moreish.background.shape import ShapeModel
from moreish.background.stored import from_tensors, to_tensors
from moreish.background.template import ENOUGH, Template
from moreish.data import from_items
from moreish.fitting.few import heard
from moreish.inference.asking import Asked, Request
from moreish.recipes import BackgroundChoice
from tests.support.lists import made_items

DRAW = random.Random(5)
CODES = [f"{DRAW.choice(['AB', 'CX', 'MM'])}-{DRAW.randrange(1000, 9999)}" for _ in range(2 * ENOUGH)]
PLATES = [
    f"B-{DRAW.choice('KLMN')}{DRAW.choice(['', 'Q', 'R'])} {DRAW.randrange(10, 999)}" for _ in range(ENOUGH + 10)
]
COLOURS = ["#" + "".join(DRAW.choices("0123456789abcdef", k=6)) for _ in range(2 * ENOUGH)]


def template_of(items):
    symbols = sorted(set("".join(items)))
    ids = [np.array([symbols.index(s) + 1 for s in item]) for item in items]
    return symbols, Template.of(ShapeModel.fit(symbols, ids).class_of, ids)


def allowed_at(symbols, template, place):
    return {(["", *symbols])[i] for i in np.flatnonzero(template.strays(np.array([place]))[0] == 0)}


def test_one_length_and_one_outline_are_kept_at_every_place():
    symbols, template = template_of(CODES)
    assert allowed_at(symbols, template, 0) == {s for s in symbols if s.isalpha()}
    assert allowed_at(symbols, template, 2) == {"-"}
    assert allowed_at(symbols, template, 5) == {s for s in symbols if s.isdigit()}
    assert allowed_at(symbols, template, 7) == {""}


def test_what_all_begin_with_is_kept_and_nothing_behind_it():
    symbols, template = template_of(PLATES)
    assert allowed_at(symbols, template, 0) == {"B"}
    assert allowed_at(symbols, template, 1) == {"-"}
    assert allowed_at(symbols, template, 2) == {"", *symbols}


def test_letters_and_digits_that_mix_are_free_within_one_length():
    symbols, template = template_of(COLOURS)
    assert allowed_at(symbols, template, 0) == {"#"}
    assert allowed_at(symbols, template, 3) == {*symbols} - {"#"}
    assert allowed_at(symbols, template, 7) == {""}


def test_names_and_short_lists_have_no_template():
    assert template_of(made_items(200))[1] is None
    assert template_of(CODES[: ENOUGH - 1])[1] is None
    assert template_of([*CODES, "AB-12"])[1] is None


@pytest.mark.parametrize("items", [CODES, PLATES, COLOURS])
def test_made_items_do_as_all_do_and_so_they_do_when_they_were_stored(items):
    corpus = from_items(list(dict.fromkeys(items)))
    blend, measured = heard(corpus, BackgroundChoice())
    assert measured is not None
    again = from_tensors(*to_tensors(blend), len(corpus.vocab))
    texts = [
        [item.text for item in Asked(model, corpus, Request()).items(200, np.random.default_rng(0))]
        for model in (blend, again)
    ]
    assert texts[0] == texts[1]
    begins = {CODES[0]: "", PLATES[0]: "B-", COLOURS[0]: "#"}[items[0]]
    wrong = [text for text in texts[0] if not text.startswith(begins)]
    if items is not PLATES:
        wrong += [text for text in texts[0] if len(text) != len(items[0])]
    assert len(wrong) <= 1
