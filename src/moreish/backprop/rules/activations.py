"""Activations: tanh, sigmoid, ReLU, leaky ReLU, ELU, GELU (exact and tanh), softmax, log-softmax, dropout."""

import math

import torch
from jaxtyping import Float
from torch import Tensor

from moreish.backprop.rules import NotDerived


def tanh_forward(x: Float[Tensor, "..."]):
    """y = tanh(x)."""
    y = torch.tanh(x)
    return y, (y,)


def tanh_backward(dy, y):
    """dy/dx = 1 - tanh(x)^2, and tanh(x) is already at hand as y.

    tanh = (e^x - e^-x) / (e^x + e^-x) = u/v with u' = v and v' = u, so (u/v)' = (v^2 - u^2) / v^2 = 1 - y^2.
    Where |y| is close to 1 nothing passes: that is a saturated neuron. There 1 - y^2 cancels, so it is rounded once,
    after the subtraction, and not the square before it.
    """
    return (torch.addcmul(y.new_ones(()), y, y, value=-1).mul_(dy),)


def sigmoid_forward(x: Float[Tensor, "..."]):
    """y = 1 / (1 + e^-x)."""
    y = torch.sigmoid(x)
    return y, (y,)


def sigmoid_backward(dy, y):
    """dy/dx = e^-x / (1 + e^-x)^2 = y (1 - y): at most 1/4, so a stack of sigmoids shrinks the gradient."""
    return (y * (1 - y) * dy,)


def relu_forward(x: Float[Tensor, "..."]):
    """y = max(x, 0)."""
    y = x.clamp(min=0)
    return y, (y,)


def relu_backward(dy, y):
    """dy/dx = 1 where x > 0, else 0, at the kink too. A unit that is at 0 for every row never learns: it is dead."""
    return (torch.where(y <= 0, 0.0, dy),)


def leaky_relu_forward(x: Float[Tensor, "..."], negative_slope: float = 0.01):
    """y = x where x > 0, else negative_slope * x."""
    return torch.where(x > 0, x, negative_slope * x), (x, negative_slope)


def leaky_relu_backward(dy, x, negative_slope):
    """dy/dx = 1 where x > 0, else negative_slope: a little always passes, so nothing dies."""
    return (torch.where(x > 0, dy, negative_slope * dy),)


def elu_forward(x: Float[Tensor, "..."], alpha: float = 1.0):
    """y = x where x > 0, else alpha (e^x - 1). Clevert et al. 2015, https://arxiv.org/abs/1511.07289."""
    return torch.where(x > 0, x, alpha * torch.expm1(x)), (x, alpha)


def elu_backward(dy, x, alpha):
    """dy/dx = 1 where x > 0, else alpha e^x. The exponent is capped at 0: the branch not taken must not overflow."""
    return (dy * torch.where(x > 0, 1.0, alpha * torch.exp(x.clamp(max=0))),)


def gelu_forward(x: Float[Tensor, "..."], approximate: str = "none"):
    """y = x Phi(x), Phi the normal distribution function; or with approximate="tanh"

        Phi(x) ~ 1/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))

    Hendrycks and Gimpel 2016, https://arxiv.org/abs/1606.08415.
    """
    if approximate == "none":
        phi = 0.5 * (1 + torch.erf(x / math.sqrt(2)))
    elif approximate == "tanh":
        phi = 0.5 * (1 + torch.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))
    else:
        raise NotDerived(f"gelu: approximate is 'none' or 'tanh', not {approximate!r}")
    return x * phi, (x, phi, approximate)


def gelu_backward(dy, x, phi, approximate):
    """The product rule: dy/dx = Phi + x Phi'.

    exact: Phi' is the bell curve e^(-x^2/2) / sqrt(2 pi).
    tanh:  Phi = (1 + t)/2, so Phi' = (1 - t^2)/2 * sqrt(2/pi) (1 + 3 * 0.044715 x^2), with t = 2 Phi - 1.
    """
    if approximate == "none":
        slope = torch.exp(-0.5 * x**2) / math.sqrt(2 * math.pi)
    else:
        t = 2 * phi - 1
        slope = 0.5 * (1 - t**2) * math.sqrt(2 / math.pi) * (1 + 3 * 0.044715 * x**2)
    return (dy * (phi + x * slope),)


def softmax_forward(x: Float[Tensor, "..."], dim: int | None, dtype: torch.dtype | None = None):
    """p = e^x / sum e^x over dim. The maximum is taken off first: it cancels, and exp stays finite."""
    if dim is None:
        raise NotDerived("softmax: dim=None lets torch guess the dimension; say dim=-1, or which one you mean")
    x = (x if dtype is None else x.to(dtype)).contiguous()
    e = torch.exp(x - x.amax(dim, keepdim=True))
    p = e / e.sum(dim, keepdim=True)
    return p, (p, dim)


def softmax_backward(dp, p, dim):
    """dp_i/dx_j = p_i (i is j) - p_i p_j, so dx = p (dp - sum(dp p)).

    Every input moves every output, through the common sum. The subtracted sum makes each row of dx sum to zero:
    adding one constant to all x changes nothing.
    """
    return (p * (dp - (dp * p).sum(dim, keepdim=True)),)


def log_softmax_forward(x: Float[Tensor, "..."], dim: int | None, dtype: torch.dtype | None = None):
    """y = x - ln sum e^x over dim, in nats, the maximum taken off first."""
    if dim is None:
        raise NotDerived("log_softmax: dim=None lets torch guess the dimension; say dim=-1, or which one you mean")
    x = (x if dtype is None else x.to(dtype)).contiguous()
    x = x - x.amax(dim, keepdim=True)
    y = x - x.exp().sum(dim, keepdim=True).log()
    return y, (y, dim)


def log_softmax_backward(dy, y, dim):
    """dy_i/dx_j = (i is j) - p_j, so dx = dy - p sum(dy), with p = e^y."""
    return (dy - y.exp() * dy.sum(dim, keepdim=True),)


def dropout_forward(x: Float[Tensor, "*shape"], mask: Float[Tensor, "*shape"]):
    """y = x * mask. The caller draws the mask: 0 (dropped) or 1/(1-p) (kept), so that the mean stays."""
    return x * mask, (mask,)


def dropout_backward(dy, mask):
    """dy/dx = mask: what was dropped on the way forward receives nothing on the way back."""
    return dy * mask, None
