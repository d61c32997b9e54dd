"""BatchNorm1d for channels that come last: (B, C) and (B, T, C) alike, its calibration, and its disappearance."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Protocol, runtime_checkable

import torch
import torch.nn.functional as F
from jaxtyping import Float, Integer
from torch import Tensor, nn


@runtime_checkable
class SumOver(Protocol):
    """Sums over all processes that hold parts of one batch, which has so many symbols, with their gradients."""

    symbols: int

    def __call__(self, rows: Float[Tensor, "N C"], shared: int) -> Float[Tensor, " C"]:
        """The sum of all rows; the last `shared` are the same everywhere and count once."""
        ...


class BatchNorm1d(nn.BatchNorm1d):
    """y = weight (x - mean) / sqrt(var + eps) + bias over all dimensions but the last (Ioffe & Szegedy 2015).

    https://arxiv.org/abs/1502.03167. torch's own takes (B, C, T) instead and would silently normalise the wrong
    dimension. While training, the batch's variance divides by n - correction: 0 as in the paper and torch, 1
    (Bessel's) as in the lectures. The running variance is always the unbiased one; with momentum None the running
    statistics are the plain mean over all batches.

    sum_over : where several processes hold parts of one batch, the sum of rows over them
    shared_rows : how many of the last rows all of these processes have, so that they count once
    """

    sum_over: SumOver | None = None
    shared_rows: int = 0

    def __init__(
        self, channels: int, *, eps: float = 1e-5, momentum: float | None = 0.1, correction: int = 0
    ) -> None:
        super().__init__(channels, eps, momentum)
        self.correction = correction

    def forward(self, input: Float[Tensor, "*rows C"]) -> Float[Tensor, "*rows C"]:
        """The same shape, each channel normalised."""
        x = input.flatten(0, -2)  # (N, C), which F.batch_norm takes as it is
        if self.training and self.sum_over is not None:
            return self._over_processes(x, self.sum_over).view_as(input)
        if not (self.correction and self.training):
            return super().forward(x).view_as(input)
        # Dividing the variance by n - c is scaling it by 1 / share: take the share out of eps and of the gain.
        share = (len(x) - self.correction) / len(x)
        assert self.running_mean is not None
        assert self.num_batches_tracked is not None
        self.num_batches_tracked.add_(1)
        momentum = 1 / self.num_batches_tracked.item() if self.momentum is None else self.momentum
        gain = self.weight * share**0.5
        mean, var = self.running_mean, self.running_var
        return F.batch_norm(x, mean, var, gain, self.bias, True, momentum, self.eps * share).view_as(input)

    def _over_processes(self, x: Float[Tensor, "N C"], sum_over: SumOver) -> Float[Tensor, "N C"]:
        """The same with mean and variance of all processes' rows: first their sums, then those of the deviations."""
        assert self.running_mean is not None
        assert self.running_var is not None
        assert self.num_batches_tracked is not None
        sums = sum_over(torch.cat([x, x.new_ones(len(x), 1)], 1), self.shared_rows)
        mean, n = sums[:-1] / sums[-1], sums[-1].detach()
        deviation = x - mean
        squares = sum_over(deviation.square(), self.shared_rows)
        self.num_batches_tracked.add_(1)
        momentum = 1 / self.num_batches_tracked.item() if self.momentum is None else self.momentum
        with torch.no_grad():
            self.running_mean.lerp_(mean, momentum)
            self.running_var.lerp_(squares / (n - 1), momentum)
        return deviation * (self.weight * (squares / (n - self.correction) + self.eps).rsqrt()) + self.bias


def batch_norms(module: nn.Module) -> list[BatchNorm1d]:
    """The layers of this kind, in the order of the module."""
    return [m for m in module.modules() if isinstance(m, BatchNorm1d)]


def calibrate(module: nn.Module, batches: Iterable[Integer[Tensor, "..."]]) -> None:
    """Running statistics from one pass over `batches`, each counting alike, instead of those gathered in training.

    One batch that holds the whole of train gives the statistics of train. Everything but the BatchNorms is in eval
    mode meanwhile; no parameter changes.
    """
    with _gathering(module), torch.no_grad():
        for idx in batches:
            module(idx)


@contextmanager
def _gathering(module: nn.Module) -> Iterator[None]:
    norms = batch_norms(module)
    modes = {m: m.training for m in module.modules()}
    momenta = [norm.momentum for norm in norms]
    module.eval()
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None
        norm.training = True
    try:
        yield
    finally:
        for m, mode in modes.items():
            m.training = mode
        for norm, momentum in zip(norms, momenta, strict=True):
            norm.momentum = momentum


def fold(linear: nn.Linear, norm: BatchNorm1d) -> nn.Linear:
    """One Linear that does what the two do in eval mode: weight, bias and running statistics become its own."""
    assert norm.running_mean is not None
    assert norm.running_var is not None
    scale = norm.weight / (norm.running_var + norm.eps).sqrt()
    before = 0.0 if linear.bias is None else linear.bias
    weight = linear.weight
    folded = nn.Linear(linear.in_features, linear.out_features, device=weight.device, dtype=weight.dtype)
    with torch.no_grad():
        folded.weight.copy_(weight * scale[:, None])
        folded.bias.copy_((before - norm.running_mean) * scale + norm.bias)
    return folded


def fold_all(module: nn.Module) -> nn.Module:
    """Fold every BatchNorm that directly follows a Linear in a Sequential, in place; returns the module."""
    for sequence, at, linear, norm in list(_pairs(module)):
        sequence[at], sequence[at + 1] = fold(linear, norm), nn.Identity()
    return module


def _pairs(module: nn.Module) -> Iterator[tuple[nn.Sequential, int, nn.Linear, BatchNorm1d]]:
    """(the Sequential they stand in, place of the Linear, the Linear, the BatchNorm right behind it)."""
    for sequence in [m for m in module.modules() if isinstance(m, nn.Sequential)]:
        for i, (linear, norm) in enumerate(pairwise(sequence)):
            if isinstance(linear, nn.Linear) and isinstance(norm, BatchNorm1d):
                yield sequence, i, linear, norm
