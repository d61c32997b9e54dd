"""Few items: the background net reads the list and is trained on by it, blended with the list's own n-gram.

What can be measured is measured by cross-validation, so that every list of ten or more gets an honest loss and no
item is lost for it. `FewFitting` answers as `fit.Fitting` does.
"""

import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

from msgspec import Struct, to_builtins

from moreish.background.blend import Blend
from moreish.background.cases import Case
from moreish.background.listening import Choice, Listening, Measured, Name, choose
from moreish.background.parts import Items
from moreish.background.reader import Cell
from moreish.background.weights import find, share_seen
from moreish.data import Corpus, Split
from moreish.errors import RunError
from moreish.fitting.fit import Snapshot
from moreish.fitting.fitted import sampling_index
from moreish.fitting.kinds_of_few import items_of
from moreish.fitting.serialize import to_tensors
from moreish.inference.asking import Asked, Request
from moreish.models.contract import LanguageModel
from moreish.recipes import BackgroundChoice, Config
from moreish.rng import rng_for
from moreish.runs import events
from moreish.runs.schema import Count, Seconds, checked

if TYPE_CHECKING:
    from moreish.background.tune import TuneOptions

SHOWN = 20  # items made as soon as the list was read
FEWEST_COMPARED = 5  # items by which it is decided whether training on helped
MEASURING = 1.5  # how much longer it takes to measure the nets that were trained on, than those that only read
WHOLE = 1.3  # how much longer the training by the whole list takes than that of a fold
RESERVE = 0.15  # of the time budget, kept for measuring and for the last reading
UNLIMITED = 15.0  # seconds, where no time budget was given
STEPS_A_LOOK = 4  # updates between two events


class FewState(Struct, frozen=True):
    """What a snapshot says beside tensors."""

    model: dict[str, object]
    ended: bool
    steps: Count
    seconds: Seconds


def heard(corpus: Corpus, choice: BackgroundChoice) -> tuple[Blend, Measured | None]:
    """The blend of what was counted in a list and of the background net that read it, and how well it foretells."""
    listening = listening_to(corpus, choice, seed=0)
    measured = listening.measured(listening.read_cases())
    best = choose(measured, "read" if listening.helps else "counted")
    return listening.blend(best), measured.get(best.name)


class HeardKinds(Sequence[Blend]):
    """What the background net makes of each kind of a list, read when it is first asked for."""

    def __init__(self, corpus: Corpus, choice: BackgroundChoice) -> None:
        self._corpus, self._choice = corpus, choice
        self._heard: dict[int, Blend] = {}

    def __len__(self) -> int:
        return len(self._corpus.kinds)

    def __getitem__(self, kind: int) -> Blend:  # pyright: ignore[reportIncompatibleMethodOverride]
        kind = range(len(self))[kind]
        if kind not in self._heard:
            self._heard[kind] = heard(self._corpus.only(kind), self._choice)[0]
        return self._heard[kind]


@dataclass
class FewFitting:
    """A list with few items, and what was made of it so far: the last of `done`."""

    corpus: Corpus
    config: Config
    ended: bool = False
    val_loss: float | None = None
    step: int = 0
    before: int = (
        0  # steps of a training that was interrupted; what begins anew is counted on, so none is saved twice
    )
    done: list[LanguageModel] = field(default_factory=list)
    _began: float = field(default_factory=time.monotonic)

    @property
    def val(self) -> Split | None:
        """The part that was set aside by whoever asked for one; what is chosen is chosen on it."""
        val = self.corpus.split("val")
        return val if len(val) else None

    @property
    def seconds(self) -> float:
        """How long it has been fitted."""
        return time.monotonic() - self._began

    def stood_still(self, seconds: float) -> None:
        """Since the last event somebody let it stand still for so long, which is no time of training."""
        self._began += seconds

    @property
    def budget(self) -> float:
        """Seconds for all of it; 0: the list is only read."""
        budget = self.config.train.time_budget
        return UNLIMITED if budget is None else budget

    @cached_property
    def listening(self) -> Listening:
        """The list and the background net. Raises ValueError where the net is not there."""
        options = self.config.model.options
        assert isinstance(options, BackgroundChoice)
        return listening_to(self.corpus, options, self.config.seed)

    @cached_property
    def seen(self) -> float:
        """Which share of the items the background net was trained on, as far as it says so."""
        options = self.config.model.options
        assert isinstance(options, BackgroundChoice)
        return round(share_seen(options.weights, list(self.corpus.items)), 4)

    def model(self) -> LanguageModel:
        """The best that there is so far."""
        return self.done[-1]

    def fit(self) -> Iterator[events.Event]:
        """Read, make first items, measure, train on, measure again; the last event is `Fitted`."""
        listening = self.listening
        best: Name = "read" if listening.helps else "counted"
        self.done.append(listening.first_blend())
        yield events.Counted(listening.order, None, round(self.seconds, 3))
        rng = rng_for(self.config.seed, "sampling", sampling_index(self.corpus))
        first = Asked(self.model(), self.corpus, Request(new_only=True)).items(SHOWN, rng)
        yield events.Samples(0, [item.text for item in first])
        began = time.monotonic()
        measured = listening.measured(listening.read_cases())
        measuring = (time.monotonic() - began) * MEASURING
        choice = choose(measured, best)
        tuned: list[Cell] = []
        if self.budget > 0 and listening.helps and len(listening.items) > 1:
            if found := measured.get(choice.name):
                self.done.append(listening.blend(choice))
                yield self._validated(choice, measured, found)
            whole = dict(measured)
            tuned = yield from self._tune(measured, measuring)
            choice, measured = compared(whole, measured)
        self.done.append(listening.blend(choice, tuned))
        if found := measured.get(choice.name):
            self.val_loss = found.loss
            yield self._validated(choice, measured, found)
        self.ended = True
        yield events.Fitted(self.step, self.val_loss)

    def _tune(self, measured: dict[Name, Measured], measuring: float) -> Generator[events.Event, None, list[Cell]]:
        """Train on for as many folds as the time allows, then by the whole list; what was measured is added.

        As many nets are trained on as there is time for. measuring : seconds that will be needed to measure all folds
        """
        from moreish.background.tune import TuneOptions, seconds_a_step

        listening = self.listening
        base = TuneOptions.for_list(listening.items, self.config.seed)
        pace = seconds_a_step(listening.background.nets[0], listening.rows[0], listening.items, base)
        left = self.budget - self.seconds - measuring
        plan = planned(base, listening.items, len(listening.folds), left, pace, len(listening.background.nets))
        cases: list[Case] = []
        begun = self.seconds
        of = plan.nets * (plan.folds + (not listening.held_out))
        for k, fold in enumerate(listening.folds[: plan.folds]):
            if k and self.seconds + (self.seconds - begun) / k * (1 + WHOLE) > self.budget:
                break  # slower than planned: one more fold would leave no time for the whole list
            options = replace(base, passes=plan.passes, seed=self.config.seed + k + 1)
            cells = yield from self._all_trained(plan.nets, plan.nets * k, of, fold.kept, options)
            cases.append(listening.case(k, cells))
            if listening.held_out:  # then the fold is the whole list
                measured |= listening.measured(cases)
                return cells
        if cases:
            measured |= listening.measured(cases)
        options = replace(base, passes=plan.passes)
        return (yield from self._all_trained(plan.nets, plan.nets * len(cases), of, listening.items, options))

    def _all_trained(
        self, nets: int, k: int, of: int, items: Items, options: "TuneOptions"
    ) -> Generator[events.Event, None, list[Cell]]:
        """So many nets, each trained on by these items; k trainings came before."""
        cells: list[Cell] = []
        for net in range(nets):
            cells += [(yield from self._trained(net, k + net, of, items, options))]
        return cells

    def _trained(
        self, net: int, k: int, of: int, items: Items, options: "TuneOptions"
    ) -> Generator[events.Event, None, Cell]:
        """The k-th of the trainings, of this net on a fold or on the whole list: every few updates an event.

        Each counts as a component, because it begins where the others began.
        """
        from moreish.background.tune import parameters, tune

        weights, rows = self.listening.background.nets[net], self.listening.rows[net]
        training = tune(weights, rows, items, options)
        steps = options.steps(sum(len(item) + 1 for item in items))
        yield events.Network(k + 1, of, "background", parameters(rows, weights), 1, self.step, k)
        before, tokens = self.step, 0
        while True:
            try:
                made = next(training)
            except StopIteration as end:
                return end.value
            self.step, tokens = self.step + 1, tokens + made.tokens
            if self.step % STEPS_A_LOOK == 0:
                progress = min((self.step - before) / steps, 1.0)
                yield events.Step(self.step, made.loss, made.lr, tokens, round(self.seconds, 3), progress, k)
                tokens = 0

    def _validated(self, choice: Choice, measured: Mapping[Name, Measured], best: Measured) -> events.CrossValidated:
        return events.CrossValidated(
            chosen=choice.name,
            loss=best.loss,
            error=best.error,
            temperature=choice.temperature,
            items=best.items,
            symbols=best.symbols,
            losses={name: each.loss for name, each in measured.items()},
            step=self.step,
            on="val" if self.listening.held_out else "folds",
            strictness=choice.strictness,
            timing=choice.timing,
            seen=0.0 if choice.name == "counted" else self.seen,
        )

    def snapshot(self) -> Snapshot:
        """Everything as it stands now; what is being trained begins anew when it is gone on with."""
        tensors, described = to_tensors(self.model())
        state = to_builtins(FewState(described, self.ended, self.step, self.seconds))
        return Snapshot(self.step, tensors, None, state, self.val_loss)

    @classmethod
    def restore(cls, corpus: Corpus, config: Config, state: Mapping[str, object]) -> "FewFitting":
        """A fitting that begins anew: all of it takes no longer than a pause. Raises Damaged for another's state."""
        found = checked(state, FewState, "the state of the training")
        return cls(corpus, config, step=found.steps, before=found.steps)


def compared(whole: Mapping[Name, Measured], again: Mapping[Name, Measured]) -> tuple[Choice, dict[Name, Measured]]:
    """The blend that is kept, and what is said of all: `whole` before, `again` on the folds that were trained for.

    They are compared on the same items. Where those are too few to choose by, it is as it was before. Where a blend
    is kept that was measured on all folds those figures stand, and that of the net trained on is moved by as much as
    the folds it was measured on are harder for the net that only read.
    """
    tuned = again.get("tuned")
    if not whole or tuned is None:
        return (choose(whole, "read"), dict(whole)) if whole else (Choice("tuned"), {})
    choice = choose(again, "tuned")
    if choice.name == "tuned" and tuned.items >= FEWEST_COMPARED:
        return choice, dict(again)
    moved = replace(tuned, loss=tuned.loss + whole["read"].loss - again["read"].loss)
    return choose(whole, "read"), {**whole, "tuned": moved}


@dataclass(frozen=True)
class Plan:
    """What there is time for: so many folds, each and the whole list with so many passes of so many nets."""

    folds: int
    passes: float
    nets: int = 1


def planned(options: "TuneOptions", items: Items, folds: int, seconds: float, pace: float, nets: int = 1) -> Plan:
    """As many folds as `seconds` allow at this pace (seconds a step of one net), one at least.

    All nets where one fold fits with them; else one net, with fewer passes where no fold fits.
    """
    symbols = sum(len(item) + 1 for item in items)
    left = (1 - RESERVE) * max(seconds, 0.0)

    def steps(count: int, passes: float) -> int:
        tuned = replace(options, passes=passes)
        part = round(symbols * (folds - 1) / folds) if folds else 0
        return count * tuned.steps(part) + tuned.steps(symbols)

    least = min(folds, 1)
    for trained in dict.fromkeys((nets, 1)):
        for count in range(folds, least - 1, -1):
            if trained * pace * steps(count, options.passes) <= left:
                return Plan(count, options.passes, trained)
    passes = options.passes * min(1.0, left / (pace * steps(least, options.passes)))
    return Plan(least, max(passes, 1.0))


def listening_to(corpus: Corpus, options: BackgroundChoice, seed: int) -> Listening:
    """The items that a corpus trains on, and the background net that is asked for.

    Raises ValueError where there is no such net, and RunError where it is another than the one that was written down.
    """
    background = find(options.weights)
    if options.hash not in ("", background.hash):
        raise RunError(f"the background net {options.weights} is not the one that this was begun with: begin anew")
    vocab = corpus.vocab
    items, held_out = items_of(corpus.split("train")), items_of(corpus.split("val"))
    letters = vocab.unit != "word"
    return Listening(background, vocab.symbols, items, options.orders, seed, letters, held_out)
