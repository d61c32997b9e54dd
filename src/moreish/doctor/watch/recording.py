"""A recording: what every function returned while a copy of a model ran, and which elements change with an input.

Run again with another input, the same functions are called in the same order; the elements that come out different
are those that depend on what was changed. So it is known of every element which samples, or which places of a
sequence, it knows of.
"""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import chain
from typing import Any, NamedTuple

import torch
from jaxtyping import Bool
from torch import Tensor, nn
from torch.nn.modules.module import register_module_forward_pre_hook
from torch.overrides import TorchFunctionMode

from moreish.doctor.watch.arguments import Args, Kwargs
from moreish.doctor.watch.called import CalledWith, every_tensor

MOST_BYTES = 1 << 28  # that one recording keeps
MOST_CALLS = 20_000  # of functions
MOST_SECONDS = 3.0  # of this thread's time, for all that is asked of one model
CHANGED = 1e-5  # of the root mean square of a tensor
Source = tuple[int, int]  # which record, and which of its results
Mask = Bool[Tensor, "..."]


class Unlike(Exception):
    """The model does something else when it is run again, or it takes too long: nothing can be said."""


class TooMuch(Unlike):
    """The recording would be too large."""


class Record(NamedTuple):
    """A function that was called: its name, in which layer, where its tensors came from, what it returned.

    `equation` is the first argument of an einsum. The record 0 holds the inputs, the last one the outputs.
    """

    op: str
    layer: str
    sources: tuple[Source, ...]
    results: tuple[Tensor, ...]
    equation: str = ""


Masks = list[tuple[Mask, ...]]  # of every record, of each of its results


class Recorder(TorchFunctionMode):
    """Keeps what functions return; or, beside an earlier recording, only which elements differ from it."""

    def __init__(self, until: float, beside: Sequence[Record] | None = None) -> None:
        super().__init__()
        self.until, self.beside = until, beside
        self.records: list[Record] = []
        self.masks: Masks = []
        self.layers: list[str] = []
        self._known: dict[int, Source] = {}
        self._storages: set[int] = set()  # what is kept, by address
        self._bytes = 0

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Call `func` and note what it returned; torch has taken this mode off the stack meanwhile."""
        kwargs = kwargs or {}
        result = func(*args, **kwargs)
        name = getattr(func, "__name__", "")
        results = [args[0]] if name == "__setitem__" else every_tensor(result)
        if results:
            self.note(name, args, kwargs, results)
        return result

    def note(self, op: str, args: Args, kwargs: Kwargs, results: list[Tensor]) -> None:
        """Add one record, or compare it with the earlier one in its place."""
        place = len(self.records) if self.beside is None else len(self.masks)
        if place >= MOST_CALLS or time.thread_time() > self.until:
            raise Unlike
        if self.beside is not None:
            if place >= len(self.beside) or self.beside[place].op != op:
                raise Unlike
            earlier = self.beside[place].results
            if len(earlier) != len(results):
                raise Unlike
            self.masks.append(tuple([changed(a, b) for a, b in zip(earlier, results, strict=True)]))
            return
        given = every_tensor((args, kwargs))
        sources = tuple([self._known[id(t)] for t in given if id(t) in self._known])
        for k, t in enumerate(results):
            self._known[id(t)] = place, k
            self._keep(t)
        equation = args[0] if op == "einsum" and args and isinstance(args[0], str) else ""
        layer = self.layers[-1] if self.layers else ""
        self.records.append(Record(op, layer, sources, tuple(results), equation))

    def _keep(self, t: Tensor) -> None:
        """Count the memory of a tensor; views of one share it."""
        if t.layout != torch.strided:
            raise Unlike
        storage = t.untyped_storage()
        if storage.data_ptr() not in self._storages:
            self._storages.add(storage.data_ptr())
            self._bytes += storage.nbytes()
            if self._bytes > MOST_BYTES:
                raise TooMuch

    @contextmanager
    def inside(self, twin: nn.Module, prefix: str) -> Iterator[None]:
        """Know in which module of the copy a function is called; run none of the user's own."""
        own, thread = {id(module) for module in twin.modules()}, threading.get_ident()

        def strange(module: nn.Module, inputs: object) -> None:
            if threading.get_ident() != thread:
                return
            if id(module) not in own and any(True for _ in chain(module.parameters(), module.buffers())):
                raise Unlike

        with ExitStack() as stack:
            stack.callback(register_module_forward_pre_hook(strange).remove)
            for name, module in twin.named_modules(prefix=prefix):
                stack.callback(module.register_forward_pre_hook(self._enter(name)).remove)
                stack.callback(module.register_forward_hook(self._leave, always_call=True).remove)
            yield

    def _enter(self, name: str) -> Callable[[nn.Module, object], None]:
        return lambda module, inputs: self.layers.append(name)

    def _leave(self, module: nn.Module, inputs: object, output: object) -> None:
        self.layers.pop()


def changed(a: Tensor, b: Tensor) -> Mask:
    """Which elements differ by more than rounding."""
    if a.shape != b.shape or a.dtype != b.dtype or a.layout != torch.strided or b.layout != torch.strided:
        raise Unlike
    if not (a.is_floating_point() or a.is_complex()):
        return a != b
    if a.is_complex():
        a, b = torch.view_as_real(a), torch.view_as_real(b)
        return changed(a, b).any(-1)
    if a.dtype not in (torch.float32, torch.float64):
        a, b = a.float(), b.float()
    if torch.equal(a, b):
        return torch.zeros_like(a, dtype=torch.bool)
    same = (a == b) | (a.isnan() & b.isnan())
    finite = torch.nan_to_num(a, 0.0, 0.0, 0.0)
    scale = finite.square().mean().sqrt()
    return ~(same | ((a - b).abs() <= CHANGED * scale))


class Rehearsal:
    """A copy of a model in evaluation mode, its recording on one batch, and what changes with another batch."""

    def __init__(self, twin: nn.Module, given: CalledWith) -> None:
        self.twin, self.given = twin, given
        for m in twin.modules():
            m.training = False  # not eval(), which a module may have changed
        self._until = time.thread_time() + MOST_SECONDS
        self.records = self._run(given, Recorder(self._until)).records
        self.outputs = self.records[-1].results
        if not self.outputs or any(bool(y.isnan().any()) for y in self.outputs):
            raise Unlike  # no tensor (a distribution, say), or NaN: whether that would have changed is not known

    def changes(self, given: CalledWith) -> Masks:
        """Which elements of every result differ with these inputs. Raises Unlike if other functions are called."""
        recorder = self._run(given, Recorder(self._until, self.records))
        if len(recorder.masks) != len(self.records):
            raise Unlike
        return recorder.masks

    def turned(self, given: CalledWith) -> list[Record]:
        """What every function returns with these inputs. Raises Unlike if it is drawn by chance."""
        begin = torch.get_rng_state()
        try:
            seed()
            drawn = torch.get_rng_state()
            records = self._run(given, Recorder(self._until)).records
            if not torch.equal(torch.get_rng_state(), drawn):
                raise Unlike
        finally:
            torch.set_rng_state(begin)
        return records

    def repeats(self) -> bool:
        """Whether the same input gives the same output once more: models that write to themselves need not."""
        return not any(bool(m.any()) for m in self.changes(self.given)[-1])

    def before(self, place: int) -> list[int]:
        """The records that the record in this place was made from, in order, itself included."""
        found, waiting = {place}, [place]
        while waiting:
            for source, _ in self.records[waiting.pop()].sources:
                if source not in found:
                    found.add(source)
                    waiting.append(source)
        return sorted(found)

    def _run(self, given: CalledWith, recorder: Recorder) -> Recorder:
        seed()
        with torch._C._EnableTorchFunction(), torch.no_grad(), recorder.inside(self.twin, given.name):
            recorder.note("input", (), {}, given.tensors())
            with recorder:
                y = self.twin(*given.args, **given.kwargs)
            recorder.note("output", (y,), {}, every_tensor(y))
        return recorder


def seed() -> None:
    """The same random numbers again. torch.manual_seed would first write down the whole stack, for CUDA's sake."""
    torch.default_generator.manual_seed(0)
    if torch.cuda.is_initialized():
        torch.cuda.manual_seed_all(0)
