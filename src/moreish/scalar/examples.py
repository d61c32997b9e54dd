"""Small graphs to look at: the expression of micrograd's README, one neuron, a net of two layers."""

import random
from collections.abc import Callable

from moreish.scalar import nn
from moreish.scalar.value import Value


def expression() -> Value:
    """The README of github.com/karpathy/micrograd: g = 24.7041, dg/da = 138.8338, dg/db = 645.5773."""
    a, b = Value(-4.0, "a"), Value(2.0, "b")
    c = a + b
    d = a * b + b**3
    c += c + 1
    c += 1 + c + (-a)
    d += d * 2 + (b + a).relu()
    d += 3 * d + (b - a).relu()
    e = c - d
    f = e**2
    g = f / 2.0
    g += 10.0 / f
    for node, label in [(c, "c"), (d, "d"), (e, "e"), (f, "f"), (g, "g")]:
        node.label = label
    return g


def neuron() -> Value:
    """o = tanh(x1 w1 + x2 w2 + b), the numbers chosen so that the slope of the tanh is 0.5."""
    x1, x2 = Value(2.0, "x1"), Value(0.0, "x2")
    w1, w2 = Value(-3.0, "w1"), Value(1.0, "w2")
    b = Value(6.8813735870195432, "b")
    x1w1, x2w2 = x1 * w1, x2 * w2
    total = x1w1 + x2w2
    n = total + b
    o = n.tanh()
    for node, label in [(x1w1, "x1w1"), (x2w2, "x2w2"), (total, "sum"), (n, "n"), (o, "o")]:
        node.label = label
    return o


def net() -> Value:
    """Two inputs, three tanh neurons, one output."""
    [y] = nn.MLP(2, [3, 1], generator=random.Random(1))([Value(2.0, "x1"), Value(-1.0, "x2")])
    y.label = "y"
    return y


EXAMPLES: dict[str, Callable[[], Value]] = {"expression": expression, "neuron": neuron, "net": net}
