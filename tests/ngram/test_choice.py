"""The chosen order, the baselines, how far contexts reach; and what importing costs."""

import subprocess
import sys
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moreish.ngram import KneserNey, baselines, choose_order, count_ngrams, coverage
from moreish.ngram.choice import _some
from tests.ngram.oracles import V, flat, lists, orders, symbols


@settings(max_examples=30, deadline=None)
@given(lists, lists)
def test_the_order_grows_for_as_long_as_that_lowers_the_loss(items, held_out):
    choice = choose_order(*flat(items), *flat(held_out), V, highest=9)  # beyond what is counted at first
    alone = {n: KneserNey.fit(*flat(items), V, n).loss(*flat(held_out)) for n in range(1, 10)}
    chosen = next((n for n in range(1, 9) if alone[n + 1] >= alone[n]), 9)
    assert choice.model.order == chosen
    assert choice.losses == {n: alone[n] for n in range(1, min(chosen + 1, 9) + 1)}
    assert choice.model.loss(*flat(held_out)) == alone[chosen]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.lists(symbols, max_size=5), min_size=1, max_size=40), lists, st.integers(1, 15))
def test_a_long_list_is_tried_by_a_sample_and_counted_whole(items, held_out, most):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("moreish.ngram.choice.MOST_TRAIN", most)
        patch.setattr("moreish.ngram.choice.MOST_VAL", 5)
        choice = choose_order(*flat(items), *flat(held_out), V)
        sampled, sampled_val = _some(*flat(items), most), _some(*flat(held_out), 5)
    assert choice.tried_on == (min(most, len(items)), min(5, len(held_out)))
    by_sample = choose_order(*sampled, *sampled_val, V)
    assert choice.losses == by_sample.losses
    whole = KneserNey.fit(*flat(items), V, by_sample.model.order)
    np.testing.assert_array_equal(choice.model.counts.keys, whole.counts.keys)
    np.testing.assert_array_equal(choice.model.logprob, whole.logprob)


@given(st.integers(1, 60), st.integers(1, 60))
def test_a_sample_is_spread_over_the_list(n, most):
    items = [[1 + i % 4] * (1 + i % 3) + [1 + i // 16] * (i // 4 % 4) for i in range(n)]
    ids, offsets = _some(*flat(items), most)
    assert np.flatnonzero(ids == 0).tolist() == offsets.tolist()
    found = [ids[a + 1 : b].tolist() for a, b in pairwise(offsets)]
    assert len(found) == min(n, most)
    at = 0
    for k, item in enumerate(found):  # one of each stretch, so in the order of the list
        stretch = items[k * n // len(found) : (k + 1) * n // len(found)]
        assert item in stretch
        at += len(stretch)
    assert at == n


def test_nothing_can_be_chosen_without_val_items():
    with pytest.raises(ValueError, match="no items to score"):
        choose_order(*flat([[1, 2]]), np.array([0]), np.array([0]), V)
    with pytest.raises(ValueError, match="1 or more"):
        choose_order(*flat([[1, 2]]), *flat([[1]]), V, highest=0)


@settings(max_examples=30, deadline=None)
@given(lists)
def test_baselines_are_add_one_frequencies(items):
    found = baselines(count_ngrams(*flat(items), V, 2))
    _, uniform = found["uniform"].start(1)
    np.testing.assert_allclose(np.exp(uniform), 1 / V)
    ends = Counter(i for item in items for i in [*item, 0])
    _, unigram = found["unigram"].start(1)
    np.testing.assert_allclose(np.exp(unigram[0]), [(ends[v] + 1) / (ends.total() + V) for v in range(V)])
    begins = Counter((*item, 0)[0] for item in items)
    _, bigram = found["bigram"].start(1)
    np.testing.assert_allclose(np.exp(bigram[0]), [(begins[v] + 1) / (len(items) + V) for v in range(V)])


@settings(max_examples=60, deadline=None)
@given(lists, lists, orders)
def test_reach_counts_what_was_never_seen(items, held_out, order):
    def histories(lists_of_ids):
        for item in lists_of_ids:
            word = [0, *item, 0]
            for at in range(1, len(word)):
                yield word[:at], word[at]

    for row in coverage(count_ngrams(*flat(items), V, order), *flat(held_out)):
        last = slice(-row.length, None) if row.length else slice(0, 0)
        seen = {tuple(before[last]) for before, _ in histories(items)}
        ngrams = {(*before[last], symbol) for before, symbol in histories(items)}
        asked = [(tuple(before[last]), symbol) for before, symbol in histories(held_out)]
        assert row.possible == V**row.length
        assert row.seen == sum(len(context) == row.length for context in seen)
        assert row.predictions == len(asked)
        assert row.new_context == sum(context not in seen for context, _ in asked)
        assert row.new_ngram == sum((*context, symbol) not in ngrams for context, symbol in asked)


def test_importing_loads_no_torch():
    code = "import sys, moreish.ngram; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "moreish.ngram.counts" in loaded.split()
    assert not {"torch", "safetensors", "moreish.models", "moreish.data"} & set(loaded.split())
