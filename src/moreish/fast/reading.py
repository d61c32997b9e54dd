"""Log probabilities by the kernels: a net in eval mode, without gradients, many rows a call.

A product's row is summed in the same order whatever stands beside it, so that a row's numbers do not depend on the
batch that it is read in. They are those of torch within rounding (1e-6), not bit for bit.
"""

import ctypes
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import numpy as np
import torch
from jaxtyping import Float, Integer
from torch import Tensor, nn
from torch.nn.modules.module import _has_any_global_hook

from moreish.fast.compiled import NAMES, with_blanks
from moreish.fast.layers import NETS, sequential
from moreish.fast.library import Library, Uncompiled, address, load
from moreish.fast.plan import Op, Plan, Signal
from moreish.models.mlp import MLP
from moreish.models.net import Net
from moreish.models.wavenet import WaveNet

ROWS_AT_A_TIME = 256  # what a layer makes of so many stays in a processor's cache


_unobserved = ContextVar("_unobserved", default=False)


@contextmanager
def unobserved() -> Iterator[None]:
    """Whoever has hooks on all modules rests inside, so that they are no reason to read by torch; those of a net are.

    So a training that a doctor watches reads as one by itself does.
    """
    token = _unobserved.set(True)
    try:
        yield
    finally:
        _unobserved.reset(token)


class Reader:
    """A net by the kernels. Raises Uncompiled where there are none, or none for a layer of it."""

    def __init__(self, model: Net) -> None:
        self.library: Library = load()
        if type(model) not in NETS:
            raise Uncompiled(f"there is no compiled {type(model).__name__}")
        self.model = model
        self.blank = model.vocab_size if isinstance(model, MLP) and model.blank else 0
        self.table = next(m for m in model.modules() if isinstance(m, nn.Embedding))
        self._whole = Part(self.library, model, lambda plan: (None, NETS[type(model)](plan, model)))
        self._modules, self._layers = list(model.modules()), []
        if isinstance(model, WaveNet):
            stacks = [*model.layers, nn.Sequential(model.head)]
            self._layers = [Part(self.library, model, _stack(stack)) for stack in stacks]
        self._whole.keep(self._whole.kept(1, 1))

    def __reduce__(self) -> tuple[type["Reader"], tuple[Net]]:
        """Copied or sent elsewhere, it is made anew: its plans point at this net's memory."""
        return Reader, (self.model,)

    @property
    def works(self) -> bool:
        """Whether it can now: parameters may have been moved, and a net with hooks is looked at, by torch."""
        own = any(m._forward_hooks or m._forward_pre_hooks for m in self._modules)
        if own or (_has_any_global_hook() and not _unobserved.get()):
            return False
        try:
            self._whole.keep(self._whole.kept(1, 1))
        except Uncompiled:
            return False
        return True

    def windows(self, idx: Integer[np.ndarray, "N block"]) -> Float[np.ndarray, "N V"]:
        """Log probabilities of the id after each window, for a net that reads windows."""
        ids = self._checked(with_blanks(idx.astype(np.int32), self.blank))
        out = np.empty((len(ids), self.model.vocab_size), np.float32)
        for i in range(0, len(ids), ROWS_AT_A_TIME):
            rows = ids[i : i + ROWS_AT_A_TIME]
            out[i : i + ROWS_AT_A_TIME] = self._whole.read(rows, None, 1, logprobs=True)
        return out

    def places(
        self, ids: Integer[np.ndarray, " N"], before: Integer[np.ndarray, " N"], longest: int
    ) -> Float[np.ndarray, "N V"]:
        """Log probabilities of the id after each place, for a net that reads sequences.

        before : the place that each one comes after, which stands before it in `ids`; -1: it is an item's first
        longest : no fewer than any item has places
        """
        before = np.ascontiguousarray(before, np.int32)
        assert longest <= (self.model.block_size or longest), longest
        assert (before < np.arange(len(before))).all()
        assert int(before.min(initial=0)) >= -1
        at = np.arange(len(before))
        for _ in range(longest):
            at = before[at[at >= 0]]
        assert (at < 0).all(), "an item is longer than that"
        return self._whole.read(self._checked(ids.astype(np.int32)), before, longest, logprobs=True)

    def sequences(self, idx: Integer[np.ndarray, "B T"]) -> Float[np.ndarray, "B T V"]:
        """The same for whole items of one length, each by itself."""
        rows, steps = idx.shape
        at_once = max(1, ROWS_AT_A_TIME // steps)
        before = np.arange(-1, at_once * steps - 1).reshape(at_once, steps)
        before[:, 0] = -1
        out = np.empty((rows, steps, self.model.vocab_size), np.float32)
        for i in range(0, rows, at_once):
            some = idx[i : i + at_once]
            out[i : i + at_once] = self.places(some.ravel(), before[: len(some)].ravel(), steps).reshape(
                *some.shape, -1
            )
        return out

    def layer(self, i: int, x: Float[Tensor, "N C"]) -> Float[Tensor, "N H"]:
        """A layer of a WaveNet by itself; the last one makes log probabilities."""
        last = i == len(self._layers) - 1
        done = [self._layers[i].read(rows.numpy(), None, 1, last) for rows in x.split(ROWS_AT_A_TIME)]
        return torch.from_numpy(np.concatenate(done))

    def _checked(self, ids: np.ndarray) -> np.ndarray:
        assert int(ids.min(initial=0)) >= 0
        assert int(ids.max(initial=0)) < self.table.num_embeddings
        return ids


class Part:
    """Some rules of a net, from ids or from numbers on. Plans in use are kept apart, so that threads may share it."""

    def __init__(self, library: Library, model: Net, made: Callable[[Plan], tuple[Signal | None, Signal]]) -> None:
        self.library, self.model, self.made = library, model, made
        self.tensors = [*model.parameters(), *model.buffers()]
        self._free: list[Prepared] = []

    def read(
        self, x: np.ndarray, before: np.ndarray | None, longest: int, logprobs: bool
    ) -> Float[np.ndarray, "N width"]:
        """Of ids (N, block) or (N), or of numbers (N, C): what the rules make of them."""
        plan = self.kept(len(x), longest)
        out = plan.read(x, before, logprobs)
        self.keep(plan)
        return out

    def keep(self, plan: "Prepared") -> None:
        """For the next who asks."""
        self._free.append(plan)

    def kept(self, rows: int, longest: int) -> "Prepared":
        """A plan that is large enough and points where the parameters lie now. Raises Uncompiled."""
        addresses = tuple(t.data_ptr() for t in self.tensors)
        while self._free:
            try:
                plan = self._free.pop()
            except IndexError:  # another thread took the last one
                break
            if plan.rows >= rows and plan.longest >= longest and plan.addresses == addresses:
                return plan
            rows, longest = max(rows, plan.rows), max(longest, plan.longest)
        return Prepared(self, rows, longest, addresses)


class Prepared:
    """A plan for so many rows."""

    def __init__(self, part: Part, rows: int, longest: int, addresses: tuple[int, ...]) -> None:
        dtype = next(part.model.parameters()).dtype
        if dtype not in NAMES:
            raise Uncompiled(f"the kernels compute in {' or '.join(NAMES.values())}, not in {dtype}")
        self.rows, self.longest, self.addresses = rows, longest, addresses
        self.plan = Plan(part.library, rows, 1, dtype, longest)
        self.first, self.last = part.made(self.plan)
        self.ops = self.plan.finished()
        self.path = np.empty(longest, np.int32)
        self.call = getattr(part.library.handle, f"moreish_read_{NAMES[dtype]}")
        self.call.restype, self.call.argtypes = None, _ARGUMENTS

    def read(self, x: np.ndarray, before: np.ndarray | None, logprobs: bool) -> np.ndarray:
        """As `Part.read`."""
        ids, rows = None, len(x)
        assert rows <= self.rows, rows
        if self.first is None:
            ids = np.ascontiguousarray(x, np.int32)
        else:
            self.first.value[:rows] = torch.from_numpy(x)
        assert before is None or len(before) == rows
        value = self.last.value[:rows]
        out = torch.empty_like(value) if logprobs else value
        self.call(
            self.ops, len(self.ops), None if ids is None else ids.ctypes.data,
            None if before is None else before.ctypes.data, self.path.ctypes.data, rows,
            address(value), value.shape[1], address(out) if logprobs else None,
        )  # fmt: skip
        return out.numpy() if logprobs else out.numpy().copy()


_ARGUMENTS = [
    ctypes.POINTER(Op), ctypes.c_int64, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64,
    ctypes.c_void_p, ctypes.c_int64, ctypes.c_void_p,
]  # fmt: skip


def _stack(layers: nn.Sequential) -> Callable[[Plan], tuple[Signal | None, Signal]]:
    def made(plan: Plan) -> tuple[Signal, Signal]:
        first = layers[0]
        assert isinstance(first, nn.Linear), type(first)
        x = plan.signal(1, first.in_features)
        return x, sequential(plan, layers, x)

    return made


def reader_for(model: Net) -> Reader | None:
    """The net by the kernels; None where it is read by torch."""
    try:
        return Reader(model)
    except Uncompiled:
        return None
