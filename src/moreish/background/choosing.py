"""Which blend answers, and how strictly: chosen by how well each foretells items that its models were not made from.

A few items say little, so what is known of other lists counts as well. A blend with more models is hardly ever
worse, and is kept unless the items say otherwise by more than their standard error. A rule that none of thirty items
breaks may be broken by the next: it is as if one more item had broken it (Laplace's rule of succession).
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

import numpy as np
from jaxtyping import Float, Integer

from moreish.background.cases import Case
from moreish.background.gate import Gate
from moreish.background.lengths import Timing, nats_of, strictest
from moreish.background.outline import STRICTNESSES, Strictness

Name = Literal["counted", "read", "tuned"]
NAMES: tuple[Name, ...] = ("counted", "read", "tuned")  # the simplest first
TEMPERATURES = (0.8, 0.85, 0.9, 0.95, 1.0, 1.05, 1.1, 1.2)
FIRM, FIRM_ITEMS = 4.0, 10  # nats, and items measured, see `Measured`
WORTH = 0.003  # nats that a choice must gain to be made


class ByItem(NamedTuple):
    """Nats of each item, its end included, and over how many symbols they are."""

    nats: Float[np.ndarray, " items"]
    sizes: Integer[np.ndarray, " items"]

    @property
    def mean(self) -> float:
        """Nats a symbol."""
        return float(self.nats.sum() / self.sizes.sum())

    @property
    def error(self) -> float:
        """The standard error of the mean, where items are drawn whole; of one item there is none that is known."""
        n = len(self.nats)
        if n < 2:
            return math.inf
        residuals = self.nats - self.mean * self.sizes
        return math.sqrt(float((residuals**2).sum()) * n / (n - 1)) / float(self.sizes.sum())

    def beside(self, other: "ByItem") -> "ByItem":
        """By how much it is more than the other, which is of the same items."""
        return self._replace(nats=self.nats - other.nats)


@dataclass(frozen=True)
class Measured:
    """Mean nats a predicted symbol on items that the models were not made from, and its standard error.

    temperature, strictness, timing : those that were best; the loss is with them
    items, symbols : how many were measured
    by_item : the same item by item, to compare what was measured on the same ones
    firm : whether none of them left the order of the list's outlines, or so few that it is strict
    """

    loss: float
    error: float
    temperature: float
    items: int
    symbols: int
    by_item: ByItem = field(compare=False, repr=False)
    strictness: Strictness = Strictness()  # noqa: RUF009 (a tuple)
    timing: Timing = Timing()  # noqa: RUF009
    firm: bool = False

    @classmethod
    def of(
        cls,
        by_item: ByItem,
        temperature: float = 1.0,
        strictness: Strictness = Strictness(),  # noqa: B008
        timing: Timing = Timing(),  # noqa: B008
        firm: bool = False,
    ) -> "Measured":
        """What was measured of these items."""
        items, symbols = len(by_item.nats), int(by_item.sizes.sum())
        error = by_item.error if items > 1 else 0.0
        return cls(by_item.mean, error, temperature, items, symbols, by_item, strictness, timing, firm)


@dataclass(frozen=True)
class Choice:
    """Which blend answers, how sure it is, and how strictly it keeps to the list's outlines and lengths.

    firm : whether what is made keeps to the outlines in any case
    """

    name: Name
    temperature: float = 1.0
    strictness: Strictness = Strictness()  # noqa: RUF009 (a tuple)
    timing: Timing = Timing()  # noqa: RUF009
    firm: bool = False

    @classmethod
    def of(cls, name: Name, measured: Measured) -> "Choice":
        """This blend, as was best when it was measured."""
        return cls(name, measured.temperature, measured.strictness, measured.timing, measured.firm)


def choose(measured: Mapping[Name, Measured], best: Name, trusted: bool = True) -> Choice:
    """The blend of most models, a simpler one where that is as good or more than a standard error better.

    All were measured on the same items; `best` where nothing was.

    trusted : whether the richest is made as those were that proved better on nearly all other lists; else it is
        chosen only where it is measured to be better
    """
    if not measured:
        return Choice(best)
    names: list[Name] = [name for name in reversed(NAMES) if name in measured]
    chosen, *simpler = names
    for name in simpler:
        gain = measured[name].by_item.beside(measured[chosen].by_item)
        doubt = gain.error if trusted or chosen != names[0] else 0.0
        if gain.mean + doubt <= WORTH:
            chosen = name
    return Choice.of(chosen, measured[chosen])


def measure(case: Case, gate: Gate) -> Measured:
    """As strict as can be without foretelling worse, and at the best temperature.

    The nats that a rule would cost the one item that breaks it are spread over all symbols that are foretold.
    """
    one_more = 1 / len(case.targets)

    def most(of: Callable[[float], Strictness]) -> Strictness:
        means = np.array([case.foretold(gate, 1.0, of(s)).own.mean() - one_more * s for s in STRICTNESSES])
        return of(STRICTNESSES[int(np.flatnonzero(means >= means.max() - WORTH)[-1])])

    strict = most(lambda nats: Strictness(order=nats))
    strict = most(lambda nats: Strictness(strict.order, nats))
    foretold = case.foretold(gate, 1.0, strict)
    places, timing, nats = case.places, Timing(), None
    if places is not None:
        timing = strictest(
            lambda timing: one_more * sum(timing) - float(foretold.timed(nats_of(timing, places)).mean()), WORTH
        )
        nats = nats_of(timing, places)
    ends = np.flatnonzero(case.targets == 0)

    def by_item(temperature: float) -> ByItem:
        warmed = case.foretold(gate, temperature, strict)
        losses = -(warmed.own if nats is None else warmed.timed(nats)).astype(np.float64)
        return ByItem(np.add.reduceat(losses, np.append(0, ends[:-1] + 1)), np.diff(np.append(-1, ends)))

    found = {temperature: by_item(temperature) for temperature in TEMPERATURES}
    best = min(TEMPERATURES, key=lambda temperature: found[temperature].mean)
    gain = found[1.0].beside(found[best])
    if gain.mean < max(WORTH, gain.error):
        best = 1.0
    return Measured.of(found[best], best, strict, timing, _is_firm(case, strict, len(ends)))


def _is_firm(case: Case, strict: Strictness, items: int) -> bool:
    """Of so many items that were measured."""
    if case.strays is None:
        return False
    left = case.strays[np.arange(len(case.targets)), case.targets].any()
    return strict.order >= FIRM or (items >= FIRM_ITEMS and not left)
