"""Reductions: sum, mean, variance, max over all elements or over some dimensions; and the running sum."""

import math
import warnings
from collections.abc import Sequence
from typing import SupportsIndex

import torch
from jaxtyping import Float, Shaped
from torch import Tensor

Dim = SupportsIndex | Sequence[int] | None


def spread(d: Shaped[Tensor, "..."], shape: Sequence[int], dim: Dim, keepdim: bool) -> Shaped[Tensor, "..."]:
    """`d`, the gradient of a reduction over `dim`, repeated over what was reduced."""
    if not keepdim and len(shape):
        for i in sorted(_reduced(dim, len(shape))):
            d = d.unsqueeze(i)
    return d.expand(tuple(shape))


def _reduced(dim: Dim, ndim: int) -> list[int]:
    """The reduced dimensions as indices from the front; None and () mean all of them."""
    dims = list(dim or range(ndim)) if dim is None or isinstance(dim, Sequence) else [int(dim)]
    return [i % ndim for i in dims] if ndim else []


def _count(shape: Sequence[int], dim: Dim) -> int:
    n = 1
    for i in _reduced(dim, len(shape)):
        n *= shape[i]
    return n


def sum_forward(x: Shaped[Tensor, "..."], dim: Dim = None, keepdim: bool = False):
    """y = sum of x over dim."""
    return torch.sum(x, _reduced(dim, x.dim()), keepdim=keepdim), (x.shape, dim, keepdim)


def sum_backward(dy, shape, dim, keepdim):
    """dy/dx = 1 for every element: a sum forward is a broadcast backward."""
    return (spread(dy, shape, dim, keepdim),)


def cumsum_forward(x: Shaped[Tensor, "..."], dim: int):
    """y_t = x_0 + ... + x_t along dim."""
    return torch.cumsum(x, dim), (dim,)


def cumsum_backward(dy, dim):
    """x_t is in every later sum, so dx_t = dy_t + ... + dy_T: the running sum from the other end (fan-out: add)."""
    return (dy.flip(dim).cumsum(dim).flip(dim),)


def mean_forward(x: Float[Tensor, "..."], dim: Dim = None, keepdim: bool = False):
    """y = 1/n sum of x over dim."""
    return torch.sum(x, _reduced(dim, x.dim()), keepdim=keepdim) / _count(x.shape, dim), (x.shape, dim, keepdim)


def mean_backward(dy, shape, dim, keepdim):
    """dy/dx = 1/n for every element: the larger the batch, the smaller the share of each row."""
    return (spread(dy / _count(shape, dim), shape, dim, keepdim),)


def var_forward(
    x: Float[Tensor, "..."],
    dim: Dim = None,
    unbiased: bool = True,
    keepdim: bool = False,
    correction: int | float | None = None,
):
    """y = 1/(n-c) sum (x - mean)^2 over dim; the correction c is 1 if unbiased, else 0. var(False) works too."""
    if isinstance(dim, bool):
        dim, unbiased = None, dim
    c = int(unbiased) if correction is None else correction
    n = _count(x.shape, dim)
    dims = _reduced(dim, x.dim())
    centred = x - torch.sum(x, dims, keepdim=True) / n
    if n <= c:
        warnings.warn("var: the correction leaves no degree of freedom, so the result is nan or inf", stacklevel=2)
    y = torch.sum(centred**2, dims, keepdim=keepdim) / max(n - c, 0)
    return y, (centred, dim, keepdim, n - c)


def var_backward(dy, centred, dim, keepdim, n_minus_c):
    """dx = 2/(n-c) (x - mean) dy.

    x reaches y twice, by itself and through the mean. The way through the mean carries
    -1/n sum_i 2/(n-c) (x_i - mean) dy, and the deviations from a mean sum to zero: that way carries nothing.
    """
    share = 2 / n_minus_c if n_minus_c else math.inf
    return (share * centred * spread(dy, centred.shape, dim, keepdim),)


def max_forward(x: Shaped[Tensor, "..."], dim: SupportsIndex | None = None, keepdim: bool = False):
    """y = max of x; over one dimension also the index of the maximum: (values, indices)."""
    if dim is None:
        y = x.max()
        return y, ((x == y) | x.isnan(), None, keepdim)
    dim = int(dim)
    result = torch.max(x, dim, keepdim=keepdim)
    kept = result.indices if keepdim or not x.dim() else result.indices.unsqueeze(dim)
    winner = torch.zeros_like(x, dtype=torch.bool)
    return result, (winner.scatter_(dim, kept, True), dim, keepdim)


def max_backward(dy, winner, dim, keepdim):
    """All of the gradient goes to the winner, nothing to the rest: what was thrown away receives nothing.

    Over everything, torch shares the gradient among equals; over one dimension the index it returned takes all.
    """
    dvalues = dy if dim is None else dy[0]
    share = dvalues / winner.sum() if dim is None else dvalues
    return (torch.where(winner, spread(share, winner.shape, dim, keepdim), 0.0),)
