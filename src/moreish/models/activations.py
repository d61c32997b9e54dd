"""Activations by name, and the gain with which the weights before each keep the size of what passes through."""

from typing import NamedTuple

from torch import nn


class Nonlinearity(NamedTuple):
    """A module, and the gain of He et al. 2015: weights of spread gain / sqrt(fan_in) keep a signal's size."""

    module: type[nn.Module]
    gain: float


# 1 / sqrt(E f(z)^2) for z ~ N(0, 1); that of tanh is 5/3 and that of sigmoid 1 by torch's and the lectures' custom.
ACTIVATIONS: dict[str, Nonlinearity] = {
    "tanh": Nonlinearity(nn.Tanh, 5 / 3),
    "relu": Nonlinearity(nn.ReLU, 2**0.5),
    "leaky-relu": Nonlinearity(nn.LeakyReLU, (2 / (1 + 0.01**2)) ** 0.5),
    "elu": Nonlinearity(nn.ELU, 1.2452),
    "sigmoid": Nonlinearity(nn.Sigmoid, 1.0),
    "gelu": Nonlinearity(nn.GELU, 1.5335),
    "identity": Nonlinearity(nn.Identity, 1.0),
}
