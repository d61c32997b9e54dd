"""More items: told apart from the known ones, unique, new, and honest when there are no more."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from moreish.data import from_items
from moreish.inference import more as more_module
from moreish.inference.asking import Asked, Request
from moreish.ngram import KneserNey


def more(model, corpus, count, rng, **wishes):
    return Asked(model, corpus, Request.of(**wishes)).items(count, rng)


def counted(items, order=3):
    corpus = from_items(items)
    train = corpus.split("train")
    return KneserNey.fit(train.ids, train.offsets, len(corpus.vocab), order), corpus


@pytest.fixture(scope="module")
def known(corpus):
    train = corpus.split("train")
    return KneserNey.fit(train.ids, train.offsets, len(corpus.vocab), 3), corpus


def test_as_many_as_asked_for_each_once_each_told_where_it_is_known(known):
    model, corpus = known
    items = list(more(model, corpus, 400, np.random.default_rng(0)))
    assert len({i.text for i in items}) == len(items) == 400
    listed = set(corpus.items)
    assert {i.known for i in items} >= {"new", "train"}
    for item in items:
        assert (item.text in listed) == (not item.is_new)
        assert item.known == corpus.where(item.text)
        assert item.text


def test_new_only_leaves_out_what_the_list_has(known):
    model, corpus = known
    items = list(more(model, corpus, 200, np.random.default_rng(0), new_only=True))
    assert len(items) == 200
    assert not {i.text for i in items} & set(corpus.items)


def test_with_repeats_the_likeliest_comes_again(known):
    model, corpus = known
    items = [i.text for i in more(model, corpus, 2000, np.random.default_rng(0), unique=False)]
    assert len(items) == 2000
    assert len(set(items)) < 2000


def test_every_item_begins_as_asked(known):
    model, corpus = known
    assert all(
        i.text.startswith("kalo") for i in more(model, corpus, 30, np.random.default_rng(0), starts_with="kalo")
    )


def test_a_beginning_with_an_unknown_symbol_is_a_sentence(known):
    model, corpus = known
    with pytest.raises(ValueError, match='the prefix "ka#" has "#", which never occurs'):
        list(more(model, corpus, 1, np.random.default_rng(0), starts_with="ka#"))


def test_it_ends_when_there_are_no_more(monkeypatch):
    monkeypatch.setattr(more_module, "FRUITLESS", 500)
    model, corpus = counted(["a"] * 3, order=1)
    few = list(more(model, corpus, 50, np.random.default_rng(0)))
    assert 0 < len(few) < 50
    assert len({i.text for i in few}) == len(few)


@given(st.integers(0, 2**40))
def test_the_same_seed_gives_the_same_items(seed):
    model, corpus = counted(["kalo", "lomi", "mika"], order=2)
    once, again = ([i.text for i in more(model, corpus, 7, np.random.default_rng(seed))] for _ in range(2))
    assert once == again


WORLD = {
    "Arabic": ["محمد", "فاطمة", "عَلِيّ", "خديجة"],
    "Hindi": ["नमस्ते", "क्षत्रिय", "हिन्दी", "ज़मीन"],
    "Japanese": ["さくら", "ニホン", "日本語", "パーティー"],
    "Vietnamese": ["Nguyễn", "Đặng", "Phở", "Huế"],
    "emoji": ["👩‍👩‍👧‍👦", "🇩🇪🇫🇷", "👍🏽👋🏿", "❤️‍🔥"],
}


@pytest.mark.parametrize("script", WORLD)
@pytest.mark.parametrize("unit", ["char", "grapheme", "word"])
def test_lists_of_every_script_come_back_intact(script, unit):
    from moreish.data import DataOptions

    corpus = from_items(WORLD[script] * 3, DataOptions(unit=unit, normalise="none"))
    whole = corpus.split("all")
    assert sorted(corpus.items) == sorted(WORLD[script])
    model = KneserNey.fit(whole.ids, whole.offsets, len(corpus.vocab), 6)
    items = [i.text for i in more(model, corpus, 300, np.random.default_rng(0), unique=False)]
    assert set(items) & set(WORLD[script])
    symbols = set(corpus.vocab.symbols)
    assert all(set(corpus.vocab.split(item)) <= symbols for item in items if unit != "grapheme")


@pytest.mark.parametrize("options", [{}, {"new_only": True}, {"unique": False}, {"starts_with": "ka"}])
def test_how_many_are_asked_for_does_not_change_which_come_first(known, options):
    model, corpus = known
    few, some, many = (
        [item.text for item in more(model, corpus, n, np.random.default_rng(5), **options)] for n in (3, 40, 150)
    )
    assert few == some[:3]
    assert some == many[:40]
