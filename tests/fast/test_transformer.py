"""The Transformer's step without autograd against autograd, in float64, for every size and way of reading."""

import copy
from dataclasses import replace
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from moreish.fast.attention import SHORT
from moreish.fast.library import Uncompiled
from moreish.fast.passes import Passes
from moreish.fast.recurrent import RecurrentGradients
from moreish.fast.steps import FUSED, TransformerGradients
from moreish.models import build_model
from moreish.models.transformer import TransformerOptions

WAYS = ["torch", "compiled"]
SMALL = TransformerOptions(block_size=8, n_embd=12, n_head=3, n_layer=2)
EXACT = 1e-12


def net(options: TransformerOptions = SMALL, vocab_size: int = 9) -> Any:
    """Every parameter is far from its first value, biases and gains included, so that none of them is idle."""
    model = build_model("transformer", options, vocab_size, 0).double()
    rng = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for p in model.parameters():
            p.add_(0.3 * torch.randn(p.shape, generator=rng, dtype=p.dtype))
    return model


def fused(model: Any, smoothing: float = 0.0, operands: torch.dtype | None = None, way: str = "torch") -> Any:
    dtype = model.wte.weight.dtype
    try:
        passes = Passes(dtype, operands or dtype) if way == "compiled" else None
    except Uncompiled as why:
        pytest.skip(str(why))
    return TransformerGradients(model, smoothing, operands, passes)


def batch(rows: int, steps: int, vocab_size: int = 9, seed: int = 0) -> tuple[Tensor, Tensor]:
    rng = torch.Generator().manual_seed(seed)
    idx, targets = torch.randint(vocab_size, (2, rows, steps), generator=rng)
    return idx, targets


def by_autograd(
    model: nn.Module, idx: Tensor, targets: Tensor, weight: float = 1.0, smoothing: float = 0.0
) -> tuple[Tensor, dict[str, Tensor]]:
    loss = F.cross_entropy(model(idx).flatten(0, 1), targets.flatten(), label_smoothing=smoothing)
    named = dict(model.named_parameters())
    return loss.detach(), dict(zip(named, torch.autograd.grad(loss * weight, list(named.values())), strict=True))


def assert_same(model: nn.Module, loss: Tensor, want: tuple[Tensor, dict[str, Tensor]], atol: float = EXACT) -> None:
    torch.testing.assert_close(loss, want[0], rtol=0, atol=atol)
    for name, p in model.named_parameters():
        torch.testing.assert_close(p.grad, want[1][name], rtol=0, atol=atol, msg=name)


def test_every_fused_step_of_another_net_is_tested_here():
    others = {name: step for name, step in FUSED.items() if not issubclass(step, RecurrentGradients)}
    assert others == {type(net()).__name__: TransformerGradients}


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS)
@given(
    n_layer=st.integers(1, 3), n_head=st.integers(1, 4), size=st.sampled_from([1, 2, 5, 16, 17]), tie=st.booleans(),
    block_size=st.integers(2, 9), data=st.data(), smoothing=st.sampled_from([0.0, 0.1]), weight=st.floats(0.1, 3),
)  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_loss_and_gradients_are_autograds(way, n_layer, n_head, size, tie, block_size, data, smoothing, weight):
    assume(n_head * size > 2)  # over one number a LayerNorm is constant, over two nearly, and so is no digit left
    options = TransformerOptions(block_size, n_head * size, n_head, n_layer, tie=tie)
    rows, steps, vocab = (data.draw(st.integers(1, top)) for top in (6, block_size, 8))
    model = net(options, vocab)
    idx, targets = batch(rows, steps, vocab)
    want = by_autograd(model, idx, targets, weight, smoothing)
    assert_same(model, fused(model, smoothing, None, way)(idx, targets, weight), want)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("steps", [SHORT - 1, SHORT, SHORT + 1, SHORT + 9])
@pytest.mark.parametrize("dropout", [0.0, 0.3])
def test_long_and_short_stretches_are_attended_to_alike(steps: int, dropout: float, way: str):
    model = net(replace(SMALL, block_size=SHORT + 9, dropout=dropout)).eval()
    idx, targets = batch(3, steps)
    assert_same(model, fused(model, way=way)(idx, targets, 1.0), by_autograd(model, idx, targets))


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("tie", [False, True])
def test_what_a_step_leaves_in_memory_does_not_reach_the_next(tie: bool, way: str):
    model = net(replace(SMALL, block_size=SHORT + 2, tie=tie))
    step = fused(model, way=way)
    shapes = [(5, 7), (2, 3), (6, SHORT + 2), (1, 1), (7, 5), (5, 7), (5, 2), (3, SHORT + 2)]
    for seed, shape in enumerate(shapes):
        idx, targets = batch(*shape, seed=seed)
        want = by_autograd(model, idx, targets)
        assert_same(model, step(idx, targets, 1.0), want)


@pytest.mark.parametrize("way", WAYS)
def test_scores_of_any_size_leave_the_gradient_finite_and_exact(way: str):
    """exp of such a score is infinite: the largest of a row has to be taken off first."""
    model = net()
    with torch.no_grad():
        for block in model.blocks:
            block.attn.qkv.weight.mul_(60)
    idx, targets = batch(4, 8)
    step = fused(model, way=way)
    want = by_autograd(model, idx, targets)
    loss = step(idx, targets, 1.0)
    if way == "torch":
        heads = step.buffer("attention0 heads", 3, 4 * SMALL.n_head, 8, 4)
        assert (heads[0] @ heads[1].mT).max() > 2000
    torch.testing.assert_close(loss, want[0], rtol=1e-12, atol=0)
    for name, p in model.named_parameters():
        torch.testing.assert_close(p.grad, want[1][name], rtol=1e-9, atol=1e-9, msg=name)


class Kept(nn.Module):
    """In place of a dropout: a mask that a fused step drew, (N, C)."""

    def __init__(self, mask: Tensor) -> None:
        super().__init__()
        self.mask = mask

    def forward(self, x: Tensor) -> Tensor:
        return x * self.mask.view(x.shape)


def attention_with(shares: Tensor):
    """softmax(q k^T / sqrt(hs)) with this mask on it, (M, T, T), in place of torch's function."""

    def attention(q: Tensor, k: Tensor, v: Tensor, dropout_p: float, is_causal: bool) -> Tensor:
        assert is_causal
        assert dropout_p > 0
        scores = (q @ k.mT) / q.shape[-1] ** 0.5
        later = torch.ones(scores.shape[-2:], dtype=torch.bool).triu(1)
        return (scores.masked_fill(later, -torch.inf).softmax(-1) * shares.view(scores.shape)) @ v

    return attention


@pytest.mark.parametrize("way", WAYS)
def test_with_dropout_the_gradients_are_autograds_for_the_same_masks(way: str, monkeypatch: pytest.MonkeyPatch):
    model = net(replace(SMALL, dropout=0.4)).train()
    step, drawn = fused(model, way=way), {}
    draw = step.mask

    def remembered(name: str, p: float, *shape: int) -> Tensor | None:
        assert name not in drawn
        drawn[name] = draw(name, p, *shape)
        return drawn[name]

    monkeypatch.setattr(step, "mask", remembered)
    idx, targets = batch(5, 6)
    loss = step(idx, targets, 1.3)
    assert len(drawn) == 1 + 3 * SMALL.n_layer
    assert all((mask == 0).any() for mask in drawn.values())
    twin = copy.deepcopy(model)
    twin.dropout = Kept(drawn["embedding"])
    functions = []
    for i, block in enumerate(twin.blocks):
        block.attn.dropout, block.dropout = Kept(drawn[f"first{i}"]), Kept(drawn[f"second{i}"])
        functions.append(attention_with(drawn[f"attention{i} shares"]))
    monkeypatch.setattr(F, "scaled_dot_product_attention", lambda *a, **k: functions.pop(0)(*a, **k))
    assert_same(model, loss, by_autograd(twin, idx, targets, 1.3))
    assert not functions


@pytest.mark.parametrize("way", WAYS)
def test_the_same_stream_gives_the_same_masks_and_another_seed_others(way: str):
    model = net(replace(SMALL, dropout=0.4)).train()
    idx, targets = batch(5, 6)
    losses = []
    for seed in (1, 1, 2):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            losses.append(float(fused(model, way=way)(idx, targets, 1.0)))
    assert losses[0] == losses[1] != losses[2]


@pytest.mark.parametrize("way", WAYS)
def test_bfloat16_products_stay_near_the_exact_gradients(way: str):
    model = build_model("transformer", TransformerOptions(n_embd=64, n_head=4, n_layer=2), 27, 0)
    idx, targets = batch(32, 7, 27)
    want = by_autograd(model, idx, targets)
    loss = fused(model, 0.0, torch.bfloat16, way)(idx, targets, 1.0)
    assert abs(loss - want[0]) < 1e-3
    for name, p in model.named_parameters():
        assert p.grad is not None
        assert F.cosine_similarity(p.grad.flatten(), want[1][name].flatten(), dim=0) > 0.999, name
        assert 0.98 < p.grad.norm() / want[1][name].norm() < 1.02, name
