"""Pairs of rows: which of them a loss draws together, beside how far apart their inputs are."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from moreish.doctor import Doctor
from tests.doctor.test_further_kinds import small, told


class Both(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = small(4)

    def forward(self, a, b):
        return self.net(a), self.net(b)


def contrastive(apart, same):
    return (same * apart.square() + (1 - same) * F.relu(2.0 - apart).square()).mean()


DISTANCES = {
    "pairwise_distance": lambda a, b, same: contrastive(F.pairwise_distance(a, b), same),
    "a module": lambda a, b, same: contrastive(nn.PairwiseDistance()(a, b), same),
    "written out": lambda a, b, same: contrastive((a - b).pow(2).sum(1).add(1e-6).sqrt(), same),
    "a norm": lambda a, b, same: contrastive((a - b).norm(dim=1), same),
    "cosines": lambda a, b, same: F.mse_loss(F.cosine_similarity(a, b), same),
}


@pytest.mark.parametrize("distance", DISTANCES.values(), ids=DISTANCES)
@pytest.mark.parametrize("at_once", [True, False])
@pytest.mark.parametrize(
    ("labels", "sick"),
    [(lambda same: same, False), (lambda same: 1 - same, True), (lambda same: torch.ones_like(same), False)],
    ids=["as it is meant", "the other way round", "all alike"],
)
def test_pairs_that_are_drawn_the_wrong_way_are_found(distance, at_once, labels, sick):
    torch.manual_seed(0)
    model = Both()
    optimizer = torch.optim.SGD(model.parameters(), 0.01)
    with Doctor(model if at_once else model.net, optimizer, budget=math.inf) as doctor:
        for _ in range(20):
            same = (torch.rand(48) < 0.5).float()
            x = torch.randn(48, 6)
            y = torch.where(same[:, None] > 0, x + 0.5 * torch.randn(48, 6), torch.randn(48, 6))
            one, other = model(x, y) if at_once else (model.net(x), model.net(y))
            optimizer.zero_grad()
            distance(one, other, labels(same)).backward()
            optimizer.step()
    assert ("F141" in told(doctor)) is sick


def test_distances_that_say_nothing_are_no_alarm():
    torch.manual_seed(0)
    model = Both()
    optimizer = torch.optim.SGD(model.parameters(), 0.01)
    with Doctor(model, optimizer, budget=math.inf) as doctor:
        for _ in range(40):
            x, y = torch.randn(48, 6), torch.randn(48, 6)
            optimizer.zero_grad()
            contrastive(F.pairwise_distance(*model(x, y)), (x[:, 0] * y[:, 0] > 0).float()).backward()
            optimizer.step()
    assert "F141" not in told(doctor)


class Any(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Linear(6, 2)

    def forward(self, x):
        return self.net(x.to_dense() if x.is_sparse else x.real.float())


@pytest.mark.parametrize(
    "given",
    [
        torch.eye(6).to_sparse(),
        torch.zeros(0, 6),
        torch.randn(4, 6, dtype=torch.complex64),
        torch.full((4, 6), torch.nan),
        torch.randint(5, (4, 6)),
        torch.randn(6),
    ],
    ids=["sparse", "no rows", "complex", "not a number", "whole numbers", "one row"],
)
def test_whatever_is_evaluated_the_watching_goes_on(given):
    model = Any()
    optimizer = torch.optim.SGD(model.parameters(), 0.01)
    with Doctor(model, optimizer, budget=math.inf) as doctor:
        for _ in range(4):
            optimizer.zero_grad()
            (model(torch.randn(8, 6)).square().mean() + model(given).nan_to_num().sum()).backward()
            optimizer.step()
            with torch.no_grad():
                F.mse_loss(model(given), model(given).detach())
    assert not doctor.notes
    assert len(doctor.history.training()) == 4
