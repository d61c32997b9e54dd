"""Normalisation: BatchNorm and LayerNorm, each backward as one expression."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from moreish.backprop.rules import EVERY, Needs


def batch_norm_forward(
    x: Float[Tensor, "N C *L"],
    running_mean: Float[Tensor, "C"] | None,
    running_var: Float[Tensor, "C"] | None,
    weight: Float[Tensor, "C"] | None = None,
    bias: Float[Tensor, "C"] | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
    correction: int = 0,
):
    """y = weight * xhat + bias, xhat = (x - mean) * rstd, rstd = 1 / sqrt(var + eps), per channel over all the rest.

    In training, mean and var are the batch's, var = 1/(n-c) sum (x - mean)^2 with the correction c: torch divides
    by n (c = 0), the lectures by n - 1 (c = 1). The running statistics move by `momentum` towards the batch's, the
    variance always with n - 1. In evaluation the running statistics stand in.
    Ioffe and Szegedy 2015, https://arxiv.org/abs/1502.03167.
    """
    use_batch = training or running_mean is None
    n = x.numel() // x.shape[1]
    if use_batch:
        if eps <= 0:
            raise ValueError(f"batch_norm: eps is added to a variance, so it is more than 0, not {eps}")
        if n == 1:
            raise ValueError(f"batch_norm: shape {tuple(x.shape)} has one value per channel, so no variance")
        mean = x.sum(rest(x)) / n
        centred = x - channel(mean, x)
        var = centred.square().sum(rest(x)) / (n - correction)
        if running_mean is not None and running_var is not None:
            running_mean.lerp_(mean.to(running_mean.dtype), momentum)
            running_var.lerp_((var * ((n - correction) / (n - 1))).to(running_var.dtype), momentum)
    else:
        assert running_mean is not None
        assert running_var is not None
        centred, var = x - channel(running_mean, x), running_var
    rstd = channel((var + eps).rsqrt(), x)
    xhat = centred * rstd
    if weight is not None and bias is not None:
        y = torch.addcmul(channel(bias, x), xhat, channel(weight, x))
    else:
        y = xhat.clone() if weight is None else xhat * channel(weight, x)  # y people may write into
        y = y if bias is None else y + channel(bias, x)
    return y, (xhat, rstd, weight, use_batch, correction)


def batch_norm_backward(dy: Float[Tensor, "N C *L"], xhat, rstd, weight, use_batch, correction, needs: Needs = EVERY):
    """With dxhat = weight * dy, and sums over everything but the channel (n values):

        dx = rstd (dxhat - sum(dxhat) / n - xhat sum(dxhat xhat) / (n-c))

    x reaches y by three ways.
    1. Through its own xhat: rstd dxhat.
    2. Through the mean, which takes rstd/n from every xhat: -rstd/n sum(dxhat).
    3. Through the variance: dvar = -1/2 rstd^3 sum(dxhat (x - mean)) = -1/2 rstd^2 sum(dxhat xhat), and
       dvar/dx = 2 (x - mean)/(n-c), together -rstd/(n-c) xhat sum(dxhat xhat). The variance depends on the mean
       too, but that way carries nothing: deviations from a mean sum to zero.
    With running statistics, which do not depend on x, only the first way exists.

    weight and bias are broadcast on the way forward, so their gradients are sums: sum(dy xhat) and sum dy. Those
    sums stand in dx too, because weight is one number a channel: sum(dxhat) = weight sum(dy).
    """
    others = rest(dy)
    dweight = dbias = dx = None
    if needs[3] or (needs[0] and use_batch):
        dweight = (dy * xhat).sum(others)
    if needs[4] or (needs[0] and use_batch):
        dbias = dy.sum(others)
    if needs[0]:
        scale = rstd if weight is None else rstd * channel(weight, dy)
        if use_batch:
            assert dweight is not None
            assert dbias is not None
            n = dy.numel() // dy.shape[1]
            through_var = channel(dweight / (correction - n), dy)
            dx = torch.addcmul(dy, xhat, through_var).sub_(channel(dbias, dy), alpha=1 / n).mul_(scale)
        else:
            dx = scale * dy
    return dx, None, None, dweight if needs[3] else None, dbias if needs[4] else None


def layer_norm_forward(
    x: Float[Tensor, "..."],
    normalized_shape: Sequence[int],
    weight: Float[Tensor, "..."] | None = None,
    bias: Float[Tensor, "..."] | None = None,
    eps: float = 1e-5,
):
    """y = weight * xhat + bias, each row normalised over the last dimensions by its own mean and variance (c = 0).

    BatchNorm turned by ninety degrees: rows do not see one another, so training and evaluation are the same.
    Ba et al. 2016, https://arxiv.org/abs/1607.06450.
    """
    dims = tuple(range(x.dim() - len(normalized_shape), x.dim()))
    x = x.contiguous()  # torch's result is, and people view it
    centred = x - x.mean(dims, keepdim=True)
    rstd = ((centred**2).mean(dims, keepdim=True) + eps) ** -0.5
    xhat = centred * rstd
    y = xhat.clone() if weight is None else xhat * weight
    y = y if bias is None else y + bias
    return y, (xhat, rstd, weight, dims)


def layer_norm_backward(dy, xhat, rstd, weight, dims, needs: Needs = EVERY):
    """The three ways of `batch_norm_backward`, with c = 0 and the sums over the row of n values:

        dx = rstd (dxhat - sum(dxhat) / n - xhat sum(dxhat xhat) / n)

    weight and bias were broadcast over the rows: sum over the rows.
    """
    dx = None
    if needs[0]:
        dxhat = dy if weight is None else dy * weight
        through_mean = dxhat.mean(dims, keepdim=True)
        through_var = (dxhat * xhat).mean(dims, keepdim=True)
        dx = rstd * (dxhat - through_mean - xhat * through_var)
    dweight = _over_rows(dy * xhat, dims) if needs[2] else None
    dbias = _over_rows(dy, dims) if needs[3] else None
    return dx, None, dweight, dbias


def rest(x: Tensor) -> list[int]:
    """Every dimension but the channel's, which is 1."""
    return [0, *range(2, x.dim())]


def channel(row: Tensor, x: Tensor) -> Tensor:
    """(C,) as (C, 1, ...), ready to broadcast against x."""
    return row if x.dim() == 2 else row.view(-1, *[1] * (x.dim() - 2))


def _over_rows(d: Tensor, dims: Sequence[int]) -> Tensor:
    rows = tuple(range(dims[0]))
    return torch.sum(d, rows) if rows else d
