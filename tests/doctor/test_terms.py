"""Terms of a loss that move nobody: what was detached before another model judged it."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from moreish.doctor import Doctor
from tests.doctor.test_further_kinds import small, told


@pytest.mark.parametrize("detached", [True, False])
@pytest.mark.parametrize("weight", [1.0, 0.1])
def test_a_generator_that_its_critic_cannot_reach_is_found(detached: bool, weight: float) -> None:
    torch.manual_seed(0)
    maker, critic = small(4), small(1, width=4)
    mine, its = (torch.optim.Adam(m.parameters(), 1e-3) for m in (maker, critic))
    whole = nn.ModuleDict({"maker": maker, "critic": critic})
    with Doctor(whole, [mine, its], budget=math.inf) as doctor:
        for _ in range(12):
            real, made = torch.randn(16, 4), maker(torch.randn(16, 6))
            judged = F.mse_loss(critic(real), torch.ones(16, 1)) + critic(made.detach()).square().mean()
            its.zero_grad()
            judged.backward()
            its.step()
            verdict = critic(made.detach() if detached else made)
            loss = weight * F.mse_loss(verdict, torch.ones(16, 1)) + F.l1_loss(made.mean(0), real.mean(0))
            mine.zero_grad()
            loss.backward()
            mine.step()
    assert ("F134" in told(doctor)) is detached


def alone(term: Tensor, other: Tensor) -> Tensor:
    return term + other


@pytest.mark.parametrize("together", [True, False])
def test_two_losses_of_two_optimizers_may_share_one_backward(together: bool) -> None:
    one, two = small(2), small(2)
    first, second = (torch.optim.SGD(m.parameters(), 0.05) for m in (one, two))
    with Doctor(nn.ModuleList([one, two]), [first, second], budget=math.inf) as doctor:
        for k in range(12):
            x = torch.randn(8, 6)
            first.zero_grad()
            second.zero_grad()
            alone(one(x).square().mean(), two(x).square().mean()).backward()
            first.step()
            if together or k % 3 == 2:
                second.step()
    assert "F134" not in told(doctor)


def test_several_backwards_before_one_step_are_each_held_against_it() -> None:
    model = small(2)
    optimizer = torch.optim.SGD(model.parameters(), 0.05)
    with Doctor(model, optimizer, budget=math.inf) as doctor:
        for _ in range(8):
            optimizer.zero_grad()
            for _ in range(3):
                out = model(torch.randn(8, 6))
                ((out - 1).square().mean() / 3 + 1e-3 * model[0].weight.square().sum()).backward()
            optimizer.step()
    assert "F134" not in told(doctor)
