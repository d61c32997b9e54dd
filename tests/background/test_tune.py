"""Training on by one list: seeds, the loss, and the net between its forms."""

from itertools import islice, pairwise

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from moreish.background.reader import Cell
from moreish.background.tune import (
    FEWEST_PASSES,
    MOST_PASSES,
    TuneOptions,
    cell_of,
    list_net,
    parameters,
    passes_for,
    seconds_a_step,
    tune,
    tuned_cell,
)
from tests.support.backgrounds import numbered_list, random_background

SYMBOLS, ITEMS = numbered_list(30)
BACKGROUND = random_background(n_hidden=24, n_embd=8, scale=0.2)
NET, ROWS = BACKGROUND.nets[0], BACKGROUND.rows(SYMBOLS)[0]
FIELDS = ("input", "recurrent", "output", "bias")


def tuned(seed: int = 0, passes: float = 2.0) -> Cell:
    return tuned_cell(NET, ROWS, ITEMS, TuneOptions(passes=passes, lanes=4, length=16, seed=seed))


def same(a: Cell, b: Cell) -> bool:
    return all(np.array_equal(getattr(a, name), getattr(b, name)) for name in FIELDS)


def test_the_same_seed_gives_the_same_cell_and_another_seed_another():
    first = tuned()
    torch.manual_seed(99)
    assert same(first, tuned())
    assert not same(first, tuned(seed=1))
    assert not same(first, Cell.of(NET, ROWS))


def test_the_loss_falls():
    options = TuneOptions(passes=60.0, lanes=4, length=16, lr=1e-2, dropout=0.1)
    losses = [step.loss for step in tune(NET, ROWS, ITEMS, options)]
    assert len(losses) == options.steps(sum(len(item) + 1 for item in ITEMS))
    assert np.mean(losses[-10:]) < np.mean(losses[:5]) - 0.5


def test_a_step_says_how_much_it_read_and_how_fast_it_learned():
    options = TuneOptions(passes=20.0, lanes=4, length=16)
    steps = [*tune(NET, ROWS, ITEMS, options)]
    assert {step.tokens for step in steps} == {64}
    rates = [step.lr for step in steps]
    assert max(rates) <= options.lr
    assert 0 < rates[-1] < rates[5]


def test_a_net_becomes_a_module_and_a_cell_again():
    assert same(cell_of(list_net(NET, ROWS, 0.3)), Cell.of(NET, ROWS))


def test_a_module_reads_as_its_cell_does():
    net = list_net(NET, ROWS, 0.0).eval()
    for p in net.parameters():
        p.data += 0.05 * torch.randn(p.shape, generator=torch.Generator().manual_seed(p.numel()))
    cell = cell_of(net)
    ids = np.random.default_rng(0).integers(0, len(SYMBOLS) + 1, (3, 10))
    with torch.no_grad():
        want = net(torch.from_numpy(ids)).log_softmax(-1)
    memory = cell.blank(3)
    for t in range(10):
        memory = cell.read(memory, ids[:, t])
        np.testing.assert_allclose(cell.logprobs(memory), want[:, t], rtol=0, atol=5e-3)


def test_every_lane_reads_the_whole_list_again_and_again():
    from moreish.background import tune as module

    options = TuneOptions(lanes=3, length=10)
    blocks = [*islice(module._blocks(ITEMS, options, np.random.default_rng(0)), 60)]
    whole = sorted(map(tuple, ITEMS))
    for lane in range(3):
        stream = np.concatenate([blocks[0][lane, :1], *(block[lane, 1:] for block in blocks)])
        for one, two in pairwise(blocks):
            assert one[lane, -1] == two[lane, 0]
        ends = np.flatnonzero(stream == 0)
        assert ends[0] == 0
        items = [tuple(stream[a + 1 : b]) for a, b in pairwise(ends)]
        for k in range(len(items) // len(whole)):
            assert sorted(items[k * len(whole) : (k + 1) * len(whole)]) == whole
        assert len(items) > 2 * len(whole)


@given(st.integers(1, 10**7), st.integers(1, 10**7))
def test_longer_lists_get_fewer_passes_within_bounds(one: int, two: int):
    low, high = sorted((one, two))
    assert MOST_PASSES >= passes_for(low) >= passes_for(high) >= FEWEST_PASSES


@pytest.mark.parametrize("items", [[np.array([1])], [np.zeros(0, np.int64)], [np.full(300, 2)]])
def test_one_item_is_enough_to_train_on(items: list[np.ndarray]):
    options = TuneOptions.for_list(items, 0)
    cell = tuned_cell(NET, ROWS, items, TuneOptions(passes=1.0, lanes=2, length=8, seed=options.seed))
    assert all(np.isfinite(getattr(cell, name)).all() for name in FIELDS)


def test_a_step_is_timed_and_numbers_are_counted():
    assert 0 < seconds_a_step(NET, ROWS, ITEMS, TuneOptions(lanes=2, length=8)) < 60
    assert parameters(ROWS, NET) == sum(p.numel() for p in list_net(NET, ROWS, 0.0).parameters()) - 4 * 24
