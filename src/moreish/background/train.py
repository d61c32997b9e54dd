"""Training a background net: streams of the items of one list after another, by the fused step.

An episode is some items of one list in random order, read as one stream with the boundary between them; the memory
is carried through it and begins blank. So the net learns to read a list and go on in its manner. It chooses among
the symbols of its own list, as it does when it is used. Lists are also read in lower or upper case, and with their
letters exchanged for others, which makes kinds of lists that nobody wrote.
"""

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
import torch
from torch import nn

from moreish.background.alphabet import Alphabet, SymbolTables
from moreish.background.net import ListGradients, ListLSTM, ListOptions
from moreish.background.streams import Changes, Lanes, Stretch, episodes, training_lists
from moreish.background.weights import Background, NetWeights
from moreish.fast.adamw import FusedAdamW
from moreish.fast.step import fast_operands

WARMUP = 200  # steps
LOWEST_LR = 1e-5
GOING_ON = 0.5  # of the learning rate, where the training goes on from a net

Lists = Sequence[Sequence[Sequence[str]]]
"""Lists of items of symbols."""


@dataclass(frozen=True)
class BackgroundOptions:
    """How a background net is trained.

    nets : how many are trained, one after the other
    seconds : how long, all of them together
    lanes, length : streams side by side, and symbols of each that the gradient flows back over
    rare : symbols and features that occur less often are unknown
    """

    nets: int = 1
    n_embd: int = 64
    n_hidden: int = 512
    dropout: float = 0.05
    seconds: float = 2400.0
    lanes: int = 32
    length: int = 128
    lr: float = 3e-3
    weight_decay: float = 0.02
    rare: int = 60
    changes: Changes = field(default_factory=Changes)
    seed: int = 1


class Report(NamedTuple):
    """How far training is: seconds, steps, symbols read, running mean of the loss in nats a symbol."""

    seconds: float
    step: int
    symbols: int
    loss: float


class BackgroundTraining:
    """One net of a background net in training on these lists, each drawn as often as its weight says.

    begin : a background net whose weights the training goes on from, at half the learning rate; its sizes hold, not
        the options'
    number : which of its nets, and another seed for each
    """

    def __init__(
        self,
        lists: Lists,
        weights: Sequence[float],
        options: BackgroundOptions,
        begin: Background | None = None,
        number: int = 0,
    ) -> None:
        options = replace(options, seed=options.seed + number)
        torch.manual_seed(options.seed)
        if begin is not None:
            own = begin.nets[number]
            sizes = {"n_embd": own.reading.shape[1], "n_hidden": own.n_hidden}
            options = replace(options, lr=GOING_ON * options.lr, **sizes)
        self.options = options
        self.alphabet = Alphabet(lists, options.rare, begin.features if begin is not None else ())
        self.tables = SymbolTables(self.alphabet, options.n_embd)
        size = ListOptions(n_embd=options.n_embd, n_hidden=options.n_hidden, dropout=options.dropout)
        self.net = ListLSTM(size, len(self.alphabet))
        if begin is not None:
            self._begin_from(begin, begin.nets[number])
        self.gradients = ListGradients(self.net, 0.0, fast_operands())
        rng = np.random.default_rng(options.seed)
        numbered = training_lists(lists, weights, self.alphabet)
        source = episodes(numbered, self.alphabet, options.length, options.changes, rng)
        self.lanes = Lanes(source, options.lanes, options.length)
        derived = ("wte.weight", "head.weight", "head.bias")  # from the tables
        own = [p for name, p in self.net.named_parameters() if name not in derived]
        self.parameters = [*own, *self.tables.parameters()]
        self.optimizer = FusedAdamW(self.parameters, lr=options.lr, betas=(0.9, 0.98))
        self.optimizer.param_groups[0]["weight_decay"] = options.weight_decay

    @torch.no_grad()
    def _begin_from(self, begin: Background, own: NetWeights) -> None:
        """Take over these weights; features that they do not have begin at zero, as what the net did not know."""
        mine = [self.alphabet.features[name] for name in begin.features]
        theirs = [*begin.features.values()]
        arrays = own.reading, own.writing, own.bias[:, None]
        for table, array in zip(self.tables.parameters(), arrays, strict=True):
            table.zero_()
            table[mine] = torch.from_numpy(array[theirs])
        bias = own.bias_hidden, np.zeros_like(own.bias_hidden)
        for p, array in zip(self.net.lstm.all_weights[0], (own.weight_ih, own.weight_hh, *bias), strict=True):
            p.copy_(torch.from_numpy(array))
        self.net.head.projection.weight.copy_(torch.from_numpy(own.projection))

    def run(self) -> Iterator[Report]:
        """Train until the time is over, a step at a time."""
        options, began, mean = self.options, time.monotonic(), 0.0
        for step, stretch in enumerate(self.lanes, 1):
            spent = time.monotonic() - began
            if spent >= options.seconds:
                return
            falling = 0.5 + 0.5 * math.cos(math.pi * spent / options.seconds)
            lr = options.lr * min(step / WARMUP, falling) + LOWEST_LR
            self.optimizer.param_groups[0]["lr"] = lr
            loss = self._step(stretch)
            mean = loss if step == 1 else 0.99 * mean + 0.01 * loss
            yield Report(spent, step, step * stretch.x.size, mean)

    def _step(self, stretch: Stretch) -> float:
        net, gradients = self.net, self.gradients
        reading, writing, bias = self.tables.parts(stretch.symbols)
        net.wte.weight.data, net.head.weight.data = reading.detach(), writing.detach()
        net.head.bias.data = bias.detach()[:, 0].contiguous()
        if gradients.after is not None:
            h, c = gradients.after
            kept = torch.from_numpy(~stretch.fresh)[:, None].to(h.dtype)
            gradients.before = h * kept, c * kept
        gradients.impossible = torch.from_numpy(stretch.impossible)
        x, y = (torch.from_numpy(np.ascontiguousarray(a)) for a in (stretch.x, stretch.y))
        loss = gradients(x, y, 1.0)
        for p in self.tables.parameters():
            p.grad = None
        found = [p.grad for p in (net.wte.weight, net.head.weight, net.head.bias)]
        torch.autograd.backward([reading, writing, bias], [g.view(len(g), -1) for g in found if g is not None])
        nn.utils.clip_grad_norm_(self.parameters, 1.0)
        self.optimizer.step()
        return float(loss)

    def result(self) -> NetWeights:
        """The weights as they are now, of the features of `alphabet`."""
        weight_ih, weight_hh, bias_ih, bias_hh = (p.detach().numpy().copy() for p in self.net.lstm.all_weights[0])
        reading, writing, bias = (p.detach().numpy().copy() for p in self.tables.parameters())
        return NetWeights(
            reading,
            writing,
            bias[:, 0],
            weight_ih,
            weight_hh,
            bias_ih + bias_hh,
            self.net.head.projection.weight.detach().numpy().copy(),
        )
