"""Checks of data before any training: leaks, duplicates, targets, padding, symbols that never occur."""

from collections.abc import Hashable, Sequence

from jaxtyping import Int
from torch import Tensor

from moreish.doctor.frames.history import History
from moreish.doctor.judge.diagnosis import judge
from moreish.doctor.judge.finding import Finding
from moreish.doctor.judge.rules.data import Batch, Samples, Split, Symbols


def check_split(train: Sequence[Hashable], val: Sequence[Hashable]) -> list[Finding]:
    """Whether val is train (F31), more of it leaks than chance explains (F26), items repeat (F27)."""
    return judge(Split(train, val), ["split"]) if len(train) and len(val) else []


def check_batch(
    inputs: Int[Tensor, "B T"], targets: Int[Tensor, "..."], classes: int, padding: int = 0
) -> list[Finding]:
    """Targets that are the last input (F25) or have nothing to do with it (F24), and contexts of padding (F50).

    `targets` are (B,), or (B, T) for all places. Wants 600 pairs or more for F24: give many rows.
    """
    history = History()
    history.counts.pair(inputs.cpu(), targets.cpu(), classes)
    return [*judge(history, ["pairs"]), *judge(Batch(inputs, padding), ["batch"])]


def check_symbols(targets: Int[Tensor, " N"], symbols: Sequence[str]) -> list[Finding]:
    """Symbols of the vocabulary that are never a target in training (F48)."""
    return judge(Symbols(targets, symbols), ["symbols"])


def check_samples(
    samples: Sequence[Hashable], train: Sequence[Hashable], held_out: Sequence[Hashable]
) -> list[Finding]:
    """Whether what is sampled stands in the training list far more often than in a held-out one of equal size (F49).

    A model that invents hits both lists at the same rate; memory hits the training list only. Fewer than 50 samples,
    or a training list below 200 items, are not judged.
    """
    return judge(Samples(samples, train, held_out), ["samples"])
