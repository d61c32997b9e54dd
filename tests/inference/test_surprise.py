"""Odd ones: what is planted is found, and why it is odd is said."""

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moreish.data import DataOptions, from_items
from moreish.inference import surprise
from moreish.inference.surprise import Listed, odd_ones
from tests.support.lists import made_items

ITEMS = made_items(300)


def odd(items, count=20, **how):
    corpus = from_items(items, DataOptions(duplicates="keep"))
    return corpus, odd_ones(Listed.of_corpus(corpus), count, **how)


def test_a_symbol_that_stands_nowhere_else_is_the_oddest():
    corpus, (first, *_) = odd([*ITEMS[:150], "ka#lo", *ITEMS[150:]])
    assert (first.place, first.why) == (150, "symbol")
    assert [corpus.vocab.decode([i]) for i in first.strange] == ["#"]
    assert first.logprobs.argmin() == 2


@pytest.mark.slow
def test_a_slip_is_named_with_what_it_may_have_been():
    items = ["Stockton", "Norton", "Weston", "Aston", "Marston", "Easton", "Stanton", "Burton"] * 12
    items[40] = "Stocktno"
    corpus, (first, *_) = odd(items)
    assert (first.place, first.why) == (40, "slip")
    assert corpus.vocab.decode(first.likelier) == "Stockton"
    assert first.in_list


@pytest.mark.slow
def test_a_slip_is_of_an_item_of_the_list_or_said_not_to_be():
    draw = random.Random(3)
    codes = [f"{draw.choice('ABC')}{draw.choice('XYZ')}-{draw.randrange(1000, 9999)}" for _ in range(80)]
    for items in (codes, [*ITEMS[:60], "kaalo", "kalo"]):
        corpus, found = odd(items, len(items))
        slips = [each for each in found if each.likelier is not None]
        assert slips
        for each in slips:
            assert each.in_list == (corpus.vocab.decode(each.likelier) in items)
            near = {way for way in items if way != items[each.place] and one_slip(way, items[each.place])}
            assert each.in_list == bool(near)


def one_slip(a, b):
    """Whether one symbol put in, left out, replaced, or two swapped make the one of the other."""
    ways = {a[:t] + a[t + 1 :] for t in range(len(a))} | {
        a[:t] + a[t + 1 : t + 2] + a[t : t + 1] + a[t + 2 :] for t in range(len(a))
    }
    replaced = len(a) == len(b) and sum(x != y for x, y in zip(a, b, strict=True)) == 1
    return b in ways or a in {b[:t] + b[t + 1 :] for t in range(len(b))} or replaced


def test_an_item_far_longer_than_the_others_is_odd_for_that():
    _, found = odd([*ITEMS, "kalo" * 30])
    assert (300, "length") in [(each.place, each.why) for each in found[:2]]


def test_items_of_another_kind_are_among_the_first():
    strangers = ["3117-20", "0041-99", "2204-17"]
    _, found = odd([*ITEMS[:100], strangers[0], *ITEMS[100:200], strangers[1], *ITEMS[200:], strangers[2]], 6)
    assert {100, 201, 302} <= {each.place for each in found}


@pytest.mark.slow
def test_an_item_that_stands_twice_is_no_stranger_to_its_twin():
    _, (alone, *_) = odd([*ITEMS, "xyzzyx"])
    _, twice = odd([*ITEMS, *["xyzzyx"] * 30], 400)
    again = next(each for each in twice if each.place == 300)
    assert alone.place == 300
    assert again.score < alone.score


@pytest.mark.slow
def test_the_ranking_is_that_of_the_scores_and_count_only_cuts_it():
    _, whole = odd(ITEMS, 300)
    assert sorted(each.place for each in whole) == list(range(300))
    assert [each.score for each in whole] == sorted((each.score for each in whole), reverse=True)
    _, first = odd(ITEMS, 5)
    assert [(each.place, each.score) for each in first] == [(each.place, each.score) for each in whole[:5]]
    assert odd(ITEMS, 0)[1] == []


def test_thirty_items_are_enough():
    _, found = odd([*ITEMS[:27], "x#", "9999", "kalokalokalokalokalo"], 6)
    assert {27, 28} <= {each.place for each in found}


@pytest.mark.slow
@settings(max_examples=15, deadline=None)
@given(st.lists(st.text("abcé", min_size=1, max_size=6), min_size=10, max_size=40), st.integers(0, 5))
def test_any_list_is_ranked_with_numbers_that_can_be_compared(items, seed):
    corpus, found = odd(items, len(items), seed=seed)
    assert sorted(each.place for each in found) == list(range(len(items)))
    for each in found:
        assert np.isfinite(each.score)
        assert len(each.logprobs) == len(items[each.place]) + 1
        assert (each.logprobs <= 0).all()
        assert {corpus.vocab.decode([i]) for i in each.strange} <= set(items[each.place])


def test_an_item_is_judged_by_models_that_have_not_seen_it(monkeypatch):
    seen = []
    counted = surprise.count_ngrams
    monkeypatch.setattr(
        surprise, "count_ngrams", lambda ids, *rest: (seen.append(ids.tolist()), counted(ids, *rest))[1]
    )
    corpus = from_items(ITEMS[:20])
    odd_ones(Listed.of_corpus(corpus), 0)
    texts = [set(corpus.vocab.decode_items(np.array(ids[1:], corpus.vocab.dtype))) for ids in seen]
    assert len(texts) == 40  # each alone left out, forwards and backwards
    missing = [({*ITEMS[:20]} - read, {item[::-1] for item in ITEMS[:20]} - read) for read in texts]
    assert sorted(next(iter(min(both, key=len))) for both in missing) == sorted(
        [*ITEMS[:20], *(item[::-1] for item in ITEMS[:20])]
    )


def test_words_are_judged_as_symbols_and_large_vocabularies_without_slips(monkeypatch):
    monkeypatch.setattr(surprise, "LARGEST", 1)
    colours, animals = ("red", "blue", "big", "old", "wet"), ("fox", "dog", "cow", "cat", "hen", "owl", "rat")
    items = [f"the {colour} {animal}" for colour in colours for animal in animals]
    corpus = from_items([*items, "fox the red"], DataOptions(unit="word"))
    found = odd_ones(Listed.of_corpus(corpus), 3)
    assert "fox the red" in [corpus[each.place] for each in found]
    assert "slip" not in [each.why for each in found]


def test_progress_comes_to_two_readings_of_every_item():
    told = []
    odd(ITEMS, 1, advance=told.append)
    assert sum(told) == 2 * len(ITEMS)


def test_too_few_items_are_refused():
    with pytest.raises(ValueError, match="takes at least 10 items, and here are 3"):
        odd(ITEMS[:3])
