"""The doctor: what watching costs, and that it remembers no more after a million steps than after ten thousand."""

import gc
import math
import statistics
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim import Optimizer

from benchmarks.measure import Row, in_turns, names_file
from moreish.data import DataOptions, read
from moreish.data.batches import windows
from moreish.data.bundled import BUNDLED
from moreish.doctor import Doctor
from moreish.models import build_model
from moreish.recipes import resolve

PAIRS = {("lecture-mlp", 2_000): 60, ("lecture-deep", 1_000): 150, ("lecture-mlp", 20_000): 12}  # by recipe and steps
CHUNK = 100  # steps until the other one may go on
MARKS = (10_000, 100_000, 1_000_000)


def rows(only: str = "") -> Iterable[Row]:
    """All rows, or those of the functions whose name holds `only`."""
    for part in (cost, memory):
        if only in part.__name__ or only in __name__:
            yield from part()


def cost() -> Iterable[Row]:
    """Processor time of the lectures' nets with the doctor at its default budget and without, taking turns."""
    torch.set_num_threads(1)
    corpus = read(names_file() or BUNDLED / "names.txt", DataOptions(split="lecture"))
    x, y = (torch.from_numpy(a.astype(np.int64)) for a in windows(corpus.split("train"), 3))
    for (recipe, steps), pairs in PAIRS.items():
        _pair(recipe, x, y, CHUNK, True)
        watched, alone, doctor = zip(*[_pair(recipe, x, y, steps, k % 2 == 0) for k in range(pairs)], strict=True)
        ratios = [a / b for a, b in zip(watched, alone, strict=True)]
        error = statistics.stdev(ratios) / math.sqrt(pairs)
        looks = f"{doctor[-1].history.seen} looks, {doctor[-1].cost:.1%} by its own count"
        yield Row(
            f"{recipe}, {steps:,} steps with the doctor, {looks}",
            f"{statistics.fmean(watched) / steps * 1e6:.0f} us a step",
            f"{statistics.fmean(alone) / steps * 1e6:.0f} us",
            statistics.fmean(ratios),
            f"+- {error:.3f}, {pairs} pairs; <= 1.05x",
        )


def _pair(recipe: str, x: Tensor, y: Tensor, steps: int, first: bool) -> tuple[float, float, Doctor]:
    """Seconds of a watched run and of one that nobody watches, beginning with one or the other; and the doctor."""
    doctors: list[Doctor] = []

    def watched(hand_over: Callable[[], None]) -> None:
        net, optimizer = _begun(recipe, int(y.max()) + 1)
        with Doctor(net, optimizer) as doctor:
            _train(net, optimizer, x, y, steps, hand_over)
        doctors.append(doctor)

    def alone(hand_over: Callable[[], None]) -> None:
        _train(*_begun(recipe, int(y.max()) + 1), x, y, steps, hand_over)

    if first:
        with_doctor, without = in_turns(watched, alone)
    else:
        without, with_doctor = in_turns(alone, watched)
    return with_doctor, without, doctors[0]


def _begun(recipe: str, classes: int) -> tuple[nn.Module, Optimizer]:
    config = resolve(recipe)
    net = build_model(config.model.name, config.model.options, classes, 0)
    return net, torch.optim.SGD(net.parameters(), 0.1)


def _train(
    net: nn.Module, optimizer: Optimizer, x: Tensor, y: Tensor, steps: int, hand_over: Callable[[], None]
) -> None:
    """So many steps of plain SGD on batches of 32."""
    chance = torch.Generator().manual_seed(0)
    for step in range(1, steps + 1):
        rows = torch.randint(0, len(x), (32,), generator=chance)
        loss = F.cross_entropy(net(x[rows]), y[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % CHUNK == 0:
            hand_over()


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
                yield Row(name, f"{len(gc.get_objects()):,} objects", _resident(), None, "bounded")


def _resident() -> str:
    """Memory of this process, where the system has a file that says it."""
    status = Path("/proc/self/status")
    if not status.exists():
        return "not known here"
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmRSS"))
    return f"{int(line.split()[1]) / 2**10:.0f} MiB"
