"""What a remedy is worth: the same updates from the same state, with it and without."""

import copy
import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from moreish.data.corpus import Split
from moreish.inference.network import network_of
from moreish.runs import commands, events
from moreish.training import distributed
from moreish.training.controls import Controls, Hands
from moreish.training.looks import LayerLooks
from moreish.training.loop import SingleSteps, batches_for, start
from moreish.training.schedules import lr_at
from moreish.training.state import TrainState
from moreish.training.steps import threads


@dataclass
class Arm:
    """One of the two: the training loss of each update in nats, None for no number, and val after the last."""

    losses: list[float | None] = field(default_factory=list[float | None])
    val_loss: float | None = None


@dataclass(frozen=True)
class Trial:
    """`step` and `lr` are those of the first update, `said` is what the remedy did."""

    step: int
    lr: float
    said: str
    without: Arm
    remedied: Arm


def try_remedy(
    state: TrainState,
    train_split: Split,
    val_split: Split | None,
    heal: commands.Heal,
    *,
    earlier: list[events.Intervention],
    steps: int = 300,
    held: float | None = None,
    go_on: Callable[[], bool] = lambda: True,
) -> Trial:
    """Train two copies of the state on, on the same batches with the same noise; the state itself stays as it is.

    earlier : what was changed before, with which both go on
    held : the progress at which the learning rate is held; None: it goes on as scheduled
    go_on : asked after each pair of updates; where it is False the trial is as long as it is
    Raises ValueError where the remedy does not fit this network.
    """
    arms = [_Going(state, train_split, earlier) for _ in range(2)]
    progress = state.progress if held is None else held
    done = arms[1].heal(heal, progress)
    if not done.done:
        raise ValueError(done.sentence)
    with threads(state.model, state.options):
        for k in range(steps):
            now = progress if held is not None else min(1.0, progress + k * state.pace)
            for arm in arms:
                arm.step(now)
            if not go_on():
                break
        return Trial(state.step, arms[0].first_lr, done.sentence, *(arm.ended(val_split) for arm in arms))


class _Going:
    """A copy of a training, that goes on by itself."""

    def __init__(self, state: TrainState, train_split: Split, earlier: list[events.Intervention]) -> None:
        self.state = twin = start(copy.deepcopy(state.model), state.options, state.seed)
        twin.restore(state.numbers(), state.memory())
        self.hands = Hands(twin)
        self.hands.again(earlier)
        self.arm, self.first_lr = Arm(), 0.0
        self.source = batches_for(twin.model, train_split, twin.options, twin.seed)
        self._steps: SingleSteps | None = None
        twin.model.train()

    def heal(self, heal: commands.Heal, progress: float) -> events.Intervention:
        return self.hands.do(heal, lr_at(progress, self.state.options))

    def step(self, progress: float) -> None:
        """One update; none where the loss is no number any more."""
        if self.arm.losses and self.arm.losses[-1] is None:
            return
        if self._steps is None:
            self._steps = SingleSteps(self.state, self.source, LayerLooks(self.state, Controls(), self.hands, None))
        loss, _, lr = self._steps.run(np.array([progress]))
        self.first_lr = self.first_lr or lr
        value = float(loss)
        self.arm.losses.append(value if math.isfinite(value) else None)

    def ended(self, val_split: Split | None) -> Arm:
        """With val, where there is one and the net still gives numbers."""
        if val_split is not None and self.arm.losses and self.arm.losses[-1] is not None:
            with self.state.averaged():
                loss = distributed.mean_loss(network_of(self.state.model), val_split)
            self.arm.val_loss = loss if math.isfinite(loss) else None
        return self.arm
