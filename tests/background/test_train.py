"""A background net trained on tiny lists: it learns, and what it learned is kept; gates for it."""

import math
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch

from moreish.background import making
from moreish.background.making import (
    ENOUGH_FOR_GATES,
    FEWEST_ITEMS,
    MOST_WEIGHING,
    NamedList,
    divided,
    frequent,
    make_background,
    with_gates,
)
from moreish.background.reader import Cell
from moreish.background.shape import flat
from moreish.background.symbols import features
from moreish.background.train import BackgroundOptions, BackgroundTraining
from moreish.background.weights import ARRAYS, Background, load, save
from tests.support.backgrounds import random_background
from tests.support.lists import made_items

LISTS = [[tuple(item) for item in made_items(60)[k : k + 40]] for k in range(0, 18, 3)]
OPTIONS = BackgroundOptions(n_embd=8, n_hidden=16, dropout=0.0, seconds=2.0, lanes=4, length=16, rare=2, lr=1e-2)


def trained(seconds: float, seed: int = 1) -> tuple[BackgroundTraining, list[float]]:
    options = BackgroundOptions(**vars(OPTIONS) | {"seconds": seconds, "seed": seed})
    training = BackgroundTraining(LISTS, [1.0] * len(LISTS), options)
    return training, [report.loss for report in training.run()]


def loss_of(net: Background, items: list[tuple[str, ...]]) -> float:
    """Mean nats a symbol of a list that it reads from the start, all symbols of the list being possible."""
    symbols = sorted({s for item in items for s in item})
    cell = Cell.of(net, net.rows(symbols))
    ids = flat([np.array([symbols.index(s) + 1 for s in item]) for item in items])[0]
    memory, total = cell.blank(1), 0.0
    for now, after in pairwise(ids):
        memory = cell.read(memory, np.array([now]))
        total -= cell.logprobs(memory)[0, after]
    return total / (len(ids) - 1)


@pytest.fixture(scope="module")
def learned() -> tuple[BackgroundTraining, list[float]]:
    return trained(2.0)


@pytest.mark.slow
def test_two_seconds_are_better_than_the_uniform(learned: tuple[BackgroundTraining, list[float]]):
    training, losses = learned
    items = LISTS[0]
    uniform = math.log(len({s for item in items for s in item}) + 1)
    untrained = BackgroundTraining(LISTS, [1.0] * len(LISTS), OPTIONS).result()
    assert loss_of(training.result(), items) < min(uniform, loss_of(untrained, items)) - 0.1
    assert all(math.isfinite(loss) for loss in losses)


def test_what_was_learned_is_kept_in_half_precision(learned: tuple[BackgroundTraining, list[float]], tmp_path: Path):
    result = learned[0].result()
    save(result, tmp_path / "net", {})
    again, rounded = load(tmp_path / "net"), result.in_half_precision()
    for name in ARRAYS:
        np.testing.assert_array_equal(getattr(again, name), getattr(rounded, name))
    assert again.features == result.features
    assert loss_of(again, LISTS[0]) == pytest.approx(loss_of(result, LISTS[0]), abs=0.02)


def test_training_goes_on_from_the_memory_of_the_stretch_before_and_from_none_in_a_new_episode():
    training = BackgroundTraining(LISTS, [1.0] * len(LISTS), OPTIONS)
    stretches = iter(training.lanes)
    for _ in range(20):
        after = training.gradients.after
        stretch = next(stretches)
        training._step(stretch)
        if after is not None:
            assert training.gradients.before is not None
            fresh = torch.from_numpy(stretch.fresh)
            for was, now in zip(after, training.gradients.before, strict=True):
                assert not now[fresh].any()
                assert torch.equal(now[~fresh], was[~fresh])


def test_the_features_learn_what_their_symbols_do_and_nothing_of_the_step_before():
    training = BackgroundTraining(LISTS, [1.0] * len(LISTS), OPTIONS)
    for _, stretch in zip(range(3), training.lanes, strict=False):
        training._step(stretch)
        net, tables = training.net, training.tables
        for learned, table in zip((net.wte.weight, net.head.weight, net.head.bias), tables.parameters(), strict=True):
            want = torch.zeros_like(table)
            assert learned.grad is not None
            assert table.grad is not None
            for grad, symbol in zip(learned.grad, stretch.symbols, strict=True):
                want[training.alphabet.rows[symbol]] += grad
            direction = torch.nn.functional.cosine_similarity(table.grad.flatten(), want.flatten(), dim=0)
            assert direction > 1 - 1e-5  # the length is that of the clipped gradient


def test_the_same_seed_trains_the_same_net():
    def steps(seed: int) -> torch.Tensor:
        training = BackgroundTraining(LISTS, [1.0] * len(LISTS), BackgroundOptions(**vars(OPTIONS) | {"seed": seed}))
        for _, stretch in zip(range(5), training.lanes, strict=False):
            training.optimizer.param_groups[0]["lr"] = 0.01
            training._step(stretch)
        return training.net.lstm.weight_hh_l0.detach().clone()

    assert torch.equal(steps(1), steps(1))
    assert not torch.equal(steps(1), steps(2))


def test_training_goes_on_from_a_net_with_its_weights_and_all_its_features():
    begin = random_background()
    for feature in features("a"):
        del begin.features[feature]  # one that the lists have and it has not
    training = BackgroundTraining(LISTS, [1.0] * len(LISTS), OPTIONS, begin)
    result = training.result()
    assert {*begin.features} < {*result.features}
    for name in ("weight_ih", "weight_hh", "bias_hidden", "projection"):
        np.testing.assert_array_equal(getattr(result, name), getattr(begin, name))
    for name in ("reading", "writing", "bias"):
        now, then = getattr(result, name), getattr(begin, name)
        for feature, number in result.features.items():
            expected = then[begin.features[feature]] if feature in begin.features else np.zeros_like(then[0])
            np.testing.assert_array_equal(now[number], expected)
    assert loss_of(result, LISTS[0]) == pytest.approx(loss_of(begin, LISTS[0]), abs=1e-5)
    assert training.options.lr == OPTIONS.lr / 2


@pytest.mark.slow
def test_going_on_from_what_was_learned_begins_where_it_ended(learned: tuple[BackgroundTraining, list[float]]):
    begin, ended = learned[0].result(), learned[1][-1]
    options = replace(OPTIONS, seconds=0.5)
    report = next(BackgroundTraining(LISTS, [1.0] * len(LISTS), options, begin).run())
    untrained = next(BackgroundTraining(LISTS, [1.0] * len(LISTS), options).run())
    assert abs(report.loss - ended) < abs(untrained.loss - ended) / 2


def named(count: int, name: str = "list") -> NamedList:
    return NamedList(name, [tuple(item) for item in made_items(count)])


def test_lists_are_drawn_with_the_root_of_their_size_up_to_a_size():
    assert named(100).share == 10
    assert named(MOST_WEIGHING * 2).share == named(MOST_WEIGHING).share
    assert NamedList("twice", named(100).items, 2.0).share == 20


def test_items_with_a_rare_symbol_are_left_out_and_lists_too_short_then(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(making, "MOST_SYMBOLS", 12)
    odd = NamedList("odd", [*named(20).items[: FEWEST_ITEMS - 1], ("ж",) * 2])
    kept = frequent([named(200), odd, named(FEWEST_ITEMS - 1)])
    assert [each.name for each in kept] == ["list"]
    assert not any("ж" in item for each in kept for item in each.items)


@pytest.mark.parametrize("count", [1, ENOUGH_FOR_GATES - 1, ENOUGH_FOR_GATES, 23])
def test_every_fifth_list_is_kept_for_the_gates_where_there_are_enough(count: int):
    lists = [named(12, str(i)) for i in range(count)]
    training, kept = divided(lists)
    assert sorted(each.name for each in [*training, *kept]) == sorted(each.name for each in lists)
    assert len(kept) == (-(-count // 5) if count >= ENOUGH_FOR_GATES else 0)


def test_lists_too_short_to_train_on_are_refused():
    with pytest.raises(ValueError, match="nothing to train on"):
        make_background([named(FEWEST_ITEMS - 1)], [], OPTIONS, lambda _: None)


@pytest.mark.parametrize("kept_out", [[], [named(12)], [named(12), named(20)]])
def test_with_too_few_lists_for_gates_they_are_the_bundled_nets(
    kept_out: list[NamedList], monkeypatch: pytest.MonkeyPatch
):
    bundled = random_background(seed=9)
    monkeypatch.setattr(making, "load", lambda: bundled)
    net = random_background(n_hidden=4)
    assert with_gates(net, kept_out, 0, lambda _: None).gates == bundled.gates


def test_a_request_to_stop_keeps_what_was_learned(monkeypatch: pytest.MonkeyPatch):
    told: list[str] = []
    options = BackgroundOptions(**vars(OPTIONS) | {"seconds": 600.0})
    monkeypatch.setattr("moreish.background.train.REPORTED", 2)
    kept_out = [named(60), named(60)]
    lists = [NamedList(str(i), items) for i, items in enumerate(LISTS)]
    made = make_background(lists, kept_out, options, told.append, (12, 20), lambda: True)
    assert any("stop" in sentence for sentence in told)
    assert {*made.gates} == {1, 2, 3}
    assert not made.hash
