"""Gradients by hand: a step without autograd beside one with it, and the same losses on every recipe."""

from collections.abc import Iterable
from dataclasses import replace
from itertools import islice
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from benchmarks.measure import Row, names_file, race, text_file
from moreish.backprop import by_hand
from moreish.backprop.lecture import AutogradStep, HandStep, train_lecture
from moreish.backprop.stepwise import time_stepwise
from moreish.data import Corpus, DataOptions, read
from moreish.data.batches import windows
from moreish.models import build_model
from moreish.recipes import RECIPES, Config, ModelChoice, resolve
from moreish.runs.events import Step, of_kind
from moreish.training.loop import start, train

STEPS = 100


def rows(only: str = "") -> Iterable[Row]:
    """All rows, or those of the functions whose name holds `only`."""
    for part in (lecture_step, switch, stepwise, every_recipe):
        if only in part.__name__ or only in __name__:
            yield from part()


def lecture_step() -> Iterable[Row]:
    """The lectures' network of 12,297 parameters, 2,000 steps each way."""
    torch.set_num_threads(1)
    corpus = read(names_file() or "names", DataOptions(split="lecture"))
    x, y = (torch.from_numpy(a.astype("int64")) for a in windows(corpus.split("train"), 3))

    def steps(by: type[HandStep] | type[AutogradStep]) -> None:
        train_lecture(x, y, steps=2000, step_by=by, vocab_size=len(corpus.vocab))

    ours, theirs = race(lambda: steps(HandStep), lambda: steps(AutogradStep), tries=3)
    yield Row(
        "lecture MLP: by hand, no autograd", f"{ours * 500:.0f} us a step", f"{theirs * 500:.0f} us", theirs / ours
    )


def switch() -> Iterable[Row]:
    """The lectures' nets as torch's modules: steps under `by_hand()` beside autograd's, the best of short turns."""
    torch.set_num_threads(1)
    corpus = read(names_file() or "names", DataOptions(split="lecture"))
    x, y = (torch.from_numpy(a[:32].astype("int64")) for a in windows(corpus.split("train"), 3))
    for name, norm in (("MLP", []), ("MLP with BatchNorm", [nn.BatchNorm1d(200)])):
        torch.manual_seed(0)
        first, last = nn.Linear(30, 200, bias=not norm), nn.Linear(200, len(corpus.vocab))
        net = nn.Sequential(nn.Embedding(len(corpus.vocab), 10), nn.Flatten(), first, *norm, nn.Tanh(), last)
        optimizer = torch.optim.SGD(net.parameters(), 0.1)

        def steps(net: nn.Module = net, optimizer: torch.optim.Optimizer = optimizer) -> None:
            for _ in range(60):
                optimizer.zero_grad()
                F.cross_entropy(net(x), y).backward()
                optimizer.step()

        def hand() -> None:
            with by_hand():
                steps()

        def forward_by_hand(net: nn.Module = net, optimizer: torch.optim.Optimizer = optimizer) -> None:
            for _ in range(60):
                optimizer.zero_grad()
                with by_hand():
                    loss = F.cross_entropy(net(x), y)
                loss.backward()
                optimizer.step()

        for words, way in ((name, hand), (f"{name}, the forward alone", forward_by_hand)):
            ours, theirs = race(way, steps, tries=60)
            hands, torchs = (f"{1e6 * took / 60:.0f} us a step" for took in (ours, theirs))
            yield Row(f"{words} under by_hand(), its time over autograd's", hands, torchs, ours / theirs, "<= 2x")


def stepwise() -> Iterable[Row]:
    """Each whole expression beside the single steps that it stands for."""
    times = time_stepwise()
    yield Row("microseconds: " + ", ".join(f"{name} {value:.0f}" for name, value in times.items()), "")


def every_recipe() -> Iterable[Row]:
    """For each kind of network, the largest differences of any of the first losses.

    by hand against autograd, in single and in double precision, and beside them what rounding alone does: autograd
    in single against autograd in double precision.
    """
    seen = set()
    for name in RECIPES:
        config = resolve(name)
        source = text_file() if config.data.text else names_file()
        corpus = read(source, config.data) if source else read("names", DataOptions())
        for choice in config.model.singles:
            key = (choice.name, choice.options)
            if choice.name == "ngram" or key in seen:
                continue
            seen.add(key)
            single, hand, double, hand_double = (
                _first_losses(corpus, config, choice, backward, precision)
                for precision in ("float32", "float64")
                for backward in ("autograd", "by-hand")
            )
            gaps = [float((a - b).abs().max()) for a, b in ((hand, single), (hand_double, double), (single, double))]
            shown = f"{gaps[0]:.1e}, in float64 {gaps[1]:.1e}"
            yield Row(
                f"{name}: {choice.name}, largest gap of {STEPS} losses", shown, f"{gaps[2]:.1e}", None, "<= 1e-5"
            )


def _first_losses(corpus: Corpus, config: Config, choice: ModelChoice, backward: str, precision: str) -> torch.Tensor:
    """The losses of the recipe's own first steps, on its own schedule."""
    values: Any = {"backward": backward, "precision": precision}
    options = replace(
        config.train,
        time_budget=None,
        log_every=1,
        batch_size=min(config.train.batch_size, 32),
        device="cpu",
        **values,
    )
    state = start(build_model(choice.name, choice.options, len(corpus.vocab), 1), options, 1)
    steps = of_kind(train(state, corpus.split("train"), None), Step)
    return torch.tensor([step.loss for step in islice(steps, STEPS)], dtype=torch.float64)
