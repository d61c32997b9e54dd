"""A process that trains one network, so that several networks of a mixture use several cores.

Both ends speak over one channel. The worker sends the records of one stop of the training loop, then stands still
until it is told what to do:

    worker                        owner
    [record, ...]           ->
                            <-    seconds      train on: for so long it was let stand still, which is no training
                            <-    "state"      send everything as it stands now, and stand still again
    (numbers, model, memory)->
    []                      ->                 the training has ended
    FloatingPointError      ->                 so has the worker
    Failure                 ->                 the same, for any other reason

A worker whose owner is gone ends at once; Ctrl-C is its owner's affair. How a process is started, and what carries
the messages, is told in `channel`.
"""

import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from moreish.data.corpus import Split
from moreish.errors import Unmet
from moreish.fitting import channel
from moreish.fitting.channel import Channel, Failure
from moreish.fitting.schedule import Member
from moreish.models import build_model
from moreish.runs import events
from moreish.training.controls import Controls
from moreish.training.loop import start, train
from moreish.training.options import TrainOptions
from moreish.training.state import TrainState
from moreish.training.steps import threads

StateArrays = tuple[dict[str, Any], dict[str, np.ndarray], dict[str, np.ndarray]]
"""What `TrainState.numbers`, its model and `TrainState.memory` hold."""


STOPS = (events.Eval, events.Intervention, events.Paused, events.Saved)
"""After each of these whoever owns the training may do something before it goes on."""


class WorkerDied(RuntimeError):
    """A worker ended without being asked to, or could not be started."""


@dataclass(frozen=True)
class Task:
    """What a worker trains."""

    name: str
    model_options: Any
    options: TrainOptions
    seed: int
    vocab_size: int
    kinds: int
    train_split: Split
    val_split: Split | None


class InProcess:
    """Training in this process, behind the methods of `Worker`."""

    def __init__(self, task: Task, state: TrainState, controls: Controls | None = None) -> None:
        self.task, self.state = task, state
        self.pending: list[events.OfComponent] = []
        self.ended = False
        self._allow_threads()
        self._batches = record_batches(task, state, controls)

    def _allow_threads(self) -> None:
        self.state.most_threads = torch.get_num_threads()

    def receive(self) -> None:
        """Train to the next stop."""
        with threads(self.state.model, self.task.options):
            records = next(self._batches)
        self.pending += records
        self.ended = not records

    def go(self) -> None:
        """It goes on when it is next asked for records."""

    def stood_still(self, seconds: float) -> None:
        """For so long nobody asked for records because training was to stand still."""
        self.state.stood_still += seconds

    def sync(self) -> None:
        """`state` is the state itself."""

    def end(self) -> None:
        """No longer needed."""
        self._batches.close()


class Worker:
    """The owner's end. `state` is what the worker's state was when it was last asked for.

    pending : records that came and were not handed on yet
    """

    def __init__(self, task: Task, state: TrainState) -> None:
        self.task, self.state = task, state
        self.pending: list[events.OfComponent] = []
        self.ended = False
        self._training = False  # or standing still, to be told what to do
        self._stood_still = 0.0  # seconds, of which it was not told
        alone = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}  # read when torch is loaded
        try:
            self.process, self.channel = channel.start(__name__, alone)
        except OSError as error:  # too many processes, or too many open files
            raise WorkerDied(f"{self._what} cannot be started ({(error.strerror or str(error)).lower()})") from None
        self._send((task, state_arrays(state)))
        self._training = True

    def receive(self) -> None:
        """Wait for the records of the next stop; none left means that the training has ended."""
        records = self._receive()
        self._training = False
        if isinstance(records, FloatingPointError):
            raise records
        if isinstance(records, Failure):
            raise Unmet(f"{self._what} failed ({records.what})")
        self.pending += records
        self.ended = not records

    def go(self) -> None:
        """Let it train on, where it stands still."""
        if not self._training:
            self._send(self._stood_still)
            self._training, self._stood_still = True, 0.0

    def stood_still(self, seconds: float) -> None:
        """For so long it was not told to train on because training was to stand still."""
        self._stood_still += seconds

    def sync(self) -> None:
        """Bring `state` to where the worker stands, which is after the last of the pending records."""
        if self._training:
            self.receive()
        self._send("state")
        install(self.state, self._receive())

    def end(self) -> None:
        """No longer needed."""
        self.process.kill()
        self.process.wait()
        self.channel.close()

    def _send(self, message: Any) -> None:
        try:
            self.channel.send(message)
        except OSError:
            raise self._died() from None

    def _receive(self) -> Any:
        try:
            return self.channel.receive()
        except (EOFError, OSError):
            raise self._died() from None

    def _died(self) -> WorkerDied:
        code = self.process.wait()
        signalled = f"was killed by signal {-code}, perhaps for want of memory"
        how = signalled if code < 0 else f"ended with status {code}"
        return WorkerDied(f"{self._what} {how}")

    @property
    def _what(self) -> str:
        return f"the process that trains the {self.task.name} of seed {self.task.seed}"


def ready(members: Sequence[Member]) -> Member:
    """One whose training has records to hand on, has ended or has something to receive; waits until there is one."""
    for member in members:
        if member.training and (member.training.pending or member.training.ended):
            return member
    by_channel = {m.training.channel: m for m in members if isinstance(m.training, Worker)}
    return by_channel[channel.wait(by_channel)[0]] if by_channel else members[0]


def state_arrays(state: TrainState) -> StateArrays:
    """Everything about the training as it stands, in copies."""
    model = {name: p.detach().cpu().numpy().copy() for name, p in state.model.state_dict().items()}
    return state.numbers(), model, state.memory()


def install(state: TrainState, arrays: StateArrays) -> None:
    """Make `state` what these arrays say."""
    numbers, model, memory = arrays
    state.model.load_state_dict({name: torch.from_numpy(a) for name, a in model.items()})
    state.restore(numbers, memory)


def record_batches(
    task: Task, state: TrainState, controls: Controls | None = None
) -> Generator[list[events.OfComponent]]:
    """The records of the training, those of one step together."""
    held: list[events.OfComponent] = []
    for record in train(state, task.train_split, task.val_split, controls):
        held.append(record)
        if isinstance(record, STOPS) or not state.evaluation_due:
            yield held
            held = []
    if held:
        yield held
    yield []


def work(owner: Channel) -> None:
    """The worker's end."""
    torch.set_num_threads(1)
    task, arrays = owner.receive()
    model = build_model(task.name, task.model_options, task.vocab_size, task.seed, task.kinds)
    state = start(model, task.options, task.seed)
    install(state, arrays)
    try:
        for records in record_batches(task, state):
            owner.send(records)
            waited = time.monotonic()
            while (said := owner.receive()) == "state":
                owner.send(state_arrays(state))
            state.stood_still = min(said, time.monotonic() - waited)  # it may have trained for a part of that
    except FloatingPointError as error:
        owner.send(error)
