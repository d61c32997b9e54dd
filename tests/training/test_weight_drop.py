"""Recurrent weights left out in each step: exact gradients under the mask, and nothing left behind."""

from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from moreish.models import build_model
from moreish.recipes import choose_model
from moreish.training.options import TrainOptions
from moreish.training.steps import gradients_of


def net(name: str) -> Any:
    return build_model(name, choose_model({"name": name, "n_embd": 6, "n_hidden": 20}).options, 9, 0).double()


def batch() -> tuple[torch.Tensor, torch.Tensor]:
    rng = torch.Generator().manual_seed(1)
    idx, targets = torch.randint(9, (2, 16, 5), generator=rng)
    return idx, targets


@pytest.mark.parametrize("backward", ["autograd", "fused"])
@pytest.mark.parametrize("name", ["gru", "lstm"])
def test_gradients_are_those_of_the_masked_net_times_the_mask(name: str, backward: Any):
    model, twin = net(name), net(name)
    idx, targets = batch()
    share = 0.4
    gradients = gradients_of(model, TrainOptions(weight_drop=share, backward=backward))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(5)
        loss = gradients(idx, targets, 1.0)
        torch.manual_seed(5)
        masked = [twin.layers[0].weight_hh_l0, twin.wte.weight]
        masks = [torch.empty_like(p).bernoulli_(1 - share) / (1 - share) for p in masked]
    with torch.no_grad():
        for p, mask in zip(masked, masks, strict=True):
            assert 0.4 < (mask > 0).double().mean() < 0.8
            p.mul_(mask)
    want = F.cross_entropy(twin(idx).flatten(0, 1), targets.flatten())
    want.backward()
    torch.testing.assert_close(loss, want.detach(), rtol=0, atol=1e-12)
    factor = {id(p): mask for p, mask in zip(masked, masks, strict=True)}
    for (key, p), q in zip(model.named_parameters(), twin.parameters(), strict=True):
        torch.testing.assert_close(p.grad, q.grad * factor.get(id(q), 1.0), rtol=0, atol=1e-12, msg=key)


def test_the_weights_come_back_whole():
    model = net("gru")
    before = {name: p.detach().clone().numpy() for name, p in model.named_parameters()}
    gradients_of(model, TrainOptions(weight_drop=0.5))(*batch(), 1.0)
    for name, p in model.named_parameters():
        np.testing.assert_array_equal(p.detach().numpy(), before[name])


def test_a_net_without_recurrent_weights_is_refused():
    model = build_model("bigram", choose_model({"name": "bigram"}).options, 9, 0)
    with pytest.raises(ValueError, match="for recurrent nets, and Bigram has no recurrent weights"):
        gradients_of(model, TrainOptions(weight_drop=0.1))
