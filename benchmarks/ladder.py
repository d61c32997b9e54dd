"""The ladder's nets: sliding against windows, and makemore's Transformer against a plain loop with padding."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils.data import DataLoader, TensorDataset

from benchmarks.measure import Row, names_file, race, seconds
from moreish.data import Corpus, DataOptions, read
from moreish.data.batches import batches_from
from moreish.data.bundled import BUNDLED
from moreish.models import build_model
from moreish.models.wavenet import SlidingWaveNet, WaveNetOptions
from moreish.recipes import resolve
from moreish.training.loop import batches_for
from moreish.training.network import Network
from moreish.training.steps import gradients_of, make_optimizer

STEPS = 40
ROWS = 32
LONGEST = 16  # symbols of the longest name and the opening boundary


def rows(only: str = "") -> Iterable[Row]:
    """All rows, or those of the functions whose name holds `only`."""
    for part in (sliding, throughput):
        if only in part.__name__ or only in __name__:
            yield from part(_names())


def _names() -> Corpus:
    return read(names_file() or BUNDLED / "names.txt", DataOptions(split="lecture"))


def sliding(corpus: Corpus) -> Iterator[Row]:
    """Processor time per predicted symbol of val: every window against whole items, with the same weights."""
    torch.set_num_threads(1)
    val = corpus.part("val")
    for n_layer in (3, 4, 5):
        options = WaveNetOptions(n_layer=n_layer)
        net: Any = build_model("wavenet", options, len(corpus.vocab), 0)
        by_window, whole = Network(net), Network(SlidingWaveNet.of(net, options))
        one, other = (model.score(val.ids, val.offsets) for model in (whole, by_window))
        assert np.abs(one - other).max() < 1e-5
        ours, theirs = race(
            lambda m=whole: m.score(val.ids, val.offsets), lambda m=by_window: m.score(val.ids, val.offsets), 3
        )
        each = 1e6 / val.n_predicted
        name = f"WaveNet over whole items, looking back on {2**n_layer}"
        target = ">= 4x" if n_layer == 5 else ""
        yield Row(name, f"{ours * each:.1f} us a symbol", f"{theirs * each:.1f} us", theirs / ours, target)


def throughput(corpus: Corpus) -> Iterator[Row]:
    """Symbols a second while training makemore's Transformer (204,544 parameters, batch 32), the loop included."""
    torch.set_num_threads(1)
    config = resolve("makemore-transformer")
    part, size = corpus.part("train"), len(corpus.vocab)
    net: Any = build_model("transformer", config.model.options, size, 0)
    gradients, optimizer = gradients_of(net, config.train), make_optimizer(net, config.train)
    batches = batches_from(batches_for(net, part, config.train, 0), 0)

    def ours() -> int:
        symbols = 0
        for batch in islice(batches, STEPS):
            idx, targets = (torch.from_numpy(a.astype(np.int64)) for a in (batch.x, batch.y))
            gradients(idx, targets, batch.weight)
            optimizer.step()
            symbols += batch.y.size
        return symbols

    plain = _PlainLoop(corpus, build_model("transformer", config.model.options, size, 0))
    ours()
    plain.run()
    fast = max(_rate(ours) for _ in range(3))
    slow = max(_rate(plain.run) for _ in range(3))
    name = "training makemore's Transformer, batch 32"
    yield Row(name, f"{fast:,.0f} symbols/s", f"{slow:,.0f} symbols/s", fast / slow, ">= 3x")


def _rate(run: Any) -> float:
    """Symbols of the list, padding not counted, for each second of this process."""
    symbols = 0

    def work() -> None:
        nonlocal symbols
        symbols = run()

    took = seconds(work)
    return symbols / took


class _PlainLoop:
    """What one writes first: every name padded to the longest, a DataLoader with workers, AdamW as it comes."""

    def __init__(self, corpus: Corpus, net: torch.nn.Module) -> None:
        part = corpus.part("train")
        x = torch.zeros(len(part), LONGEST, dtype=torch.long)
        y = torch.full((len(part), LONGEST), -1)
        for i in range(len(part)):
            symbols = torch.from_numpy(part.symbols(i).astype(np.int64))
            x[i, 1 : 1 + len(symbols)] = symbols
            y[i, : len(symbols)] = symbols
            y[i, len(symbols)] = 0
        loader = DataLoader(TensorDataset(x, y), ROWS, shuffle=True, num_workers=2, persistent_workers=True)
        self.batches = self._endless(loader)
        self.net = net
        self.optimizer = torch.optim.AdamW(net.parameters(), 5e-4, (0.9, 0.99), weight_decay=0.01)

    @staticmethod
    def _endless(loader: DataLoader[tuple[Tensor, ...]]) -> Iterator[tuple[Tensor, ...]]:
        while True:
            yield from loader

    def run(self) -> int:
        """STEPS steps; the symbols in them."""
        count = 0
        for x, y in islice(self.batches, STEPS):
            loss = F.cross_entropy(self.net(x).flatten(0, 1), y.flatten(), ignore_index=-1)
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
            count += int((y >= 0).sum())
        return count
