"""From lists to a background net: training, then the gates on lists kept out of it."""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from moreish.background.gates import SIZES, gates_for
from moreish.background.train import BackgroundOptions, BackgroundTraining
from moreish.background.weights import Background, load

MOST_WEIGHING = 400  # items: a longer list is not drawn more often
MOST_SYMBOLS = 2500  # that occur most; items with others are left out
FEWEST_ITEMS = 12
HUNDREDS = 100  # lists: with fewer the net will hardly be of use
ENOUGH_FOR_GATES = 10  # lists, of which every fifth is kept for the gates; with fewer they are the bundled net's
KEPT_SHARE = 5
STRICTER = 0.15
"""Power added to the score of the classes: then pairs of classes that a list never has come as often in what is made
as in items left out of the list (dev: 1.3 % and 1.5 %; without it 2.7 %). It costs 0.002 nats."""

Tell = Callable[[str], None]


@dataclass(frozen=True)
class NamedList:
    """A list to train on: its items as rows of symbols, and how much more often than by its size it is drawn."""

    name: str
    items: Sequence[tuple[str, ...]]
    weight: float = 1.0

    @property
    def share(self) -> float:
        """How often it is drawn: with the square root of its size, as long as it is not very long."""
        return self.weight * math.sqrt(min(len(self.items), MOST_WEIGHING))


def make_background(
    lists: Sequence[NamedList],
    kept_out: Sequence[NamedList],
    options: BackgroundOptions,
    tell: Tell,
    sizes: Sequence[int] = SIZES,
    stop_requested: Callable[[], bool] = bool,
    begin: Background | None = None,
) -> Background:
    """A net trained on `lists`, its gates on `kept_out`; a request to stop ends the training early.

    begin : a net that the training goes on from, as many lists then do as there are

    Raises ValueError where there is nothing to train on.
    """
    usable = frequent(lists)
    if not usable:
        raise ValueError(f"no list has {FEWEST_ITEMS} items or more, so there is nothing to train on")
    if len(usable) < len(lists):
        tell(f"{len(lists) - len(usable)} lists have fewer than {FEWEST_ITEMS} items and are left out")
    if len(usable) < HUNDREDS and begin is None:
        tell(f"{len(usable)} list{'s' * (len(usable) != 1)} will hardly do: hundreds of many kinds are wanted")
    shares = [each.share for each in usable]
    training = BackgroundTraining([each.items for each in usable], shares, options, begin)
    tell(
        f"{len(usable):,} lists, {sum(len(each.items) for each in usable):,} items, {len(training.alphabet):,} "
        f"symbols made of {len(training.alphabet.features):,} features"
    )
    for report in training.run():
        tell(
            f"{report.seconds:,.0f} of {options.seconds:,.0f} s, {report.symbols:,} symbols read: "
            f"loss {report.loss:.3f}"
        )
        if stop_requested():
            tell("asked to stop: what was learned so far is kept")
            break
    return with_gates(training.result(), kept_out, options.seed, tell, sizes)


def with_gates(
    background: Background, kept_out: Sequence[NamedList], seed: int, tell: Tell, sizes: Sequence[int] = SIZES
) -> Background:
    """The net with gates that were fitted on these lists; those of the bundled one where they are too few."""
    rounded = background.in_half_precision()
    gates = {}
    for models, gate, loss in gates_for(rounded, [each.items for each in kept_out], seed, sizes):
        tell(f"gate of {models} model{'s' * (models > 1)}: loss {loss:.3f}")
        gates[models] = gate.stricter(STRICTER)
    return replace(rounded, gates=gates or load().gates)


def frequent(lists: Iterable[NamedList]) -> list[NamedList]:
    """Without items that have a rare symbol, and without lists that are too short then."""
    lists = list(lists)
    counts: Counter[str] = Counter()
    for each in lists:
        own = each.share / max(len(each.items), 1)
        for item in each.items:
            for symbol in item:
                counts[symbol] += own  # pyright: ignore[reportArgumentType]
    kept = {symbol for symbol, _ in counts.most_common(MOST_SYMBOLS)}
    found = [replace(each, items=[item for item in each.items if kept.issuperset(item)]) for each in lists]
    return [each for each in found if len(each.items) >= FEWEST_ITEMS]


def divided(lists: Sequence[NamedList]) -> tuple[list[NamedList], list[NamedList]]:
    """Lists to train on and lists for the gates: every fifth, where there are enough of them."""
    if len(lists) < ENOUGH_FOR_GATES:
        return list(lists), []
    return (
        [each for i, each in enumerate(lists) if i % KEPT_SHARE],
        [each for i, each in enumerate(lists) if not i % KEPT_SHARE],
    )
