"""Fitting a configuration to a corpus: each model of it in turn, then the weights of their mixture.

`Fitting` is the state, `fit` the generator; between two events `snapshot` gives all that is needed to go on, and
`restore` goes on from it. Where it is kept is not known here.
"""

import math
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import takewhile
from typing import TYPE_CHECKING

from msgspec import Struct, to_builtins
from msgspec.structs import replace

from moreish.data import Corpus, Split
from moreish.errors import Damaged, Unmet
from moreish.fitting.counting import fit_counts
from moreish.fitting.mixing import Mixing
from moreish.fitting.parent import Parent
from moreish.fitting.schedule import Member, Schedule
from moreish.fitting.serialize import Tensors, from_tensors, to_tensors
from moreish.inference.evaluate import mean_loss
from moreish.models.contract import LanguageModel
from moreish.models.kinds import components_of, one_kind_of
from moreish.ngram import Backoff
from moreish.recipes import UNTRAINED, Config, ModelChoice
from moreish.rng import torch_alone
from moreish.runs import events
from moreish.runs.schema import Count, Seconds, checked

if TYPE_CHECKING:
    from moreish.training.controls import Controls

MOST_DEATHS = 3  # of processes that train one network, one after another, before it is given up


class MemberState(Struct, frozen=True):
    """A network in training, beside its tensors: see `Member` and `TrainState.numbers`."""

    numbers: dict[str, object]
    pending: list[events.OfComponent]
    reported_steps: Count
    finished: bool
    ahead: Count = 0


class FittingState(Struct, frozen=True):
    """What a snapshot says beside tensors: see `Fitting`; `model` describes the tensors (`serialize`)."""

    model: dict[str, object]
    done: Count
    steps: Count
    ended: bool
    members: list[MemberState]
    seconds: Seconds = 0.0
    val_loss: float | None = None


@dataclass(frozen=True)
class Snapshot:
    """Where a fitting stands: what `restore` needs, and a model that already answers."""

    step: int
    tensors: Tensors
    optim: Tensors | None
    state: dict[str, object]
    val_loss: float | None


@dataclass
class Fitting:
    """The models fitted so far, and the networks that are being trained.

    done : the first components, fitted
    steps : updates made by the networks among them
    members : the components after those, as many as were begun
    spent : seconds that earlier processes fitted for
    parent : the run that it goes on from
    controls : what somebody changes while a network trains in this process
    """

    corpus: Corpus
    config: Config
    done: list[LanguageModel] = field(default_factory=list)
    steps: int = 0
    members: list[Member] = field(default_factory=list)
    ended: bool = False
    val_loss: float | None = None
    spent: float = 0.0
    parent: Parent | None = None
    controls: "Controls | None" = None
    _began: float = field(default_factory=time.monotonic)
    _paused: float = 0.0
    _mixing: Mixing = field(default_factory=Mixing)

    def __post_init__(self) -> None:
        self.schedule = Schedule(self.corpus, self.config, self.parent)

    @property
    def val(self) -> Split | None:
        """The part that choices are made on; None where the list is too short to have one."""
        return self.schedule.val

    @property
    def step(self) -> int:
        """Updates so far, of all networks, that events have reported."""
        return self.steps + sum(member.reported_steps for member in self.members)

    @property
    def seconds(self) -> float:
        """How long it has been fitted."""
        return self.spent + time.monotonic() - self._began

    def stood_still(self, seconds: float) -> None:
        """Since the last event somebody let it stand still for so long, which is no time of training."""
        self.spent -= seconds
        for member in self.members:
            if member.training is not None:
                member.training.stood_still(seconds)

    def model(self) -> LanguageModel:
        """What there is so far, as one model: equal weights until they are fitted."""
        models = list(self.done)
        if self.members:
            models += [self._model_of(member) for member in self.members]
        return self._mixing.mixture(models)

    def fit(self) -> Iterator[events.Event]:
        """Fit what is not fitted yet; the last event is `Fitted`. One that had ended before says nothing."""
        if self.ended:
            if self.config.model.components:
                self._mix()
            return
        choices = self.config.model.singles
        while len(self.done) < len(choices):
            following = choices[len(self.done) :]
            if following[0].name == "ngram":
                yield self._count(following[0])
            elif following[0].name == "reader":
                yield self._read(following[0])
            else:
                yield from self._train(list(takewhile(lambda choice: choice.name not in UNTRAINED, following)))
        if self.config.model.components:
            yield self._mix()
        self.ended = True
        yield events.Fitted(self.step, self.val_loss)

    def snapshot(self) -> Snapshot:
        """Everything as it stands now, in copies."""
        self._sync(self.members)
        tensors, described = to_tensors(self.model())
        members = [
            MemberState(
                member.state.numbers(),
                member.pending,
                member.reported_steps,
                member.finished,
                member.ahead,
            )
            for member in self.members
        ]
        now = FittingState(described, len(self.done), self.steps, self.ended, members, self.seconds, self.val_loss)
        state = events.finite(to_builtins(now))
        if not self.members:
            return Snapshot(self.step, tensors, None, state, self.val_loss)
        optim = {f"{i}/{name}": a for i, m in enumerate(self.members) for name, a in m.state.memory().items()}
        newest = self.members[-1].state
        fresh = len(self.members) == 1 and newest.best_step == newest.step
        return Snapshot(self.step, tensors, optim, state, newest.best if fresh else None)

    @classmethod
    def restore(
        cls,
        corpus: Corpus,
        config: Config,
        state: Mapping[str, object],
        tensors: Tensors,
        optim: Tensors | None,
        parent: Parent | None = None,
    ) -> "Fitting":
        """The fitting as it stood when `state`, `tensors` and `optim` were taken from a snapshot of it.

        Raises Damaged where they are not of one snapshot.
        """
        found = checked(state, FittingState, "the state of the training")
        fitting = cls(corpus, config, steps=found.steps, ended=found.ended, spent=found.seconds, parent=parent)
        model = from_tensors(tensors, found.model, config.model, len(corpus.vocab), max(len(corpus.kinds), 1))
        models = components_of(model)
        choices = config.model.singles[found.done : len(models)]
        if len(choices) != len(found.members) or any(choice.name in UNTRAINED for choice in choices):
            raise Damaged(f"the state of the training does not speak of the {len(models)} models that were saved")
        fitting.done, fitting.val_loss = models[: found.done], found.val_loss
        for i, (saved, choice, begun) in enumerate(zip(found.members, choices, models[found.done :], strict=True)):
            from moreish.inference.network import module_of

            member = fitting.schedule.member(choice, module_of(begun))
            prefix = f"{i}/"
            own = {name.removeprefix(prefix): a for name, a in (optim or {}).items() if name.startswith(prefix)}
            member.state.restore(saved.numbers, own)
            member.pending = list(saved.pending)
            member.reported_steps, member.finished, member.ahead = saved.reported_steps, saved.finished, saved.ahead
            fitting.members.append(member)
        return fitting

    def _count(self, choice: ModelChoice) -> events.Counted:
        began = time.monotonic()
        train, val, size = self.corpus.split("train"), self.val, len(self.corpus.vocab)
        earlier = None if self.parent is None else self.parent.train
        model = fit_counts(choice.options, train, val, size, len(self.corpus.kinds), earlier)
        self.done.append(model)
        self.val_loss = mean_loss(model, val) if val else None
        seconds = round(time.monotonic() - began, 3)
        counted = one_kind_of(model)
        assert isinstance(counted, Backoff)
        return events.Counted(counted.order, self.val_loss, seconds, component=len(self.done) - 1)

    def _read(self, choice: ModelChoice) -> events.Read:
        """The background net reads a part of train."""
        from moreish.fitting.few import listening_to

        began = time.monotonic()
        self.done.append(listening_to(self.corpus, choice.options, self.config.seed + choice.seed).reader)
        return events.Read(round(time.monotonic() - began, 3), component=len(self.done) - 1)

    def _train(self, choices: list[ModelChoice]) -> Iterator[events.Event]:
        """Train these networks in their order, several at once where there are processes for them."""
        from moreish.fitting.workers import WorkerDied

        first, slots = len(self.done), self.schedule.at_once
        running: list[Member] = []
        try:
            while len(self.done) < first + len(choices):
                left = choices[len(self.done) - first :]
                while len(running) < slots and (member := self.schedule.following(self.members, left)):
                    running.append(member)
                    try:
                        yield self.schedule.begin(member, self._component(member), self.step, self.controls)
                    except WorkerDied as death:
                        running.remove(member)
                        yield self._lost(member, death)
                before = len(self.done)
                yield from self._advance(running)
                if max(before, 1) < len(self.done) < len(self.config.model.singles):
                    yield self._mix()
        except GeneratorExit:
            self._sync(running)
            raise
        finally:
            for member in running:
                member.stop()

    def _advance(self, running: list[Member]) -> Iterator[events.Event]:
        """Hand on what the next of them says; one that has come to its end leaves, and so does one that died."""
        from moreish.fitting.workers import WorkerDied, ready

        member = ready(running)
        assert member.training is not None
        try:
            if not member.training.pending and not member.training.ended:
                member.training.receive()
            while member.training.pending:
                if (event := member.next_event()) is not None:
                    yield self._reported(member, event)
            if not member.training.ended:
                member.training.go()
                return
            member.finish()
        except WorkerDied as death:
            running.remove(member)
            yield self._lost(member, death)
        else:
            running.remove(member)
            self._take_finished()

    def _lost(self, member: Member, death: Exception) -> events.Died:
        """Its process is gone; another goes on from `member.state`. Raises Unmet where that happened too often."""
        member.stop()
        member.deaths += 1
        if member.deaths > MOST_DEATHS:
            raise Unmet(f"{death}, {member.deaths} times; moreish train --resume goes on from the last checkpoint")
        return events.Died(str(death), self.step, self._component(member))

    def _sync(self, members: list[Member]) -> None:
        """Bring them up to date; one whose process died stays as it was when that was last done."""
        for member in members:
            if member.training is not None:
                from moreish.fitting.workers import WorkerDied

                with suppress(WorkerDied):
                    member.sync()

    def _take_finished(self) -> None:
        """Members in their order become components that are done, up to the first that still trains."""
        while self.members and self.members[0].finished:
            member = self.members.pop(0)
            self.steps += member.reported_steps
            self.val_loss = None if math.isinf(member.state.best) else member.state.best
            member.state.model.eval()
            self.done.append(self._model_of(member))

    def _model_of(self, member: Member) -> LanguageModel:
        """The network as it is now."""
        from moreish.inference.network import network_of

        shares = self.corpus.split("train").shares_of_kinds(len(self.corpus.kinds)) if self.corpus.kinds else None
        return network_of(member.state.model, shares)

    def _component(self, member: Member) -> int:
        return len(self.done) + next(i for i, m in enumerate(self.members) if m is member)

    def _reported(self, member: Member, event: events.OfComponent) -> events.OfComponent:
        """The event with its component, and with the steps of all networks."""
        member.reported_steps = event.step
        if isinstance(event, events.Paused):
            now = time.monotonic()
            self.spent -= 0.0 if event.paused else now - self._paused
            self._paused = now
        return replace(event, step=self.step, component=self._component(member))

    def _mix(self) -> events.Mixed:
        """Weights for what is done so far; with every network that is done they are fitted again."""
        with torch_alone():
            weights, self.val_loss = self._mixing.fit(self.done, self.val)
        return events.Mixed(weights.tolist(), self.val_loss, self.step, round(self.seconds, 2))
