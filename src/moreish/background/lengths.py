"""How long a list's items are, and how strictly a blend keeps to that.

A blend of models that see letters ends too soon and too late: what it makes has the list's mean length and too wide a
spread, the more so the longer the items are. So the odds of the end are raised behind the median length and lowered
before it, by as many nats as cross-validation allows: items held out are foretold as well as without. So are those of
the symbols that close an item, and the end is made less likely where no item of the list ends (see `endings`).
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Integer

from moreish.background.endings import Endings
from moreish.background.template import Remaining

STRENGTHS = (0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0)  # nats at the shortest and at the longest length
FARTHEST = 4.0  # times those nats, far before and behind them
PLACES = 512  # that differ
TINY = 1e-12  # probability that is left for what neither ends nor closes


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
    """By how many nats ends are more or less likely than the models of a blend hold them.

    early, late : less likely at the shortest length, more likely at the longest: the end, and what closes an item
    odd : less likely the end, behind a symbol of a class that none of the list's items ends in
    closing : more likely what closes an item; models that have seen it thirty times, and letters a thousand, doubt it
    """

    early: float = 0.0
    late: float = 0.0
    odd: float = 0.0
    closing: float = 0.0


class Places(NamedTuple):
    """What is known of places where a symbol is foretold.

    beyond : how far each is from the median length (see `Lengths.beyond`)
    odd : whether no item of the list ends behind such a symbol as stands before it
    closing : the symbols that close an item
    last : the id that ends an item there, which is 0 but where another begins the ending that all have
    """

    beyond: Float[np.ndarray, "2 N"]
    odd: Bool[np.ndarray, " N"]
    closing: Bool[np.ndarray, "N V"]
    last: Integer[np.ndarray, " N"]


class Nats(NamedTuple):
    """By how many nats the end is more likely at each place, and by how many each symbol that closes an item."""

    end: Float[np.ndarray, " N"]
    closing: Float[np.ndarray, " N"]


def timed(logprobs: Float[np.ndarray, "N V"], nats: Nats, places: Places) -> Float[np.ndarray, "N V"]:
    """The distributions with so many nats more for what ends an item there and for what closes it."""
    whole = logprobs.astype(np.float64)
    whole += np.where(places.closing, nats.closing[:, None], 0)
    whole[np.arange(len(whole)), places.last] += nats.end
    return (whole - np.logaddexp.reduce(whole, 1)[:, None]).astype(logprobs.dtype)


class Foretold(NamedTuple):
    """Log probabilities: of the symbols that come, of what ends an item, of all that closes; and which it was."""

    own: Float[np.ndarray, " N"]
    end: Float[np.ndarray, " N"]
    closing: Float[np.ndarray, " N"]
    ends: Bool[np.ndarray, " N"]
    closes: Bool[np.ndarray, " N"]

    @classmethod
    def of(
        cls, logprobs: Float[np.ndarray, "N V"], targets: Integer[np.ndarray, " N"], places: Places | None = None
    ) -> "Foretold":
        """Of these symbols by these distributions; nothing closes where the places are not known."""
        logprobs, rows = logprobs.astype(np.float64), np.arange(len(targets))
        closing = np.zeros(logprobs.shape, bool) if places is None else places.closing
        last = np.zeros(len(targets), np.int64) if places is None else places.last
        own, end = logprobs[rows, targets], logprobs[rows, last]
        return cls(own, end, _mass(logprobs, closing), targets == last, closing[rows, targets])

    def timed(self, nats: Nats) -> Float[np.ndarray, " N"]:
        """The symbols' by the distributions that `timed` makes."""
        ending = np.exp(self.end) + np.exp(self.closing)
        rest = np.log((1 - ending).clip(TINY))
        total = np.logaddexp(np.logaddexp(rest, self.end + nats.end), self.closing + nats.closing)
        return self.own + self.ends * nats.end + self.closes * nats.closing - total


def _mass(logprobs: Float[np.ndarray, "N V"], closing: Bool[np.ndarray, "N V"]) -> Float[np.ndarray, " N"]:
    """The log probability of all that closes."""
    with np.errstate(divide="ignore"):  # none does
        return np.log(np.where(closing, np.exp(logprobs), 0).sum(1))


def strictest(loss: Callable[[Timing], float], worth: float) -> Timing:
    """As strict as can be with a loss that is at most `worth` above the best; `closing` as foretells best."""

    def most(of: Callable[[float], Timing]) -> float:
        losses = [loss(of(strength)) for strength in STRENGTHS]
        return max(s for s, each in zip(STRENGTHS, losses, strict=True) if each <= min(losses) + worth)

    odd = most(lambda s: Timing(odd=s))
    closing = min(STRENGTHS, key=lambda s: loss(Timing(odd=odd, closing=s)))
    late = most(lambda s: Timing(0.0, s, odd, closing))
    early = most(lambda s: Timing(s, late, odd, closing))
    return Timing(early, most(lambda s: Timing(early, s, odd, closing)), odd, closing)


def nats_of(timing: Timing, places: Places) -> Nats:
    """What the end and what closes get at these places."""
    nats = np.asarray(timing[:2]) @ places.beyond
    return Nats(nats - timing.odd * places.odd, nats + timing.closing)


def places_in(
    items: Sequence[Integer[np.ndarray, " _"]], lengths: Lengths, endings: Endings, remaining: Remaining | None = None
) -> Places:
    """Those of these items, their ends included, seen from a list of such lengths and endings."""
    place = np.concatenate([np.arange(len(item) + 1) for item in items])
    before = np.concatenate([np.append(0, item) for item in items]).astype(np.int64)
    return places_at(place, before, lengths.beyond(), endings, remaining)


def places_at(
    place: Integer[np.ndarray, " N"],
    before: Integer[np.ndarray, " N"],
    beyond: Float[np.ndarray, "2 PLACES"],
    endings: Endings,
    remaining: Remaining | None = None,
) -> Places:
    """Those after so many symbols, of which the last is known; what closes may open, too, and comes first then.

    Where all items end in the same, what begins that ends the item, and the rest of it counts for its length.
    """
    closing, odd = endings.closing & (place > 0)[:, None], ~endings.last[before]
    last = np.zeros(len(place), np.int64)
    if remaining is not None:
        last, place = remaining.instead, place + remaining.missing
        odd &= last == 0
        closing[np.arange(len(last)), last] = False
    return Places(beyond[:, np.minimum(place, PLACES - 1)], odd, closing, last)


def joined_places(parts: Sequence[Places]) -> Places:
    """Several as one."""
    beyond, odd, closing, last = zip(*parts, strict=True)
    return Places(np.concatenate(beyond, 1), np.concatenate(odd), np.concatenate(closing), np.concatenate(last))
