"""The steps without autograd against autograd, in float64, for every shape, depth and way of reading."""

import copy

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from moreish.fast.library import Uncompiled
from moreish.fast.passes import Passes
from moreish.fast.recurrent import RecurrentGradients
from moreish.fast.steps import FUSED
from moreish.models import build_model, model_class
from moreish.recipes import choose_model

NAMES = ["gru", "lstm"]
WAYS = ["torch", "compiled"]
sizes = st.integers(1, 7)
widths = st.one_of(sizes, st.sampled_from([8, 15, 16, 17, 31, 33]))  # on both sides of a processor's vectors


def net(name: str, vocab_size: int = 9, seed: int = 0, **options: float) -> nn.Module:
    return build_model(name, choose_model({"name": name, **options}).options, vocab_size, seed).double()


def fused(model: nn.Module, smoothing: float = 0.0, operands: torch.dtype | None = None, way: str = "torch"):
    dtype = next(model.parameters()).dtype
    try:
        passes = Passes(dtype, operands or dtype) if way == "compiled" else None
    except Uncompiled as why:
        pytest.skip(str(why))
    return FUSED[type(model).__name__](model, smoothing, operands, passes)


def batch(rows: int, steps: int, vocab_size: int = 9, seed: int = 0) -> tuple[Tensor, Tensor]:
    rng = torch.Generator().manual_seed(seed)
    idx, targets = torch.randint(vocab_size, (2, rows, steps), generator=rng)
    return idx, targets


def by_autograd(model: nn.Module, idx: Tensor, targets: Tensor, weight: float, smoothing: float) -> Tensor:
    model.zero_grad()
    loss = F.cross_entropy(model(idx).flatten(0, 1), targets.flatten(), label_smoothing=smoothing)
    (loss * weight).backward()
    return loss.detach()


def gradients(model: nn.Module) -> dict[str, Tensor]:
    return {name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}


def test_every_fused_step_of_a_recurrent_net_is_tested_here():
    recurrent = {name for name, step in FUSED.items() if issubclass(step, RecurrentGradients)}
    assert {model_class(name).__name__ for name in NAMES} == recurrent


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", NAMES)
@given(sizes, sizes, sizes, sizes, widths, st.integers(1, 3), st.sampled_from([0.0, 0.1]), st.floats(0.1, 3))
@settings(max_examples=25, deadline=None)
def test_loss_and_gradients_are_autograds(
    name: str,
    way: str,
    rows: int,
    steps: int,
    vocab: int,
    embd: int,
    hidden: int,
    layers: int,
    smoothing: float,
    weight: float,
):
    model = net(name, vocab, n_embd=embd, n_hidden=hidden, n_layer=layers)
    idx, targets = batch(rows, steps, vocab)
    want = by_autograd(model, idx, targets, weight, smoothing), gradients(model)
    loss = fused(model, smoothing, None, way)(idx, targets, weight)
    torch.testing.assert_close(loss, want[0], rtol=0, atol=1e-13)
    found = gradients(model)
    assert found.keys() == want[1].keys()
    for key, grad in found.items():
        torch.testing.assert_close(grad, want[1][key], rtol=0, atol=1e-13, msg=key)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", NAMES)
def test_what_a_step_leaves_in_memory_does_not_reach_the_next(name: str, way: str):
    model = net(name, n_embd=4, n_hidden=6, n_layer=2)
    step = fused(model, way=way)
    for seed, (rows, steps) in enumerate([(5, 7), (2, 3), (6, 7), (1, 1), (5, 2)]):
        idx, targets = batch(rows, steps, seed=seed)
        step(idx, targets, 1.0)
        found = gradients(model)
        by_autograd(model, idx, targets, 1.0, 0.0)
        for key, grad in gradients(model).items():
            torch.testing.assert_close(found[key], grad, rtol=0, atol=1e-13, msg=key)


class Kept(nn.Module):
    """In place of a dropout: the mask that a fused step drew."""

    def __init__(self, masks: list[Tensor]) -> None:
        super().__init__()
        self.masks = list(masks)

    def forward(self, x: Tensor) -> Tensor:
        return x * self.masks.pop(0).transpose(0, 1)  # (T, B, H) as it was drawn


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", NAMES)
def test_with_dropout_the_gradients_are_autograds_for_the_same_mask(
    name: str, way: str, monkeypatch: pytest.MonkeyPatch
):
    model = net(name, n_embd=4, n_hidden=6, n_layer=3, dropout=0.4).train()
    idx, targets = batch(5, 4)
    step = fused(model, way=way)
    drawn, draw = [], step.mask
    monkeypatch.setattr(step, "mask", lambda *a: drawn.append(draw(*a)) or drawn[-1])
    loss = step(idx, targets, 1.0)
    found = gradients(model)
    twin = copy.deepcopy(model)
    twin.dropout = Kept(drawn)
    torch.testing.assert_close(loss, by_autograd(twin, idx, targets, 1.0, 0.0), rtol=0, atol=1e-13)
    for key, grad in gradients(twin).items():
        torch.testing.assert_close(found[key], grad, rtol=0, atol=1e-13, msg=key)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
def test_dropout_keeps_its_share_and_the_mean(p: float, way: str):
    model = net("gru", n_hidden=4, dropout=p).train()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        mask = fused(model, way=way).mask("", p, 50, 40, 100)
    assert mask is not None
    kept = mask != 0
    n = mask.numel()
    assert abs(kept.double().mean() - (1 - p)) < 5 * (p * (1 - p) / n) ** 0.5
    torch.testing.assert_close(mask[kept], torch.full_like(mask[kept], 1 / (1 - p)), rtol=1e-3, atol=0)
    assert abs(kept.double().mean((1, 2)) - (1 - p)).max() < 6 * (p * (1 - p) / 4000) ** 0.5


def test_the_same_stream_gives_the_same_mask_and_eval_mode_none():
    model = net("gru", n_hidden=8, dropout=0.5).train()
    idx, targets = batch(4, 3)
    losses = []
    for seed in (1, 1, 2):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            losses.append(float(fused(model)(idx, targets, 1.0)))
    assert losses[0] == losses[1] != losses[2]
    model.eval()
    want = by_autograd(model, idx, targets, 1.0, 0.0)
    torch.testing.assert_close(fused(model)(idx, targets, 1.0), want, rtol=0, atol=1e-13)


@pytest.mark.parametrize("name", NAMES)
@given(widths, widths, st.integers(1, 2), st.sampled_from([0.0, 0.1]))
@settings(max_examples=15, deadline=None)
def test_single_precision_passes_give_autograds_gradients(name: str, rows: int, hidden: int, layers: int, s: float):
    model = net(name, 11, n_embd=5, n_hidden=hidden, n_layer=layers)
    idx, targets = batch(rows, 5, 11)
    want = by_autograd(model, idx, targets, 1.0, s), gradients(model)
    loss = fused(model.float(), s, None, "compiled")(idx, targets, 1.0)
    torch.testing.assert_close(loss.double(), want[0], rtol=0, atol=1e-6)
    for key, grad in gradients(model).items():
        torch.testing.assert_close(grad.double(), want[1][key], rtol=0, atol=1e-6, msg=key)


@pytest.mark.parametrize("name", NAMES)
def test_dropout_masks_and_losses_are_the_same_both_ways(name: str):
    model = net(name, 11, n_hidden=33, dropout=0.4).float().train()
    idx, targets = batch(6, 5, 11)
    losses = []
    for way in WAYS:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(3)
            losses.append(fused(model, way=way)(idx, targets, 1.0))
    torch.testing.assert_close(*losses, rtol=0, atol=1e-6)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("way", WAYS)
def test_a_net_that_goes_on_from_a_memory_has_the_gradients_of_one_that_was_given_it(name: str, way: str):
    model = net(name, n_embd=4, n_hidden=6)
    step = fused(model, way=way)
    idx, targets = batch(5, 8)
    step.keeps_memory = True
    step(idx[:, :3], targets[:, :3], 1.0)
    step.before = step.after
    loss = step(idx[:, 3:], targets[:, 3:], 1.0)
    found = gradients(model)
    with torch.no_grad():
        _, state = model.read(idx[:, :3], None)
    logits, after = model.read(idx[:, 3:], state)
    want = F.cross_entropy(logits.flatten(0, 1), targets[:, 3:].flatten())
    model.zero_grad()
    want.backward()
    torch.testing.assert_close(loss, want.detach(), rtol=0, atol=1e-13)
    for key, grad in gradients(model).items():
        torch.testing.assert_close(found[key], grad, rtol=0, atol=1e-13, msg=key)
    assert step.after is not None
    torch.testing.assert_close(torch.cat(step.after, 1), after[:, 0].detach(), rtol=0, atol=1e-13)


def test_an_id_without_a_row_is_refused_before_a_pass_reads_it():
    step = fused(net("gru"), way="compiled")
    idx, targets = batch(2, 3)
    for bad in (-1, 9):
        wrong = idx.clone()
        wrong[1, 2] = bad
        with pytest.raises(IndexError, match="ids must lie in 0"):
            step(wrong, targets, 1.0)
        with pytest.raises(IndexError, match="ids must lie in 0"):
            step(idx, wrong, 1.0)


def test_a_gate_that_is_no_number_is_seen_in_the_loss():
    model = net("gru", n_hidden=5).float()
    with torch.no_grad():
        next(iter(model.layers)).bias_hh_l0[2] = float("nan")
    assert torch.isnan(fused(model, way="compiled")(*batch(2, 3), 1.0))


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", NAMES)
def test_bfloat16_products_stay_near_the_exact_gradients(name: str, way: str):
    model = net(name, 27, n_embd=16, n_hidden=64, n_layer=2).float()
    idx, targets = batch(32, 6, 27)
    want = by_autograd(model, idx, targets, 1.0, 0.0), gradients(model)
    loss = fused(model, 0.0, torch.bfloat16, way)(idx, targets, 1.0)
    assert abs(loss - want[0]) < 1e-3
    for key, grad in gradients(model).items():
        cosine = F.cosine_similarity(grad.flatten(), want[1][key].flatten(), dim=0)
        assert cosine > 0.999, key
        assert 0.98 < grad.norm() / want[1][key].norm() < 1.02, key
