"""From lists to a background net: training, then the gates on lists kept out of it."""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from moreish.background.gates import SIZES, gate_cases, gates_of
from moreish.background.train import BackgroundOptions, BackgroundTraining
from moreish.background.weights import Background, NetWeights, load

MOST_WEIGHING = 400  # items: a longer list is not drawn more often
MOST_SYMBOLS = 2500  # that occur most; items with others are left out
FEWEST_ITEMS = 12
HUNDREDS = 100  # lists: with fewer the net will hardly be of use
ENOUGH_FOR_GATES = 10  # lists, of which every fifth is kept for the gates; with fewer they are the bundled net's
KEPT_SHARE = 5
REPORTED = 50  # steps between two sentences
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
    made = _trained(usable, options, tell, stop_requested, begin)
    if stop_requested():
        tell("asked to stop: what was learned so far is kept, with the gates of the net that moreish comes with")
        return with_gates_of_bundled(made)
    return with_gates(made, kept_out, options.seed, tell, sizes, stop_requested)


def _trained(
    lists: Sequence[NamedList],
    options: BackgroundOptions,
    tell: Tell,
    stop_requested: Callable[[], bool],
    begin: Background | None,
) -> Background:
    """The nets, one after the other, without gates."""
    count = options.nets if begin is None else len(begin.nets)
    seconds = options.seconds / count
    features: dict[str, int] = {}
    nets: list[NetWeights] = []
    for number in range(count):
        own = replace(options, seconds=seconds)
        items, shares = [each.items for each in lists], [each.share for each in lists]
        training = BackgroundTraining(items, shares, own, begin, number)
        if not nets:
            features = training.alphabet.features
            tell(
                f"{len(lists):,} lists, {sum(map(len, items)):,} items, {len(training.alphabet):,} symbols made of "
                f"{len(features):,} features"
            )
        which = f"net {number + 1} of {count}: " if count > 1 else ""
        for report in training.run():
            if stop_requested():
                break
            if report.step % REPORTED == 0:
                spent = f"{report.seconds:,.0f} of {seconds:,.0f} s"
                tell(f"{which}{spent}, {report.symbols:,} symbols read: loss {report.loss:.3f}")
        nets.append(training.result())
        if stop_requested() and begin is None:
            break  # the others know nothing yet
    return Background(features, tuple(nets))


def with_gates(
    background: Background,
    kept_out: Sequence[NamedList],
    seed: int,
    tell: Tell,
    sizes: Sequence[int] = SIZES,
    stop_requested: Callable[[], bool] = bool,
) -> Background:
    """The net with gates that were fitted on these lists; those of the bundled one where they are too few.

    They are the bundled one's too where it is asked to stop meanwhile.
    """
    rounded = background.as_stored()
    cases = []
    if kept_out:
        tell(f"fitting gates on {len(kept_out)} lists that were kept out, which may take minutes")
    for case in gate_cases(rounded, [each.items for each in kept_out], seed, sizes):
        if stop_requested():
            tell("asked to stop: the gates are those of the net that moreish ships")
            return with_gates_of_bundled(background)
        cases.append(case)
    gates = {}
    for parts, gate, loss in gates_of(cases, len(rounded.nets), seed):
        tell(f"gate of {parts.models} model{'s' * (parts.models > 1)}: loss {loss:.3f}")
        gates[parts] = gate.stricter(STRICTER)
    return replace(rounded, gates=gates) if gates else with_gates_of_bundled(background)


def with_gates_of_bundled(background: Background) -> Background:
    """The net with the gates of the one that moreish ships."""
    return replace(background.as_stored(), gates=load().gates)


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
