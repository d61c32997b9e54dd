"""Every network of the table keeps the promises that training, scoring and sampling rely on."""

import dataclasses
import itertools
import math
import tempfile
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from safetensors.numpy import load_file, save_file

from moreish.data import from_items
from moreish.data.options import DataOptions
from moreish.fitting.serialize import from_tensors, to_tensors
from moreish.inference.network import Network
from moreish.inference.sample import Sampling, sample
from moreish.models import MODELS, build_model, model_class
from moreish.models.contract import LanguageModel
from moreish.models.mixture import Mixture
from moreish.recipes import choose_model
from moreish.rng import rng_for
from moreish.runs.events import Step, of_kind
from moreish.training.loop import start, train
from moreish.training.options import TrainOptions

V = 11
SMALL = {"n_embd": 12, "n_hidden": 24, "n_layer": 2, "n_head": 3}
VARIANTS = {
    **{name: (name, {}) for name in MODELS},
    "mlp-batchnorm": ("mlp", {"batch_norm": True, "head_norm": True}),
    "mlp-word": ("mlp", {"direct": True, "blank": True, "activation": "gelu"}),
    "wavenet-position": ("wavenet", {"norm": "position"}),
    "wavenet-plain": ("wavenet", {"norm": "none", "group": 3}),
    "transformer-tied": ("transformer", {"tie": True}),
}
every_variant = pytest.mark.parametrize("variant", VARIANTS)
sequences = pytest.mark.parametrize(
    "variant", [v for v, (name, _) in VARIANTS.items() if not model_class(name).windowed]
)


def options_of(variant):
    name, changes = VARIANTS[variant]
    options = model_class(name).Options
    known = {field.name for field in dataclasses.fields(options)}
    return options(**{k: v for k, v in (SMALL | changes).items() if k in known})


def make(variant, seed=3, jitter=0.0):
    """The small network; `jitter` moves every parameter and statistic, so that nothing is zero or one by custom."""
    net = build_model(VARIANTS[variant][0], options_of(variant), V, seed)
    rng = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, p in net.state_dict().items():
            if jitter and p.is_floating_point():
                p += (
                    jitter * torch.randn(p.shape, generator=rng).abs_()
                    if "var" in name
                    else (jitter * torch.randn(p.shape, generator=rng))
                )
    return net


def some_ids(net, rows=5, length=7, seed=0):
    """Ids as the network gets them: a boundary first, none inside."""
    length = net.block_size if net.windowed else min(length, net.block_size or length)
    idx = torch.randint(1, V, (rows, length), generator=torch.Generator().manual_seed(seed))
    idx[:, 0] = 0
    return idx


def some_items(count=40, longest=6, seed=0):
    """A flat array of random items, with its offsets."""
    rng = np.random.default_rng(seed)
    items = [rng.integers(1, V, rng.integers(1, longest + 1)) for _ in range(count)]
    ids = np.concatenate([[0], *(np.append(item, 0) for item in items)]).astype(np.uint8)
    return ids, np.cumsum([0] + [len(item) + 1 for item in items])


@every_variant
def test_logits_have_a_row_for_every_prediction(variant):
    net = make(variant)
    idx = some_ids(net)
    want = (len(idx), V) if net.windowed else (*idx.shape, V)
    assert net(idx).shape == want


@every_variant
def test_knows_nothing_before_it_was_trained(variant):
    net = make(variant)
    ids, offsets = some_items()
    with torch.no_grad():
        net(some_ids(net, rows=200))
    loss = -Network(net).score(ids, offsets).sum() / (len(ids) - 1)
    assert loss == pytest.approx(math.log(V), abs=0.05)


@pytest.mark.slow
@every_variant
def test_overfits_one_batch(variant):
    """The target is the symbol before the last one: what a net with any memory can learn, and a bigram cannot."""
    net = make(variant)
    idx = some_ids(net, rows=8, length=6)
    if variant == "bigram":
        targets = (idx * 3 + 1) % V
    else:
        targets = F.pad(idx, (1, 0))[:, :-1]
    if net.windowed:
        targets = targets[:, -1]
    optimizer = torch.optim.Adam(net.parameters(), lr=0.03)
    loss = torch.tensor(math.inf)
    for _ in range(200):
        loss = F.cross_entropy(net(idx).flatten(0, -2), targets.flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss.item() < 0.1


@sequences
def test_no_position_sees_a_later_one(variant):
    net = make(variant, jitter=0.3).eval()
    idx = some_ids(net)
    for t in range(1, idx.shape[1]):
        changed = idx.clone()
        changed[:, t:] = idx[:, t:] % (V - 1) + 1
        with torch.no_grad():
            torch.testing.assert_close(net(changed)[:, :t], net(idx)[:, :t], rtol=0, atol=1e-6)


@every_variant
def test_the_last_symbol_and_the_one_before_matter(variant):
    net = make(variant, jitter=0.3).eval()
    idx = some_ids(net, length=4)
    with torch.no_grad():
        logits = net(idx) if net.windowed else net(idx)[:, -1]
        for back in (1,) if variant == "bigram" else (1, 2):
            changed = idx.clone()
            changed[:, -back] = idx[:, -back] % (V - 1) + 1
            other = net(changed) if net.windowed else net(changed)[:, -1]
            assert (other - logits).abs().max() > 1e-4


@every_variant
def test_saved_and_loaded_it_answers_the_same(variant):
    net = make(variant, jitter=0.3)
    ids, offsets = some_items()
    tensors, description = to_tensors(Network(net))
    name, _ = VARIANTS[variant]
    choice = choose_model({"name": name, **dataclasses.asdict(options_of(variant))})
    with tempfile.TemporaryDirectory() as folder:
        save_file(tensors, Path(folder) / "model.safetensors")
        loaded = from_tensors(load_file(Path(folder) / "model.safetensors"), description, choice, V)
    np.testing.assert_array_equal(loaded.score(ids, offsets), Network(net).score(ids, offsets))


@every_variant
def test_is_a_function_of_its_seed_and_leaves_torchs_stream_alone(variant):
    torch.manual_seed(17)
    before = torch.random.get_rng_state()
    one, same, other = make(variant, seed=5), make(variant, seed=5), make(variant, seed=6)
    assert torch.equal(torch.random.get_rng_state(), before)
    pairs = list(zip(one.parameters(), same.parameters(), strict=True))
    assert all(torch.equal(a, b) for a, b in pairs)
    assert variant == "bigram" or any(
        not torch.equal(a, b) for a, b in zip(one.parameters(), other.parameters(), strict=True)
    )


@every_variant
def test_training_is_a_function_of_the_seed(variant):
    corpus = from_items([f"{a}{b}{c}" for a in "abcde" for b in "fgh" for c in "ij"], DataOptions(split="lecture"))
    trained = []
    for _ in range(2):
        net = build_model(VARIANTS[variant][0], options_of(variant), V, 1)
        state = start(net, TrainOptions(steps=5, batch_size=8), seed=1)
        losses = [e.loss for e in of_kind(train(state, corpus.split("train"), None), Step)]
        trained.append((losses, torch.cat([p.detach().flatten() for p in net.parameters()])))
    assert trained[0][0] == trained[1][0]
    assert torch.equal(trained[0][1], trained[1][1])


@every_variant
def test_every_parameter_learns(variant):
    net = make(variant, jitter=0.3)
    ids, offsets = some_items(60)
    rows = [ids[a : b + 1].astype(np.int64) for a, b in itertools.pairwise(offsets) if b - a == 5]
    block = torch.from_numpy(np.stack(rows))
    if net.windowed:
        idx, targets = F.pad(block[:, :-1], (net.block_size, 0))[:, -net.block_size :], block[:, -1]
    else:
        idx, targets = block[:, :-1], block[:, 1:]
    F.cross_entropy(net(idx).flatten(0, -2), targets.flatten()).backward()
    silent = [n for n, p in net.named_parameters() if p.requires_grad and (p.grad is None or not p.grad.any())]
    assert silent == []


@every_variant
def test_scoring_is_reading_step_by_step(variant):
    model = Network(make(variant, jitter=0.3))
    assert isinstance(model, LanguageModel)
    ids, offsets = some_items(12)
    np.testing.assert_allclose(model.score(ids, offsets), by_steps(model, ids, offsets), rtol=0, atol=2e-5)


@every_variant
def test_an_item_longer_than_one_piece_is_scored_to_its_end(variant, monkeypatch):
    monkeypatch.setattr("moreish.inference.network.LONGEST_PIECE", 7)
    net = make(variant, jitter=0.3)
    ids, offsets = some_items(3, longest=60, seed=4)
    model = Network(net)
    scores = model.score(ids, offsets)
    if net.windowed or hasattr(net, "read"):
        np.testing.assert_allclose(scores, by_steps(model, ids, offsets), rtol=0, atol=2e-5)
    assert (scores[1:] < 0).all()
    assert scores[0] == 0


def by_steps(model, ids, offsets):
    """The oracle: every item read id by id."""
    out = np.zeros(len(ids), np.float32)
    for begin, end in itertools.pairwise(offsets):
        state, logprobs = model.start(1)
        for i in range(begin + 1, end + 1):
            out[i] = logprobs[0, ids[i]]
            state, logprobs = model.advance(state, ids[i : i + 1].astype(np.int64))
    return out


@every_variant
def test_rows_can_be_taken_twice_and_in_any_order(variant):
    model = Network(make(variant, jitter=0.3))
    state, _ = model.start(4)
    state, _ = model.advance(state, np.array([1, 2, 3, 4]))
    kept = model.take(state, np.array([3, 0, 0]))
    _, taken = model.advance(kept, np.array([5, 6, 7]))
    _, whole = model.advance(model.take(state, np.arange(4)), np.array([6, 1, 1, 5]))
    np.testing.assert_allclose(taken[:2], whole[[3, 0]], rtol=0, atol=1e-5)
    assert np.abs(taken[1] - taken[2]).max() > 1e-6


@every_variant
def test_sampling_ends(variant):
    draws = sample(Network(make(variant)), 20, rng_for(1, "sampling"), Sampling(max_length=300))
    assert draws.ended.all()
    assert all((draws.item(i) > 0).all() for i in range(20))


def test_a_mixture_of_networks_keeps_the_contract_too():
    parts = [Network(make(v, jitter=0.3)) for v in ("gru", "mlp", "transformer")]
    model = Mixture(parts, np.array([0.5, 0.2, 0.3]))
    ids, offsets = some_items(12)
    scores = model.score(ids, offsets)
    np.testing.assert_allclose(scores, by_steps(model, ids, offsets), rtol=0, atol=2e-5)
    want = np.log(sum(w * np.exp(p.score(ids, offsets)) for w, p in zip(model.weights, parts, strict=True)))
    np.testing.assert_allclose(scores[1:], want[1:], rtol=0, atol=1e-5)
