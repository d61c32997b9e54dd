"""Tensors of others that cannot be asked what made them."""

import pytest
import torch

from moreish.doctor.watch.kept import Kept


class Aside(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):  # pyright: ignore[reportIncompatibleMethodOverride]
        return x.view(-1)

    @staticmethod
    def backward(ctx, dy):  # pyright: ignore[reportIncompatibleMethodOverride]
        return dy.view(2, 2)


def test_a_view_whose_base_was_overwritten_is_passed_over():
    base = torch.ones(2, 2, requires_grad=True) * 1
    view = Aside.apply(base)
    base.add_(1)
    with pytest.raises(RuntimeError):
        view.grad_fn  # noqa: B018
    kept = Kept()
    kept.count(1)
    assert kept.counts[0].step == 1
