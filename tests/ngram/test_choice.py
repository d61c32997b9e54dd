"""The chosen order, the baselines, how far contexts reach; and what importing costs."""

import subprocess
import sys
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings

from moreish.ngram import KneserNey, baselines, choose_order, count_ngrams, coverage
from tests.ngram.oracles import V, flat, lists, orders


@settings(max_examples=30, deadline=None)
@given(lists, lists)
def test_the_order_grows_for_as_long_as_that_lowers_the_loss(items, held_out):
    choice = choose_order(*flat(items), *flat(held_out), V, highest=9)  # beyond what is counted at first
    alone = {n: KneserNey.fit(*flat(items), V, n).loss(*flat(held_out)) for n in range(1, 10)}
    chosen = next((n for n in range(1, 9) if alone[n + 1] >= alone[n]), 9)
    assert choice.model.order == chosen
    assert choice.losses == {n: alone[n] for n in range(1, min(chosen + 1, 9) + 1)}
    assert choice.model.loss(*flat(held_out)) == alone[chosen]


def test_nothing_can_be_chosen_without_val_items():
    with pytest.raises(ValueError, match="no items to score"):
        choose_order(*flat([[1, 2]]), np.array([0]), np.array([0]), V)
    with pytest.raises(ValueError, match="1 or more"):
        choose_order(*flat([[1, 2]]), *flat([[1]]), V, highest=0)


@settings(max_examples=30, deadline=None)
@given(lists)
def test_baselines_are_add_one_frequencies(items):
    found = baselines(*flat(items), V)
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
