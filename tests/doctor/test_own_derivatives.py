"""Derivatives that a script takes itself, and scores that are summed over the batch before a bent loss."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.overrides import get_overridable_functions

from moreish.doctor.frames.operations import KINDS
from moreish.doctor.watch.noting import LIMITS, OF_ONE_EXAMPLE
from tests.doctor.test_further_kinds import small, trained

# torch calls a mode for these under names that it does not list, or that moreish gives them itself.
UNLISTED = {
    *(
        "leaky_relu_",
        "elu_",
        "_sparse_mm",
        "hardswish",
        "hardsigmoid",
        "__rtruediv__",
        "mT",
        "data",
        "tensor",
        "as_tensor",
        "randn",
        "randn_like",
    ),
    *("normal", "rand", "rand_like", "_amp_foreach_non_finite_check_and_unscale_", "grad"),
}


def field(activation: nn.Module, layers: int = 2) -> nn.Sequential:
    torch.manual_seed(0)
    hidden = [part for _ in range(layers - 1) for part in (nn.Linear(24, 24), activation)]
    return nn.Sequential(nn.Linear(2, 24), activation, *hidden, nn.Linear(24, 1))


def curvature(model: nn.Module) -> Tensor:
    x = torch.rand(64, 2, requires_grad=True)
    slope = torch.autograd.grad(model(x), x, torch.ones(64, 1), create_graph=True)[0]
    bend = torch.autograd.grad(slope[:, 0].sum(), x, create_graph=True, allow_unused=True)[0]
    return slope[:, :1] - 0.1 * (bend[:, :1] if bend is not None else 0.0) - 1


@pytest.mark.parametrize(
    ("activation", "straight"),
    [(nn.ReLU(), True), (nn.LeakyReLU(0.1), True), (nn.Tanh(), False), (nn.SiLU(), False), (nn.Softplus(), False)],
)
@pytest.mark.parametrize("layers", [1, 3])
def test_a_second_derivative_of_straight_pieces_is_found(activation: nn.Module, straight: bool, layers: int) -> None:
    model = field(activation, layers)
    said = trained(model, lambda k: curvature(model).square().mean(), 30)
    assert ("F132" in said) is straight


def test_first_derivatives_of_straight_pieces_are_no_fault() -> None:
    model = field(nn.ReLU())

    def loss(k: int) -> Tensor:
        x = torch.rand(64, 2, requires_grad=True)
        slope = torch.autograd.grad(model(x).sum(), x, create_graph=True)[0]
        return (slope.norm(dim=1) - 1).square().mean() + model(x).mean()

    assert "F132" not in trained(model, loss, 30)


def test_a_learner_of_learners_with_relu_has_second_derivatives() -> None:
    model, optimizing = small(4), torch.randn(16, 6)

    def loss(k: int) -> Tensor:
        weights: dict[str, Tensor] = dict(model.named_parameters())
        inner = F.mse_loss(torch.func.functional_call(model, weights, (optimizing,)), torch.zeros(16, 4))
        grads = torch.autograd.grad(inner, list(weights.values()), create_graph=True)
        size = torch.stack([g.square().sum() for g in grads]).sum()
        return (
            inner
            + 0.1
            * torch.stack(
                [g.mean() for g in torch.autograd.grad(size, list(weights.values()), create_graph=True)]
            ).sum()
        )

    assert "F132" not in trained(model, loss, 30)


class Tables(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.users, self.things, self.bias = nn.Embedding(50, 8), nn.Embedding(80, 8), nn.Embedding(80, 1)

    def forward(self, user: Tensor, thing: Tensor, other: Tensor, way: str) -> Tensor:
        u, difference = self.users(user), self.things(thing) - self.things(other)
        if way == "own":
            return (u * difference).sum(-1)
        if way == "mean":
            return (u * difference).mean()
        return torch.sum(u * difference) + self.bias(thing).sum()


LOSSES = {
    "log-sigmoid": lambda score: -F.logsigmoid(score).mean(),
    "softplus": lambda score: F.softplus(-score).mean(),
    "hinge": lambda score: F.relu(1 - score).mean(),
    "log of sigmoid": lambda score: -torch.log(torch.sigmoid(score) + 1e-8).mean(),
}


@pytest.mark.parametrize(
    ("loss", "way", "sick"),
    [(loss, "sum", True) for loss in LOSSES] + [("log-sigmoid", "mean", True), ("hinge", "own", False)],
)
def test_pairs_that_are_summed_to_one_score_are_found(loss: str, way: str, sick: bool) -> None:
    model = Tables()

    def step(k: int) -> Tensor:
        ids = (torch.randint(0, high, (32,)) for high in (50, 80, 80))
        return LOSSES[loss](model(*ids, way))

    assert ("F133" in trained(model, step, 30)) is sick


def test_one_pair_at_a_time_has_one_score() -> None:
    model = Tables()

    def step(k: int) -> Tensor:
        ids = (torch.randint(0, high, (1,)) for high in (50, 80, 80))
        return LOSSES["log-sigmoid"](model(*ids, "sum"))

    assert "F133" not in trained(model, step, 30)


def test_every_operation_is_known_by_a_name_that_torch_gives_it() -> None:
    names = {getattr(f, "__name__", "") for functions in get_overridable_functions().values() for f in functions}
    assert set(KINDS) - names <= UNLISTED


def test_what_is_looked_for_by_name_is_heard() -> None:
    assert not {*LIMITS, *OF_ONE_EXAMPLE} - set(KINDS)
