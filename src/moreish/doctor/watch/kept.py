"""Graphs that are kept: how many results of steps are still alive, counted from time to time."""

import gc
import time

from torch import Tensor

from moreish.doctor.frames.evidence import KeptGraphs

FIRST = 2.0  # seconds of this thread's time before the first count; each later one comes after twice as long
LONGEST_CHAIN = 100_000  # sums of sums that are followed
SUMS = ("AddBackward0", "AddBackward1")


class Kept:
    """Counts tensors that have a graph behind them: losses in a list keep every step that they came from.

    A count looks at every object that Python's collector knows, which takes some hundredths of a second.
    """

    def __init__(self) -> None:
        self.counts: list[KeptGraphs] = []
        self._began = time.thread_time()
        self._next = FIRST

    def due(self, *, last: bool = False) -> bool:
        """Whether it is time for the next count; for the last one, half of the time since the one before suffices."""
        part = 0.75 if last and self.counts else 1.0  # the one before was at half of what is waited for now
        return time.thread_time() - self._began >= part * self._next

    def count(self, step: int) -> None:
        """Count them now, after so many steps."""
        self._next *= 2
        every = [o for o in gc.get_objects() if type(o) is Tensor]
        alive = [x for x in every if _node_of(x) is not None]
        longest = max((_sums(x) for x in alive if x.numel() == 1), default=0)
        sizes = dict(_storage(x) for x in every)
        self.counts.append(KeptGraphs(step, len(alive), longest, sum(sizes.values())))


def _node_of(x: Tensor) -> object:
    """What made it; nothing of a view whose base was overwritten where torch cannot follow, as it says when asked."""
    try:
        return x.grad_fn
    except RuntimeError:
        return None


def _storage(x: Tensor) -> tuple[int, int]:
    """Where the numbers of a tensor lie, and how many bytes these are; nowhere for one that has no storage."""
    try:
        storage = x.untyped_storage()
        return storage.data_ptr(), storage.nbytes()
    except RuntimeError:  # sparse, or inside of torch.func
        return 0, 0


def _sums(x: Tensor) -> int:
    """How many sums one number was made by, one after the other, as by `total += loss`."""
    node, sums = x.grad_fn, 0
    while node is not None and node.name() in SUMS and sums < LONGEST_CHAIN:
        before = [n for n, _ in node.next_functions if n is not None]
        node = next((n for n in before if n.name() in SUMS), before[0] if before else None)
        sums += 1
    return sums
