"""The scalar graph, to be stepped through: nodes in the order they were made, and the backward pass in steps."""

from typing import Any

from moreish.scalar.examples import EXAMPLES
from moreish.scalar.trace import REASONS, backward_steps, equation, node_names
from moreish.scalar.value import topological_order


def graph(example: str) -> dict[str, Any]:
    """Nodes, edges, and each share of a gradient that is handed back. Raises ValueError for no example."""
    if example not in EXAMPLES:
        raise ValueError(f"there is no graph of that name; known: {', '.join(EXAMPLES)}")
    root = EXAMPLES[example]()
    nodes = list(topological_order(root))
    nodes = nodes if nodes[-1] is root else nodes[::-1]
    places = {id(node): k for k, node in enumerate(nodes)}
    names = node_names(root)
    steps = [
        {
            "node": places[id(step.node)],
            "operand": places[id(step.operand)],
            "local": step.local_derivative,
            "incoming": step.incoming,
            "contribution": step.contribution,
            "grad": step.grad_after,
            "says": str(step),
            "reason": REASONS.get(step.op) or REASONS.get(step.op[:2]) or "",
        }
        for step in backward_steps(root)
    ]
    return {
        "example": example,
        "examples": list(EXAMPLES),
        "nodes": [
            {
                "name": names[node],
                "data": node.data,
                "op": node.op,
                "equation": equation(node, names) if node.edges else "",
                "operands": [places[id(operand)] for operand, _ in node.edges],
            }
            for node in nodes
        ],
        "root": places[id(root)],
        "steps": steps,
    }
