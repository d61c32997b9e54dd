"""What a person, or a recording of what a person did, changes in a training between two steps.

    for event in controls.between_steps(): ...

Everything that changes what is learned becomes an `Intervention` among the events, with the update after which it
was made: `Recorded` does the same again at the same updates. Breaking and healing are the doctor's faults and
remedies; they hold on to modules and to the optimizer by hooks, which a fused step does not see, so from the first of
them on gradients are autograd's.
"""

import copy
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec
from torch import Tensor

from moreish.doctor.judge.finding import Operation
from moreish.doctor.treat import remedies, undoing
from moreish.doctor.treat.faults import FAULTS, Broken, seed_fault
from moreish.errors import RunError
from moreish.runs import commands, events
from moreish.training.state import TrainState, copied

Batch = tuple[Tensor, Tensor]
MANY = 2**31  # more updates than are made at once
Changing = commands.Lr | commands.Break | commands.Undo | commands.Heal
Said = events.Intervention | events.Paused | events.Saved
HIGHEST = 1e6  # learning rate that may be set
WRONG = (ValueError, KeyError, TypeError, IndexError, RuntimeError)  # for a fault or remedy that does not fit


class Hands:
    """What was done to one network: how to do more, and how to take it back."""

    def __init__(self, state: TrainState) -> None:
        self.state = state
        self.touched = False  # modules or the optimizer are no longer what they were built as
        self.broken: list[Broken] = []
        self.undoing: list[tuple[Callable[[], None] | None, str]] = []  # what was done: how back, what of it stays
        self.blame = ""  # what was done to it last that may be why it breaks

    def batch(self, pair: Batch) -> Batch:
        """What faults make of a batch."""
        for broken in self.broken:
            pair = broken.batch(pair)
        return pair

    def do(self, command: Changing, lr: float) -> events.Intervention:
        """Change what the command says; `lr` is the learning rate of the schedule now."""
        kind: Any = type(command).__name__.lower()
        (name, arguments), step, before = named(command), self.state.step, lr * self.state.lr_factor
        try:
            sentence, done = self._done(command, lr), True
        except WRONG as error:
            sentence, done = f"it could not be done: {error}", False
        if done and kind in ("break", "lr", "undo"):
            self.blame = "" if kind == "undo" else f"at step {step:,}: {sentence}"
        return events.Intervention(step, step, kind, sentence, name, arguments, done, lr=before)

    def again(self, earlier: Iterable[events.Intervention]) -> None:
        """Put the faults and remedies in place that were when the run was saved; what it learned stays as it is.

        Raises RunError where one of them cannot be: the records are not of this network.
        """
        state, changes = self.state, standing(earlier)
        if not changes:
            return
        weights, factor = copied(state.model), state.lr_factor
        for intervention in changes:
            lr = state.options.lr if intervention.lr is None else intervention.lr
            state.lr_factor = 1.0
            try:
                self._done(again(intervention), lr)
            except WRONG as error:
                raise RunError(f"what was done at step {intervention.step} cannot be put in place: {error}") from None
        state.model.load_state_dict(weights)
        state.lr_factor = factor

    def _done(self, command: Changing, lr: float) -> str:
        state = self.state
        match command:
            case commands.Lr(factor=factor):
                if state.options.lr * state.lr_factor * factor > HIGHEST:
                    raise ValueError(f"a learning rate above {HIGHEST:g} is of no use to anybody")
                state.lr_factor *= factor
                return f"the learning rate times {factor:g}: {state.lr_factor:g} times the schedule's from here on"
            case commands.Undo():
                return self._undone()
            case commands.Break(fault=fault, severity=severity):
                with self._learning_rate(lr):
                    broken = seed_fault(fault, state.model, state.optimizer, severity)
                if broken is None:
                    raise ValueError(f"this net has nothing that could be broken so ({FAULTS[fault].words})")
                self.broken.append(broken)
                self.undoing.append((None if broken.stays else broken.heal, broken.stays))
                self.touched = True
                return f"broken: {FAULTS[fault].words}{f' in {broken.layer}' * bool(broken.layer)}"
            case commands.Heal(remedy=remedy, arguments=given):
                with self._learning_rate(lr):
                    handles = remedies.apply(Operation(remedy, tuples(given)), state.model, [state.optimizer])
                back = undoing.all_of(handles).remove if handles else None
                self.undoing.append((back, "" if handles else f"what {remedy.replace('_', ' ')} did to weights"))
                self.touched = True
                return f"healed: {remedy.replace('_', ' ')} {spelled(given)}".rstrip()

    def _undone(self) -> str:
        """Take everything back, the last thing first, and say what was and what cannot be."""
        for back, _ in reversed(self.undoing):
            if back is not None:
                back()
        taken, changed = sum(back is not None for back, _ in self.undoing), self.state.lr_factor != 1
        stays = list(dict.fromkeys(words for _, words in self.undoing if words))
        self.broken, self.undoing, self.state.lr_factor = [], [], 1.0
        if not taken and not changed and not stays:
            return "there was nothing to take back"
        what = f"{taken} thing{'s' * (taken != 1)} taken back, and " if taken else ""
        said = f"{what}the learning rate is the schedule's again"
        if stays:
            said += f"; not taken back, for training has gone on from there: {', '.join(stays)}"
        return said

    def _learning_rate(self, lr: float) -> "_Scaled":
        return _Scaled(self.state, lr)

    def stepped(self, set_to: float) -> None:
        """After an update: a fault may have changed the learning rate that was set for it."""
        if self.touched and set_to > 0 and self.state.optimizer.param_groups:
            self.state.lr_factor *= self.state.optimizer.param_groups[0]["lr"] / set_to


class _Scaled:
    """Inside, the optimizer has the learning rate that the next update will have; what it is changed to stays."""

    def __init__(self, state: TrainState, lr: float) -> None:
        self.state, self.lr = state, max(lr, 1e-12)

    def __enter__(self) -> None:
        for group in self.state.optimizer.param_groups:
            group["lr"] = self.lr * self.state.lr_factor

    def __exit__(self, *exception: object) -> None:
        self.state.lr_factor = self.state.optimizer.param_groups[0]["lr"] / self.lr


class Controls:
    """Nobody changes anything.

    earlier : what was changed before the run was saved, with which it goes on
    """

    def __init__(self, earlier: Iterable[events.Intervention] = ()) -> None:
        self.one_step = False  # the step that comes now is the only one for some time
        self.earlier = list(earlier)

    def of(self, component: int) -> "Controls":
        """Those of one network of a mixture."""
        own = copy.copy(self)
        own.earlier = [i for i in self.earlier if i.component == component]
        return own

    @property
    def watched(self) -> bool:
        """Whether somebody looks at this moment."""
        return False

    def free(self, step: int) -> int:
        """How many updates may be made after this one before something is to be done; many, if nothing is known."""
        return MANY

    def show(self, event: events.Event) -> None:
        """Let them see it; it is not kept."""

    def between_steps(self, hands: Hands, lr: float) -> Iterator[Said]:
        """What is wanted after this step, and what was done; stands still for as long as it is to."""
        yield from ()


class Live(Controls):
    """What a person wants, from the commands of a run."""

    def __init__(self, remote: commands.Remote, earlier: Iterable[events.Intervention] = ()) -> None:
        super().__init__(earlier)
        self._remote = remote
        self._waiting: list[commands.COMMAND] = []  # what is to come after the step that is under way

    @property
    def watched(self) -> bool:
        """As above."""
        return self._remote.watched

    def show(self, event: events.Event) -> None:
        """In the run's window on the moment."""
        self._remote.show(events.to_record(event))

    def between_steps(self, hands: Hands, lr: float) -> Iterator[Said]:
        """As above."""
        remote, was = self._remote, self._remote.paused
        self.one_step = False
        while True:
            self._waiting += remote.commands()
            while self._waiting and not self.one_step:
                match self._waiting.pop(0):
                    case commands.Pause():
                        remote.paused = True
                    case commands.Go():
                        remote.paused = False
                    case commands.Step():
                        self.one_step = remote.paused = True
                    case commands.Save():
                        yield events.Saved(hands.state.step)
                    case commands.Stop():
                        remote.stopped, remote.paused = True, False
                        step = hands.state.step
                        yield events.Intervention(step, step, "stop", "stopped, with everything saved")
                        return
                    case command:
                        yield hands.do(command, lr)
            if remote.paused != was:
                was = remote.paused
                yield events.Paused(hands.state.step, was)
            if self.one_step or not remote.paused or remote.stop_requested():
                return
            time.sleep(commands.LOOK)


class Recorded(Controls):
    """What was done to another run, done again after the same updates."""

    def __init__(self, interventions: Iterable[events.Intervention]) -> None:
        super().__init__()
        self._waiting = [i for i in interventions if i.done and i.kind != "stop"]

    def of(self, component: int) -> "Recorded":
        """As above."""
        return Recorded(i for i in self._waiting if i.component == component)

    def free(self, step: int) -> int:
        """As above."""
        return self._waiting[0].at - step if self._waiting else MANY

    def between_steps(self, hands: Hands, lr: float) -> Iterator[Said]:
        """As above."""
        while self._waiting and self._waiting[0].at == hands.state.step:
            yield hands.do(again(self._waiting.pop(0)), lr)


def standing(interventions: Iterable[events.Intervention]) -> list[events.Intervention]:
    """Those faults and remedies that were not taken back."""
    found: list[events.Intervention] = []
    for intervention in interventions:
        match intervention:
            case events.Intervention(kind="undo", done=True):
                found = []
            case events.Intervention(kind="break" | "heal", done=True):
                found.append(intervention)
            case _:
                pass
    return found


def again(intervention: events.Intervention) -> Changing:
    """The command that an intervention came from."""
    arguments = intervention.arguments
    match intervention.kind:
        case "lr":
            return msgspec.convert({"command": "lr", **arguments}, commands.Lr)
        case "break":
            return msgspec.convert({"command": "break", "fault": intervention.name, **arguments}, commands.Break)
        case "heal":
            return commands.Heal(intervention.name, dict(arguments))
        case _:
            return commands.Undo()


def named(command: Changing) -> tuple[str, dict[str, Any]]:
    """The name and the arguments under which an intervention stands among the events."""
    match command:
        case commands.Lr(factor=factor):
            return "", {"factor": factor}
        case commands.Break(fault=fault, severity=severity):
            return fault, {} if severity is None else {"severity": severity}
        case commands.Heal(remedy=remedy, arguments=arguments):
            return remedy, dict(arguments)
        case _:
            return "", {}


def tuples(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """JSON's lists as tuples."""
    return {key: tuple(value) if isinstance(value, list) else value for key, value in arguments.items()}


def spelled(arguments: Mapping[str, Any]) -> str:
    """ "norm 1, layers a, b"."""
    return ", ".join(f"{key} {_shown(value)}" for key, value in arguments.items())


def _shown(value: object) -> str:
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(map(_shown, value))
    return f"{value:.4g}" if isinstance(value, float) else str(value)
