"""Derivatives that a script takes itself, `torch.autograd.grad`: which of them are derivatives of derivatives."""

from torch.autograd.graph import Node

from moreish.doctor.frames.noted import Derivatives
from moreish.doctor.watch.arguments import Args, Kwargs, argument
from moreish.doctor.watch.called import every_tensor

MOST_NODES = 4_000  # of a graph that is searched for a first derivative
FEWEST_PLACES = 8  # at which a derivative is 0 by no chance


class Differentiating:
    """Counts into the notes of one frame. Holds the graph's nodes of first derivatives until `forget`."""

    def __init__(self, noted: Derivatives) -> None:
        self.noted = noted
        self._first: set[Node] = set()

    def called(self, args: Args, kwargs: Kwargs, result: object) -> None:
        """`grad(outputs, inputs)` has returned; with gradients on."""
        found = every_tensor(result)
        inputs = every_tensor(argument(args, kwargs, 1, "inputs"))
        if self._first and sum(t.numel() for t in inputs) >= FEWEST_PLACES:
            outputs = every_tensor(argument(args, kwargs, 0, "outputs"))
            if any(self._rests_on_one(t.grad_fn) for t in outputs):
                self.noted.second += 1
                self.noted.zero += not any(bool(t.any()) for t in found)  # also where there is none (allow_unused)
        self._first.update(t.grad_fn for t in found if t.grad_fn is not None)

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
        self._first.clear()
