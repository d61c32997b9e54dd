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


def together(terms: list[Tensor], how: str) -> Tensor:
    if how == "+":
        return sum(terms[1:], terms[0])
    if how == "cat":
        return torch.cat([t.reshape(1) for t in terms]).sum()
    stacked = torch.stack(terms)
    if how == "weighed":
        return (torch.tensor([0.5, 2.0]) * stacked).sum() / 2
    return stacked.mean() if how == "mean" else stacked.sum()


@pytest.mark.parametrize("how", ["+", "sum", "mean", "cat", "weighed"])
@pytest.mark.parametrize("detached", [True, False])
def test_terms_may_be_stacked_before_they_are_summed(how: str, detached: bool) -> None:
    maker, critic = small(4), small(1, width=4)
    mine = torch.optim.Adam(maker.parameters(), 1e-3)
    its = torch.optim.Adam(critic.parameters(), 1e-3)
    with Doctor(nn.ModuleDict({"maker": maker, "critic": critic}), [mine, its], budget=math.inf) as doctor:
        for _ in range(12):
            made = maker(torch.randn(16, 6))
            verdict = critic(made.detach() if detached else made).square().mean()
            mine.zero_grad()
            together([verdict, (made - 1).square().mean()], how).backward()
            mine.step()
            its.zero_grad()
            (critic(torch.randn(16, 4)) - 1).square().mean().backward()
            its.step()
    assert ("F134" in told(doctor)) is detached


class TwoAnswers(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.trunk = nn.Sequential(nn.Linear(12, 64), nn.ReLU(), nn.Linear(64, 32), nn.ReLU())
        self.years, self.yes = nn.Linear(32, 1), nn.Linear(32, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        h = self.trunk(x)
        return self.years(h).squeeze(1), self.yes(h).squeeze(1)


@pytest.mark.parametrize(
    ("scale", "learnable", "weight", "drowns"),
    [(14.0, True, 1.0, True), (1.0, True, 1.0, False), (14.0, True, 1 / 200, False), (1.0, False, 1.0, False)],
)
def test_a_term_that_another_outweighs_is_named_only_where_it_is_not_learned(
    scale: float, learnable: bool, weight: float, drowns: bool
) -> None:
    torch.manual_seed(0)
    model = TwoAnswers()
    optimizer = torch.optim.SGD(model.parameters(), 0.05, momentum=0.9)
    with Doctor(model, optimizer, budget=math.inf) as doctor:
        for _ in range(200):
            x = torch.randn(64, 12)
            years = scale * (x[:, 0] + x[:, 1] + 0.5 * torch.randn(64)) + (40 if scale > 1 else 0)
            yes = (x[:, 5] * x[:, 6] > 0).float() if learnable else torch.randint(2, (64,)).float()
            answers = model(x)
            loss = weight * F.mse_loss(answers[0], years) + F.binary_cross_entropy_with_logits(answers[1], yes)
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
    assert ("F138" in told(doctor)) is drowns


def test_parts_that_take_turns_are_not_idle() -> None:
    one, two = small(2), small(2)
    turns = [torch.optim.SGD(m.parameters(), 0.05) for m in (one, two)]
    with Doctor(nn.ModuleList([one, two]), turns, budget=math.inf) as doctor:
        for _ in range(24):
            x = torch.randn(8, 6)
            for optimizer in turns:
                optimizer.zero_grad()
            alone(one(x).square().mean(), (two(x) - 1).square().mean()).backward()
            turns[int(torch.randint(2, ()))].step()
    assert "F134" not in told(doctor)


def test_terms_that_share_nothing_do_not_drown_one_another() -> None:
    torch.manual_seed(0)
    years, yes = nn.Linear(12, 1), nn.Linear(12, 1)
    model = nn.ModuleList([years, yes])
    optimizer = torch.optim.SGD(model.parameters(), 0.01)
    with Doctor(model, optimizer, budget=math.inf) as doctor:
        for _ in range(200):
            x = torch.randn(64, 12)
            loss = F.mse_loss(years(x)[:, 0], 40 + 14 * (x[:, 0] + 0.5 * torch.randn(64)))
            coin = torch.randint(2, (64,)).float()
            optimizer.zero_grad()
            (loss + F.binary_cross_entropy_with_logits(yes(x)[:, 0], coin)).backward()
            optimizer.step()
    assert "F138" not in told(doctor)
