"""How long a list's items are, and how strictly a blend keeps to that.

A blend of models that see letters ends too soon and too late: what it makes has the list's mean length and too wide a
spread, the more so the longer the items are. So the odds of the end are raised behind the median length and lowered
before it, by as many nats as cross-validation allows: items held out are foretold as well as without.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Integer

STRENGTHS = (0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0)  # nats at the shortest and at the longest length
FARTHEST = 4.0  # times those nats, far before and behind them
PLACES = 512  # that differ


class Lengths(NamedTuple):
    """Of a list's items, in symbols."""

    shortest: int
    median: float
    longest: int

    @classmethod
    def of(cls, lengths: Integer[np.ndarray, " items"]) -> "Lengths":
        """Of at least one item."""
        return cls(int(lengths.min()), float(np.median(lengths)), int(lengths.max()))

    def beyond(self) -> Float[np.ndarray, "2 PLACES"]:
        """After 0, 1, 2, ... symbols: how far before the median, as a negative number, and how far behind it.

        1 stands for the way to one symbol less than the shortest, and to one more than the longest.
        """
        place = np.arange(PLACES)
        before = (self.median - place) / (self.median - self.shortest + 1)
        behind = (place - self.median) / (self.longest - self.median + 1)
        return np.stack([-before.clip(0, FARTHEST), behind.clip(0, FARTHEST)])


class Timing(NamedTuple):
    """By how many nats the end is less likely at the shortest length, and more likely at the longest."""

    early: float = 0.0
    late: float = 0.0


def timed(
    logprobs: Float[np.ndarray, "N V"], nats: Float[np.ndarray, " N"], end: int = 0
) -> Float[np.ndarray, "N V"]:
    """The distributions with so many nats more for the end."""
    whole = logprobs.astype(np.float64)
    whole[:, end] += nats
    whole -= np.log1p(np.exp(logprobs[:, end].astype(np.float64)) * np.expm1(nats))[:, None]
    return whole.astype(logprobs.dtype)


def timed_targets(
    own: Float[np.ndarray, " N"],
    end: Float[np.ndarray, " N"],
    ends: Bool[np.ndarray, " N"],
    nats: Float[np.ndarray, " N"],
) -> Float[np.ndarray, " N"]:
    """The same of the targets alone, of which `own` are the log probabilities and `end` those of the end there."""
    return own + ends * nats - np.log1p(np.exp(end) * np.expm1(nats))


def strictest(loss: Callable[[Timing], float], worth: float) -> Timing:
    """As strict as can be with a loss that is at most `worth` above the best."""

    def most(of: Callable[[float], Timing]) -> float:
        losses = [loss(of(strength)) for strength in STRENGTHS]
        return max(s for s, each in zip(STRENGTHS, losses, strict=True) if each <= min(losses) + worth)

    late = most(lambda s: Timing(0.0, s))
    early = most(lambda s: Timing(s, late))
    return Timing(early, most(lambda s: Timing(early, s)))


def nats_of(timing: Timing, beyond: Float[np.ndarray, "2 N"]) -> Float[np.ndarray, " N"]:
    """What the end gets at these places."""
    return np.asarray(timing) @ beyond


def places_in(items: Sequence[Integer[np.ndarray, " _"]]) -> Integer[np.ndarray, " N"]:
    """How many symbols stand before each predicted one, the ends included."""
    return np.concatenate([np.arange(len(item) + 1) for item in items])
