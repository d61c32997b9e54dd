"""What all items of a list do alike, made items do."""

import random
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from moreish import ngram
from moreish.background.blend import Blend, Ensemble
from moreish.background.lengths import Timing, nats_of
from moreish.background.listening import Listening
from moreish.background.outline import Outline, Strictness
from moreish.background.parts import shape_of
from moreish.background.shape import ShapeModel, flat
from moreish.background.stored import from_tensors, to_tensors
from moreish.background.template import ENOUGH, LEAST_ENDING, SURE, Template, deferred
from moreish.data import from_items, undivided
from moreish.fitting.few import heard
from moreish.inference.asking import Asked, Request
from moreish.recipes import BackgroundChoice
from tests.support.backgrounds import random_background
from tests.support.lists import made_items

DRAW = random.Random(5)
CODES = [f"{DRAW.choice(['AB', 'CX', 'MM'])}-{DRAW.randrange(1000, 9999)}" for _ in range(2 * ENOUGH)]
PLATES = [
    f"B-{DRAW.choice('KLMN')}{DRAW.choice(['', 'Q', 'R'])} {DRAW.randrange(10, 999)}" for _ in range(ENOUGH + 10)
]
DATES = [
    f"{DRAW.randrange(1, 29):02}.{DRAW.randrange(1, 13):02}.19{DRAW.randrange(20, 99)}" for _ in range(2 * ENOUGH)
]
ADDRESSES = [f"{name}@example.org" for name in dict.fromkeys(made_items(60))]
COLOURS = ["#" + "".join(DRAW.choices("0123456789abcdef", k=6)) for _ in range(2 * ENOUGH)]


def template_of(items):
    symbols = sorted(set("".join(items)))
    ids = [np.array([symbols.index(s) + 1 for s in item]) for item in items]
    return symbols, Template.of(ShapeModel.fit(symbols, ids).class_of, ids)


def allowed_at(symbols, template, place):
    return {(["", *symbols])[i] for i in np.flatnonzero(template.strays(np.array([place]), np.array([0]))[0] == 0)}


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


def test_a_symbol_that_stands_at_one_place_in_all_is_kept_there():
    symbols, template = template_of(DATES)
    assert [allowed_at(symbols, template, place) for place in (2, 6, 7)] == [{"."}, {"1"}, {"9"}]
    assert allowed_at(symbols, template, 8) == {s for s in symbols if s.isdigit()}


def allowed_after(text, symbols, template):
    """What may come once this was read: a state for each symbol, as a blend has it."""
    matched = np.array([0])
    for symbol in text:
        matched = template.advance(matched, np.array([symbols.index(symbol) + 1]))
    return {(["", *symbols])[i] for i in np.flatnonzero(template.strays(np.array([len(text)]), matched)[0] == 0)}


def test_what_all_end_with_follows_as_soon_as_it_has_begun_and_then_the_end():
    symbols, template = template_of(ADDRESSES)
    assert allowed_after("mira", symbols, template) == {"", *symbols}
    assert allowed_after("mira@", symbols, template) == {"e"}
    assert allowed_after("mira@exampl", symbols, template) == {"e"}
    assert allowed_after("mira@example.org", symbols, template) == {""}


def test_an_ending_whose_beginning_stands_elsewhere_is_sure_later():
    items = [f"{'be' * (n % 3)}{s}bende" for n, s in enumerate(dict.fromkeys(made_items(60)))]
    symbols, template = template_of(items)
    assert allowed_after("be", symbols, template) == {"", *symbols}
    assert allowed_after("kabend", symbols, template) == {"e"}
    assert "" in allowed_after("kabende", symbols, template)


def test_where_an_item_would_end_what_all_end_with_goes_on():
    symbols, template = template_of(ADDRESSES)
    remaining = template.remaining(np.array([0, 3, len("@example.org")]))
    assert [(["", *symbols])[i] for i in remaining.instead] == ["@", "a", ""]
    assert remaining.missing.tolist() == [12, 9, 0]


@given(st.integers(1, 5), st.integers(2, 6), st.integers(0, 1000))
def test_a_deferred_end_gives_its_chance_to_one_symbol_and_leaves_the_others(rows, symbols, seed):
    rng = np.random.default_rng(seed)
    before = np.log(rng.dirichlet(np.ones(symbols), rows))
    instead = rng.integers(0, symbols, rows)
    want = np.exp(before)
    kept = np.where(instead > 0, np.exp(-SURE), 1.0) * want[:, 0]
    want[np.arange(rows), instead] += want[:, 0] - kept
    want[:, 0] = kept
    np.testing.assert_allclose(np.exp(deferred(before, instead)), want, rtol=1e-6)


@given(
    st.lists(st.text("ab", min_size=1, max_size=6), min_size=ENOUGH, max_size=50, unique=True),
    st.text("abc", min_size=LEAST_ENDING, max_size=5),
)
def test_no_item_of_the_list_strays_from_what_all_do(stems, ending):
    symbols, template = template_of([stem + ending for stem in stems])
    assert template is not None
    assert "".join(symbols[i - 1] for i in template.ending).endswith(ending) or not template.ending
    for item in (stem + ending for stem in stems):
        ids = np.array([symbols.index(s) + 1 for s in item])
        places = np.arange(len(item) + 1)
        strays = template.strays(places, template.matched_in([ids]))
        assert not strays[places, np.append(ids, 0)].any()


def test_names_and_short_lists_have_no_template():
    assert template_of(made_items(200))[1] is None
    assert template_of(CODES[: ENOUGH - 1])[1] is None
    assert template_of([*CODES, "AB-12"])[1] is None


@pytest.mark.parametrize("items", [CODES, PLATES, COLOURS, DATES, ADDRESSES])
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
    form = {CODES[0]: ".{7}", PLATES[0]: "B-.*", COLOURS[0]: "#.{6}", DATES[0]: r"\d\d\.\d\d\.19\d\d",
            ADDRESSES[0]: r"[^@]*|.*@example\.org"}[items[0]]  # fmt: skip
    assert len([text for text in texts[0] if not re.fullmatch(form, text)]) <= 1


def test_items_that_come_often_are_no_rule_of_many():
    symbols, ids = ["a", "b", "k", "r", "v", "o"], [np.array([2, 4, 1]), np.array([2, 1, 3]), np.array([2, 6, 5])]
    assert Listening(random_background(n_hidden=4), symbols, ids * ENOUGH).template is None


STEMS = list(dict.fromkeys(made_items(60)))
PAIRS = [(a.lower(), b.lower()) for a, b in zip(STEMS, STEMS[7:], strict=False)]
ENDING_ALIKE = {
    "land": [f"{stem}land" for stem in STEMS],
    "@example.org": [f"{a}.{b}@example.org" for a, b in PAIRS],
    "/index.html": [f"https://{a}.example.com/{b}/index.html" for a, b in PAIRS],
}


def heard_and_made(items):
    corpus = undivided(from_items(items))
    blend, _ = heard(corpus, BackgroundChoice())
    return [item.text for item in Asked(blend, corpus, Request()).items(100, np.random.default_rng(5))]


@pytest.mark.parametrize("ending", ENDING_ALIKE)
def test_what_is_made_ends_as_all_items_do_and_comes_to_it_in_time(ending):
    items = ENDING_ALIKE[ending]
    made = heard_and_made(items)
    assert [text for text in made if not text.endswith(ending)] == []
    assert np.mean([len(text) for text in made]) < 1.15 * np.mean([len(item) for item in items])


def test_an_item_that_is_only_what_all_end_with_keeps_the_ending():
    made = heard_and_made([*ENDING_ALIKE["land"], "land"])
    assert all(text.endswith("land") for text in made)


@pytest.mark.parametrize("items", [*ENDING_ALIKE.values(), STEMS], ids=[*ENDING_ALIKE, "nothing alike"])
def test_what_is_measured_is_what_the_blend_answers(items):
    """By the cases of a fold, all places at once, and by the blend of its models, symbol by symbol."""
    symbols = sorted(set("".join(items)))
    ids = [np.array([symbols.index(s) + 1 for s in item]) for item in items]
    listening = Listening(random_background(n_hidden=4), symbols, ids)
    fold, case = listening.folds[0], listening.case(0)
    gate, timing = listening.background.gates[listening.parts("read")], Timing(1.0, 3.0, 2.0, 0.5)
    models = [ngram.KneserNey.fit(*flat(fold.kept), len(symbols) + 1, listening.order), *listening.fold_readers[0]]
    strictness = Strictness(4.0, 1.0)
    outline = Outline.of(listening.shape.classes.class_of, fold.kept, strictness.shares)
    ensemble = Ensemble(models, shape_of(symbols, fold.kept))
    blend = Blend(ensemble, gate, 0.9, outline, 4.0, timing, listening.template)
    assert case.places is not None
    measured = case.foretold(gate, 0.9, strictness).timed(nats_of(timing, case.places))
    np.testing.assert_allclose(blend.score(*flat(fold.held_out))[1:], measured, atol=2e-4)
