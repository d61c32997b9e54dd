"""Steps of a compiled net, as many at a time as there is nothing to stop for: the same batches, the same updates."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Integer
from torch import Tensor, nn

from moreish.data.batches import Batch, SequenceBatches, WindowBatches, batches_from
from moreish.data.batches import Batches as InOrder
from moreish.data.corpus import Split
from moreish.doctor import Doctor
from moreish.fast.adamw import FusedAdamW
from moreish.fast.compiled import Batches, CompiledStep, Update
from moreish.fast.library import Uncompiled
from moreish.fast.steps import COMPILED
from moreish.rng import torch_seed
from moreish.training.looks import LayerLooks
from moreish.training.schedules import lr_at
from moreish.training.state import TrainState
from moreish.training.steps import Gradients, autograd, compiled_step, tensors_of


class Block(NamedTuple):
    """Some steps: the mean loss of each one's batch before its update, and its tokens; the last learning rate."""

    losses: Float[np.ndarray, " S"]
    tokens: Integer[np.ndarray, " S"]
    lr: float


class Blocks:
    """Runs the steps of a state. Memory of the optimizer, the running average and BatchNorms are torch's own."""

    longest: int | None = None

    def __init__(
        self,
        state: TrainState,
        source: WindowBatches | SequenceBatches,
        flat: Integer[np.ndarray, " N"],
        step: CompiledStep,
        looks: LayerLooks,
    ) -> None:
        self.state, self.source, self.step, self.looks = state, source, step, looks
        self.flat = flat.astype(np.int32)
        self.decay = {p: group["weight_decay"] for group in state.optimizer.param_groups for p in group["params"]}
        self.noise = torch_seed(state.seed, "noise")

    def run(self, progress: Float[np.ndarray, " S"]) -> Block:
        """As many steps as there are numbers, which are the progress before each."""
        state, options = self.state, self.state.options
        if self.looks.looking:
            batch = next(batches_from(self.source, state.step))
            with _buffers_kept(state.model):
                self.looks.rehearse(*tensors_of(batch, state.model), batch.weight)
        count, ema = len(progress), options.ema
        if ema and not state.average:
            count = 1  # after it there is something to average
        lr = np.array([lr_at(p, options) for p in progress[:count].tolist()]) * state.lr_factor
        draws = self.source.draws(state.step, count)
        shifts = None
        if draws.kinds is not None and state.model.kinds > 1:
            shifts = draws.kinds.astype(np.int32) * np.int32(state.model.vocab_size)
        batches = Batches(draws.places, shifts, draws.rows, draws.steps, draws.weights)
        losses = self.step.run(self.flat, batches, self._update(lr, count), state.step, self.noise)
        state.step += count
        for group in state.optimizer.param_groups:
            group["lr"] = float(lr[-1])
        if ema:
            self._average()
        return Block(losses, draws.rows * draws.steps, float(lr[-1]))

    def _update(self, lr: Float[np.ndarray, " S"], count: int) -> Update:
        state, options = self.state, self.state.options
        memory: dict[nn.Parameter, list[Tensor]] = {}
        betas, updates = None, 0
        if isinstance(state.optimizer, FusedAdamW):
            betas = (options.betas[0], options.betas[1])
            memory, updates = self._adam_memory(count)
        elif options.momentum:
            for p in self.step.plan.grads:
                buffer = state.optimizer.state[p].setdefault("momentum_buffer", torch.zeros_like(p))
                memory[p] = [buffer]
        values = state.model.state_dict() if state.average else {}
        averages = [(mean, values[name]) for name, mean in state.average.items() if mean.is_floating_point()]
        steps = np.arange(state.step + 1, state.step + count + 1)
        keep = np.minimum(options.ema, (1 + steps) / (10 + steps))
        return Update(
            lr, memory, self.decay, updates, betas, options.momentum, clip=options.clip, averages=averages, keep=keep
        )

    def _adam_memory(self, count: int) -> tuple[dict[nn.Parameter, list[Tensor]], int]:
        """Means of gradients and of their squares, and the updates before these `count`, which are counted."""
        memory, updates = {}, 0
        for p in self.step.plan.grads:
            state = self.state.optimizer.state[p]
            if not state:
                state["step"] = torch.zeros(())
                state["exp_avg"], state["exp_avg_sq"] = torch.zeros_like(p), torch.zeros_like(p)
            updates = int(state["step"])
            state["step"] += count
            memory[p] = [state["exp_avg"], state["exp_avg_sq"]]
        return memory, updates

    def _average(self) -> None:
        """What the kernels do not: the first average, and whole numbers, which are copied."""
        state = self.state
        if not state.average:
            state.take_average()
            return
        for name, value in state.model.state_dict().items():
            if not value.is_floating_point():
                state.average[name].copy_(value)


class WatchedBlocks(Blocks):
    """The same one step at a time, for a doctor to see; what is learned is the same bit for bit.

    Before a step that he looks at, its batch goes through autograd, and the kernels' gradients are put where the
    optimizer has them.
    """

    longest = 1

    def watched_by(self, doctor: Doctor) -> "WatchedBlocks":
        """With this doctor."""
        self.doctor, self.plain = doctor, autograd(self.state.model, self.state.options)
        self.batches = batches_from(self.source, self.state.step)
        return self

    def run(self, progress: Float[np.ndarray, " S"]) -> Block:
        """One step, between the hooks of the optimizer."""
        batch = next(self.batches)
        if self.doctor.looking:
            with self.doctor.rehearsing(), _buffers_kept(self.state.model):
                self._rehearse(batch, self.plain)
                self._rehearse(batch, self.step)
                if clip := self.state.options.clip:
                    nn.utils.clip_grad_norm_(self.state.model.parameters(), clip)
        done: list[Block] = []
        update = torch.optim.Optimizer.profile_hook_step(lambda _: done.append(Blocks.run(self, progress)))
        update(self.state.optimizer)
        return done[0]

    def _rehearse(self, batch: Batch, gradients: Gradients) -> None:
        idx, targets = tensors_of(batch, self.state.model)
        gradients(idx, targets, batch.weight)


def blocks_for(
    state: TrainState,
    source: InOrder,
    split: Split,
    looks: LayerLooks,
    doctor: Doctor | None,
) -> Blocks | None:
    """How a compiled net is trained; None where autograd or another fused step is asked for, or has to do."""
    options = state.options
    if options.backward != "fused" or type(state.model).__name__ not in COMPILED or options.weight_drop:
        return None
    if not isinstance(source, WindowBatches | SequenceBatches):
        return None  # shards are read from a file, a batch at a time
    try:
        step = compiled_step(state.model, options)
    except Uncompiled:
        return None
    if step.plan.counted and source.batch_size < 2:
        return None  # torch says what is wrong with that
    if doctor is None:
        return Blocks(state, source, split.ids, step, looks)
    return WatchedBlocks(state, source, split.ids, step, looks).watched_by(doctor)


@contextmanager
def _buffers_kept(model: nn.Module) -> Iterator[None]:
    """What a BatchNorm remembers is afterwards as it was before."""
    before = [(buffer, buffer.clone()) for buffer in model.buffers()]
    yield
    for buffer, value in before:
        buffer.copy_(value)
