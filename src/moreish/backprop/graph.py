"""The graph: whose backward is each node of it, and which values lie behind one that is nobody's here.

A node is ours (HandDerived), torch's own (a call that by_hand() saw and left to autograd), or a stranger: an
autograd.Function of somebody's, or what torch.jit.script, C++ and a checkpoint put there where no call was seen.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import cast

from torch import Tensor
from torch.autograd.function import BackwardCFunction
from torch.autograd.graph import Node, get_gradient_edge

from moreish.backprop.adapter import HandDerived

_SEEN = "moreish"  # the key in a node's metadata: the name of the call that made it, "" where it needs no judge
_HARMLESS = ("AccumulateGrad", "ViewBackward0", "AliasBackward0", "UndefinedGradBackward")
Names = dict[str, None]  # a set that keeps its order


def metadata_of(node: Node) -> dict[str, object]:
    """What anybody may note on a node; torch declares it as a method, and it is a dictionary."""
    return cast(dict[str, object], node.metadata)


def mark(results: Iterable[Tensor], arguments: Iterable[Tensor], name: str) -> None:
    """Note on every node between the results of a call and its arguments that the call was seen, under `name`."""
    ends = {t.grad_fn for t in arguments if t.grad_fn is not None}
    waiting = [t.grad_fn for t in results if t.grad_fn is not None and t.grad_fn not in ends]
    while waiting:
        node = waiting.pop()
        if not isinstance(node, BackwardCFunction) and _SEEN not in metadata_of(node):
            metadata_of(node)[_SEEN] = name
            waiting.extend(n for n, _ in node.next_functions if n is not None and n not in ends)


def stranger(node: Node) -> str | None:
    """The name of a backward that no seen call made; None for ours and for torch's own."""
    if isinstance(node, BackwardCFunction):
        made_by = getattr(type(node), "_forward_cls", None)
        return None if made_by is HandDerived else node.name().removesuffix("Backward")
    return None if _SEEN in metadata_of(node) or node.name().split("::")[-1] in _HARMLESS else node.name()


def describe(node: Node) -> str:
    """What a stranger is, as a phrase."""
    name = stranger(node)
    if name == "CheckpointFunction":
        return "checkpoint(use_reentrant=True): what runs inside it is hidden; use_reentrant=False shows it"
    if isinstance(node, BackwardCFunction):
        return f"{name}: an autograd.Function with a backward of its own"
    return f"{name}: made where no call is seen, as by torch.jit.script or C++"


def unjudged(node: Node) -> str | None:
    """What this node's derivative is, if no rule gave it: a stranger, or a function of torch without a rule."""
    if stranger(node) is not None:
        return describe(node)
    name = metadata_of(node).get(_SEEN)
    return f"{name}: it has no rule here, both runs take torch's derivative" if name else None


def nodes_of(root: Node | None, children_last: bool = False) -> Iterator[Node]:
    """Every node behind the root once; with children_last a node comes before all that it hands a gradient to."""
    order: list[Node] = []
    seen: set[Node] = set()
    waiting: list[tuple[Node, bool]] = [] if root is None else [(root, False)]
    while waiting:
        node, done = waiting.pop()
        if done:
            order.append(node)
        elif node not in seen:
            seen.add(node)
            waiting.append((node, True))
            waiting.extend((n, False) for n, _ in node.next_functions if n is not None and n not in seen)
    yield from reversed(order) if children_last else order


def edges_behind(loss: Tensor, values: dict[str, Tensor]) -> dict[str, set[tuple[str, int]]]:
    """For each value, the foreign functions that its gradient passes, and by which of their tensor arguments."""
    passed: dict[Node, set[tuple[str, int]]] = {}
    for node in nodes_of(loss.grad_fn, children_last=True):
        name = stranger(node)
        for i, (child, _) in enumerate(node.next_functions):
            if child is not None:
                own = {(name, i)} if name is not None else set()
                passed.setdefault(child, set()).update(passed.get(node, set()) | own)
    return {name: passed.get(get_gradient_edge(value).node, set()) for name, value in values.items()}


def behind(
    loss: Tensor, values: dict[str, Tensor], what: Callable[[Node], str | None] = unjudged
) -> dict[str, Names]:
    """For each value, what its gradient passes on the way from the loss that `what` has a phrase for."""
    passed: dict[Node, Names] = {}
    for node in nodes_of(loss.grad_fn, children_last=True):
        own = what(node)
        handed_on = passed.setdefault(node, {}) | ({own: None} if own else {})
        for child, _ in node.next_functions:
            if child is not None:
                passed[child] = passed.get(child, {}) | handed_on
    return {name: passed.get(get_gradient_edge(value).node, {}) for name, value in values.items()}
