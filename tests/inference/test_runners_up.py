"""Runners-up against a model that is asked for every other symbol, one at a time."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moreish.inference.runners_up import runners_up
from moreish.inference.score import score_items
from moreish.ngram import KneserNey
from tests.ngram.oracles import V, flat, lists

items_of_ids = st.lists(st.lists(st.integers(1, V - 1), max_size=6), min_size=1, max_size=5)


def asked_one_by_one(model, item):
    """(log probability, id) of all other ids at each place, by scoring the item's beginning with each of them."""
    places = []
    for at, stands in enumerate([*item, 0]):
        beginning = [np.array([*item[:at], other]) for other in range(1, V) if other != stands]
        found = [float(score.logprobs[at]) for score in score_items(model, beginning)]
        others = [other for other in range(1, V) if other != stands]
        if stands:
            found.append(float(score_items(model, [np.array(item[:at], np.int64)])[0].logprobs[at]))
            others.append(0)
        places.append(dict(zip(others, found, strict=True)))
    return places


@settings(max_examples=40, deadline=None)
@given(lists, items_of_ids, st.integers(0, V + 2))
def test_they_are_the_likeliest_other_symbols_in_order(known, items, count):
    model = KneserNey.fit(*flat(known), V, 3)
    answers = list(runners_up(model, [np.array(item, np.int64) for item in items], count))
    assert len(answers) == len(items)
    for item, found in zip(items, answers, strict=True):
        assert found.ids.shape == found.logprobs.shape == (len(item) + 1, min(count, V - 1))
        for place, others in enumerate(asked_one_by_one(model, item)):
            wanted = sorted(others.values(), reverse=True)[:count]
            np.testing.assert_allclose(found.logprobs[place], wanted, atol=1e-10)
            for i, logprob in zip(found.ids[place].tolist(), found.logprobs[place], strict=True):
                assert others[i] == pytest.approx(logprob, abs=1e-10)
            assert len(set(found.ids[place].tolist())) == min(count, V - 1)


class Impossible:
    """A model to which only id 1 is possible, and then the end is not."""

    vocab_size = 4

    def start(self, rows):
        return None, np.tile([-np.inf, 0.0, -np.inf, -np.inf], (rows, 1))

    def advance(self, state, ids):
        return self.start(len(ids))

    def take(self, state, rows):
        return state

    def score(self, ids, offsets):
        return np.where(ids == 1, 0.0, -np.inf)


def test_the_symbol_that_stands_there_is_none_of_them_even_where_all_are_impossible():
    (found,) = runners_up(Impossible(), [np.array([2, 1])], 3)
    assert found.ids.tolist() == [[1, 0, 3], [0, 2, 3], [1, 2, 3]]
    assert found.logprobs[0].tolist() == [0.0, -np.inf, -np.inf]


def test_equal_ones_stand_in_the_order_of_their_ids():
    model = KneserNey.fit(*flat([[1], [2], [3]]), V, 1)
    (found,) = runners_up(model, [np.array([], np.int64)], 3)
    assert found.ids[0].tolist() == [1, 2, 3]


def test_many_items_are_taken_in_batches(monkeypatch):
    model = KneserNey.fit(*flat([[1, 2, 3], [2, 2, 1], [4]]), V, 3)
    items = [np.array(item, np.int64) for item in ([1, 2], [], [3, 3, 3], [4], [1])]
    whole = [found.ids.tolist() for found in runners_up(model, items, 2)]
    monkeypatch.setattr("moreish.inference.runners_up.ENTRIES", 2 * V)
    assert [found.ids.tolist() for found in runners_up(model, items, 2)] == whole


def test_a_negative_count_is_refused_at_once():
    with pytest.raises(ValueError, match="from 0 on, not -1"):
        runners_up(Impossible(), [], -1)
