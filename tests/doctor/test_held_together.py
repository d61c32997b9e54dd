"""What is held against itself: embeddings of one batch, one column among which the largest is sought, and a text of
which a too long first step leaves only the frequencies.
"""

import math

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from moreish.doctor import Doctor
from tests.doctor.test_further_kinds import small, told, trained


def _cosines(unit: Tensor) -> Tensor:
    return 2 - 2 * (unit @ unit.T)


DISTANCES = {
    "rows": lambda e: ((e[:, None] - e[None]) ** 2).sum(-1),
    "unsqueezed": lambda e: (e.unsqueeze(0) - e.unsqueeze(1)).square().sum(2),
    "products": lambda e: _cosines(F.normalize(e, dim=1)),
    "a factor": lambda e: e.square().sum(1)[:, None] + e.square().sum(1)[None] - 2 * e @ e.t(),
    "temperature": lambda e: 2 - (F.normalize(e, dim=1) / 0.5) @ F.normalize(e, dim=1).T,
    "cdist": lambda e: torch.cdist(e, e),
}


@pytest.mark.slow
@pytest.mark.parametrize("way", DISTANCES)
@pytest.mark.parametrize("collapses", [True, False])
def test_embeddings_of_a_batch_that_fall_together_are_found(way: str, collapses: bool) -> None:
    """Pulled together, all of them; or held to the distances that the data have."""
    model = small(8)
    goal = DISTANCES[way](torch.randn(16, 8)) / 16

    def loss(k: int) -> Tensor:
        torch.manual_seed(100 + k % 4)
        apart = DISTANCES[way](model(torch.randn(16, 6)))
        return apart.mean() if collapses else (apart - goal).square().mean()

    assert ("F84" in trained(model, loss, 200)) is collapses


class Siamese(nn.Module):
    """Gives the loss itself, as many models of two views do."""

    def __init__(self, held: bool) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.held = held
        self.encoder = nn.Sequential(nn.Linear(16, 32), nn.ReLU(), nn.Linear(32, 8))

    def forward(self, one: Tensor, two: Tensor) -> Tensor:
        a, b = self.encoder(one), self.encoder(two)
        if self.held:
            a, b = F.normalize(a, dim=1), F.normalize(b, dim=1)
            return F.cross_entropy(a @ b.T / 0.2, torch.arange(len(a)))
        return -F.cosine_similarity(a, b).mean()


@pytest.mark.slow
@pytest.mark.parametrize("held", [True, False])
def test_two_views_that_are_compared_inside_a_model_are_seen(held: bool) -> None:
    model = Siamese(held)
    optimizer = torch.optim.Adam(model.parameters(), 1e-2)
    with Doctor(model, optimizer, budget=math.inf) as doctor:
        for _ in range(150):
            x = torch.randn(64, 16)
            optimizer.zero_grad()
            model(x + 0.5 * torch.randn_like(x), x + 0.5 * torch.randn_like(x)).backward()
            optimizer.step()
    assert ("F84" in told(doctor)) is not held


def test_a_sparse_table_that_meets_outputs_is_looked_past() -> None:
    model = small(16)
    neighbours = torch.eye(16).to_sparse()

    def loss(k: int) -> Tensor:
        out = model(torch.randn(16, 6))
        return ((neighbours @ out) - out.detach()[:1]).square().mean() + F.mse_loss(out, torch.ones(16, 16))

    optimizer = torch.optim.SGD(model.parameters(), 0.05)
    with Doctor(model, optimizer, budget=math.inf) as doctor:
        for k in range(12):
            optimizer.zero_grad()
            loss(k).backward()
            optimizer.step()
    assert not any("failed" in note for note in doctor.notes), doctor.notes
    assert doctor.history.seen == 12


def test_a_square_of_what_a_model_gives_is_no_comparison() -> None:
    model = small(8)
    y = torch.ones(16, 8)

    def loss(k: int) -> Tensor:
        out = model(torch.randn(16, 6))
        return F.mse_loss(out, y) + 1e-3 * (out * out).mean()

    assert "F84" not in trained(model, loss, 60)


@pytest.mark.parametrize(("columns", "sick"), [(1, True), (2, False)])
@pytest.mark.parametrize("gradients", [True, False])
def test_the_largest_of_one_column_is_found_in_evaluations(columns: int, sick: bool, gradients: bool) -> None:
    model = small(columns)
    x, y = torch.randn(64, 6), torch.randint(0, 2, (64,))

    def loss(k: int) -> Tensor:
        out = model(x)
        return F.cross_entropy(out, y) if columns == 2 else F.binary_cross_entropy_with_logits(out[:, 0], y.float())

    def evaluate() -> None:
        with torch.set_grad_enabled(gradients):
            (model(x).argmax(dim=-1) == y).float().mean()

    said = trained(model, loss, 12, evaluate)
    assert ("F121" in said) is sick
    assert not sick or "`2`" in said["F121"]


def deep_reader() -> nn.Module:
    torch.manual_seed(0)
    layers = [part for _ in range(5) for part in (nn.Linear(64, 64), nn.Tanh())]
    return nn.Sequential(nn.Embedding(12, 32), nn.Flatten(), *layers, nn.Linear(64, 12))


def read(rate: float) -> dict[str, str]:
    """A text in which two symbols may follow each, learned with Adam at this rate."""
    torch.manual_seed(1)
    follows, model = torch.randint(0, 12, (12, 2)), deep_reader()
    optimizer = torch.optim.Adam(model.parameters(), rate)
    with Doctor(model, optimizer, budget=math.inf) as doctor:
        for _ in range(330):
            ids = torch.randint(0, 12, (64, 2))
            y = follows[ids[:, 1], torch.randint(0, 2, (64,))]
            optimizer.zero_grad()
            F.cross_entropy(model(ids), y).backward()
            optimizer.step()
    return told(doctor)


@pytest.mark.slow
def test_large_first_steps_of_a_net_that_learns_all_there_is_are_no_alarm() -> None:
    assert "F13" not in read(1e-2)
