"""Few items: the background net reads the list and is trained on by it, blended with the list's own n-gram.

What can be measured is measured by cross-validation, so that every list of ten or more gets an honest loss and no
item is lost for it. `FewFitting` answers as `fit.Fitting` does.
"""

import math
import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

from msgspec import Struct, to_builtins

from moreish.background.blend import Blend
from moreish.background.choosing import Choice, Measured, Name, choose
from moreish.background.listening import Listening
from moreish.background.parts import FOLDS
from moreish.background.reader import Cell
from moreish.background.weights import find, share_seen
from moreish.data import Corpus, Split
from moreish.errors import RunError
from moreish.fitting.cores import usable_cores
from moreish.fitting.fit import Snapshot
from moreish.fitting.fitted import sampling_index
from moreish.fitting.kinds_of_few import items_of, repeated_items_of
from moreish.fitting.plan import FEWEST_PASSES, Sizes, Task, Trainings, late
from moreish.fitting.pool import Helpers
from moreish.fitting.serialize import to_tensors
from moreish.inference.asking import Asked, Request
from moreish.models.contract import LanguageModel
from moreish.recipes import BackgroundChoice, Config
from moreish.rng import rng_for
from moreish.runs import events
from moreish.runs.schema import Count, Seconds, checked
from moreish.threads import torch_on_one_core

if TYPE_CHECKING:
    from moreish.background.tune import TuneOptions, TuneStep, Tuning

SHOWN = 20  # items made as soon as the list was read
MEASURING = 1.5  # how much longer it takes to measure the nets that were trained on, than those that only read
UNLIMITED = 15.0  # seconds, where no time budget was given
STEPS_A_LOOK = 4  # updates between two events
MOST_PROCESSES = 4  # each loads torch, some 300 MB


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
    _trained_share: float = 0.0  # of all trainings that are of use
    _whole_budget: float = 0.0  # seconds that would allow all of them

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

    @property
    def _sizes(self) -> Sizes:
        folds = self.listening.folds
        whole = sum(len(item) + 1 for item in self.listening.items)
        return Sizes(whole, sum(len(item) + 1 for item in folds[0].kept) if folds else whole, len(folds))

    @property
    def _processes(self) -> int:
        """That train at the same time, this one among them."""
        trainings = (1 + FOLDS) * len(self.listening.background.nets)
        return min(self.config.train.processes or usable_cores(), MOST_PROCESSES, trainings)

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
        trains_on = self.budget > 0 and listening.helps and len(listening.items) > 1
        with Helpers(self._processes - 1 if trains_on else 0) as helpers:
            began = time.monotonic()
            measured = listening.measured(listening.read_cases())
            measuring = (time.monotonic() - began) * MEASURING
            choice = choose(measured, best)
            tuned: list[Cell] = []
            if trains_on:
                if found := measured.get(choice.name):
                    self.done.append(listening.blend(choice))
                    yield self._validated(choice, measured, found)
                whole = dict(measured)
                tuned, trusted = yield from self._tune(measured, measuring, helpers)
                choice, measured = compared(whole, measured, trusted)
        self.done.append(listening.blend(choice, tuned))
        if found := measured.get(choice.name):
            self.val_loss = found.loss
            yield self._validated(choice, measured, found)
        self.ended = True
        yield events.Fitted(self.step, self.val_loss)

    def _tune(
        self, measured: dict[Name, Measured], measuring: float, helpers: Helpers
    ) -> Generator[events.Event, None, tuple[list[Cell], bool]]:
        """Train on for as many folds as the time allows, then by the whole list; what was measured is added.

        As many nets are trained on as there is time for, and whether with passes enough is said with them.

        measuring : seconds that will be needed to measure all folds
        """
        from moreish.background.tune import TuneOptions, seconds_a_step

        listening = self.listening
        base = TuneOptions.for_list(listening.items, self.config.seed)
        with torch_on_one_core():
            pace = seconds_a_step(listening.background.nets[0], listening.rows[0], listening.items, base)
        trainings = Trainings(base, self._sizes, pace, len(listening.background.nets), 1 + len(helpers))
        before = self.seconds + measuring
        plan = trainings.planned(self.budget - before)
        todo, cells = plan.tasks, dict[Task, Cell]()
        of, begun = len(todo), self.seconds
        while todo:
            left, rounds = self.budget - self.seconds - measuring, len(cells) / (1 + len(helpers))
            if cells and late(todo, (self.seconds - begun) / rounds, left, 1 + len(helpers)):
                todo = [task for task in todo if task.fold is None]
            count = 1 + len(helpers)
            together, todo = todo[:count], todo[count:]
            cells |= yield from self._trained_together(
                together, len(cells), of, replace(base, passes=plan.passes), helpers
            )
        self._trained_share = share = trainings.share([*cells], plan.passes)
        self._whole_budget = trainings.budget(before, (self.seconds - begun) / share)
        by_fold = {task.fold: [cells[each] for each in cells if each.fold == task.fold] for task in cells}
        if cases := [listening.case(fold, own) for fold, own in by_fold.items() if fold is not None]:
            measured |= listening.measured(cases)
        return by_fold.get(None) or by_fold[0], plan.passes >= FEWEST_PASSES * base.passes

    def _trained_together(
        self, tasks: Sequence[Task], k: int, of: int, options: "TuneOptions", helpers: Helpers
    ) -> Generator[events.Event, None, dict[Task, Cell]]:
        """All of these, the first of them here, the others by who helps; k trainings came before."""
        from moreish.background.tune import Tuning, parameters, tuned

        background, rows = self.listening.background, self.listening.rows
        trainings, begun = list[Tuning](), list[int | None]()
        for i, (fold, net) in enumerate(tasks):
            items = self.listening.items if fold is None else self.listening.folds[fold].kept
            seed = options.seed if fold is None else options.seed + fold + 1
            training = Tuning(background.nets[net], rows[net], items, replace(options, seed=seed))
            trainings.append(training)
            begun.append(helpers.begin(tuned, training) if i else None)
            size = parameters(training.symbols, training.weights)
            yield events.Network(k + i + 1, of, "background", size, 1, self.step, k + i)
        cells: dict[Task, Cell] = {}
        for i, (task, training, number) in enumerate(zip(tasks, trainings, begun, strict=True)):
            if number is None or (found := helpers.result(number)) is None:
                cells[task] = yield from self._trained(k + i, training)
                continue
            cells[task], steps, last = found
            self.step += steps
            yield self._stepped(k + i, last, 1.0, steps * last.tokens)
        return cells

    def _trained(self, k: int, training: "Tuning") -> Generator[events.Event, None, Cell]:
        """One training in this process: every few updates an event.

        Each counts as a component, because it begins where the others began.
        """
        from moreish.background.tune import tune

        updates, before, tokens = tune(*training), self.step, 0
        while True:
            try:
                with torch_on_one_core():
                    made = next(updates)
            except StopIteration as end:
                return end.value
            self.step, tokens = self.step + 1, tokens + made.tokens
            if self.step % STEPS_A_LOOK == 0:
                progress = min((self.step - before) / training.steps, 1.0)
                yield self._stepped(k, made, progress, tokens)
                tokens = 0

    def _stepped(self, k: int, last: "TuneStep", progress: float, tokens: int) -> events.Step:
        return events.Step(self.step, last.loss, last.lr, tokens, round(self.seconds, 3), progress, k)

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
            strictness=choice.strictness.order,
            runs=choice.strictness.runs,
            timing=choice.timing,
            seen=0.0 if choice.name == "counted" else self.seen,
            trained=round(self._trained_share, 4),
            budget=round(self._whole_budget, 1),
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


def compared(
    whole: Mapping[Name, Measured], again: Mapping[Name, Measured], trusted: bool = True
) -> tuple[Choice, dict[Name, Measured]]:
    """The blend that is kept, and what is said of all: `whole` before, `again` on the folds that were trained for.

    They are compared on the same items. Where those are not all, the loss of the net trained on is that of the net
    that only read on all of them, and how much the one is below the other on those that both were measured on (a
    control variate); the temperature and how strictly the list is kept to are what all items chose.

    trusted : whether there was time for as many passes as make the net better on nearly all other lists
    """
    if not whole or "tuned" not in again:
        return (choose(whole, "read"), dict(whole)) if whole else (Choice("tuned"), {})
    choice, read, tuned = choose(again, "tuned", trusted), whole["read"], again["tuned"]
    if read.items == tuned.items:
        return choice, dict(again)
    beside = tuned.by_item.beside(again["read"].by_item)
    error = math.hypot(read.error, beside.error) if tuned.items > 1 else read.error
    moved: dict[Name, Measured] = {**whole, "tuned": replace(read, loss=read.loss + beside.mean, error=error)}
    return choose(whole, "read") if choice.name != "tuned" else Choice.of("tuned", read), moved


def listening_to(corpus: Corpus, options: BackgroundChoice, seed: int) -> Listening:
    """The items that a corpus trains on, and the background net that is asked for.

    Raises ValueError where there is no such net, and RunError where it is another than the one that was written down.
    """
    background = find(options.weights)
    if options.hash not in ("", background.hash):
        raise RunError(f"the background net {options.weights} is not the one that this was begun with: begin anew")
    vocab = corpus.vocab
    items, held_out = repeated_items_of(corpus.split("train")), items_of(corpus.split("val"))
    letters = vocab.unit != "word"
    return Listening(background, vocab.symbols, items, options.orders, seed, letters, held_out)
