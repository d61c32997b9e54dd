"""Fine-tuning: the background net, trained on for a few passes on one list, by the fused step.

Every lane reads the whole list, in an order of its own, pass after pass, and carries its memory on, as the net was
trained; so afterwards it can read the list again and go on in its manner.
"""

import time
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Integer
from torch import nn

from moreish.background.net import ListGradients, ListLSTM, ListOptions
from moreish.background.reader import Cell
from moreish.background.weights import NetWeights, SymbolRows
from moreish.fast.adamw import FusedAdamW
from moreish.fast.step import fast_operands
from moreish.rng import rng_for, torch_alone, torch_seed

MOST_PASSES, FEWEST_PASSES = 24.0, 8.0
LONG = 2500  # symbols from which twice as many lanes go nearly twice as fast, and learn as much at a higher rate
SHORT = 200  # symbols up to which a list gets the most passes


@dataclass(frozen=True)
class TuneOptions:
    """How it is trained on.

    length : symbols that the gradient flows back over
    """

    passes: float = 16.0
    lanes: int = 8
    length: int = 48
    lr: float = 1e-3
    dropout: float = 0.4
    seed: int = 0

    @classmethod
    def for_list(cls, items: Sequence[Integer[np.ndarray, " _"]], seed: int) -> "TuneOptions":
        """As many passes as were found to be best for a list of this size (`docs/log.md`)."""
        symbols = sum(len(item) + 1 for item in items)
        wide = {"lanes": 16, "lr": 1.5e-3} if symbols > LONG else {}
        return cls(passes=passes_for(symbols), seed=seed, **wide)

    def steps(self, symbols: int) -> int:
        """Updates for a list of so many symbols."""
        return max(4, round(self.passes * symbols / (self.lanes * self.length)))


class TuneStep(NamedTuple):
    """One update: the mean loss of so many symbols, in nats, and the learning rate."""

    loss: float
    tokens: int
    lr: float


class Tuning(NamedTuple):
    """One training: of a net with the rows of a list's symbols, by these items; what `tune` asks for."""

    weights: NetWeights
    symbols: SymbolRows
    items: Sequence[Integer[np.ndarray, " _"]]
    options: TuneOptions

    @property
    def steps(self) -> int:
        """How many updates it is."""
        return self.options.steps(sum(len(item) + 1 for item in self.items))


class Tuned(NamedTuple):
    """What came of a training, after how many updates, and the last of these."""

    cell: Cell
    steps: int
    last: TuneStep


def passes_for(symbols: int) -> float:
    """Passes over a list of so many symbols: the more of it there is, the fewer are needed."""
    return min(MOST_PASSES, max(FEWEST_PASSES, MOST_PASSES * (SHORT / symbols) ** 0.25))


def tuned_cell(
    weights: NetWeights, symbols: SymbolRows, items: Sequence[Integer[np.ndarray, " _"]], options: TuneOptions
) -> Cell:
    """The cell after all of `tune`."""
    return tuned(Tuning(weights, symbols, items, options)).cell


def tuned(training: Tuning) -> Tuned:
    """All of it at once, as another process does it."""
    updates, count, last = tune(*training), 0, TuneStep(0.0, 0, 0.0)
    while True:
        try:
            last, count = next(updates), count + 1
        except StopIteration as end:
            return Tuned(end.value, count, last)


def list_net(weights: NetWeights, symbols: SymbolRows, dropout: float) -> ListLSTM:
    """One of a background net's as a torch module with the rows of these symbols."""
    size = ListOptions(n_embd=weights.reading.shape[1], n_hidden=weights.n_hidden, dropout=dropout)
    net = ListLSTM(size, len(symbols.bias))
    values = {
        "wte.weight": symbols.reading,
        "head.weight": symbols.writing,
        "head.bias": symbols.bias,
        "head.projection.weight": weights.projection,
        "layers.0.weight_ih_l0": weights.weight_ih,
        "layers.0.weight_hh_l0": weights.weight_hh,
        "layers.0.bias_ih_l0": weights.bias_hidden,
        "layers.0.bias_hh_l0": np.zeros_like(weights.bias_hidden),
    }
    net.load_state_dict({name: torch.tensor(a, dtype=torch.float32) for name, a in values.items()})
    return net


def cell_of(net: ListLSTM) -> Cell:
    """The module as a cell for reading, in half precision."""
    weight_ih, weight_hh, bias_ih, bias_hh = (p.detach().numpy() for p in net.lstm.all_weights[0])
    head = net.head
    rows = SymbolRows(*(p.detach().numpy() for p in (net.wte.weight, head.weight, head.bias)))
    return Cell.of_weights(rows, weight_ih, weight_hh, bias_ih + bias_hh, head.projection.weight.detach().numpy())


def tune(
    weights: NetWeights, symbols: SymbolRows, items: Sequence[Integer[np.ndarray, " _"]], options: TuneOptions
) -> Generator[TuneStep, None, Cell]:
    """Train on for `passes` over the items (ids without boundaries); a step at a time, and in the end the cell.

    The weights are given back in half precision, as they are kept.
    """
    rng = rng_for(options.seed, "tuning")
    net = list_net(weights, symbols, options.dropout)
    net.train()
    gradients = ListGradients(net, 0.0, fast_operands())
    params = list(net.parameters())
    optimizer = FusedAdamW(params, lr=options.lr, betas=(0.9, 0.99))
    optimizer.param_groups[0]["weight_decay"] = 0.0
    steps = options.steps(sum(len(item) + 1 for item in items))
    blocks = _blocks(items, options, rng)
    for step in range(steps):
        block = torch.from_numpy(next(blocks))
        lr = optimizer.param_groups[0]["lr"] = options.lr * min(1.0, (step + 1) / 5) * (1 - step / steps)
        gradients.before = gradients.after
        with torch_alone(torch_seed(options.seed, "tuning", step)):  # of the dropout
            loss = gradients(block[:, :-1].contiguous(), block[:, 1:].contiguous(), 1.0)
            nn.utils.clip_grad_norm_(params, 1.0)
            optimizer.step()
        yield TuneStep(float(loss), options.lanes * options.length, lr)
    return cell_of(net)


def _blocks(
    items: Sequence[Integer[np.ndarray, " _"]], options: TuneOptions, rng: np.random.Generator
) -> Iterator[Integer[np.ndarray, "lanes length_and_one"]]:
    """What the lanes read, a stretch at a time; the next one begins with the symbol that the last one ended with."""
    streams = [np.zeros(1, np.int64)] * options.lanes
    while True:
        for i in range(options.lanes):
            while len(streams[i]) <= options.length:
                order = rng.permutation(len(items))
                streams[i] = np.concatenate([streams[i], *(np.append(items[k], 0) for k in order)])
        yield np.stack([stream[: options.length + 1] for stream in streams]).astype(np.int64)
        streams = [stream[options.length :] for stream in streams]


def seconds_a_step(
    weights: NetWeights, symbols: SymbolRows, items: Sequence[Integer[np.ndarray, " _"]], options: TuneOptions
) -> float:
    """How long an update takes, by making two and throwing them away."""
    training = tune(weights, symbols, items, options)
    next(training)
    began = time.perf_counter()
    next(training)
    return time.perf_counter() - began


def parameters(symbols: SymbolRows, weights: NetWeights) -> int:
    """How many numbers are trained."""
    arrays = (symbols.reading, symbols.writing, symbols.bias, weights.weight_ih, weights.weight_hh,
              weights.bias_hidden, weights.projection)  # fmt: skip
    return sum(a.size for a in arrays)
