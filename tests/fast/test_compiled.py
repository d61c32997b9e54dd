"""The compiled step beside autograd: gradients, many steps, memory, and what it refuses."""

import copy
from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from moreish.data import DataOptions, read
from moreish.fast import compiled
from moreish.fast.compiled import Batches, CompiledStep, Update
from moreish.fast.layers import NETS
from moreish.fast.library import Uncompiled
from moreish.models import build_model, model_class
from moreish.models.net import Net
from moreish.runs import events
from moreish.training.loop import start, train
from moreish.training.options import TrainOptions
from moreish.training.steps import why_uncompiled
from tests.support.kernels import needs_kernels
from tests.support.lists import made_items

pytestmark = needs_kernels

STACKS = {
    "bigram": ("bigram", {}),
    "mlp": ("mlp", {}),
    "mlp, BatchNorm": ("mlp", {"batch_norm": True}),
    "mlp, BatchNorm, useless bias": ("mlp", {"batch_norm": True, "bias": True}),
    "mlp, deep, BatchNorm": ("mlp", {"n_layer": 3, "batch_norm": True, "head_norm": True, "n_hidden": 33}),
    "mlp, BatchNorm of the paper": ("mlp", {"batch_norm": True, "correction": 0, "momentum": 0.5}),
    "mlp, gelu, direct": ("mlp", {"activation": "gelu", "direct": True}),
    "mlp, elu, blank": ("mlp", {"activation": "elu", "blank": True, "direct": True}),
    "mlp, relu": ("mlp", {"activation": "relu", "n_layer": 2}),
    "mlp, leaky relu": ("mlp", {"activation": "leaky-relu"}),
    "mlp, sigmoid": ("mlp", {"activation": "sigmoid"}),
    "mlp, linear": ("mlp", {"activation": "identity"}),
    "wavenet": ("wavenet", {"n_hidden": 20}),
    "wavenet, no norm": ("wavenet", {"norm": "none", "n_hidden": 20}),
    "wavenet, norm by position": ("wavenet", {"norm": "position", "n_hidden": 20}),
    "wavenet, threes": ("wavenet", {"group": 3, "n_layer": 2, "n_hidden": 17, "n_embd": 5}),
    "wavenet-gated": ("wavenet-gated", {"n_embd": 7, "n_hidden": 5}),
    "transformer": ("transformer", {"block_size": 9, "n_embd": 12, "n_head": 3, "n_layer": 2}),
    "transformer, wide heads": ("transformer", {"block_size": 35, "n_embd": 34, "n_head": 2, "n_layer": 1}),
    "bow": ("bow", {"n_embd": 9, "n_hidden": 11}),
}
TOLERANCE = {torch.float64: 1e-12, torch.float32: 1e-5}


def made(stack: str, vocab_size: int = 27, seed: int = 0, dtype: torch.dtype = torch.float64, **more: object) -> Net:
    """A net whose parameters are all away from where they begin."""
    name, options = STACKS[stack]
    net = build_model(name, model_class(name).Options(**options, **more), vocab_size, seed).to(dtype)
    rng = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for p in net.parameters():
            p.add_(torch.randn(p.shape, generator=rng, dtype=dtype), alpha=0.1)
    return net.train()


def batch_for(net: Net, rows: int, steps: int, seed: int = 0) -> tuple[Tensor, Tensor]:
    rng = torch.Generator().manual_seed(seed)
    width = net.block_size if net.windowed else min(steps, net.block_size or steps)
    assert width is not None
    idx = torch.randint(0, net.vocab_size, (rows, width), generator=rng)
    shape = (rows,) if net.windowed else (rows, width)
    return idx, torch.randint(0, net.vocab_size, shape, generator=rng)


def assert_same_gradients(net: Net, rows: int, steps: int, smoothing: float = 0.1, weight: float = 0.7) -> None:
    twin = copy.deepcopy(net)
    idx, targets = batch_for(net, rows, steps)
    step = CompiledStep(net, smoothing)
    loss = step(idx, targets, weight)
    want = F.cross_entropy(twin(idx).flatten(0, -2), targets.flatten(), label_smoothing=smoothing)
    (want * weight).backward()
    near = TOLERANCE[step.dtype]
    torch.testing.assert_close(loss, want.detach(), rtol=near, atol=near)
    for (name, p), q in zip(net.named_parameters(), twin.parameters(), strict=True):
        if q.grad is None:
            assert p.grad is None, name
            continue
        torch.testing.assert_close(p.grad, q.grad, rtol=near, atol=near * float(q.grad.abs().max() + 1), msg=name)
    for (name, a), b in zip(net.named_buffers(), twin.buffers(), strict=True):
        torch.testing.assert_close(a, b, rtol=near, atol=near, msg=name)


def test_every_net_that_is_compiled_is_tested_here():
    named = {name for name, _ in STACKS.values()}
    assert {model_class(name) for name in named} == set(NETS)


@pytest.mark.parametrize("dtype", TOLERANCE, ids=str)
@pytest.mark.parametrize("stack", STACKS)
def test_gradients_losses_and_running_statistics_are_those_of_autograd(stack, dtype):
    assert_same_gradients(made(stack, dtype=dtype), 32, 9)


ODD = st.sampled_from([1, 2, 3, 8, 16, 17, 31, 32, 33])


@given(stack=st.sampled_from(sorted(STACKS)), rows=ODD, steps=ODD, vocab=ODD, seed=st.integers(0, 99))
def test_odd_sizes_are_no_different(stack, rows, steps, vocab, seed):
    norms = "Norm" in stack or (stack.startswith("wavenet") and stack != "wavenet-gated")
    # the rows of a tiny batch are alike, and a BatchNorm blows up what rounding makes of that
    net = made(stack, vocab, seed, torch.float64 if norms else torch.float32)
    assert_same_gradients(net, rows + norms, min(steps, 16))


@given(size=ODD, hidden=ODD, embd=ODD, at=st.integers(0, 15), seed=st.integers(0, 99))
def test_memory_may_lie_anywhere(size, hidden, embd, at, seed):
    """Every parameter is moved to an address that is a multiple of nothing but its own numbers' size."""
    options = model_class("mlp").Options(n_hidden=hidden, n_embd=embd, activation="sigmoid")
    net = build_model("mlp", options, 27, seed).train()
    for p in net.parameters():
        room = torch.empty(p.numel() + 16)
        p.data = room[at : at + p.numel()].view(p.shape).copy_(p.data)
    assert_same_gradients(net, size, 3)


GOLDEN = TrainOptions(steps=200, batch_size=32, lr=0.01, log_every=1, clip=0.5, ema=0.9)
UPDATES = {
    "adamw": replace(GOLDEN, weight_decay=0.1),
    "sgd": replace(GOLDEN, optimizer="sgd", lr=0.3, schedule="step", warmup=0.0, clip=0.0),
    "momentum": replace(GOLDEN, optimizer="sgd", lr=0.1, momentum=0.9, weight_decay=0.01, label_smoothing=0.1),
}


def followed(corpus, stack: str, options: TrainOptions, **more: object):
    name, model_options = STACKS[stack]
    net = build_model(
        name, model_class(name).Options(**model_options, **more), len(corpus.vocab), 3, len(corpus.kinds) or 1
    )
    state = start(net, options, 3)
    return state, list(train(state, corpus.split("train"), corpus.split("val")))


def losses_of(seen) -> np.ndarray:
    return np.array([event.loss for event in seen if isinstance(event, events.Step)])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("stack", "update"),
    [
        *(("mlp", update) for update in UPDATES),
        ("bigram", "adamw"),
        ("mlp, BatchNorm", "adamw"),
        ("wavenet", "sgd"),
        ("wavenet-gated", "momentum"),
        ("bow", "adamw"),
    ],
)
def test_the_first_losses_are_those_of_autograd(corpus, stack, update):
    compiled, seen = followed(corpus, stack, replace(UPDATES[update], backward="fused"))
    plain, wanted = followed(corpus, stack, UPDATES[update])
    np.testing.assert_allclose(losses_of(seen), losses_of(wanted), rtol=0, atol=1e-4)
    assert compiled.memory().keys() == plain.memory().keys()
    for name, value in plain.memory().items():
        np.testing.assert_allclose(compiled.memory()[name], value, rtol=2e-2, atol=2e-3, err_msg=name)
    for name, value in plain.model.state_dict().items():
        torch.testing.assert_close(compiled.model.state_dict()[name], value, rtol=2e-2, atol=2e-3)


@pytest.mark.parametrize("stack", ["mlp", "mlp, elu, blank", "bow"])
def test_kinds_weights_and_blanks_are_read_as_by_torch(tmp_path, stack):
    rows = [f"{item},{i % 3},{1 + i % 5}" for i, item in enumerate(made_items(120))]
    (tmp_path / "list.csv").write_text("\n".join(["name,kind,count", *rows]), encoding="utf-8")
    by = None if "blank" in stack else "kind"
    corpus = read(tmp_path / "list.csv", DataOptions(column="name", by=by, weight="count"))
    options = replace(GOLDEN, steps=60)
    _, seen = followed(corpus, stack, replace(options, backward="fused"))
    _, wanted = followed(corpus, stack, options)
    np.testing.assert_allclose(losses_of(seen), losses_of(wanted), rtol=0, atol=1e-4)


@pytest.mark.parametrize("stack", ["mlp, BatchNorm", "wavenet-gated"])
def test_training_goes_on_bit_for_bit_wherever_it_was_stopped(corpus, stack):
    options = replace(GOLDEN, steps=40, log_every=7, eval_every=20, backward="fused")
    dropped = {"dropout": 0.3}
    whole, _ = followed(corpus, stack, options, **dropped)
    again, _ = followed(corpus, stack, replace(options, log_every=1), **dropped)
    name, model_options = STACKS[stack]
    for stop in (7, 21):
        net = build_model(name, model_class(name).Options(**model_options, **dropped), len(corpus.vocab), 3)
        state = start(net, options, 3)
        for event in train(state, corpus.split("train"), corpus.split("val")):
            if isinstance(event, events.Step) and event.step == stop:
                break
        late = start(copy.deepcopy(net), options, 3)
        late.restore(state.numbers(), state.memory())
        list(train(late, corpus.split("train"), corpus.split("val")))
        for other in (late, again):
            for key, value in whole.model.state_dict().items():
                assert torch.equal(value, other.model.state_dict()[key]), key
            assert all(np.array_equal(value, other.memory()[key]) for key, value in whole.memory().items())


def test_dropout_leaves_out_its_share_and_another_one_each_step():
    net = build_model("mlp", model_class("mlp").Options(n_hidden=64, dropout=0.25), 27, 0)
    step = CompiledStep(net)
    idx, targets = batch_for(net, 500, 1)
    with torch.random.fork_rng():
        torch.manual_seed(1)
        masks = []
        for _ in range(2):
            step(idx, targets, 1.0)
            mask = next(
                kept for kept in step.plan._kept if set(kept.unique().tolist()) == {0.0, torch.tensor(4 / 3).item()}
            )
            masks.append(mask.view(500, 64).clone())
    for mask in masks:
        left = (mask == 0).double()
        assert abs(float(left.mean()) - 0.25) < 4 * (0.25 * 0.75 / left.numel()) ** 0.5
        assert left.mean(0).std() < 2 * (0.25 * 0.75 / 500) ** 0.5
        assert left.mean(1).std() < 2 * (0.25 * 0.75 / 64) ** 0.5
    both = float(((masks[0] == 0) & (masks[1] == 0)).double().mean())
    assert abs(both - 0.0625) < 0.01


@pytest.mark.parametrize("dtype", TOLERANCE, ids=str)
@pytest.mark.parametrize("stack", STACKS)
def test_the_numbers_are_the_same_for_any_count_of_threads(stack, dtype, monkeypatch):
    monkeypatch.setattr(compiled, "MULTIPLICATIONS_WORTH_THREADS", 0)
    before, results = torch.get_num_threads(), []
    for count in (1, 2, 5):
        net = made(stack, dtype=dtype)
        idx, targets = batch_for(net, 67, 16)
        torch.set_num_threads(count)
        try:
            loss = CompiledStep(net, 0.1)(idx, targets, 0.7)
        finally:
            torch.set_num_threads(before)
        results.append([loss, *(p.grad for p in net.parameters() if p.grad is not None), *net.buffers()])
    for other in results[1:]:
        assert all(torch.equal(a, b) for a, b in zip(results[0], other, strict=True))


REFUSED = {
    "no rule for the net": (
        lambda: build_model("rnn", model_class("rnn").Options(), 27, 0),
        "no compiled step for RNN",
    ),
    "half precision": (lambda: made("mlp", dtype=torch.bfloat16), "computes in float32 or float64"),
    "a frozen parameter": (lambda: _frozen(made("mlp")), "one of these is frozen"),
    "a momentum of none": (lambda: _averaging(made("mlp, BatchNorm")), "by a fixed momentum"),
    "a strange layer": (lambda: _strange(made("mlp")), "no rule for Softplus"),
}


def _frozen(net: Net) -> Net:
    net.get_submodule("head")[0].weight.requires_grad_(False)
    return net


def _averaging(net: Net) -> Net:
    net.get_submodule("hidden")[1].momentum = None
    return net


def _strange(net: Net) -> Net:
    net.get_submodule("hidden")[1] = torch.nn.Softplus()
    return net


@pytest.mark.parametrize("case", REFUSED)
def test_what_it_cannot_do_it_names(case):
    make, words = REFUSED[case]
    with pytest.raises(Uncompiled, match=words):
        CompiledStep(make())


def test_what_it_cannot_do_goes_by_autograd_and_says_so(corpus):
    options = replace(GOLDEN, steps=5, backward="fused")
    net = _strange(build_model("mlp", model_class("mlp").Options(), len(corpus.vocab), 3))
    assert "Softplus" in (why_uncompiled(net, options) or "")
    twin = copy.deepcopy(net)
    states = [start(net, options, 3), start(twin, replace(options, backward="autograd"), 3)]
    for state in states:
        list(train(state, corpus.split("train"), None))
    for key, value in net.state_dict().items():
        assert torch.equal(value, twin.state_dict()[key])


def test_ids_and_places_outside_of_memory_are_never_handed_over():
    net = made("mlp", dtype=torch.float32)
    idx, targets = batch_for(net, 4, 1)
    with pytest.raises(AssertionError):
        CompiledStep(net)(idx + 27, targets, 1.0)
    with pytest.raises(AssertionError):
        CompiledStep(net)(idx, targets - 27, 1.0)
    one = np.ones(1, np.int64)
    batches = Batches(one * 99, None, one, one, np.ones(1))
    with pytest.raises(AssertionError):
        CompiledStep(net).run(np.zeros(50, np.int32), batches, Update(np.ones(1), {}, {}), 0, 0)
