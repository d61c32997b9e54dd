"""Nodes of torch's graph by their names: those that only bring numbers into another shape; what lies under them."""

import re

from torch.autograd.graph import Node

RESHAPED = "View|UnsafeView|Reshape|ReshapeAlias|Squeeze|Unsqueeze|Clone|Alias|ToCopy|Contiguous"
"""The same numbers in the same order."""
REARRANGED = "Select|Slice|Permute|Transpose|T|Expand|Split|Unbind"
"""Some of them, in another order, or repeated."""
DEEP = 12  # nodes on the way to what lies under them


def kinds(*names: str) -> re.Pattern[str]:
    """Matches the nodes of these operations; each of the names may be several with | between them."""
    return re.compile(rf"^({'|'.join(names)})Backward")


def name_of(node: Node) -> str:
    """What torch calls it: "AddmmBackward0"."""
    return type(node).__name__


def inputs_of(node: Node) -> list[Node]:
    """The nodes that its inputs come from."""
    return [n for n, _ in node.next_functions if n is not None]


def under(node: Node, passed: re.Pattern[str]) -> Node:
    """What lies under nodes of these kinds that have one input with a graph."""
    for _ in range(DEEP):
        inputs = inputs_of(node)
        if not passed.match(name_of(node)) or len(inputs) != 1:
            break
        node = inputs[0]
    return node
