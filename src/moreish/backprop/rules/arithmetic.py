"""Arithmetic, element by element: add, subtract, multiply, divide, negate, exp, log, power. All of them broadcast."""

import torch
from jaxtyping import Shaped
from torch import Tensor

from moreish.backprop.rules import EVERY, Needs, kept_for
from moreish.backprop.rules.broadcasting import shape_of, sum_to

Operand = Shaped[Tensor, "..."] | float | int


def add_forward(x: Operand, other: Operand):
    """y = x + other."""
    return x + other, (shape_of(x), shape_of(other))


def add_backward(dy, x_shape, other_shape):
    """dy/dx = 1 and dy/dother = 1: both receive dy unchanged; what was broadcast forward is summed backward."""
    return sum_to(dy, x_shape), sum_to(dy, other_shape)


def sub_forward(x: Operand, other: Operand):
    """y = x - other."""
    return x - other, (shape_of(x), shape_of(other))


def sub_backward(dy, x_shape, other_shape):
    """dy/dx = 1, dy/dother = -1; broadcast forward is sum backward."""
    return sum_to(dy, x_shape), sum_to(-dy, other_shape)


def mul_forward(x: Operand, other: Operand):
    """y = x * other."""
    return x * other, (x, other)


@kept_for(x=(1,), other=(0,))
def mul_backward(dy, x, other, needs: Needs = EVERY):
    """Each factor receives dy times the other factor; broadcast forward is sum backward.

    Of x * x torch asks for both gradients and adds them: 2 x dy, the fan-out rule.
    """
    dx = sum_to(dy * other, shape_of(x)) if needs[0] else None
    dother = sum_to(dy * x, shape_of(other)) if needs[1] else None
    return dx, dother


def div_forward(x: Operand, other: Operand):
    """y = x / other."""
    return x / other, (x, other)


@kept_for(x=(1,))
def div_backward(dy, x, other, needs: Needs = EVERY):
    """dy/dx = 1 / other; dy/dother = -x / other^2 = -y / other. (y itself people write into: h = x / 2; h += 1.)"""
    dx = sum_to(dy / other, shape_of(x)) if needs[0] else None
    dother = sum_to(-dy * (x / other / other), shape_of(other)) if needs[1] else None
    return dx, dother


def neg_forward(x: Shaped[Tensor, "..."]):
    """y = -x."""
    return -x, ()


def neg_backward(dy):
    """dy/dx = -1."""
    return (-dy,)


def exp_forward(x: Shaped[Tensor, "..."]):
    """y = e^x."""
    y = torch.exp(x)
    return y, (y,)


def exp_backward(dy, y):
    """dy/dx = e^x = y: the only function that is its own derivative."""
    return (dy * y,)


def log_forward(x: Shaped[Tensor, "..."]):
    """y = ln x."""
    return torch.log(x), (x,)


def log_backward(dy, x):
    """dy/dx = 1 / x: the gradient explodes where x, a probability say, is close to 0."""
    return (dy / x,)


def _is_root(exponent: Operand) -> bool:
    """sqrt(x), rsqrt(x), 1/x: torch keeps their result, so people write into x, and x^p keeps x."""
    return not isinstance(exponent, Tensor) and exponent in (0.5, -0.5, -1)


def pow_forward(x: Operand, exponent: Operand):
    """y = x^exponent."""
    y = torch.pow(x, exponent)  # pyright: ignore[reportCallIssue, reportArgumentType]  number or tensor, either side
    kept = x.clone() if isinstance(x, Tensor) and _is_root(exponent) else x
    return y, (y, kept, exponent)


@kept_for(y=(1,))
def pow_backward(dy, y, x, exponent, needs: Needs = EVERY):
    """dy/dx = p x^(p-1), and 0 where p = 0, whatever x is (0^-1 would make it nan).

    x^p = e^(p ln x), so dy/dp = y ln x, and 0 where x = 0 and p >= 0, the limit from above.
    """
    dx = dexponent = None
    if needs[0] and not isinstance(exponent, Tensor):
        dx = dy * (exponent * torch.pow(x, exponent - 1)) if exponent else torch.zeros_like(dy)
    elif needs[0]:
        slope = exponent * torch.pow(x, exponent - 1)
        dx = sum_to(torch.where(exponent == 0, 0.0, dy * slope), shape_of(x))
    if needs[1]:
        base = torch.as_tensor(x, dtype=dy.dtype, device=dy.device)
        flat = (base == 0) & (exponent >= 0)
        dexponent = sum_to(torch.where(flat, 0.0, dy * (y * base.log())), shape_of(exponent))
    return dx, dexponent
