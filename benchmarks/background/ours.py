"""moreish as its users get it: the recipe quick on the given items, and the same without any training."""

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import moreish
from benchmarks.background import protocol
from moreish.fitting.fitted import Fitted

BUDGET = 15.0  # seconds, the recipe's own


def quick(given: Sequence[str], seed: int, budget: float) -> Fitted:
    """The run of so many seconds, which is not kept."""
    with tempfile.TemporaryDirectory() as folder:
        options = {"train": {"time_budget": budget}, "data": {"unit": "char"}}  # the alphabet that is judged by
        run = moreish.train(given, seed=seed, options=options, out=Path(folder) / "run")
        assert run.model is not None  # read before the folder goes
    return run


def fit_with(budget: float) -> protocol.Fit:
    """A model of the recipe quick with this time budget; 0 reads only."""

    def fit(given: list[str], symbols: tuple[str, ...], seed: int) -> protocol.Score:
        run = quick(given, seed, budget)

        def score(items: list[str]) -> list[tuple[float, int]]:
            scored = run.score(items)
            return [(-each.score.logprob, protocol.symbols(each.item)) for each in scored]

        return score

    return fit


def make_with(budget: float) -> Callable[[list[str], tuple[str, ...], int, int], list[str]]:
    """Items of the recipe quick, known ones among them."""

    def make(given: list[str], symbols: tuple[str, ...], count: int, seed: int) -> list[str]:
        run = quick(given, seed, budget)
        return [item.text for item in run.more(count, seed=seed, unique=False)]

    return make
