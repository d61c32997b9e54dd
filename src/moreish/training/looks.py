"""When the layers of a network are looked at while it trains, and who is shown what was seen."""

import math
from dataclasses import replace

from torch import Tensor

from moreish.doctor import Doctor
from moreish.doctor.watch.replay import unchanged_randomness
from moreish.runs import events
from moreish.training.controls import Controls, Hands
from moreish.training.histograms import Histograms
from moreish.training.state import TrainState
from moreish.training.steps import Gradients, gradients_of

KEPT_SPACING = 1.15  # from one record of histograms to the next, the steps grow by at least this factor


class LayerLooks:
    """Decides before each step, and tells after it.

    While somebody watches, some of the steps are looked at, for them alone; with `options.histograms` a few are kept.
    """

    def __init__(self, state: TrainState, controls: Controls, hands: Hands, doctor: Doctor | None) -> None:
        self.state, self.controls, self.hands, self._doctor = state, controls, hands, doctor
        self._histograms = Histograms(state.model, state.optimizer)
        self._own = gradients_of(state.model, state.options, doctor)
        self._plain: Gradients | None = None
        self._next_kept = 0

    def gradients(self, idx: Tensor, targets: Tensor, weight: float) -> Tensor:
        """Those of the step, after what was done to the batch; where it is looked at, so that something is seen."""
        idx, targets = self.hands.batch((idx, targets))
        if self.state.options.backward != "fused":
            return self._own(idx, targets, weight)
        if self.hands.touched:  # a fused step sees no hooks and no other modules
            return self._autograd(idx, targets, weight)
        if self.looking:
            self.rehearse(idx, targets, weight)
        return self._own(idx, targets, weight)

    @property
    def looking(self) -> bool:
        """Whether the step that comes now is looked at."""
        return self._histograms.looking

    def rehearse(self, idx: Tensor, targets: Tensor, weight: float) -> None:
        """Send the batch of a step that shows nothing of itself through torch, where it is seen."""
        with unchanged_randomness():
            self._autograd(idx, targets, weight)
        self._histograms.stop_hearing()

    def _autograd(self, idx: Tensor, targets: Tensor, weight: float) -> Tensor:
        if self._plain is None:
            options = replace(self.state.options, backward="autograd", precision="float32")
            self._plain = gradients_of(self.state.model, options, self._doctor)
        return self._plain(idx, targets, weight)

    def before_step(self) -> None:
        """Look at the step that comes now, or not."""
        keep = self.state.options.histograms and self.state.step >= self._next_kept
        if keep or (self.controls.watched and (self._histograms.due or self.controls.one_step)):
            self._histograms.begin()

    def after_step(self) -> events.Histograms | None:
        """Show what was seen; the event, where it is one to be kept."""
        if not self._histograms.looking:
            return None
        step = self.state.step
        event = events.Histograms(step, step - 1, self._histograms.end())
        if self.controls.watched:
            self.controls.show(event)
        if not self.state.options.histograms or step - 1 < self._next_kept:
            return None
        self._next_kept = max(step, math.ceil(step * KEPT_SPACING))
        return event
