"""The doctor: what watching costs, and that it remembers no more after a million steps than after ten thousand."""

import gc
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from benchmarks.measure import Row, names_file, paired
from moreish.data import DataOptions, read
from moreish.data.batches import windows
from moreish.data.bundled import BUNDLED
from moreish.doctor import Doctor
from moreish.models import build_model
from moreish.recipes import resolve

LENGTHS = {"lecture-mlp": (2_000, 20_000), "lecture-deep": (1_000,)}  # the lectures take 200,000 and 1,000
MARKS = (10_000, 100_000, 1_000_000)


def rows(only: str = "") -> Iterable[Row]:
    """All rows, or those of the functions whose name holds `only`."""
    for part in (cost, memory):
        if only in part.__name__ or only in __name__:
            yield from part()


def cost() -> Iterable[Row]:
    """Processor time of the lectures' nets with the doctor at its default budget and without: the median of pairs."""
    torch.set_num_threads(1)
    corpus = read(names_file() or BUNDLED / "names.txt", DataOptions(split="lecture"))
    x, y = (torch.from_numpy(a.astype(np.int64)) for a in windows(corpus.part("train"), 3))
    for recipe, lengths in LENGTHS.items():
        for steps in lengths:
            doctors: list[Doctor] = []
            watched, alone = paired(
                lambda r=recipe, n=steps, kept=doctors: kept.append(_trained(r, x, y, n, watched=True)),
                lambda r=recipe, n=steps: _trained(r, x, y, n, watched=False),
                tries=41 if steps < 10_000 else 5,
            )
            frames = doctors[-1].history.seen
            ours = f"{watched / steps * 1e6:.0f} us, {frames} looked at, {doctors[-1].cost:.1%} by its own count"
            name = f"{recipe}, {steps:,} steps, us a step with the doctor"
            yield Row(name, ours, f"{alone / steps * 1e6:.0f} us", watched / alone, "<= 1.05x")


def _trained(recipe: str, x: Tensor, y: Tensor, steps: int, *, watched: bool) -> Any:
    """So many steps of plain SGD on batches of 32; the doctor that watched them, or None."""
    config = resolve(recipe)
    net = build_model(config.model.name, config.model.options, int(y.max()) + 1, 0)
    optimizer = torch.optim.SGD(net.parameters(), 0.1)
    chance = torch.Generator().manual_seed(0)

    def loop() -> None:
        for _ in range(steps):
            rows = torch.randint(0, len(x), (32,), generator=chance)
            loss = F.cross_entropy(net(x[rows]), y[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

    if not watched:
        return loop()
    with Doctor(net, optimizer) as doctor:
        loop()
    return doctor


def memory() -> Iterable[Row]:
    """Objects alive and memory of the process while a net of 20 parameters takes a million steps."""
    torch.set_num_threads(1)
    net = nn.Sequential(nn.Linear(4, 3), nn.Tanh(), nn.Linear(3, 1))
    optimizer = torch.optim.SGD(net.parameters(), 1e-3)
    x, y = torch.randn(8, 4), torch.randn(8, 1)
    with Doctor(net, optimizer) as doctor:
        for step in range(1, MARKS[-1] + 1):
            loss = F.mse_loss(net(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            if step in MARKS:
                gc.collect()
                name = f"after {step:,} steps, {doctor.history.seen:,} looked at"
                yield Row(
                    name, f"{len(gc.get_objects()):,} objects", f"{_resident() / 2**20:.0f} MiB", None, "bounded"
                )


def _resident() -> int:
    """Memory of this process in bytes."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) * 1024
