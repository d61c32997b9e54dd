"""Returns beside the log-probabilities of the steps that they weigh: in order, the other way round, or unknown."""

from collections.abc import Callable

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.distributions import Categorical

from moreish.doctor.watch.returns import order_of
from tests.doctor.test_further_kinds import small, trained

Weigh = Callable[[list[Tensor], list[float]], Tensor]
Turn = Callable[[list[Tensor], list[float]], tuple[list[Tensor], list[float]]]


def summed(rewards: Tensor, rate: float) -> Tensor:
    """Returns by their definition, each by itself."""
    steps = len(rewards)
    weights = torch.tensor([[rate ** (k - t) if k >= t else 0.0 for k in range(steps)] for t in range(steps)])
    return weights @ rewards


@given(
    seed=st.integers(0, 99),
    rate=st.sampled_from([0.5, 0.9, 0.95, 0.99, 0.995]),
    kinds=st.integers(2, 3),
    shift=st.floats(-3, 3),
    scale=st.floats(0.1, 10),
)
def test_the_order_of_returns_is_read_from_their_rewards(
    seed: int, rate: float, kinds: int, shift: float, scale: float
) -> None:
    rewards = torch.randint(0, kinds, (24, 6), generator=torch.Generator().manual_seed(seed)).float()
    returns = summed(rewards, rate) * scale + shift
    assert order_of(returns) == "forwards"
    assert order_of(returns.flip(0)) == "backwards"


@given(seed=st.integers(0, 99), steps=st.integers(8, 40))
def test_rewards_of_many_kinds_and_weights_that_are_no_returns_have_no_order(seed: int, steps: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    many = torch.randn(steps, 3, generator=generator)
    assert order_of(summed(many, 0.9).flip(0)) != "backwards" or steps < 12
    assert order_of(many) == ""
    assert order_of(torch.randint(0, 2, (steps, 1), generator=generator).float()) != "backwards"
    assert order_of(torch.ones(steps, 1)) == ""


@pytest.mark.parametrize("rate", [0.9, 0.97, 0.99])
def test_one_reward_at_the_end_and_one_for_each_step_are_read_rightly(rate: float) -> None:
    once, each = torch.zeros(30, 1), torch.ones(30, 1)
    once[-1] = 1
    for rewards in (once, each):
        assert order_of(summed(rewards, rate)) == "forwards"
        assert order_of(summed(rewards, rate).flip(0)) == "backwards"


def stacked(log_probs: list[Tensor], returns: list[float]) -> Tensor:
    weights = torch.tensor(returns)
    return -(torch.stack(log_probs) * (weights - weights.mean()) / weights.std()).sum()


def joined(log_probs: list[Tensor], returns: list[float]) -> Tensor:
    return (-torch.cat([p.reshape(1) for p in log_probs]) * torch.tensor(returns)).mean()


def one_by_one(log_probs: list[Tensor], returns: list[float]) -> Tensor:
    return torch.stack([-p * weight for p, weight in zip(log_probs, torch.tensor(returns), strict=True)]).sum()


def by_numbers(log_probs: list[Tensor], returns: list[float]) -> Tensor:
    loss = torch.zeros(())
    for p, weight in zip(log_probs, returns, strict=True):
        loss = loss - p * weight
    return loss


def played(weigh: Weigh, turn: Turn) -> bool:
    policy = small(3)

    def loss(k: int) -> Tensor:
        log_probs, rewards = [], []
        for _ in range(20):
            choices = Categorical(logits=policy(torch.randn(6)))
            choice = choices.sample()
            log_probs.append(choices.log_prob(choice))
            rewards.append(1.0 if int(choice) == 1 else -1.0)
        returns, later = [], 0.0
        for reward in rewards[::-1]:
            later = reward + 0.9 * later
            returns.append(later)
        return weigh(*turn(log_probs, returns))

    return "F156" in trained(policy, loss)


@pytest.mark.parametrize("weigh", [stacked, joined, one_by_one, by_numbers])
@pytest.mark.parametrize(
    ("turn", "found"),
    [
        (lambda log_probs, returns: (log_probs, returns), True),
        (lambda log_probs, returns: (log_probs, returns[::-1]), False),
        (lambda log_probs, returns: (log_probs[::-1], returns), False),  # both begin with the last step
    ],
)
def test_returns_in_reverse_order_are_found(weigh: Weigh, turn: Turn, found: bool) -> None:
    assert played(weigh, turn) is found


@pytest.mark.parametrize("often", [0.1, 0.3, 0.5, 0.8])
def test_rewards_less_their_running_mean_are_no_returns(often: float) -> None:
    generator, mean, weights = torch.Generator().manual_seed(0), 0.3, []
    for reward in (torch.rand(200, generator=generator) < often).float().tolist():
        weights.append(reward - mean)
        mean = 0.9 * mean + 0.1 * reward
    for first in range(0, 200, 40):
        assert order_of(torch.tensor(weights[first : first + 40])[:, None]) != "backwards"


def test_a_baseline_that_is_learned_is_left_alone() -> None:
    value = nn.Linear(20, 20)

    def less_a_value(log_probs: list[Tensor], returns: list[float]) -> Tensor:
        weights = torch.tensor(returns)
        return -(torch.stack(log_probs) * (weights - value(weights).detach())).sum()

    assert not played(less_a_value, lambda log_probs, returns: (log_probs, returns))
