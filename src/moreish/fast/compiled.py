"""Training steps that are compiled: many a call, without going back to Python in between.

`CompiledStep(model)` gives the gradients of one batch, as the other fused steps do; `run` trains on many. Both work
on the parameters' own memory. What cannot be done raises `Uncompiled` with the reason, and the torch way is open.
"""

import ctypes
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from jaxtyping import Float, Int32, Int64, Integer
from torch import Tensor, nn

from moreish.fast.layers import NETS
from moreish.fast.library import Library, Uncompiled, address, load
from moreish.fast.plan import Plan
from moreish.models.mlp import MLP
from moreish.models.net import Net

pointer, integer, double = ctypes.c_void_p, ctypes.c_int64, ctypes.c_double
MULTIPLICATIONS_WORTH_THREADS = 100_000_000  # of a batch: with fewer, threads wait longer than they work
NAMES = {torch.float32: "float32", torch.float64: "float64"}


class _Parameter(ctypes.Structure):
    _fields_ = [
        ("value", pointer), ("grad", pointer), ("first", pointer), ("second", pointer), ("size", integer),
        ("decay", double),
    ]  # fmt: skip


class _Average(ctypes.Structure):
    _fields_ = [("average", pointer), ("value", pointer), ("size", integer)]


class _Run(ctypes.Structure):
    _fields_ = [
        ("ops", pointer), ("n_ops", integer),
        ("flat", pointer), ("places", pointer), ("shifts", pointer),
        ("rows", pointer), ("steps", pointer), ("weights", pointer),
        ("block", integer), ("blank", integer), ("ids", pointer), ("targets", pointer),
        ("parameters", pointer), ("n_parameters", integer), ("averages", pointer), ("n_averages", integer),
        ("lr", pointer), ("keep", pointer), ("adamw", integer), ("updates", integer),
        ("momentum", double), ("beta1", double), ("beta2", double), ("eps", double),
        ("clip", double), ("smoothing", double),
        ("first_step", integer), ("n_steps", integer), ("noise", integer), ("losses", pointer),
        ("threads", integer),
    ]  # fmt: skip


@dataclass(frozen=True)
class Batches:
    """The batches of some steps, as places in flat ids; see kernels.cpp.

    places : of all steps one after the other; step s has `rows[s]` of them
    shifts : added to the ids that are read from each place, for items of a kind; None: nothing
    steps : of time, 1 for windows
    weights : of each batch's mean loss
    """

    places: Int64[np.ndarray, " P"]
    shifts: Int32[np.ndarray, " P"] | None
    rows: Int64[np.ndarray, " S"]
    steps: Int64[np.ndarray, " S"]
    weights: Float[np.ndarray, " S"]


@dataclass(frozen=True)
class Update:
    """How parameters are updated.

    lr : of each step
    memory : what the optimizer remembers of each parameter: (momentum buffer,), (m, v), or nothing
    decay : weight decay of each parameter
    updates : made before
    betas : of AdamW; None: plain or momentum SGD
    averages : (running average, value) of all that is averaged, which keeps the share `keep` at each step
    """

    lr: Float[np.ndarray, " S"]
    memory: Mapping[nn.Parameter, Sequence[Tensor]]
    decay: Mapping[nn.Parameter, float]
    updates: int = 0
    betas: tuple[float, float] | None = None
    momentum: float = 0.0
    eps: float = 1e-8
    clip: float = 0.0
    averages: Sequence[tuple[Tensor, Tensor]] = ()
    keep: Float[np.ndarray, " S"] = field(default_factory=lambda: np.zeros(0))


class CompiledStep:
    """Loss and gradients of a net by the kernels, and training with them.

    Raises Uncompiled where there is no library, or where the net has something that the kernels have no rule for.
    """

    def __init__(self, model: Net, label_smoothing: float = 0.0, operand_dtype: torch.dtype | None = None) -> None:
        self.library: Library = load()
        if type(model) not in NETS:
            raise Uncompiled(f"there is no compiled step for {type(model).__name__}")
        if operand_dtype is not None:
            raise Uncompiled(f"the compiled step multiplies in the parameters' own precision, not in {operand_dtype}")
        self.model, self.label_smoothing = model, label_smoothing
        self.dtype = next(model.parameters()).dtype
        if self.dtype not in NAMES:
            raise Uncompiled(f"the compiled step computes in {' or '.join(NAMES.values())}, not in {self.dtype}")
        self.block = model.block_size or 0 if model.windowed else 0
        self.draws_noise = any(isinstance(m, nn.Dropout) and m.p > 0 for m in model.modules())
        self.blank = model.vocab_size if isinstance(model, MLP) and model.blank else 0
        self.plan: Plan
        self._room = (0, 0)
        self._tensors = [*model.parameters(), *model.buffers()]
        self._size = sum(p.numel() for p in model.parameters())
        self._addresses: tuple[int, ...] = ()
        self._seen: tuple[np.ndarray | None, int, int] = (None, 0, 0)  # the list last read, its lowest and highest id
        self._reserve(1, 1)

    def __call__(
        self, idx: Integer[Tensor, "B T"], targets: Integer[Tensor, "*B_T"], weight: float
    ) -> Float[Tensor, ""]:
        """The mean loss in nats per token; `.grad` becomes the gradient of `weight` times it."""
        rows, width = idx.shape
        flat = with_blanks(idx.numpy().astype(np.int32), self.blank)
        one = np.ones(1, np.int64)
        steps = one if self.block else one * width
        batches = Batches(np.zeros(0, np.int64), None, one * rows, steps, np.array([weight]))
        ids, told = torch.from_numpy(flat.reshape(-1)), torch.from_numpy(targets.numpy().astype(np.int32).reshape(-1))
        noise = int(torch.randint(2**32, ()).item()) if self.draws_noise else 0
        losses = self._run(batches, None, None, 0, noise, (ids, told))
        for parameter, grad in self.plan.grads.items():
            parameter.grad = grad
        return torch.tensor(losses[0], dtype=self.dtype)

    def run(
        self, flat: Int32[np.ndarray, " N"], batches: Batches, update: Update, first_step: int, noise: int
    ) -> Float[np.ndarray, " S"]:
        """Train on these batches of the list's ids; the mean loss of each, before its update.

        first_step : number of the first of them, and `noise` a seed: together they choose what dropout leaves out
        """
        return self._run(batches, flat, update, first_step, noise, None)

    def _run(
        self,
        batches: Batches,
        flat: Int32[np.ndarray, " N"] | None,
        update: Update | None,
        first_step: int,
        noise: int,
        given: tuple[Tensor, Tensor] | None,
    ) -> Float[np.ndarray, " S"]:
        count = len(batches.rows)
        self._reserve(int(batches.rows.max(initial=1)), int(batches.steps.max(initial=1)))
        most = int((batches.rows * (self.block or batches.steps)).max(initial=1))
        ids, targets = given or (torch.empty(most, dtype=torch.int32), torch.empty(most, dtype=torch.int32))
        self._check(batches, flat, ids, targets, given is not None)
        losses = np.empty(count)
        run = _Run(
            ops=ctypes.addressof(self._ops), n_ops=len(self._ops), block=self.block, blank=self.blank,
            ids=address(ids), targets=address(targets), smoothing=self.label_smoothing,
            first_step=first_step, n_steps=count, noise=noise & 0xFFFFFFFF, losses=losses.ctypes.data,
            threads=self._threads(batches),
        )  # fmt: skip
        held = [_point(run, name, getattr(batches, name)) for name in ("rows", "steps", "weights")]
        if flat is not None:
            held += [_point(run, "flat", flat), _point(run, "places", batches.places)]
            if batches.shifts is not None:
                held.append(_point(run, "shifts", batches.shifts))
        if update is not None:
            held += self._put_update(run, update, count)
        getattr(self.library.handle, f"moreish_train_{NAMES[self.dtype]}")(ctypes.byref(run))
        for norm in self.plan.counted:
            assert norm.num_batches_tracked is not None
            norm.num_batches_tracked += count
        del held
        return losses

    def _threads(self, batches: Batches) -> int:
        """As many as torch has, where the largest batch is worth it; what comes out is the same for any number."""
        work = int((batches.rows * batches.steps).max(initial=1)) * self._size
        return 1 if work < MULTIPLICATIONS_WORTH_THREADS else torch.get_num_threads()

    def _put_update(self, run: _Run, update: Update, count: int) -> list[object]:
        """What the update needs; all of it must live until the run is over."""
        parameters = (_Parameter * len(self.plan.grads))()
        for entry, (parameter, grad) in zip(parameters, self.plan.grads.items(), strict=True):
            memory = update.memory.get(parameter, ())
            assert all(m.shape == parameter.shape and m.dtype == self.dtype for m in memory)
            entry.value, entry.grad, entry.size = address(parameter), address(grad), parameter.numel()
            entry.first, entry.second = (address(m) for m in [*memory, None, None][:2])
            entry.decay = update.decay.get(parameter, 0.0)
        averages = (_Average * len(update.averages))()
        for entry, (average, value) in zip(averages, update.averages, strict=True):
            assert average.shape == value.shape, average.shape
            assert average.dtype == value.dtype == self.dtype, value.dtype
            entry.average, entry.value = address(average), address(value)
            entry.size = average.numel()
        run.parameters, run.n_parameters = ctypes.addressof(parameters), len(parameters)
        run.averages, run.n_averages = ctypes.addressof(averages), len(averages)
        run.adamw, run.updates = update.betas is not None, update.updates
        run.beta1, run.beta2 = update.betas or (0.0, 0.0)
        run.momentum, run.eps, run.clip = update.momentum, update.eps, update.clip
        assert len(update.lr) == count, len(update.lr)
        held: list[object] = [parameters, averages, _point(run, "lr", update.lr)]
        if averages:
            assert len(update.keep) == count, len(update.keep)
            held.append(_point(run, "keep", update.keep))
        return held

    def _reserve(self, rows: int, steps: int) -> None:
        """Buffers for so many rows and steps; made anew where they are too small, or where parameters moved."""
        addresses = tuple(t.data_ptr() for t in self._tensors)
        if rows <= self._room[0] and steps <= self._room[1] and addresses == self._addresses:
            return
        rows, steps = max(rows, self._room[0]), max(steps, self._room[1])
        plan = Plan(self.library, rows, steps, self.dtype)
        logits = NETS[type(self.model)](plan, self.model)
        losses = plan.buffer(len(logits.value))
        plan.add("cross_entropy", [logits.value, logits.grad, losses], [logits.places, logits.channels])
        self.plan, self._ops = plan, plan.finished()
        self._room, self._addresses, self._rows_of_table = (rows, steps), addresses, _table(self.model).num_embeddings

    def _check(
        self, batches: Batches, flat: Int32[np.ndarray, " N"] | None, ids: Tensor, targets: Tensor, given: bool
    ) -> None:
        """Every place that is read must be there, and every id have its row."""
        if given:
            low, high, told = int(ids.min()), int(ids.max()), (int(targets.min()), int(targets.max()))
        else:
            assert flat is not None
            if self._seen[0] is not flat:
                self._seen = flat, int(flat.min()), int(flat.max())
            _, low, high = self._seen
            told = (low, high)
            high = max(high, self.blank) + (0 if batches.shifts is None else int(batches.shifts.max(initial=0)))
            assert int(batches.places.min(initial=0)) >= 0
            assert int(batches.rows.sum()) == len(batches.places)
            last = batches.places + np.repeat(batches.steps, batches.rows)
            assert int(last.max(initial=0)) < len(flat), "a place outside of the list"
            assert not self.block or flat[0] == 0, "a window goes back to the boundary before the first item"
        assert 0 <= low <= high < self._rows_of_table, (low, high)
        assert 0 <= told[0] <= told[1] < self.model.vocab_size, told
        if self.plan.counted and int(batches.rows.min(initial=2)) < 2:
            raise Uncompiled("a BatchNorm needs more than one row in a batch")


def with_blanks(windows: Int32[np.ndarray, "N block"], blank: int) -> Int32[np.ndarray, "N block"]:
    """The same windows, in place: boundaries before the item's own become `blank`, unless that is 0."""
    if blank:
        before = (windows[:, :-1] == 0) & (windows[:, 1:] == 0)
        windows[:, :-1][before] = blank
    return windows


def _point(run: _Run, name: str, array: np.ndarray) -> np.ndarray:
    kinds = {"flat": np.int32, "shifts": np.int32, "weights": np.float64, "lr": np.float64, "keep": np.float64}
    array = np.ascontiguousarray(array, kinds.get(name, np.int64))
    setattr(run, name, array.ctypes.data)
    return array


def _table(model: nn.Module) -> nn.Embedding:
    return next(m for m in model.modules() if isinstance(m, nn.Embedding))
