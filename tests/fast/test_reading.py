"""Reading by the kernels: log probabilities, scores and samples are those of torch."""

import copy
import pickle
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from moreish.data import Corpus, from_items
from moreish.fast import reading
from moreish.fast.reading import Reader, reader_for
from moreish.inference import network
from moreish.inference.contexts import beginnings
from moreish.inference.network import Network
from moreish.inference.sample import sample
from moreish.models import build_model, model_class
from moreish.models.net import Net
from tests.fast.test_compiled import ODD, STACKS, batch_for, made
from tests.support.kernels import needs_kernels
from tests.support.lists import made_items

NEAR = 1e-5


@pytest.fixture(scope="module")
def listed() -> Corpus:
    return from_items(made_items(300))


def by_torch(net: Net) -> Network:
    return Network(net).without_kernels()


def net_for(stack: str, corpus: Corpus) -> Net:
    net = made(stack, len(corpus.vocab), dtype=torch.float32)
    idx, _ = batch_for(net, 64, 9)
    net(idx)  # running statistics that are not those of the beginning
    return net.eval()


@needs_kernels
@given(stack=st.sampled_from(sorted(STACKS)), rows=ODD, steps=ODD, vocab=ODD, seed=st.integers(0, 99))
def test_log_probabilities_are_those_of_torch(stack, rows, steps, vocab, seed):
    net = made(stack, vocab, seed, torch.float32).eval()
    idx, _ = batch_for(net, rows, min(steps, 16), seed)
    with torch.no_grad():
        want = net(idx).log_softmax(-1).numpy()
    reader = Reader(net)
    found = reader.windows(idx.numpy()) if net.windowed else reader.sequences(idx.numpy())
    np.testing.assert_allclose(found, want, rtol=0, atol=NEAR)


@needs_kernels
@pytest.mark.parametrize("stack", STACKS)
def test_scores_are_those_of_torch_and_do_not_depend_on_what_is_read_together(stack, listed, monkeypatch):
    net, part = net_for(stack, listed), listed.split("train")
    found = Network(net).score(part.ids, part.offsets)
    np.testing.assert_allclose(found, by_torch(net).score(part.ids, part.offsets), rtol=0, atol=NEAR)
    monkeypatch.setattr(network, "PLACES_AT_A_TIME", 7)
    monkeypatch.setattr(network, "ITEMS_AT_A_TIME", 50)
    monkeypatch.setattr(reading, "ROWS_AT_A_TIME", 5)
    np.testing.assert_array_equal(Network(net).score(part.ids, part.offsets), found)


@needs_kernels
@pytest.mark.parametrize("stack", ["bigram", "mlp", "mlp, elu, blank", "mlp, BatchNorm", "wavenet", "bow"])
def test_the_same_seed_draws_the_same_items(stack, listed):
    net = net_for(stack, listed)
    drawn, want = (sample(model, 300, np.random.default_rng(5)) for model in (Network(net), by_torch(net)))
    np.testing.assert_array_equal(drawn.ids, want.ids)
    np.testing.assert_allclose(drawn.logprob, want.logprob, rtol=0, atol=1e-4)


words = st.lists(st.text("abc", max_size=6), min_size=1, max_size=12)


@given(words=words, most=st.integers(1, 9))
def test_every_place_comes_after_its_own_beginning_and_none_is_there_twice(words, most):
    part = from_items([*words, "abc"]).split("all")
    starts, spans = part.offsets[:-1], np.diff(part.offsets)
    seen = []
    for some in beginnings(part.ids, starts, spans, most):
        read = []
        for i in range(len(some.ids)):
            before = some.before[i]
            assert before < i
            read.append([*(read[before] if before >= 0 else []), int(some.ids[i])])
        assert len({tuple(each) for each in read}) == len(read)
        for row, item in enumerate(some.items):
            whole = part.ids[starts[item] : starts[item] + spans[item]].tolist()
            assert [read[at] for at in some.place[row, : spans[item]]] == [whole[: t + 1] for t in range(len(whole))]
            seen.append(int(item))
    assert sorted(seen) == list(range(len(spans)))


@needs_kernels
def test_parameters_that_were_moved_or_changed_are_read_where_they_are_now():
    net = made("mlp", dtype=torch.float32).eval()
    model = Network(net)
    first = model.start(3)[1]
    with torch.no_grad():
        for p in net.parameters():
            p.data = p * 0.5
    second = model.start(3)[1]
    assert np.abs(first - second).max() > 0.1
    np.testing.assert_allclose(second, by_torch(net).start(3)[1], rtol=0, atol=NEAR)
    net.double()
    np.testing.assert_allclose(model.start(3)[1], second, rtol=0, atol=NEAR)


@needs_kernels
@pytest.mark.parametrize("way", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))])
def test_a_copy_reads_its_own_parameters(way):
    model: Any = Network(made("mlp", dtype=torch.float32).eval())
    before = model.start(2)[1]
    other = way(model)
    with torch.no_grad():
        other.module.head[0].bias.add_(torch.arange(27.0))
    assert np.abs(other.start(2)[1] - before).max() > 1
    np.testing.assert_array_equal(model.start(2)[1], before)


@needs_kernels
def test_threads_that_read_at_the_same_time_do_not_disturb_one_another(listed):
    net, part = net_for("wavenet", listed), listed.split("train")
    model = Network(net)
    want = model.score(part.ids, part.offsets)
    with ThreadPoolExecutor(4) as pool:
        for found in pool.map(lambda _: model.score(part.ids, part.offsets), range(12)):
            np.testing.assert_array_equal(found, want)


@needs_kernels
def test_a_net_that_is_looked_at_is_read_by_torch():
    net, seen = made("mlp", dtype=torch.float32).eval(), []
    model = Network(net)
    with net.get_submodule("hidden")[0].register_forward_hook(lambda *_: seen.append(1)):
        model.start(1)
    assert seen == [1]


def test_a_net_without_kernels_is_read_by_torch(monkeypatch):
    monkeypatch.setattr(reading, "NETS", {})
    net = build_model("mlp", model_class("mlp").Options(), 27, 0)
    assert reader_for(net) is None
    assert np.isfinite(Network(net).start(2)[1]).all()


@needs_kernels
def test_ids_outside_of_the_table_are_never_handed_over():
    with pytest.raises(AssertionError):
        Reader(made("mlp", dtype=torch.float32)).windows(np.full((1, 3), 27))
    reader = Reader(made("bow", dtype=torch.float32))
    with pytest.raises(AssertionError):
        reader.places(np.zeros(2, int), np.array([-1, 1]), 2)
    with pytest.raises(AssertionError):
        reader.places(np.zeros(3, int), np.array([-1, 0, 1]), 2)
    with pytest.raises(AssertionError):
        reader.places(np.zeros(40, int), np.arange(-1, 39), 40)  # longer than the net has positions
