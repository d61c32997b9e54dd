"""Losses that want 1 and -1, and were given 0 and 1."""

import math

import pytest
import torch
import torch.nn.functional as F

from moreish.doctor import Doctor
from tests.doctor.test_further_kinds import small, told

LOSSES = {
    "cosine": lambda a, b, t: F.cosine_embedding_loss(a, b, t, margin=0.2),
    "cosine, a module": lambda a, b, t: torch.nn.CosineEmbeddingLoss()(a, b, target=t),
    "ranking": lambda a, b, t: F.margin_ranking_loss(a[:, 0], b[:, 0], t, margin=0.1),
    "hinge": lambda a, b, t: F.hinge_embedding_loss((a - b).norm(dim=1), t),
    "soft margin": lambda a, b, t: torch.nn.SoftMarginLoss()(a[:, 0], t),
}


def trained(loss, labels) -> dict[str, str]:
    torch.manual_seed(0)
    model = small(4)
    optimizer = torch.optim.SGD(model.parameters(), 0.05)
    with Doctor(model, optimizer, budget=math.inf) as doctor:
        for _ in range(6):
            same = torch.rand(12) < 0.5
            optimizer.zero_grad()
            loss(model(torch.randn(12, 6)), model(torch.randn(12, 6)), labels(same)).backward()
            optimizer.step()
    return told(doctor)


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
@pytest.mark.parametrize(
    ("labels", "sick"),
    [
        (lambda same: same.float(), True),
        (lambda same: 2 * same.float() - 1, False),
        (lambda same: same.float() - (torch.rand(12) < 0.3).float(), False),  # 0 is a tie
        (lambda same: torch.ones(12), False),
        (lambda same: 0.1 + 0.8 * same.float(), False),
    ],
    ids=["0 and 1", "-1 and 1", "ties", "all alike", "soft"],
)
def test_zero_is_no_label_where_minus_one_is_wanted(loss, labels, sick):
    assert ("F140" in trained(loss, labels)) is sick
