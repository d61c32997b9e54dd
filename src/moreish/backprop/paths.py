"""Paths: by which uses of a value its gradient arrives, and what each of them brings."""

from collections.abc import Mapping

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
    for node in _nodes(loss.grad_fn):
        for i, (next_node, output) in enumerate(node.next_functions):
            if next_node is not None and (next_node, output) in edges:
                into = paths[edges[next_node, output]]
                use = f"the path through {names.get(node, node.name())}"

                def keep(grads: tuple[Tensor, ...], _: object, i: int = i, into=into, use: str = use) -> None:
                    into[use] = grads[i].clone() + into.get(use, 0)

                handles.append(node.register_hook(keep))
    torch.autograd.grad(loss, list(values.values()), retain_graph=True)
    for handle in handles:
        handle.remove()
    return paths


def _nodes(root: Node | None) -> list[Node]:
    """Every node of the graph once."""
    seen: set[Node] = set()
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if node is not None and node not in seen:
            seen.add(node)
            waiting.extend(edge[0] for edge in node.next_functions)
    return list(seen)
