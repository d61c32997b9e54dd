"""Contexts read once: the scores are those of every window forwarded by itself, wherever a list is cut."""

from functools import cache
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from moreish.data import from_items
from moreish.data.batches import windows
from moreish.data.corpus import Split
from moreish.inference import network
from moreish.inference.contexts import distinct
from moreish.inference.network import Network
from moreish.models import build_model
from moreish.models.batch_norm import BatchNorm1d
from moreish.models.mlp import MLPOptions
from moreish.models.recurrent import RecurrentOptions
from moreish.models.wavenet import SlidingWaveNet, WaveNetOptions

items = st.lists(st.text("abc", max_size=12), min_size=1, max_size=12)


def part_of(words: list[str]) -> Split:
    return from_items([*words, "abc"]).split("all")


@cache
def windowed(kind: str) -> Any:
    options: dict[str, Any] = {
        "pairs": WaveNetOptions(4, 6, 3),
        "threes": WaveNetOptions(4, 6, 2, group=3, norm="none"),
        "places": WaveNetOptions(4, 6, 2, norm="position"),
        "mlp": MLPOptions(n_embd=3, n_hidden=8, block_size=3),
    }
    net: Any = build_model("mlp" if kind == "mlp" else "wavenet", options[kind], 4, 0).double()
    with torch.no_grad():
        net(torch.randint(0, 4, (64, net.block_size)))  # running statistics that are not those of the beginning
        for module in net.modules():
            if isinstance(module, BatchNorm1d):
                module.weight.uniform_(0.5, 2)
        for p in net.parameters():
            p.add_(torch.randn_like(p) * 0.3)
    return net.eval()


def one_by_one(net: Any, part: Split) -> np.ndarray:
    x, y = (torch.from_numpy(a.astype(np.int64)) for a in windows(part, net.block_size))
    with torch.no_grad():
        logprobs = [net(window[None])[0].log_softmax(-1)[target] for window, target in zip(x, y, strict=True)]
    return np.append(0, torch.stack(logprobs).numpy())


@pytest.mark.parametrize("kind", ["pairs", "threes", "places", "mlp"])
@given(words=items, at_a_time=st.integers(1, 40))
def test_scores_are_those_of_every_window_by_itself(kind: str, words: list[str], at_a_time: int):
    net, part = windowed(kind), part_of(words)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(network, "CONTEXTS_AT_A_TIME", at_a_time)
        found = Network(net).score(part.ids, part.offsets)
    np.testing.assert_allclose(found, one_by_one(net, part), rtol=0, atol=1e-6)


@pytest.mark.slow
@given(words=items)
def test_the_sliding_form_gives_the_same_scores(words: list[str]):
    net, part = windowed("pairs"), part_of(words)
    slid = SlidingWaveNet.of(net, WaveNetOptions(4, 6, 3)).double()
    slid.load_state_dict(net.state_dict())
    assert np.abs(Network(slid).score(part.ids, part.offsets) - one_by_one(net, part)).max() < 1e-6


@pytest.mark.parametrize("kind", ["pairs", "mlp"])
def test_what_occurs_again_is_not_forwarded_again(kind: str):
    net, rows = windowed.__wrapped__(kind), []
    first = net.layers[0] if kind == "pairs" else net
    first.register_forward_pre_hook(lambda _, args: rows.append(len(args[0])))
    once, often = part_of(["abcab", "ab"]), part_of(["abcab", "ab"] * 50)
    for part in (once, often):
        Network(net).score(part.ids, part.offsets)
    assert rows[0] == rows[1] < once.n_predicted + 2


@cache
def remembering(kind: str) -> Any:
    net: Any = build_model(kind, RecurrentOptions(4, 6, n_layer=2), 4, 0).double()
    with torch.no_grad():
        for p in net.parameters():
            p.add_(torch.randn_like(p) * 0.3)
    return net.eval()


@pytest.mark.parametrize("kind", ["gru", "lstm"])
@given(words=items, few=st.integers(1, 5), at_a_time=st.integers(1, 9))
def test_scores_of_a_net_that_remembers_are_those_of_every_item_by_itself(kind, words, few, at_a_time):
    net, part = remembering(kind), part_of(words)
    want = np.zeros(len(part.ids))
    for begin, end in zip(part.offsets, part.offsets[1:], strict=False):
        ids = torch.from_numpy(part.ids[begin : end + 1].astype(np.int64))
        with torch.no_grad():
            logprobs = net(ids[None, :-1])[0].log_softmax(-1)
        want[begin + 1 : end + 1] = logprobs.gather(1, ids[1:, None])[:, 0]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(network, "ITEMS_AT_A_TIME", at_a_time)
        patch.setattr(network, "FEW", few)
        found = Network(net).score(part.ids, part.offsets)
    np.testing.assert_allclose(found, want, rtol=0, atol=1e-6)


def test_a_beginning_that_occurs_again_is_not_read_again(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(network, "FEW", 1)
    net, rows = remembering.__wrapped__("gru"), []
    net.wte.register_forward_pre_hook(lambda _, args: rows.append(args[0].numel()))
    part = from_items(["abcab", "abcb", "ab", "b"]).split("all")
    Network(net).score(part.ids, part.offsets)
    assert rows == [1, 2, 1, 1, 2, 1]  # the boundary; a, b; ab; abc; abca, abcb; abcab


numbers = st.integers(0, 3) | st.sampled_from([10**6, 10**6 + 1, 10**12, 10**15])


@given(st.lists(st.lists(numbers, min_size=5, max_size=5), min_size=1, max_size=30))
def test_rows_of_a_kind_are_the_same_and_no_kind_is_there_twice(rows: list[list[int]]):
    table = np.array(rows)
    chosen, kind = distinct(table.T)
    np.testing.assert_array_equal(table[chosen][kind], table)
    assert len(chosen) == len({tuple(row) for row in rows})


def test_numbers_too_large_to_be_told_apart_in_one_are_told_apart():
    most = 2**32 - 1
    rows = np.array([[0, most, most], [1, most, most], [0, most, 0]])
    chosen, kind = distinct(rows.T)
    assert sorted(kind) == [0, 1, 2]
    np.testing.assert_array_equal(rows[chosen][kind], rows)
