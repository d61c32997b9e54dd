"""Paths: by which uses of a value its gradient arrives, and what each of them brings."""

from collections.abc import Iterator, Mapping, Sequence

import torch
from torch import Tensor
from torch.autograd.graph import Node, get_gradient_edge

Paths = dict[str, dict[str, Tensor]]


def paths_to(values: Mapping[str, Tensor], loss: Tensor) -> Paths:
    """For each value in the graph of `loss`, the gradient that each of its uses sends back, by name of the use.

    A value used twice has two, and its gradient is their sum: who overwrites instead of adding keeps one.
    """
    edges = {
        (edge.node, edge.output_nr): name for name, value in values.items() if (edge := get_gradient_edge(value))
    }
    names = {node: name for (node, _), name in edges.items()}
    paths: Paths = {name: {} for name in values}
    handles = []
    for node, use in _uses(loss.grad_fn, names):
        for i, (next_node, output) in enumerate(node.next_functions):
            if next_node is not None and (next_node, output) in edges:
                keep = _Keep(paths[edges[next_node, output]], f"the path through {use}", i)
                handles.append(node.register_hook(keep))
    torch.autograd.grad(loss, list(values.values()), retain_graph=True)
    for handle in handles:
        handle.remove()
    return paths


class _Keep:
    """A hook that adds what a node sends to its input i."""

    def __init__(self, path: dict[str, Tensor], use: str, i: int):
        self.path, self.use, self.i = path, use, i

    def __call__(self, grads: Sequence[Tensor | None], _: object) -> None:
        grad = grads[self.i]
        if grad is not None:
            self.path[self.use] = grad.clone() + self.path.get(self.use, 0)


def _uses(root: Node | None, names: Mapping[Node, str]) -> Iterator[tuple[Node, str]]:
    """Every node of the graph once, with the name of the value that it helps to make: its own, or the next one's."""
    waiting = [] if root is None else [(root, names.get(root, "loss"))]
    seen = set()
    while waiting:
        node, use = waiting.pop()
        if node not in seen:
            seen.add(node)
            yield node, use
            waiting.extend((n, names.get(n, use)) for n, _ in node.next_functions if n is not None)
