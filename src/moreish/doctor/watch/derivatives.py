"""Derivatives that a script takes itself, `torch.autograd.grad`: which of them are derivatives of derivatives, and
which go into a loss without their graph.
"""

import weakref

from torch import Tensor, nn
from torch.autograd.graph import Node
from torch.utils.hooks import RemovableHandle

from moreish.doctor.frames.noted import Derivatives
from moreish.doctor.watch.arguments import Args, Kwargs, argument, tensors_of
from moreish.doctor.watch.called import every_tensor

MOST_NODES = 4_000  # of a graph that is searched for a first derivative
FEWEST_PLACES = 8  # at which a derivative is 0 by no chance
MOST_FOLLOWED = 256  # tensors made of derivatives, of one step
# Kinds of functions through which a derivative goes into a loss; signs and comparisons make a weight of it.
FOLLOWED = {
    "add",
    "subtract",
    "multiply",
    "divide",
    "pointwise",
    "view",
    "reorder",
    "reduce",
    "select",
    "loss",
    "activation",
}
MEETS = {"add", "subtract", "loss"}


class Differentiating:
    """Counts into the notes of one frame. Holds the graph's nodes of first derivatives until `forget`."""

    def __init__(self, noted: Derivatives) -> None:
        self.noted = noted
        self._first: set[Node] = set()
        self._without: dict[int, tuple[weakref.ref[Tensor], tuple[weakref.ref[Tensor], ...]]] = {}
        self._handles: list[RemovableHandle] = []

    def called(self, kind: str, args: Args, kwargs: Kwargs, result: object) -> None:
        """A function has returned, with gradients on: `grad(outputs, inputs)`, or what is made of its results."""
        if kind == "derivative":
            self._derived(args, kwargs, result)
        elif self._without and kind in FOLLOWED and isinstance(result, Tensor):
            self._follow(kind, tensors_of(args, kwargs), result)

    def _derived(self, args: Args, kwargs: Kwargs, result: object) -> None:
        found = every_tensor(result)
        inputs = every_tensor(argument(args, kwargs, 1, "inputs"))
        if self._first and sum(t.numel() for t in inputs) >= FEWEST_PLACES:
            outputs = every_tensor(argument(args, kwargs, 0, "outputs"))
            if any(self._rests_on_one(t.grad_fn) for t in outputs):
                self.noted.second += 1
                self.noted.zero += not any(bool(t.any()) for t in found)  # also where there is none (allow_unused)
        self._first.update(t.grad_fn for t in found if t.grad_fn is not None)
        if argument(args, kwargs, 4, "create_graph", False) or any(isinstance(t, nn.Parameter) for t in inputs):
            return
        if any(_is_learned(t.grad_fn, inputs) for t in every_tensor(argument(args, kwargs, 0, "outputs"))):
            self._keep([t for t in found if not t.requires_grad], tuple(map(weakref.ref, inputs)))

    def _keep(self, found: list[Tensor], by: tuple[weakref.ref[Tensor], ...]) -> None:
        if len(self._without) < MOST_FOLLOWED:
            self._without.update((id(t), (weakref.ref(t), by)) for t in found)

    def _follow(self, kind: str, given: list[Tensor], result: Tensor) -> None:
        """What is made of a derivative is followed, until it meets something else that has a graph.

        x - step * grad(f, x) is a step, not a loss.
        """
        known = [k for t in given if (k := self._without.get(id(t))) is not None and k[0]() is t]
        if not known:
            return
        by = known[0][1]
        places = {x.data_ptr() for ref in by if (x := ref()) is not None}
        if any(t.data_ptr() in places for t in given if not t.requires_grad):
            return  # data that are moved along the slope
        if not result.requires_grad:
            self._keep([result], by)
            return
        own = {id(x) for ref in by if (x := ref()) is not None}
        others = [t for t in given if t.requires_grad]
        if any(type(t.grad_fn).__name__.startswith("Embedding") for t in others):
            return  # embedded symbols that are moved
        stacked = type(result.grad_fn).__name__.startswith(("Stack", "Cat")) and all(t.numel() == 1 for t in given)
        if (kind in MEETS or stacked) and not any(id(t) in own or t.grad_fn is None for t in others):
            self._handles.append(result.register_hook(self._reached))

    def _reached(self, gradient: Tensor) -> None:
        self.noted.without_graph += bool(gradient.any())

    def _rests_on_one(self, node: Node | None) -> bool:
        """Whether a first derivative lies behind this node."""
        waiting, seen = [node] if node is not None else [], set[Node]()
        while waiting and len(seen) < MOST_NODES:
            node = waiting.pop()
            if node in self._first:
                return True
            if node not in seen:
                seen.add(node)
                waiting.extend(n for n, _ in node.next_functions if n is not None)
        return False

    def forget(self) -> None:
        """Let go of the graph."""
        for handle in self._handles:
            handle.remove()
        self._first.clear()
        self._without.clear()
        self._handles = []


def _is_learned(root: Node | None, inputs: list[Tensor]) -> bool:
    """Whether anything but the inputs has a gradient of this: the slope of what nobody trains is data."""
    waiting, seen, own = [root] if root is not None else [], set[Node](), {id(t) for t in inputs}
    while waiting and len(seen) < MOST_NODES:
        node = waiting.pop()
        if node in seen:
            continue
        seen.add(node)
        leaf = getattr(node, "variable", None)
        if leaf is not None and id(leaf) not in own:
            return True
        waiting.extend(n for n, _ in node.next_functions if n is not None)
    return False
