"""Random expressions that both a Value and a torch tensor can be put through."""

import random
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from moreish.scalar import Value


class Expression(NamedTuple):
    """Numbers for the leaves, and operations, each on earlier results by index; the last one is the root."""

    leaves: list[float]
    operations: list[tuple[Callable[..., Any], tuple[int, ...]]]

    def evaluate(self, leaves: Sequence[Any]) -> list[Any]:
        """Every result, leaves first, for leaves of any kind that has the operations."""
        results = list(leaves)
        for operation, operands in self.operations:
            results.append(operation(*(results[i] for i in operands)))
        return results


# Each with the arguments it is smooth and tame for.
UNARY = [
    (lambda x: -x, lambda x: True),
    (lambda x: x.exp(), lambda x: x < 3),
    (lambda x: x.log(), lambda x: x > 0.05),
    (lambda x: x.tanh(), lambda x: True),
    (lambda x: x.sigmoid(), lambda x: True),
    (lambda x: x.relu(), lambda x: abs(x) > 1e-3),
    (lambda x: x**2, lambda x: True),
    (lambda x: x**3.0, lambda x: abs(x) > 1e-3),
    (lambda x: x**-1, lambda x: abs(x) > 0.1),
    (lambda x: x**0.5, lambda x: x > 0.05),
    (lambda x: 2.5 + x, lambda x: True),
    (lambda x: x - 1.5, lambda x: True),
    (lambda x: 3 - x, lambda x: True),
    (lambda x: -0.7 * x, lambda x: True),
    (lambda x: x / 1.3, lambda x: True),
    (lambda x: 1 / x, lambda x: abs(x) > 0.1),
    (lambda x: 1.7**x, lambda x: abs(x) < 5),
]
BINARY = [
    (lambda x, y: x + y, lambda x, y: True),
    (lambda x, y: x - y, lambda x, y: True),
    (lambda x, y: x * y, lambda x, y: True),
    (lambda x, y: x / y, lambda x, y: abs(y) > 0.1),
    (lambda x, y: x**y, lambda x, y: x > 0.05 and abs(y) < 3),
]


def random_expression(generator: random.Random, length: int = 15) -> Expression:
    """Leaves between -2 and 2, operations on any earlier results, so that many are used again; then their sum."""
    leaves = [generator.choice([-1, 1]) * generator.uniform(0.2, 2) for _ in range(generator.randint(1, 5))]
    expression = Expression(leaves, [])
    data = list(leaves)
    while len(expression.operations) < length:
        operation, tame = generator.choice(UNARY + BINARY)
        operands = tuple(generator.randrange(len(data)) for _ in range(tame.__code__.co_argcount))
        numbers = [data[i] for i in operands]
        if tame(*numbers) and abs(y := operation(*map(Value, numbers)).data) < 100:
            expression.operations.append((operation, operands))
            data.append(y)
    unused = set(range(len(data))) - {i for _, operands in expression.operations for i in operands}
    total = len(data) - 1
    for i in sorted(unused - {total}):
        expression.operations.append((lambda x, y: x + y, (total, i)))
        total = len(leaves) + len(expression.operations) - 1
    return expression
