"""What comes to nothing: weights that are all 0, a loss at the end of a clamp, data that drown an embedding."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tests.doctor.test_further_kinds import small, trained


@pytest.mark.slow
@pytest.mark.parametrize(("axis", "sick"), [(-1, True), (0, False)])
def test_advantages_normalised_along_an_axis_of_one_number_are_found(axis: int, sick: bool) -> None:
    model = small(3)

    def loss(k: int) -> Tensor:
        chosen = torch.distributions.Categorical(logits=model(torch.randn(32, 6)))
        actions = chosen.sample()
        a = torch.randn(32, 1) + actions[:, None]
        a = (a - a.mean(axis, keepdim=True)) / (a.std(axis, keepdim=True, unbiased=False) + 1e-8)
        return -(chosen.log_prob(actions) * a.flatten()).mean() - 1e-3 * chosen.entropy().mean()

    said = trained(model, loss, 120)
    assert ("F131" in said) is sick
    assert not sick or "F09" not in said


@pytest.mark.parametrize("empty", ["always", "at first", "never"])
def test_a_mask_has_to_be_empty_every_time(empty: str) -> None:
    model, steps = small(4), [0]

    def loss(k: int) -> Tensor:
        steps[0] += 1
        mask = torch.full((16,), float(empty == "never" or (empty == "at first" and steps[0] > 20)))
        return (F.mse_loss(model(torch.randn(16, 6)), torch.ones(16, 4), reduction="none").mean(1) * mask).mean()

    assert ("F131" in trained(model, loss, 120)) is (empty == "always")


def _overlap(a: Tensor, b: Tensor) -> Tensor:
    inner = (torch.minimum(a[:, 2:], b[:, 2:]) - torch.maximum(a[:, :2], b[:, :2])).clamp(min=0).prod(1)
    areas = [(box[:, 2:] - box[:, :2]).clamp(min=0).prod(1) for box in (a, b)]
    return inner / (areas[0] + areas[1] - inner + 1e-9)


@pytest.mark.parametrize(("far", "sick"), [(50.0, True), (0.2, False)])
def test_boxes_that_never_meet_their_targets_are_told_from_other_gradients_of_zero(far: float, sick: bool) -> None:
    model = small(4)

    def loss(k: int) -> Tensor:
        centre = torch.rand(16, 2)
        given = torch.cat([centre, torch.rand(16, 4)], 1)
        goal = torch.cat([centre + far, centre + far + 1], 1)
        out = model(given).sigmoid()
        return 1 - _overlap(torch.cat([out[:, :2], out[:, :2] + out[:, 2:]], 1), goal).mean()

    said = trained(model, loss, 40)
    assert ("clamp" in said.get("F17", "")) is sick


class Timed(nn.Module):
    """Data beside the embedding of a time, as denoisers have it."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.time = nn.Embedding(50, 32)
        self.net = nn.Sequential(nn.Linear(34, 32), nn.SiLU(), nn.Linear(32, 2))

    def forward(self, x: Tensor, t: Tensor) -> Tensor:
        return self.net(torch.cat([x, self.time(t)], 1))


@pytest.mark.slow
@pytest.mark.parametrize(("size", "sick"), [(128.0, True), (1.0, False)])
def test_data_of_another_size_are_seen_beside_an_embedding(size: float, sick: bool) -> None:
    model, keep = Timed(), torch.cumprod(1 - torch.linspace(1e-3, 0.2, 50), 0)

    def loss(k: int) -> Tensor:
        x, t, noise = size * torch.randn(64, 2) / 2 + size, torch.randint(0, 50, (64,)), torch.randn(64, 2)
        a = keep[t][:, None]
        return F.mse_loss(model(a.sqrt() * x + (1 - a).sqrt() * noise, t), noise)

    said = trained(model, loss, 200)
    assert ("F56" in said) is sick
    assert not sick or said["F56"].startswith("The model gets inputs")


class Graph(nn.Module):
    def __init__(self, layers: int, keeps: bool) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.convs, self.keeps = nn.ModuleList([nn.Linear(8, 8) for _ in range(layers)]), keeps

    def forward(self, table: Tensor, x: Tensor) -> Tensor:
        for conv in self.convs:
            new = torch.relu(table @ conv(x))
            x = x + new if self.keeps else new
        return x


@pytest.mark.slow
@pytest.mark.parametrize(("layers", "keeps", "said"), [(16, False, True), (3, False, False), (16, True, False)])
def test_rows_that_are_mixed_again_and_again_are_named_where_the_gradient_vanishes(
    layers: int, keeps: bool, said: bool
) -> None:
    model = Graph(layers, keeps)
    near = (torch.rand(40, 40) < 0.2).float() + torch.eye(40)
    table, x, y = near / near.sum(1, keepdim=True), torch.randn(40, 8), torch.randint(0, 8, (40,))
    found = trained(model, lambda k: F.cross_entropy(model(table, x), y), 60)
    assert ("over-smoothing" in found.get("F09", "")) is said


@pytest.mark.parametrize("grows", [True, False])
def test_a_loss_that_rises_with_the_weight_of_a_term_is_no_high_learning_rate(grows: bool) -> None:
    torch.manual_seed(0)
    model = nn.Linear(6, 4)
    with torch.no_grad():
        model.weight.mul_(30)

    def loss(k: int) -> Tensor:
        out = model(torch.randn(32, 6))
        weight = 1e-3 + (0.015 * k if grows else 0.0)
        return 1e-3 * F.mse_loss(out, torch.ones(32, 4)) + weight * (out.square().mean() + 50)

    said = trained(model, loss, 160)
    assert not {"F13", "F120"} & set(said)
