"""What a background net reads while it is trained: lists as streams, in lanes side by side."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Integer

from moreish.background.alphabet import Alphabet

LONGEST_EPISODE = 40  # stretches


@dataclass(frozen=True)
class TrainingList:
    """A list as one array: its items' ids, each with a boundary behind it."""

    ids: Integer[np.ndarray, " N"]
    ends: Integer[np.ndarray, " items"]
    weight: float


@dataclass(frozen=True)
class Changes:
    """Shares of the episodes that are read in lower case, in upper case, and with letters exchanged for others."""

    lower: float = 0.1
    upper: float = 0.04
    exchanged: float = 0.1


def training_lists(
    lists: Sequence[Sequence[Sequence[str]]], weights: Sequence[float], alphabet: Alphabet
) -> list[TrainingList]:
    """The lists as ids."""
    found = []
    for items, weight in zip(lists, weights, strict=True):
        ids = [[*(alphabet.number[s] for s in item), 0] for item in items]
        ends = np.cumsum([len(i) for i in ids])
        found.append(TrainingList(np.concatenate([np.array(i) for i in ids]), ends, weight))
    return found


def episodes(
    lists: Sequence[TrainingList], alphabet: Alphabet, length: int, changes: Changes, rng: np.random.Generator
) -> Iterator[Integer[np.ndarray, " N"]]:
    """Streams of k * length + 1 ids, without end: items of one list in random order, k at random."""
    weights = np.array([each.weight for each in lists])
    weights /= weights.sum()
    lower, upper = alphabet.mapped(str.lower), alphabet.mapped(str.upper)
    while True:
        chosen = lists[rng.choice(len(lists), p=weights)]
        longest = max(1, len(chosen.ids) // length)
        stretches = min(longest, int(np.exp(rng.uniform(0, np.log(LONGEST_EPISODE)))))
        ids = _shuffled(chosen, stretches * length + 1, rng)
        luck = rng.random()
        if luck < changes.lower:
            ids = lower[ids]
        elif luck < changes.lower + changes.upper:
            ids = upper[ids]
        elif luck < changes.lower + changes.upper + changes.exchanged:
            ids = alphabet.exchanged(rng)[ids]
        yield ids


def _shuffled(chosen: TrainingList, wanted: int, rng: np.random.Generator) -> Integer[np.ndarray, " wanted"]:
    """The boundary, then items of the list in random order, from the start again where they do not suffice."""
    begins = np.append(0, chosen.ends[:-1])
    stream, size = [np.zeros(1, np.int64)], 1
    while size < wanted:
        for i in rng.permutation(len(chosen.ends)):
            stream.append(chosen.ids[begins[i] : chosen.ends[i]])
            size += len(stream[-1])
            if size >= wanted:
                break
    return np.concatenate(stream)[:wanted]


class Stretch(NamedTuple):
    """What is read at once.

    symbols : (U,) the alphabet's ids of those that occur in the lanes' episodes; x and y number them
    x, y : (B, length)
    impossible : (B, U), 0 for the symbols of a lane's episode and -inf for the others
    fresh : (B,) lanes in which an episode begins
    """

    symbols: Integer[np.ndarray, " U"]
    x: Integer[np.ndarray, "B T"]
    y: Integer[np.ndarray, "B T"]
    impossible: Float[np.ndarray, "B U"]
    fresh: Bool[np.ndarray, " B"]


class Lanes:
    """Episodes side by side, a stretch of each at a time."""

    def __init__(self, source: Iterator[Integer[np.ndarray, " N"]], lanes: int, length: int) -> None:
        self.source, self.length = source, length
        self.streams: list[np.ndarray] = [np.zeros(1, np.int64)] * lanes
        self.alphabets: list[np.ndarray] = [np.zeros(1, np.int64)] * lanes
        self.at = [0] * lanes

    def __iter__(self) -> Iterator[Stretch]:
        while True:
            yield self._next()

    def _next(self) -> Stretch:
        count = len(self.streams)
        fresh = np.zeros(count, bool)
        block = np.empty((count, self.length + 1), np.int64)
        for lane in range(count):
            if self.at[lane] + self.length >= len(self.streams[lane]):
                self.streams[lane], self.at[lane] = next(self.source), 0
                self.alphabets[lane] = np.unique(self.streams[lane])
                fresh[lane] = True
            at = self.at[lane]
            block[lane] = self.streams[lane][at : at + self.length + 1]
            self.at[lane] = at + self.length
        symbols = np.unique(np.concatenate(self.alphabets))
        impossible = np.full((count, len(symbols)), -np.inf, np.float32)
        for lane, own in enumerate(self.alphabets):
            impossible[lane, np.searchsorted(symbols, own)] = 0
        block = np.searchsorted(symbols, block)
        return Stretch(symbols, block[:, :-1], block[:, 1:], impossible, fresh)
