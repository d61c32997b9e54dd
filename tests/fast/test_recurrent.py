"""The steps without autograd against autograd, in float64, for every shape, depth and way of reading."""

import copy

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from moreish.fast import FUSED
from moreish.fast.recurrent import RecurrentGradients
from moreish.models import build_model, model_class
from moreish.recipes import choose_model

NAMES = ["gru", "lstm"]
sizes = st.integers(1, 7)


def net(name: str, vocab_size: int = 9, seed: int = 0, **options: float) -> nn.Module:
    return build_model(name, choose_model({"name": name, **options}).options, vocab_size, seed).double()


def fused(model: nn.Module, *arguments: object):
    return FUSED[type(model).__name__](model, *arguments)


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


@pytest.mark.parametrize("name", NAMES)
@given(sizes, sizes, sizes, sizes, sizes, st.integers(1, 3), st.sampled_from([0.0, 0.1]), st.floats(0.1, 3))
@settings(max_examples=25, deadline=None)
def test_loss_and_gradients_are_autograds(
    name: str, rows: int, steps: int, vocab: int, embd: int, hidden: int, layers: int, smoothing: float, weight: float
):
    model = net(name, vocab, n_embd=embd, n_hidden=hidden, n_layer=layers)
    idx, targets = batch(rows, steps, vocab)
    want = by_autograd(model, idx, targets, weight, smoothing), gradients(model)
    loss = fused(model, smoothing)(idx, targets, weight)
    torch.testing.assert_close(loss, want[0], rtol=0, atol=1e-13)
    found = gradients(model)
    assert found.keys() == want[1].keys()
    for key, grad in found.items():
        torch.testing.assert_close(grad, want[1][key], rtol=0, atol=1e-13, msg=key)


@pytest.mark.parametrize("name", NAMES)
def test_what_a_step_leaves_in_memory_does_not_reach_the_next(name: str):
    model = net(name, n_embd=4, n_hidden=6, n_layer=2)
    step = fused(model)
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


@pytest.mark.parametrize("name", NAMES)
def test_with_dropout_the_gradients_are_autograds_for_the_same_mask(name: str, monkeypatch: pytest.MonkeyPatch):
    model = net(name, n_embd=4, n_hidden=6, n_layer=3, dropout=0.4).train()
    idx, targets = batch(5, 4)
    step = fused(model)
    drawn, draw = [], step.mask
    monkeypatch.setattr(step, "mask", lambda *a: drawn.append(draw(*a)) or drawn[-1])
    loss = step(idx, targets, 1.0)
    found = gradients(model)
    twin = copy.deepcopy(model)
    twin.dropout = Kept(drawn)
    torch.testing.assert_close(loss, by_autograd(twin, idx, targets, 1.0, 0.0), rtol=0, atol=1e-13)
    for key, grad in gradients(twin).items():
        torch.testing.assert_close(found[key], grad, rtol=0, atol=1e-13, msg=key)


@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
def test_dropout_keeps_its_share_and_the_mean(p: float):
    model = net("gru", n_hidden=4, dropout=p).train()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        mask = fused(model).mask("", p, 50, 40, 100)
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
def test_bfloat16_products_stay_near_the_exact_gradients(name: str):
    model = net(name, 27, n_embd=16, n_hidden=64, n_layer=2).float()
    idx, targets = batch(32, 6, 27)
    want = by_autograd(model, idx, targets, 1.0, 0.0), gradients(model)
    loss = fused(model, 0.0, torch.bfloat16)(idx, targets, 1.0)
    assert abs(loss - want[0]) < 1e-3
    for key, grad in gradients(model).items():
        cosine = F.cosine_similarity(grad.flatten(), want[1][key].flatten(), dim=0)
        assert cosine > 0.999, key
        assert 0.98 < grad.norm() / want[1][key].norm() < 1.02, key
