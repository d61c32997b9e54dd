"""What is learned and does not hold on val, because val was prepared otherwise: beside what only looks like it."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from moreish.doctor import Doctor

USERS, FILMS = 400, 300


def ids_of(doctor: Doctor) -> set[str]:
    return {s.id for f in doctor.findings for s in (f, *f.symptoms)}


class Ratings(nn.Module):
    """User and film, each with a number of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.user, self.film = nn.Embedding(USERS, 1), nn.Embedding(FILMS, 1)

    def forward(self, ids: Tensor) -> Tensor:
        return (self.user(ids[:, 0]) + self.film(ids[:, 1])).squeeze(1)


def ratings(renumbered: bool, noise: float = 0.1, few: int = 6000) -> Doctor:
    """Ten passes over ratings; with `renumbered`, val has other numbers for the same users and films."""
    torch.manual_seed(0)
    ids = torch.stack([torch.randint(0, USERS, (few + 400,)), torch.randint(0, FILMS, (few + 400,))], 1)
    liking = torch.randn(USERS)[ids[:, 0]] + torch.randn(FILMS)[ids[:, 1]]
    y = liking + noise * torch.randn(len(ids))
    x, val = ids[:few], ids[few:]
    if renumbered:
        val = torch.stack([torch.randperm(USERS)[val[:, 0]], torch.randperm(FILMS)[val[:, 1]]], 1)
    model = Ratings()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
    with Doctor(model, optimizer, budget=math.inf) as doctor:
        for _ in range(5):
            for rows in torch.randperm(few).split(100):
                optimizer.zero_grad()
                F.mse_loss(model(x[rows]), y[rows]).backward()
                optimizer.step()
            with torch.no_grad():
                F.mse_loss(model(val), y[few:])
    return doctor


@pytest.mark.slow
@pytest.mark.parametrize("renumbered", [True, False])
def test_ids_that_val_numbers_anew_are_found(renumbered: bool) -> None:
    assert ("F135" in ids_of(ratings(renumbered))) is renumbered


@pytest.mark.slow
@pytest.mark.parametrize(("classes_swapped", "rows"), [(True, 3000), (False, 3000), (False, 60)])
def test_classes_that_val_orders_otherwise_are_found_and_what_is_learned_by_heart_is_not(
    classes_swapped: bool, rows: int
) -> None:
    torch.manual_seed(0)
    centres = torch.randn(4, 8)
    y = torch.randint(0, 4, (rows + 500,))
    by_heart = rows < 100  # labels that go with nothing
    x = 1.5 * centres[torch.randint(0, 4, y.shape) if by_heart else y] + torch.randn(len(y), 8)
    asked = (y[rows:] + 1) % 4 if classes_swapped else y[rows:]
    model = nn.Sequential(nn.Linear(8, 128), nn.ReLU(), nn.Linear(128, 4))
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    with Doctor(model, optimizer, budget=math.inf) as doctor:
        for k in range(300):
            i = torch.randint(0, rows, (32,))
            optimizer.zero_grad()
            F.cross_entropy(model(x[i]), y[i]).backward()
            optimizer.step()
            if k % 50 == 49:
                with torch.no_grad():
                    F.cross_entropy(model(x[rows:]), asked)
    assert ("F135" in ids_of(doctor)) is classes_swapped
