"""Layers with a mistake in them, which the fault operators put into a model."""

from typing import Any

import torch
from torch import Tensor, nn


class Infinite(nn.Module):
    """An activation that divides one example by zero."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, x: Tensor) -> Tensor:
        """Infinity in the first row."""
        scale = torch.ones(len(x), *[1] * (x.dim() - 1))
        scale[0] = 0
        return self.inner(x.abs()) / scale


class Mixed(nn.Module):
    """An activation followed by a transposed order."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, x: Tensor) -> Tensor:
        """The right shape, the wrong order."""
        y = self.inner(x)
        return y.transpose(0, -1).reshape(y.shape)


class WrongTanh(torch.autograd.Function):
    """tanh whose backward forgets the square."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        """tanh(x)."""
        y = torch.tanh(x)
        ctx.save_for_backward(y)
        return y

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Tensor:
        """dy (1 - y) instead of dy (1 - y^2)."""
        (y,) = ctx.saved_tensors
        return grads[0] * (1 - y)


class HandWritten(nn.Module):
    """A layer around the wrong tanh."""

    def forward(self, x: Tensor) -> Tensor:
        """tanh(x)."""
        return WrongTanh.apply(x)
