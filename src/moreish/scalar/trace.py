"""The backward pass in slow motion: a step for each edge of the graph, in the order in which it really goes."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count

from moreish.scalar.draw import short
from moreish.scalar.value import Value, topological_order

REASONS = {
    "+": "a sum passes the gradient on to everybody",
    "-": "a difference passes it on, turned round for what is taken off",
    "*": "a product hands each factor the other one",
    "/": "a / b has the slopes 1/b and -a/b^2",
    "**": "x^p has the slope p x^(p-1) in x, and x^p log x in p",
    "neg": "a minus turns the gradient round",
    "exp": "e^x is its own slope",
    "log": "log x has the slope 1/x",
    "tanh": "tanh x has the slope 1 - tanh(x)^2",
    "sigmoid": "s(x) has the slope s(x) s(-x)",
    "relu": "relu lets the gradient pass where x > 0, and nothing elsewhere",
    "abs": "|x| has the slope 1 above zero and -1 below",
    "max": "the larger one alone moves the maximum",
    "w·x+b": "the slope in a weight is its input, in an input its weight",
    "mean": "a mean gives everybody 1/n",
    "logsumexp": "everybody gets their share of the softmax",
    "L2": "p^2 has the slope 2p",
}


@dataclass(frozen=True, slots=True)
class Step:
    """One share of the gradient, handed from `node` back to one of its operands.

    With incoming = dL/dnode: contribution = incoming * local_derivative, and the operand's gradient goes
    from grad_before to grad_after = grad_before + contribution. `str(step)` says it in one line.
    """

    root: Value
    node: Value
    operand: Value
    local_derivative: float
    incoming: float
    contribution: float
    grad_before: float
    grad_after: float
    names: Mapping[Value, str] = field(repr=False)

    @property
    def op(self) -> str:
        """The operation that made the node."""
        return self.node.op

    def __str__(self) -> str:
        root, node, operand = (self.names[v] for v in (self.root, self.node, self.operand))
        return (
            f"d{root}/d{operand} += d{root}/d{node} * d{node}/d{operand} = {short(self.incoming)} * "
            f"{short(self.local_derivative)} = {short(self.contribution)}    {operand}.grad: "
            f"{short(self.grad_before)} -> {short(self.grad_after)}"
        )


def backward_steps(root: Value) -> Iterator[Step]:
    """`root.backward()`, pausing after every addition, so that one can look or draw in between.

    Run to its end it leaves exactly the gradients that `backward` leaves. Between two nodes, the gradient of
    the next one is already whole: all of its consumers have had their turn.
    """
    names = node_names(root)
    for node in root.start_backward():
        for operand, derivative in node.edges:
            before = operand.grad
            contribution = derivative * node.grad
            operand.grad += contribution
            yield Step(root, node, operand, derivative, node.grad, contribution, before, operand.grad, names)


def narrate(root: Value) -> Iterator[str]:
    """The same as text: a line for each operation, its rule of thumb beside it, then its steps."""
    node = None
    for step in backward_steps(root):
        if step.node is not node:
            node = step.node
            reason = REASONS.get(step.op) or REASONS.get(step.op[:2])
            yield equation(node, step.names) + (f"    ({reason})" if reason else "")
        yield f"    {step}"


def node_names(root: Value) -> dict[Value, str]:
    """What to call each node: its label; a plain number by its number; else v1, v2, ... and L at the end.

    A label that comes again is marked: w, w#2. What is no plain word stands in brackets, so that d(a*b)/da
    can be read.
    """
    names: dict[Value, str] = {}
    seen: Counter[str] = Counter()
    unnamed = count(1)
    for node in topological_order(root):
        if node.label:
            seen[node.label] += 1
            again = f"#{seen[node.label]}" if seen[node.label] > 1 else ""
            names[node] = (node.label if node.label.isidentifier() else f"({node.label})") + again
        elif not node.edges:
            names[node] = f"({short(node.data)})"
        else:
            names[node] = "L" if node is root else f"v{next(unnamed)}"
    return names


def equation(node: Value, names: Mapping[Value, str]) -> str:
    """How the node was made: d = a * b, o = tanh(n), f = e**2."""
    operands = [names[operand] for operand, _ in node.edges]
    if node.op in {"+", "-", "*", "/", "**"}:
        return f"{names[node]} = {f' {node.op} '.join(operands)}"
    if node.op.startswith("**"):
        return f"{names[node]} = {operands[0]}{node.op}"
    if node.op == "neg":
        return f"{names[node]} = -{operands[0]}"
    return f"{names[node]} = {node.op}({', '.join(operands)})"
