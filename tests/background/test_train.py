"""A background net trained on tiny lists: it learns, and what it learned is kept; gates for it."""

import math
from dataclasses import fields, replace
from itertools import count, pairwise
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from moreish.background import making
from moreish.background.gate import blended_from
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
from moreish.background.symbols import feature_rows, features
from moreish.background.train import BackgroundOptions, BackgroundTraining
from moreish.background.weights import Background, NetWeights, load, save
from tests.support.backgrounds import random_background
from tests.support.lists import made_items

LISTS = [[tuple(item) for item in made_items(60)[k : k + 40]] for k in range(0, 18, 3)]
OPTIONS = BackgroundOptions(n_embd=8, n_hidden=16, dropout=0.0, seconds=2.0, lanes=4, length=16, rare=2, lr=1e-2)


def trained(seconds: float, seed: int = 1) -> tuple[BackgroundTraining, list[float]]:
    options = BackgroundOptions(**vars(OPTIONS) | {"seconds": seconds, "seed": seed})
    training = BackgroundTraining(LISTS, [1.0] * len(LISTS), options)
    ticks = (0.002 * tick for tick in count())  # a step takes 2 ms, on a machine that is busy as well
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("moreish.background.train.time", SimpleNamespace(monotonic=lambda: next(ticks)))
        return training, [report.loss for report in training.run()]


def loss_of(net: NetWeights, numbers: dict[str, int], items: list[tuple[str, ...]]) -> float:
    """Mean nats a symbol of a list that it reads from the start, all symbols of the list being possible."""
    symbols = sorted({s for item in items for s in item})
    cell = Cell.of(net, net.rows(feature_rows(symbols, numbers)))
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
    numbers = training.alphabet.features
    untrained = BackgroundTraining(LISTS, [1.0] * len(LISTS), OPTIONS).result()
    assert loss_of(training.result(), numbers, items) < min(uniform, loss_of(untrained, numbers, items)) - 0.1
    assert all(math.isfinite(loss) for loss in losses)


def test_what_was_learned_is_kept_in_eight_bits(learned: tuple[BackgroundTraining, list[float]], tmp_path: Path):
    result, numbers = learned[0].result(), learned[0].alphabet.features
    save(Background(numbers, (result,)), tmp_path / "net", {})
    again, rounded = load(tmp_path / "net"), result.as_stored()
    for f in fields(NetWeights):
        np.testing.assert_array_equal(getattr(again.nets[0], f.name), getattr(rounded, f.name))
    assert again.features == numbers
    assert loss_of(again.nets[0], numbers, LISTS[0]) == pytest.approx(loss_of(result, numbers, LISTS[0]), abs=0.02)


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


@pytest.mark.parametrize("number", [0, 1])
def test_training_goes_on_from_a_net_with_its_weights_and_all_its_features(number: int):
    begin = random_background(nets=2)
    own = begin.nets[number]
    for feature in features("a"):
        del begin.features[feature]  # one that the lists have and it has not
    training = BackgroundTraining(LISTS, [1.0] * len(LISTS), OPTIONS, begin, number)
    result, numbers = training.result(), training.alphabet.features
    assert {*begin.features} < {*numbers}
    for name in ("weight_ih", "weight_hh", "bias_hidden", "projection"):
        np.testing.assert_array_equal(getattr(result, name), getattr(own, name))
    for name in ("reading", "writing", "bias"):
        now, then = getattr(result, name), getattr(own, name)
        for feature, place in numbers.items():
            expected = then[begin.features[feature]] if feature in begin.features else np.zeros_like(then[0])
            np.testing.assert_array_equal(now[place], expected)
    assert loss_of(result, numbers, LISTS[0]) == pytest.approx(loss_of(own, begin.features, LISTS[0]), abs=1e-5)
    assert training.options.lr == OPTIONS.lr / 2


@pytest.mark.slow
def test_going_on_from_what_was_learned_begins_where_it_ended(learned: tuple[BackgroundTraining, list[float]]):
    begin = Background(learned[0].alphabet.features, (learned[0].result(),))
    options = replace(OPTIONS, seconds=0.5)
    report = next(BackgroundTraining(LISTS, [1.0] * len(LISTS), options, begin).run())
    untrained = next(BackgroundTraining(LISTS, [1.0] * len(LISTS), options).run())
    ended = learned[1][-1]
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


def stopped_after(asks: int, **changes: object) -> tuple[Background, list[str]]:
    """What is made by two lists kept out and six to train on, where it is asked to stop after so many questions."""
    told: list[str] = []
    options = BackgroundOptions(**vars(OPTIONS) | {"seconds": 600.0} | changes)
    lists = [NamedList(str(i), items) for i, items in enumerate(LISTS)]
    numbers = iter(range(10**9))
    made = make_background(lists, [named(60)] * 2, options, told.append, (12, 20), lambda: next(numbers) >= asks)
    return made, told


def test_a_request_to_stop_keeps_what_was_learned():
    made, told = stopped_after(3)
    assert any("asked to stop: what was learned" in sentence for sentence in told)
    assert made.gates == load().gates
    assert not made.hash


def test_nets_that_were_not_begun_when_it_was_asked_to_stop_are_none():
    assert len(stopped_after(3, nets=2)[0].nets) == 1


def test_nets_are_trained_one_after_the_other_each_for_its_share_and_each_another():
    made, told = stopped_after(10**9, nets=2, seconds=1.0)
    assert len(made.nets) == 2
    assert {*made.gates} == {*blended_from(2)}
    assert not np.array_equal(made.nets[0].weight_hh, made.nets[1].weight_hh)
    assert not any("stop" in sentence for sentence in told)


def test_a_request_to_stop_while_gates_are_fitted_takes_those_of_the_bundled_net(monkeypatch: pytest.MonkeyPatch):
    bundled = random_background(seed=9)
    monkeypatch.setattr(making, "load", lambda: bundled)
    told: list[str] = []
    net = random_background(n_hidden=4)
    made = with_gates(net, [named(60)], 0, told.append, (12, 20), lambda: True)
    assert made.gates == bundled.gates
    assert told[-1] == "asked to stop: the gates are those of the net that moreish ships"
