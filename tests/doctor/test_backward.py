"""Whether a hand-written backward is taken for wrong: a surrogate slope of a flat function is meant."""

import pytest
import torch
from torch import nn

from moreish.doctor.watch.replay import wrong_backward


class Sign(torch.autograd.Function):
    """Flat nearly everywhere; its backward is that of a straight line, as binary nets have it."""

    @staticmethod
    def forward(ctx, w):
        ctx.save_for_backward(w)
        return torch.where(w >= 0, 1.0, -1.0).to(w.dtype)

    @staticmethod
    def backward(ctx, dy):
        (w,) = ctx.saved_tensors
        return dy * (w.abs() <= 1)


class Square(torch.autograd.Function):
    """x^2, whose slope is `slope` times x."""

    slope = 2.0

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x

    @staticmethod
    def backward(ctx, dy):
        (x,) = ctx.saved_tensors
        return dy * Square.slope * x


class Binary(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.w = nn.Parameter(torch.randn(outputs, inputs) / 3)
        self.scale = nn.Parameter(torch.rand(outputs, 1) + 0.1)

    def forward(self, x):
        return x @ (Sign.apply(self.w) * self.scale).T


class Squared(nn.Module):
    def forward(self, x):
        return Square.apply(x)


@pytest.mark.parametrize("slope", [2.0, 1.0])
@pytest.mark.parametrize("behind", [True, False])
def test_a_straight_line_through_a_step_is_meant_and_a_wrong_slope_beside_it_is_found(monkeypatch, slope, behind):
    monkeypatch.setattr(Square, "slope", slope)
    torch.manual_seed(0)
    first, last = nn.Linear(8, 16), nn.Linear(16, 3)
    middle = [Squared(), Binary(16, 16)] if behind else [Binary(16, 16), Squared()]
    found = wrong_backward(nn.Sequential(first, *middle, last), (torch.randn(20, 8),), {})
    assert (found is not None) == (slope == 1.0)


class Rounded(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x.round()

    @staticmethod
    def backward(ctx, gradient):
        return gradient


class Quantised(nn.Linear):
    """Weights of few steps, whose size is learned: behind the rounding as well as before it."""

    def __init__(self):
        super().__init__(8, 3)
        self.size = nn.Parameter(torch.tensor(0.1))

    def forward(self, x):
        return nn.functional.linear(x, Rounded.apply(self.weight / self.size).clamp(-7, 7) * self.size)


def test_a_learned_size_of_rounded_weights_is_meant():
    torch.manual_seed(0)
    assert wrong_backward(nn.Sequential(Quantised(), nn.Tanh(), nn.Linear(3, 2)), (torch.randn(20, 8),), {}) is None
