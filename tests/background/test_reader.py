"""Reading by numpy against torch's LSTM, orders side by side, and the contract of a language model."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from moreish.background.parts import MOST_READ, reader_of, readers_of
from moreish.background.reader import Cell, ListReader, read_list
from moreish.background.shape import flat
from moreish.background.weights import Background
from tests.support.backgrounds import numbered_list, random_background

SYMBOLS = list("abcdefgABC é")
V = len(SYMBOLS) + 1


def cell_for(net: Background) -> Cell:
    return Cell.of(net.nets[0], net.rows(SYMBOLS)[0])


@torch.no_grad()
def by_torch(net: Background, ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(memory h after each id, log probabilities after each), of torch's own layer in float64; ids (rows, T)."""
    rows, own = net.rows(SYMBOLS)[0], net.nets[0]
    layer = nn.LSTM(own.weight_ih.shape[1], own.n_hidden, batch_first=True).double()
    arrays = (own.weight_ih, own.weight_hh, own.bias_hidden, np.zeros_like(own.bias_hidden))
    for p, a in zip(layer.all_weights[0], arrays, strict=True):
        p.copy_(torch.tensor(a))
    h, _ = layer(torch.tensor(rows.reading, dtype=torch.float64)[torch.tensor(ids)])
    logits = h @ torch.tensor(rows.writing @ own.projection, dtype=torch.float64).T + torch.tensor(rows.bias)
    return h.numpy(), logits.log_softmax(-1).numpy()


@given(st.integers(0, 2**32), st.integers(1, 4), st.integers(1, 30))
@settings(max_examples=15)
def test_reading_is_torchs_lstm_but_for_half_precision(seed: int, rows: int, steps: int):
    net = random_background(seed=seed, scale=0.3)
    cell, ids = cell_for(net), np.random.default_rng(seed).integers(0, V, (rows, steps))
    h, logprobs = by_torch(net, ids)
    memory = cell.blank(rows)
    for t in range(steps):
        memory = cell.read(memory, ids[:, t])
        np.testing.assert_allclose(memory.h, h[:, t], rtol=0, atol=2e-3)
        np.testing.assert_allclose(cell.logprobs(memory), logprobs[:, t], rtol=0, atol=5e-3)
    assert abs(cell.logprobs(memory) - logprobs[:, -1]).mean() < 1e-3


def test_every_number_of_a_cell_is_one_of_half_precision():
    cell = cell_for(random_background())
    for a in (cell.input, cell.recurrent, cell.output, cell.bias):
        np.testing.assert_array_equal(a, a.astype(np.float16).astype(np.float32))


@given(st.lists(st.integers(1, 20), min_size=1, max_size=5), st.integers(0, 2**32))
@settings(max_examples=20)
def test_orders_of_different_length_side_by_side_are_as_alone(lengths: list[int], seed: int):
    rng = np.random.default_rng(seed)
    cell = cell_for(random_background(seed=seed % 100))
    orders = [rng.integers(0, V, n) for n in lengths]
    together = read_list(cell, orders)
    for row, order in enumerate(orders):
        alone = cell.blank(1)
        for i in order:
            alone = cell.read(alone, np.array([i]))
        np.testing.assert_allclose(together.h[row], alone.h[0], rtol=0, atol=1e-6)
        np.testing.assert_allclose(together.c[row], alone.c[0], rtol=0, atol=1e-6)


def reader(orders: int, seed: int = 0) -> tuple[ListReader, list[np.ndarray]]:
    net = random_background(seed=seed)
    symbols, items = numbered_list(20)
    return reader_of(Cell.of(net.nets[0], net.rows(symbols)[0]), items, orders, seed), items


@pytest.mark.parametrize("orders", [1, 3])
def test_scores_are_those_of_steps_alone(orders: int):
    model, items = reader(orders)
    ids, offsets = flat([*items[:5], np.array([], np.int64), items[0], items[0][:1]])
    scores = model.score(ids, offsets)
    assert scores[0] == 0
    for begin, end in pairwise(offsets):
        state, logprobs = model.start(1)
        for at in range(begin + 1, end + 1):
            assert scores[at] == pytest.approx(logprobs[0, ids[at]], abs=1e-5)
            state, logprobs = model.advance(state, ids[at : at + 1])


@pytest.mark.parametrize("orders", [1, 4])
def test_probabilities_add_up_to_one_and_are_the_mean_over_the_orders(orders: int):
    model, items = reader(orders)
    ids = np.array([item[0] for item in items[:6]])
    state, first = model.start(len(ids))
    state, second = model.advance(state, ids)
    np.testing.assert_allclose(np.exp(first).sum(1), 1, atol=1e-5)
    np.testing.assert_allclose(np.exp(second).sum(1), 1, atol=1e-5)
    each = [ListReader(model.cell, model.begin.take(np.array([k]))) for k in range(orders)]
    alone = [one.advance(one.start(len(ids))[0], ids)[1] for one in each]
    np.testing.assert_allclose(np.exp(second), np.exp(alone).mean(0), atol=1e-6)


def test_rows_are_taken_in_any_order_and_twice():
    model, _ = reader(3)
    state, _ = model.start(4)
    state, _ = model.advance(state, np.array([1, 2, 3, 4]))
    rows = np.array([2, 0, 2])
    taken = model.take(state, rows)
    after, next_ids = model.advance(taken, np.array([5, 6, 7]))[1], np.array([5, 6, 7])
    for k, row in enumerate(rows):
        alone, _ = model.advance(model.start(1)[0], np.array([row + 1]))
        np.testing.assert_allclose(after[k], model.advance(alone, next_ids[k : k + 1])[1][0], rtol=0, atol=1e-5)


def test_nothing_is_overwritten_that_a_state_still_holds():
    model, _ = reader(2)
    state, first = model.start(2)
    before = state.h.copy(), first.copy()
    model.advance(state, np.array([1, 2]))
    np.testing.assert_array_equal(state.h, before[0])
    np.testing.assert_array_equal(model.start(2)[1], before[1])


def test_several_lists_read_side_by_side_are_as_one_alone():
    net = random_background()
    symbols, items = numbered_list(20)
    cell = Cell.of(net.nets[0], net.rows(symbols)[0])
    lists = [items, items[:3], items[5:]]
    for own, found in zip(lists, readers_of(cell, lists, 3, 7), strict=True):
        alone = reader_of(cell, own, 3, 7)
        np.testing.assert_allclose(found.begin.h, alone.begin.h, rtol=0, atol=1e-6)
        np.testing.assert_allclose(found.start(1)[1], alone.start(1)[1], rtol=0, atol=1e-5)


def test_of_a_long_list_a_part_is_read_that_begins_with_an_item(monkeypatch: pytest.MonkeyPatch):
    from moreish.background import parts

    read: list[np.ndarray] = []
    monkeypatch.setattr(
        parts, "read_list", lambda cell, streams: read.extend(streams) or read_list(cell, streams[:1])
    )
    cell = cell_for(random_background(n_hidden=2))
    parts.reader_of(cell, [np.full(7, 1 + i % 5) for i in range(1000)], 1, 0)
    assert read[0][0] == read[0][-1] == 0
    assert MOST_READ - 8 < len(read[0]) <= MOST_READ
