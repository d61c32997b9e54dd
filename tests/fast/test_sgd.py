"""Gradient descent in one call for each group, against torch's own, to the last bit."""

import pytest
import torch
from torch import nn

from moreish.fast.sgd import ForeachSGD


def trained(optimizer_class: type[torch.optim.SGD], momentum: float, decay: float) -> tuple[list, dict]:
    generator = torch.Generator().manual_seed(0)
    params = [nn.Parameter(torch.randn(shape, generator=generator)) for shape in [(27, 10), (33,), (200, 30), ()]]
    groups = [{"params": params[:2], "weight_decay": decay}, {"params": params[2:], "weight_decay": 0.0}]
    optimizer = optimizer_class(groups, 0.1, momentum=momentum)
    for step in range(5):
        for i, p in enumerate(params):
            p.grad = None if i == step % 3 else torch.randn(p.shape, generator=generator)
        optimizer.step()
        for group in optimizer.param_groups:
            group["lr"] *= 0.7
    return params, {i: optimizer.state[p] for i, p in enumerate(params)}


@pytest.mark.parametrize("momentum", [0.0, 0.9])
@pytest.mark.parametrize("decay", [0.0, 0.3])
def test_updates_and_state_are_torchs_own_bit_for_bit(momentum, decay):
    ours, our_state = trained(ForeachSGD, momentum, decay)
    theirs, their_state = trained(torch.optim.SGD, momentum, decay)
    assert all(torch.equal(a, b) for a, b in zip(ours, theirs, strict=True))
    for i, memory in their_state.items():
        assert our_state[i].keys() == memory.keys()
        assert all(torch.equal(our_state[i][key], value) for key, value in memory.items())


def test_a_closure_is_refused():
    with pytest.raises(ValueError, match="no closure"):
        ForeachSGD([nn.Parameter(torch.zeros(2))], 0.1).step(lambda: 0.0)
