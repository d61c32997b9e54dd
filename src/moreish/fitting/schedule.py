"""Which network trains next, and where: in this process, or several at once, each in a process of its own."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

from moreish.data import Corpus, Split
from moreish.fitting.cores import usable_cores
from moreish.fitting.parent import Parent
from moreish.options import build
from moreish.recipes import UNTRAINED, Config, ModelChoice
from moreish.runs import events
from moreish.training.launch import launched
from moreish.training.options import TrainOptions

if TYPE_CHECKING:
    from moreish.fitting.workers import InProcess, Worker
    from moreish.models.net import Net
    from moreish.training.controls import Controls
    from moreish.training.state import TrainState


@dataclass
class Member:
    """A network in training: where it trains, and the steps that its events have reported.

    pending : events that `state` has behind it and that were not handed on yet
    ahead : events handed on that lie ahead of `state`: a training that begins with it makes them again
    repeats : how many of the events that come next are such
    deaths : of processes that trained it, since `state` was last brought up to date
    """

    choice: ModelChoice
    state: "TrainState"
    training: "InProcess | Worker | None" = None
    pending: list[events.OfComponent] = field(default_factory=list)
    reported_steps: int = 0
    finished: bool = False
    ahead: int = 0
    repeats: int = 0
    deaths: int = 0

    def sync(self) -> None:
        """Bring state and pending events to where the training stands. Raises WorkerDied where that is gone."""
        if self.training is not None:
            self.training.sync()
            again = min(self.repeats, len(self.training.pending))
            del self.training.pending[:again]
            self.repeats -= again
            self.pending, self.ahead, self.deaths = list(self.training.pending), self.repeats, 0
            if again and not self.pending and not self.training.ended:
                self.training.go()

    def next_event(self) -> events.OfComponent | None:
        """The next event of the training, to be handed on; None for one that was, before its process died."""
        assert self.training is not None
        event = self.training.pending.pop(0)
        if self.pending:
            self.pending.pop(0)
        elif self.repeats:
            self.repeats -= 1
            return None
        else:
            self.ahead += 1
        return event if event.step >= self.reported_steps else None  # with a time budget they are not quite the same

    def finish(self) -> None:
        """The training has come to its end: its state comes here, its process goes."""
        self.sync()
        self.stop()
        self.finished = True

    def stop(self) -> None:
        """End the training where it stands; what was not synchronised is lost."""
        if self.training is not None:
            self.training.end()
        self.training = None


class Schedule:
    """The networks of a configuration in their order, as many at once as there are processes for."""

    def __init__(self, corpus: Corpus, config: Config, parent: Parent | None = None) -> None:
        self.corpus, self.config, self.parent = corpus, config, parent
        self.networks = [i for i, choice in enumerate(config.model.singles) if choice.name not in UNTRAINED]
        """The places of the networks among the components."""

    @cached_property
    def val(self) -> Split | None:
        """The part of the list that training is judged by; None where it is too short to have one."""
        val = self.corpus.split("val")
        return val.to_judge_by() if len(val) else None

    @property
    def at_once(self) -> int:
        """How many networks train at the same time; where several processes train each, one."""
        if launched() is not None:
            return 1
        return min(len(self.networks), self.config.train.processes or usable_cores())

    def options_of(self, choice: ModelChoice) -> TrainOptions:
        """How this network is trained; it has the time budget together with all others."""
        options = build(TrainOptions, dict(choice.train), "train.", self.config.train)
        if options.time_budget is None:
            return options
        return replace(options, time_budget=options.time_budget / math.ceil(len(self.networks) / self.at_once))

    def member(self, choice: ModelChoice, module: "Net") -> Member:
        """The network, about to take its first step."""
        from moreish.training.loop import start

        return Member(choice, start(module, self.options_of(choice), self.config.seed + choice.seed))

    def following(self, members: list[Member], choices: Sequence[ModelChoice]) -> Member | None:
        """The next of these networks to be trained, begun or not; None where all were begun and are in training.

        One that was not begun is made, and added to the members.
        """
        from moreish.models import build_model

        for member in members:
            if member.training is None and not member.finished:
                return member
        if len(members) == len(choices):
            return None
        choice = choices[len(members)]
        size, seed, kinds = len(self.corpus.vocab), self.config.seed + choice.seed, len(self.corpus.kinds)
        module = build_model(choice.name, choice.options, size, seed, max(kinds, 1))
        if self.parent is not None:
            component = next(i for i, single in enumerate(self.config.model.singles) if single is choice)
            self.parent.begin(module, component)
        members.append(self.member(choice, module))
        return members[-1]

    def begin(self, member: Member, component: int, step: int, controls: "Controls | None" = None) -> events.Network:
        """Let it train, here or in a process of its own."""
        from moreish.fitting.workers import InProcess, Task, Worker
        from moreish.training import distributed
        from moreish.training.steps import threads, why_uncompiled

        choice, state = member.choice, member.state
        task = Task(
            name=choice.name,
            model_options=choice.options,
            options=state.options,
            seed=state.seed,
            vocab_size=len(self.corpus.vocab),
            kinds=max(len(self.corpus.kinds), 1),
            train_split=self.corpus.split("train"),
            val_split=self.val,
        )
        if distributed.size() > 1:
            from moreish.fitting.ranks import Leading

            member.training = Leading(task, state)
        elif self.at_once > 1:
            member.training = Worker(task, state)
        else:
            member.training = InProcess(task, state, controls and controls.of(component))
        member.training.pending, member.repeats = list(member.pending), member.ahead
        with threads(state.model, state.options) as count:
            return events.Network(
                number=self.networks.index(component) + 1,
                of=len(self.networks),
                name=choice.name,
                parameters=sum(p.numel() for p in state.model.parameters()),
                threads=1 if self.at_once > 1 else count,
                step=step,
                component=component,
                uncompiled=why_uncompiled(state.model, state.options),
            )
