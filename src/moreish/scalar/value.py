"""A number that remembers how it was made, and so can say how everything it was made of moves it.

    a, b = Value(2.0, "a"), Value(-3.0, "b")
    d = a * b + a**2
    d.backward()
    a.grad                                      # dd/da = b + 2a = 1.0

An operation makes a new Value. It keeps, beside each operand, the local derivative: how fast the result
moves when that operand alone moves. Local derivatives are known as soon as the result is, so they are
written down on the way forward, and the way back is one line, the chain rule, the same for every operation:

    operand.grad += derivative * node.grad      dL/doperand += dnode/doperand * dL/dnode

It adds, because an operand that is used twice moves L along two paths, and L feels the sum of both.
"""

import math
import warnings
from collections.abc import Callable
from functools import wraps
from itertools import count
from numbers import Real
from operator import attrgetter
from typing import SupportsFloat


def binary(operation: Callable[["Value", "Value"], "Value"]) -> Callable[["Value", "Value | float | int"], "Value"]:
    """Let a plain number stand for the other Value; what is neither is NotImplemented, as Python asks."""

    @wraps(operation)
    def with_numbers(self, other):
        if isinstance(other, Value):
            return operation(self, other)
        if isinstance(other, Real):
            return operation(self, Value(other))
        refuse_arrays(other)
        return NotImplemented

    return with_numbers


def refuse_arrays(other: object) -> None:
    """Raises TypeError with a sentence for a tensor or an array: a Value is one number."""
    if hasattr(other, "shape"):
        kind = type(other).__name__
        raise TypeError(
            f"a Value is one number, and this is a {kind} of shape {tuple(getattr(other, 'shape', ()))}: make a "
            "Value of each of its numbers, [Value(x) for x in t.tolist()], or stay with tensors and torch's autograd"
        )


clock = count()  # what happened before what


class Value:
    """One node of the graph.

    data    the number
    label   a name for pictures and traces, free to set
    op      the operation that made this node; "" for a leaf
    edges   one pair (operand, local derivative) for each operand; none for a leaf
    grad    dL/d(this), filled in by `L.backward()`

    Two Values are equal only if they are the same node; to compare numbers, compare `.data`. The order (`a < b`,
    max([a, b]), sorted) is that of the numbers. There is no float(a), on purpose: math.tanh(a) would leave the graph
    without a word. A result whose operand was changed since is stale, and `backward` says so.
    """

    __slots__ = ("_data", "edges", "grad", "label", "op", "time")
    __array_ufunc__ = None  # numpy leaves an operation with a Value to the Value

    def __init__(
        self,
        data: SupportsFloat,
        label: str = "",
        op: str = "",
        edges: "tuple[tuple[Value, float], ...]" = (),
    ):
        if getattr(data, "shape", ()):
            refuse_arrays(data)
        self._data = float(data)
        self.time = next(clock)
        self.label = label
        self.op = op
        self.edges = edges
        self.grad = 0.0

    def _set_data(self, data: SupportsFloat) -> None:
        self._data = float(data)
        self.time = next(clock)

    data = property(attrgetter("_data"), _set_data, doc="The number; results made of it before it is set are stale.")

    def __repr__(self) -> str:
        label = f", label={self.label!r}" if self.label else ""
        return f"Value(data={self.data}, grad={self.grad}{label})"

    # The way forward. Each operation states its result and, beside each operand, its slope in that operand.

    @binary
    def __add__(self, other: "Value") -> "Value":
        return Value(self.data + other.data, op="+", edges=((self, 1.0), (other, 1.0)))

    @binary
    def __sub__(self, other: "Value") -> "Value":
        return Value(self.data - other.data, op="-", edges=((self, 1.0), (other, -1.0)))

    @binary
    def __mul__(self, other: "Value") -> "Value":
        return Value(self.data * other.data, op="*", edges=((self, other.data), (other, self.data)))

    @binary
    def __truediv__(self, other: "Value") -> "Value":
        a, b = self.data, other.data
        if b == 0:
            raise ValueError(f"{a:g} / {b:g} does not exist: the divisor must not be zero")
        return Value(a / b, op="/", edges=((self, 1 / b), (other, -(a / b) / b)))

    def __neg__(self) -> "Value":
        return Value(-self.data, op="neg", edges=((self, -1.0),))

    def __pow__(self, exponent: "Value | float | int") -> "Value":
        """x^p: dx = p x^(p-1). An exponent that is a Value learns too: dp = x^p log x, for x above zero."""
        if isinstance(exponent, Value):
            x, p = self.data, exponent.data
            if x <= 0:
                raise ValueError(
                    f"{x:g} ** Value({p:g}) has no derivative in its exponent: the base must be above zero, or the "
                    "exponent a plain number"
                )
            y, slope = power(x, p)
            return Value(y, op="**", edges=((self, slope), (exponent, y * math.log(x))))
        if isinstance(exponent, Real):
            y, slope = power(self.data, float(exponent))
            return Value(y, op=f"**{float(exponent):g}", edges=((self, slope),))
        return NotImplemented

    def __abs__(self) -> "Value":
        """|x|: dx = 1 above zero, -1 below, and 0 at the corner, as in torch."""
        return Value(abs(self.data), op="abs", edges=((self, float((self.data > 0) - (self.data < 0))),))

    @binary
    def max(self, other: "Value") -> "Value":
        """The larger of two: its slope is 1 in that one, 0 in the other, and half in each of two alike."""
        share = 0.5 if self.data == other.data else float(self.data > other.data)
        return Value(max(self.data, other.data), op="max", edges=((self, share), (other, 1 - share)))

    __radd__ = binary(lambda self, other: other + self)
    __rsub__ = binary(lambda self, other: other - self)
    __rmul__ = binary(lambda self, other: other * self)
    __rtruediv__ = binary(lambda self, other: other / self)
    __rpow__ = binary(lambda self, other: other**self)

    # The order is that of the numbers, so that max, min and sorted work; == stays "the same node".

    def __lt__(self, other: "Value | float | int") -> bool:
        return self.data < number_of(other)

    def __le__(self, other: "Value | float | int") -> bool:
        return self.data <= number_of(other)

    def __gt__(self, other: "Value | float | int") -> bool:
        return self.data > number_of(other)

    def __ge__(self, other: "Value | float | int") -> bool:
        return self.data >= number_of(other)

    @classmethod
    def __torch_function__(cls, function: object, types: object, args: tuple = (), kwargs: object = None) -> object:
        """Raises TypeError: torch asks here before it gives up on an operation with a Value."""
        for arg in args:
            refuse_arrays(arg)
        raise TypeError("torch's functions take tensors, and this is a Value: use its methods, such as a.tanh()")

    def exp(self) -> "Value":
        """e^x, which is its own derivative."""
        try:
            y = math.exp(self.data)
        except OverflowError:
            raise ValueError(
                f"exp({self.data:g}) is beyond the largest float (1.8e308): the argument must be below 709.8"
            ) from None
        return Value(y, op="exp", edges=((self, y),))

    def log(self) -> "Value":
        """The natural logarithm: dx = 1 / x."""
        x = self.data
        if x <= 0:
            raise ValueError(
                f"log({x:g}) does not exist: the argument must be above zero. For the log of a softmax or a sigmoid, "
                "use the losses that take logits"
            )
        return Value(math.log(x), op="log", edges=((self, 1 / x),))

    def tanh(self) -> "Value":
        """Between -1 and 1: dx = 1 - tanh(x)^2. Far from zero nothing passes: a saturated neuron."""
        y = math.tanh(self.data)
        return Value(y, op="tanh", edges=((self, 1 - y * y),))

    def sigmoid(self) -> "Value":
        """s(x) = 1 / (1 + e^-x): dx = s(x) s(-x). Only e^-|x| is ever computed, and that cannot overflow."""
        e = math.exp(-abs(self.data))
        y = e / (1 + e) if self.data < 0 else 1 / (1 + e)
        return Value(y, op="sigmoid", edges=((self, e / (1 + e) ** 2),))

    def relu(self) -> "Value":
        """The larger of 0 and x: dx = 1 where x passes, 0 where it is cut off (and at 0, as in torch)."""
        cut = self.data <= 0
        return Value(0.0 if cut else self.data, op="relu", edges=((self, 0.0 if cut else 1.0),))

    # The way back.

    def backward(self) -> None:
        """Add d(this)/d(leaf) to the `grad` of every leaf that this node was made of.

        Calling it again is right. Leaves accumulate, as in torch: set their `grad` to 0 between steps. The
        nodes in between start at zero each time, for what they hold has already been passed on.
        """
        for node in self.start_backward():
            for operand, derivative in node.edges:
                operand.grad += derivative * node.grad

    def start_backward(self) -> "list[Value]":
        """Set dL/dL = 1 and every gradient in between to 0; the nodes in the order of the way back.

        Warns where an operand was changed after its result: the slopes are those of the old number.
        """
        order = topological_order(self)
        for node in order:
            if node.edges:
                node.grad = 0.0
                for operand, _ in node.edges:
                    if operand.time > node.time:
                        warnings.warn(stale(operand, node), stacklevel=3)
        self.grad += 1.0
        return order[::-1]


def stale(operand: Value, node: Value) -> str:
    """What to say of a result that was made of a number that is another one now."""
    name, made = operand.label or f"an operand of {node.op}", node.label or f"the result of {node.op}"
    return (
        f"{name} was set to {operand.data:g} after {made} was made from it, so these slopes are those of the old "
        "number: compute it again before backward()"
    )


def number_of(other: object) -> float:
    """The number to compare with. Raises TypeError for a tensor or an array."""
    if isinstance(other, Value):
        return other.data
    refuse_arrays(other)
    if not isinstance(other, Real):
        raise TypeError(f"a Value is compared with numbers and other Values, not with {type(other).__name__}")
    return float(other)


def topological_order(root: Value) -> list[Value]:
    """Every node that `root` was made of, each after its operands; `root` comes last.

    Read from the end, each node comes after all of its consumers, and backward needs just that: a node may
    pass its gradient on only when every consumer has added its share, or it would pass on less than it owes.

    The stack is a list of our own and not Python's calls, so a graph may be any number of operations deep.
    """
    order: list[Value] = []
    visited: set[Value] = set()
    stack = [(root, False)]
    while stack:
        node, operands_placed = stack.pop()
        if operands_placed:
            order.append(node)
        elif node not in visited:
            visited.add(node)
            stack.append((node, True))
            for operand, _ in reversed(node.edges):
                stack.append((operand, False))
    return order


def power(x: float, p: float) -> tuple[float, float]:
    """x^p and its slope p x^(p-1), where both are real numbers that fit a float; else ValueError says why."""
    if x == 0 and 0 < p < 1:
        raise ValueError(f"0 ** {p:g} has no derivative: the curve is vertical at zero; keep the base above it")
    try:
        return math.pow(x, p), p * math.pow(x, p - 1) if p else 0.0
    except OverflowError:
        raise ValueError(f"{x:g} ** {p:g}, or its slope, is beyond the largest float (1.8e308)") from None
    except ValueError:
        why = "that divides by zero" if x == 0 else "a base below zero takes whole exponents only"
        raise ValueError(f"{x:g} ** {p:g} is not a real number: {why}") from None
