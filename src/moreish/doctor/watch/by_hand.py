"""A training by hand: raw tensors, and `p.data += -lr * p.grad` in a loop where an optimizer would step."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.utils.hooks import RemovableHandle

from moreish.doctor.frames.frame import Frame

if TYPE_CHECKING:
    from moreish.doctor.watch.updates import Updates


class ByHand:
    """Stands in for the optimizer that there is not: the tensors, and the end of every backward.

    An update lies between the end of one backward and the forward pass that follows, so what is seen from one
    end of backward to the next is an update, a forward pass and a backward.
    """

    def __init__(self, ended: Callable[[], None]) -> None:
        self.param_groups: list[dict[str, Any]] = [{"params": [], "lr": 0.0}]
        self.state: dict[Tensor, Any] = {}
        self._ended = ended
        self._waits = False
        self._handles: list[RemovableHandle] = []
        self._known: set[int] = set()

    def watch(self, tensors: Iterable[Tensor]) -> None:
        """Watch these as well: leaves that require a gradient."""
        for tensor in tensors:
            if id(tensor) not in self._known and tensor.is_leaf and tensor.requires_grad:
                self._known.add(id(tensor))
                self.param_groups[0]["params"].append(tensor)
                self._handles.append(tensor.register_post_accumulate_grad_hook(self._arrived))

    def end_update(self, updates: "Updates", frame: Frame, stale: bool) -> None:
        """Measure the update that lies between two backwards; of the first frame only the gradients are known."""
        frame.stale |= stale
        if updates.under_way:
            self.param_groups[0]["lr"] = updates.rate()
            updates.after(frame)
        else:
            updates.before(self, frame, False)
            updates.forget()

    def remove(self) -> None:
        """Watch no longer."""
        for handle in self._handles:
            handle.remove()
        self._handles = []
        self._known.clear()

    def _arrived(self, tensor: Tensor) -> None:
        """The first gradient of a backward asks to be told of its end."""
        if not self._waits:
            self._waits = True
            torch.autograd.Variable._execution_engine.queue_callback(self._over)

    def _over(self) -> None:
        self._waits = False
        self._ended()
