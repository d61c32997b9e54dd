"""A doctor beside a network that trains: what it finds and what it measures, as events of the training.

Nothing of it changes what is learned. It sees the steps and nothing else: not the evaluations, nor what is done with
the events. A finding comes as soon as it is found or becomes worse, quantities after steps that were looked at, ever
more rarely, the report at the end.
"""

import math
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext

import msgspec
import numpy as np

from moreish.data.corpus import Split
from moreish.doctor import Doctor, Finding
from moreish.inference.evaluate import scores_of
from moreish.inference.network import network_of
from moreish.runs import events
from moreish.training.state import TrainState

QUANTITIES_SPACING = 1.02  # from one event of quantities to the next, the steps grow by at least this factor
DIGITS = 4
ITEMS_OF_TRAIN = 1000  # evaluated beside val


class NullRecorder:
    """Nobody looks."""

    @property
    def doctor(self) -> Doctor | None:
        """Who looks."""
        return None

    def __enter__(self) -> "NullRecorder":
        return self

    def __exit__(self, *exception: object) -> None:
        """Nothing was put in place."""

    def resting(self) -> AbstractContextManager[None]:
        """Around whatever is no step."""
        return nullcontext()

    def news(self) -> Iterator[events.Finding | events.Quantities]:
        """What is new since the last step."""
        yield from ()

    def closing(self) -> Iterator[events.Finding | events.Quantities | events.Doctor]:
        """What is left to say at the end."""
        yield from ()

    def evaluated(self, val_loss: float) -> None:
        """Val was evaluated."""

    def look_anew(self, broken: bool) -> None:
        """Somebody changed the network: what was known of it holds no longer."""


class DoctorRecorder(NullRecorder):
    """A doctor around the network of this state, to be used with `with`; what was found earlier is in the state."""

    def __init__(self, state: TrainState, train_split: Split, val_split: Split | None) -> None:
        self.state = state
        found = [Finding.from_dict(msgspec.to_builtins(fields)) for fields in state.findings]
        self._doctor = Doctor(state.model, state.optimizer, step=state.step, found=found)
        self.sample = spread(train_split, min(ITEMS_OF_TRAIN, len(val_split))) if val_split is not None else None
        self.n_val = val_split.n_predicted if val_split is not None else 0
        self._next = 0

    @property
    def doctor(self) -> Doctor:
        """Who looks."""
        return self._doctor

    def __enter__(self) -> "DoctorRecorder":
        self._doctor.__enter__()
        return self

    def __exit__(self, *exception: object) -> None:
        self._doctor.__exit__(*exception)

    def resting(self) -> AbstractContextManager[None]:
        """Nothing is seen inside."""
        return self._doctor.resting()

    def look_anew(self, broken: bool) -> None:
        """Another doctor comes; a net that was just broken is judged as one that begins, by its first batch too."""
        self._doctor.__exit__()
        self.state.findings = []
        self._doctor = Doctor(self.state.model, self.state.optimizer)
        self._doctor.__enter__()
        history = self._doctor.history
        history.before, history.from_scratch = self.state.step, broken

    def news(self) -> Iterator[events.Finding | events.Quantities]:
        """Findings that are new, and the quantities of the last step where it was looked at."""
        for finding in self._doctor.news():
            fields = msgspec.convert(finding.to_dict(), events.FindingFields)
            self.state.findings = [f for f in self.state.findings if f.id != finding.id] + [fields]
            with self._doctor.resting():
                yield events.Finding(self.state.step, fields)
        history = self._doctor.history
        last = history.frames[-1] if history.frames else None
        if last is not None and (at := history.at(last.step)) >= self._next:
            self._next = max(at + 1, math.ceil(at * QUANTITIES_SPACING))
            values = {key: _rounded(value) for key, value in last.values.items()}
            with self._doctor.resting():
                yield events.Quantities(self.state.step, at, values)

    def evaluated(self, val_loss: float) -> None:
        """Tell the doctor, with the loss on some items of train, measured in the same way."""
        if self.sample is None:
            return
        with self.state.averaged():
            logprobs = scores_of(network_of(self.state.model), self.sample)[1:]
        error = float(logprobs.std()) * math.sqrt(1 / len(logprobs) + 1 / self.n_val)
        self._doctor.evaluated(val_loss, -float(logprobs.mean(dtype="float64")), error)

    def closing(self) -> Iterator[events.Finding | events.Quantities | events.Doctor]:
        """The report, once every rule was asked again."""
        self._doctor.judge_again()
        yield from self.news()
        yield msgspec.convert({"event": "doctor", "step": self.state.step, **self._doctor.to_dict()}, events.Doctor)


def recorder_for(state: TrainState, train_split: Split, val_split: Split | None) -> NullRecorder:
    """With a doctor where the options ask for one."""
    return DoctorRecorder(state, train_split, val_split) if state.options.doctor else NullRecorder()


def spread(split: Split, count: int) -> Split:
    """So many of the items, evenly spread over the split."""
    which = np.unique(np.linspace(0, len(split) - 1, count).astype(np.int64))
    return split.chosen(which)


def _rounded(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")
