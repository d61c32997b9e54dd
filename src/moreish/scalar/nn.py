"""Networks of Values: a neuron, a layer of neurons, a stack of layers, and the step that trains them.

Every random number comes from the generator that is handed in; parameters are labelled layer.neuron.w0, ...,
layer.neuron.b, so that pictures and traces can be read.
"""

import random
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from operator import mul

from moreish.scalar.value import Value

ACTIVATIONS: dict[str, Callable[[Value], Value]] = {
    "linear": lambda x: x,
    "relu": Value.relu,
    "sigmoid": Value.sigmoid,
    "tanh": Value.tanh,
}


def weighted_sum(weight: Sequence[Value], x: Sequence[Value], bias: Value) -> Value:
    """sum_i weight_i x_i + bias as one node: the slope in a weight is its input, in an input its weight.

    The chain of `*` and `+` gives the same numbers with 2 len(x) nodes. A node may hold any expression
    whose slopes are known, and fewer nodes are less to build, to walk and to draw.
    """
    weights, inputs = [w.data for w in weight], [xi.data for xi in x]
    total = sum(map(mul, weights, inputs), bias.data)
    edges = (*zip(weight, inputs, strict=True), *zip(x, weights, strict=True), (bias, 1.0))
    return Value(total, op="w·x+b", edges=edges)


def as_values(x: Sequence[Value | float | int]) -> list[Value]:
    """Inputs may be plain numbers or Values; inside they are Values."""
    return [xi if isinstance(xi, Value) else Value(xi) for xi in x]


class Module(ABC):
    """What has parameters."""

    @abstractmethod
    def parameters(self) -> list[Value]:
        """Every number that training may change."""

    def zero_grad(self) -> None:
        """Forget the gradients of the step before; backward adds to what it finds."""
        for p in self.parameters():
            p.grad = 0.0


class Neuron(Module):
    """activation(w . x + b): (nin,) -> (). Weights are uniform in -1..1, the bias starts at 0."""

    def __init__(self, nin: int, activation: str = "tanh", *, generator: random.Random, name: str = ""):
        if activation not in ACTIVATIONS:
            raise ValueError(f'there is no activation "{activation}"; known: {", ".join(ACTIVATIONS)}')
        self.weight = [Value(generator.uniform(-1, 1), f"{name}w{i}") for i in range(nin)]
        self.bias = Value(0.0, f"{name}b")
        self.activation = activation

    def __call__(self, x: Sequence[Value | float | int]) -> Value:
        """The neuron's answer to one example; ValueError if x has not one number for each weight."""
        if len(x) != len(self.weight):
            raise ValueError(f"this neuron takes {len(self.weight)} inputs, but got {len(x)}")
        return ACTIVATIONS[self.activation](weighted_sum(self.weight, as_values(x), self.bias))

    def parameters(self) -> list[Value]:
        """The weights, then the bias."""
        return [*self.weight, self.bias]


class Layer(Module):
    """nout neurons that see the same input: (nin,) -> (nout,)."""

    def __init__(self, nin: int, nout: int, activation: str = "tanh", *, generator: random.Random, name: str = ""):
        self.neurons = [Neuron(nin, activation, generator=generator, name=f"{name}{i}.") for i in range(nout)]

    def __call__(self, x: Sequence[Value | float | int]) -> list[Value]:
        """Every neuron's answer."""
        inputs = as_values(x)
        return [neuron(inputs) for neuron in self.neurons]

    def parameters(self) -> list[Value]:
        """Neuron by neuron."""
        return [p for neuron in self.neurons for p in neuron.parameters()]


class MLP(Module):
    """Layers one after another, the last one linear: (nin,) -> (nouts[-1],)."""

    def __init__(self, nin: int, nouts: Sequence[int], activation: str = "tanh", *, generator: random.Random):
        sizes = [nin, *nouts]
        activations = [activation] * (len(nouts) - 1) + ["linear"]
        self.layers = [
            Layer(sizes[i], sizes[i + 1], activations[i], generator=generator, name=f"{i}.")
            for i in range(len(nouts))
        ]

    def __call__(self, x: Sequence[Value | float | int]) -> list[Value]:
        """The last layer's answer, as a list even if it is a single number."""
        h = as_values(x)
        for layer in self.layers:
            h = layer(h)
        return h

    def parameters(self) -> list[Value]:
        """Layer by layer."""
        return [p for layer in self.layers for p in layer.parameters()]


def sgd_step(parameters: Sequence[Value], lr: float) -> None:
    """Move every parameter a little against its gradient, so that the loss falls."""
    for p in parameters:
        p.data -= lr * p.grad
