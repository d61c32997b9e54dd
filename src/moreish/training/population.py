"""Many small networks of one shape trained as one batched program: each as if it were alone.

A small network's step is mostly the time from one operation to the next. Here every operation is done once for all
networks (`torch.func.vmap` over stacked parameters): each has its own seed, batches, learning rate and the like, and
comes to the parameters that it would have come to alone, up to rounding. Only what changes the shape of the program
must be the same: the model, steps, batch size. Batches of whole items differ in length from network to network; they
are padded behind, where nothing that is predicted looks.

Dropout draws other numbers than a network alone would. A network whose loss is no number fails alone.
"""

import copy
import math
import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, replace

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.func import functional_call, stack_module_state
from torch.nn.attention import SDPBackend, sdpa_kernel

from moreish.data.batches import Batch, Pieces, SequenceBatches, WindowBatches, batches_from, windows
from moreish.data.corpus import Split
from moreish.inference.contexts import distinct
from moreish.inference.evaluate import mean_loss
from moreish.inference.network import network_of
from moreish.models.batch_norm import batch_norms
from moreish.models.net import Net
from moreish.models.unrolled import unrolled
from moreish.runs import events
from moreish.training.loop import PLANNED_EVALUATIONS, batches_for
from moreish.training.options import TrainOptions
from moreish.training.schedules import lr_at

FREE = ("lr", "schedule", "warmup", "lr_end", "step_at", "step_factor", "betas", "momentum", "weight_decay", "clip")
"""Options in which the networks of a population may differ."""
UNKNOWN = {
    "time_budget": None, "weight_drop": 0.0, "ema": 0.0, "patience": 0, "doctor": False, "histograms": False,
    "device": "cpu",
}  # fmt: skip
"""Options that a population has no other value of."""
IGNORED = 0x7FFF  # a target that is none
POSITIONS_AT_A_TIME = 2**14
EPS = 1e-8  # AdamW's

State = dict[str, Tensor]


@dataclass
class Member:
    """A network of a population, before and after.

    best : its lowest loss on val, the network's parameters are those of then; infinite without a val
    heard : what its training said
    failed : why it was given up
    """

    module: Net
    options: TrainOptions
    seed: int
    best: float = math.inf
    best_step: int = 0
    heard: list[events.Step | events.Eval] = field(default_factory=list)
    failed: str | None = None


def shape_of(options: TrainOptions) -> TrainOptions:
    """What must be the same in a population: the options with all that may differ set to their defaults."""
    standard = TrainOptions()
    return replace(options, **{name: getattr(standard, name) for name in FREE})


def refuse_alone(options: TrainOptions) -> None:
    """Raises ValueError for options that only a network by itself can be trained with."""
    for name, value in UNKNOWN.items():
        if getattr(options, name) != value:
            raise ValueError(
                f"train.{name} is for networks that are trained one by one: leave it out of a population"
            )
    if options.backward != "autograd" or options.precision not in ("float32", "float64"):
        raise ValueError("a population is trained by autograd, in float32 or float64: leave the other option out")


def train_population(members: Sequence[Member], train_split: Split, val_split: Split | None) -> None:
    """Train all of them, in place: `module` is what it was when it was best on val, `heard` says how it went.

    Raises ValueError where they are not of one shape, or have options that a population does not know.
    """
    if not members:
        return
    first = members[0]
    for member in members:
        refuse_alone(member.options)
        if shape_of(member.options) != shape_of(first.options) or repr(member.module) != repr(first.module):
            raise ValueError("the networks of a population have one shape: model, steps and batch size are the same")
    if train_split.kinds is not None or train_split.weights is not None:
        raise ValueError("a population knows no kinds of items and no weights: train the networks one by one")
    if first.options.precision == "float64":
        for member in members:
            member.module.double()
    with _vmapped():
        _train(Population(members), members, train_split, val_split)


def _train(population: "Population", members: Sequence[Member], train: Split, val: Split | None) -> None:
    options, began = members[0].options, time.monotonic()
    batches = batches_of(members, train, padded=not population.takes_no_padding)
    losses: list[Tensor] = []
    tokens = np.zeros(len(members), np.int64)
    nats = torch.zeros(len(members), dtype=torch.float64)
    evaluated, pace = 0, 1 / options.steps if options.steps else 0.0
    for step in range(1, options.steps + 1):
        x, y, weights, sizes = next(batches)
        progress = (step - 1) * pace
        rates = [lr_at(progress, member.options) for member in members]
        losses.append(population.step(x, y, weights, sizes, rates) * sizes)
        tokens += sizes.numpy().astype(np.int64)
        share = int(min(1.0, step * pace) * PLANNED_EVALUATIONS)
        due = step % options.eval_every == 0 if options.eval_every else share > evaluated
        due = val is not None and (due or step == options.steps)
        if step % options.log_every == 0 or due or step == options.steps:
            nats = torch.stack(losses).double().sum(0)
            seconds, done = round(time.monotonic() - began, 3), round(min(1.0, step * pace), 6)
            for i, member in enumerate(members):
                _heard_step(member, step, float(nats[i]) / int(tokens[i]), rates[i], int(tokens[i]), seconds, done)
            losses, tokens = [], np.zeros(len(members), np.int64)
        if due and val is not None:
            evaluated = share
            population.judge(members, population.val_losses(val), step)
    population.give_back(members, best=val is not None)


def _heard_step(
    member: Member, step: int, loss: float, lr: float, tokens: int, seconds: float, progress: float
) -> None:
    if member.failed is not None:
        return
    if not math.isfinite(loss):
        rate = member.options.lr
        member.failed = f"the loss became {loss} at step {step}: try a lower learning rate than {rate:g}"
    member.heard.append(events.Step(step, loss, lr, tokens, seconds, progress))


class Population:
    """Stacked parameters and buffers of networks of one shape, their optimizers, and a step of all of them."""

    def __init__(self, members: Sequence[Member]) -> None:
        self.count = len(members)
        self.parameters, self.buffers = stack_module_state([member.module for member in members])
        self.best = {name: p.detach().clone() for name, p in {**self.parameters, **self.buffers}.items()}
        self.base = unrolled(copy.deepcopy(members[0].module))
        self.takes_no_padding = bool(batch_norms(self.base)) and not self.base.windowed
        self.optimizer = Stacked(self.parameters, [member.options for member in members])
        self.clips = torch.tensor([member.options.clip or math.inf for member in members])
        self.smoothing = members[0].options.label_smoothing
        self._each = torch.vmap(self._logits, (0, 0, 0), randomness="different")
        self._alike = torch.vmap(self._logits, (0, 0, None), randomness="error")

    def _logits(self, parameters: State, buffers: State, idx: Tensor) -> Tensor:
        return functional_call(self.base, (parameters, buffers), (idx,))

    def step(self, x: Tensor, y: Tensor, weights: Tensor, sizes: Tensor, rates: Sequence[float]) -> Tensor:
        """One update of every network on its own batch (N, ...); the mean loss of each (N,) before it."""
        self.base.train()
        for p in self.parameters.values():
            p.grad = None
        logits = self._each(self.parameters, self.buffers, x)
        losses = F.cross_entropy(
            logits.flatten(0, -2), y.flatten(), ignore_index=IGNORED, reduction="none", label_smoothing=self.smoothing
        )
        means = losses.view(self.count, -1).sum(1) / sizes
        (means * weights).sum().backward()
        self._clip()
        self.optimizer.step(rates)
        return means.detach()

    @torch.no_grad()
    def _clip(self) -> None:
        """As `clip_grad_norm_`, for each network by itself."""
        grads = [p.grad.view(self.count, -1) for p in self.parameters.values() if p.grad is not None]
        norms = torch.stack([g.square().sum(1) for g in grads]).sum(0).sqrt()
        scale = (self.clips / (norms + 1e-6)).clamp(max=1.0).to(norms.dtype)[:, None]
        for grad in grads:
            grad.mul_(scale)

    @torch.no_grad()
    def val_losses(self, val: Split) -> list[float]:
        """Mean nats per predicted token of each network, all of val."""
        self.base.eval()
        if not self.base.windowed and self.base.block_size and int(val.lengths.max()) >= self.base.block_size:
            return [mean_loss(network_of(self._alone(i)), val) for i in range(self.count)]  # overlapping stretches
        nats = torch.zeros(self.count, dtype=torch.float64)
        for x, y, counts in _val_blocks(self.base, val, max(1, POSITIONS_AT_A_TIME // self.count)):
            logits = self._alike(self.parameters, self.buffers, x)
            logprobs = logits.float().log_softmax(-1)
            picked = logprobs.gather(-1, y.expand(self.count, *y.shape)[..., None])[..., 0]
            nats -= (picked.double() * counts).flatten(1).sum(1)
        return (nats / val.n_predicted).tolist()

    def _alone(self, i: int) -> Net:
        """One of the networks, until another is asked for."""
        self.base.load_state_dict({name: p[i] for name, p in {**self.parameters, **self.buffers}.items()})
        return self.base

    def judge(self, members: Sequence[Member], losses: Sequence[float], step: int) -> None:
        """Keep the parameters of those that are better than ever."""
        better = []
        for i, (member, loss) in enumerate(zip(members, losses, strict=True)):
            if member.failed is not None:
                continue
            improved = loss < member.best
            if improved:
                better.append(i)
                member.best, member.best_step = loss, step
            member.heard.append(events.Eval(step, loss, improved))
        rows = torch.tensor(better, dtype=torch.int64)
        for name, p in {**self.parameters, **self.buffers}.items():
            self.best[name][rows] = p.detach()[rows]

    def give_back(self, members: Sequence[Member], best: bool) -> None:
        """The networks get their parameters, those of their best evaluation or the last."""
        final = self.best if best else {**self.parameters, **self.buffers}
        for i, member in enumerate(members):
            member.module.load_state_dict({name: p.detach()[i] for name, p in final.items()})
            member.module.eval()


class Stacked:
    """AdamW or SGD on stacked parameters, with the options of each network; the updates are torch's."""

    def __init__(self, parameters: State, options: Sequence[TrainOptions]) -> None:
        self.parameters = list(parameters.values())
        self.sgd = options[0].optimizer == "sgd"
        self.steps = 0
        dtype = self.parameters[0].dtype
        first, second = (torch.tensor([o.betas[i] for o in options], dtype=torch.float64) for i in (0, 1))
        self.betas = first, second
        self.momentum = torch.tensor([o.momentum for o in options], dtype=dtype)
        self.decay = torch.tensor([o.weight_decay for o in options], dtype=torch.float64)
        self.means = [torch.zeros_like(p) for p in self.parameters]
        self.squares = [torch.zeros_like(p) for p in self.parameters]

    @torch.no_grad()
    def step(self, rates: Sequence[float]) -> None:
        """One update, each network at its own rate."""
        self.steps += 1
        lr = torch.tensor(rates, dtype=torch.float64)
        (self._sgd if self.sgd else self._adamw)(lr)

    def _adamw(self, lr: Tensor) -> None:
        first, second = self.betas
        size = lr / (1 - first**self.steps)
        root = (1 - second**self.steps).sqrt()
        for p, mean, square in zip(self.parameters, self.means, self.squares, strict=True):
            assert p.grad is not None
            if p.ndim > 2 and bool(self.decay.any()):  # of the network alone it is a matrix, or more
                p.mul_(_wide(1 - lr * self.decay, p))
            mean.lerp_(p.grad, _wide(1 - first, p))
            square.mul_(_wide(second, p)).addcmul_(p.grad * _wide(1 - second, p), p.grad)
            p.sub_((mean / (square.sqrt().div_(_wide(root, p)).add_(EPS))).mul_(_wide(size, p)))

    def _sgd(self, lr: Tensor) -> None:
        for p, mean in zip(self.parameters, self.means, strict=True):
            assert p.grad is not None
            grad = p.grad
            if p.ndim > 2 and bool(self.decay.any()):
                grad = grad + p * _wide(self.decay, p)
            if self.steps == 1:
                mean.copy_(grad)  # as torch: the first gradient as a whole
            else:
                mean.mul_(_wide(self.momentum, p)).add_(grad)
            p.sub_(mean * _wide(lr, p))


def _wide(values: Tensor, p: Tensor) -> Tensor:
    """(N,) so that it multiplies the stacked parameter (N, ...)."""
    return values.to(p.dtype).view(-1, *[1] * (p.ndim - 1))


Stack = tuple[Tensor, Tensor, Tensor, Tensor]
"""x (N, B, T), y (N, B) or (N, B, T), the weight (N,) of each batch, how many predictions (N,) each has."""


def batches_of(members: Sequence[Member], split: Split, padded: bool) -> Iterator[Stack]:
    """The batches of all networks side by side, each network's own."""
    first = members[0]
    shared = batches_for(first.module, split, first.options, first.seed)
    assert isinstance(shared, WindowBatches | SequenceBatches), type(shared)
    streams = [batches_from(shared.of_seed(member.seed), 0) for member in members]
    while True:
        yield _stacked([next(stream) for stream in streams], padded)


def _stacked(batches: Sequence[Batch], padded: bool) -> Stack:
    weights = torch.tensor([batch.weight for batch in batches])
    sizes = torch.tensor([batch.y.size for batch in batches])
    if len({batch.x.shape for batch in batches}) == 1:
        x, y = (np.stack([getattr(batch, name) for batch in batches]).astype(np.int64) for name in ("x", "y"))
        return torch.from_numpy(x), torch.from_numpy(y), weights, sizes
    if not padded:
        raise ValueError(
            "a BatchNorm over whole items would see the padding of a population: take a network without one, or one "
            "that reads windows"
        )
    rows, length = (max(batch.x.shape[d] for batch in batches) for d in (0, 1))
    x = np.zeros((len(batches), rows, length), np.int64)
    y = np.full((len(batches), rows, length), IGNORED, np.int64)
    for i, batch in enumerate(batches):
        b, t = batch.x.shape
        x[i, :b, :t], y[i, :b, :t] = batch.x, batch.y
    return torch.from_numpy(x), torch.from_numpy(y), weights, sizes


def _val_blocks(net: Net, val: Split, positions: int) -> Iterator[tuple[Tensor, Tensor, Tensor | int]]:
    """(x, y, how often each occurs) of all of val: each window that occurs once; whole items by length."""
    if net.windowed:
        assert net.block_size is not None
        x, y = windows(val, net.block_size)
        joined = np.concatenate([x, y[:, None]], 1)
        first, of = distinct(joined.T)
        counts = np.bincount(of, minlength=len(first))
        for i in range(0, len(first), positions):
            rows = first[i : i + positions]
            block = torch.from_numpy(joined[rows].astype(np.int64))
            yield block[:, :-1], block[:, -1], torch.from_numpy(counts[i : i + positions])
        return
    longest = net.block_size or int(val.lengths.max()) + 1
    pieces = Pieces.of(val, longest)
    for rows in pieces.grouped(np.arange(len(pieces.starts)), 0, positions):
        block = torch.from_numpy(pieces.read(val.ids, rows).astype(np.int64))
        yield block[:, :-1], block[:, 1:], 1


@contextmanager
def _vmapped() -> Iterator[None]:
    """Attention as plain products, which vmap batches; it says that the other way would be slow."""
    with sdpa_kernel(SDPBackend.MATH), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def differing(options: Sequence[TrainOptions]) -> list[str]:
    """The options in which these differ and may not."""
    names = [f.name for f in fields(TrainOptions) if f.name not in FREE]
    return [name for name in names if len({getattr(o, name) for o in options}) > 1]
