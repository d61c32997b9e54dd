"""Sightings: mistakes that were seen exactly, with the step of the first time and how often they were."""

from dataclasses import dataclass
from typing import Generic, TypeVar

from moreish.doctor.frames.frame import Broadcast, Coupling, Frame, PerPlace, WrongAxis, WrongBackward
from moreish.doctor.frames.replayed import Replayed

What = TypeVar("What")
DRAWS = 3  # of the same rows once more


@dataclass(frozen=True)
class Sighting(Generic[What]):
    """The step of the first time, how often, and what it was the last time."""

    step: int
    times: int
    latest: What


class Sightings:
    """What was seen so far; None where something never was."""

    def __init__(self) -> None:
        self.wrong_axis: Sighting[list[WrongAxis]] | None = None
        self.per_place: Sighting[list[PerPlace]] | None = None
        self.broadcast: Sighting[list[Broadcast]] | None = None
        self.stale: Sighting[bool] | None = None
        self.training_without_grad: Sighting[list[str]] | None = None
        self.drops_on: Sighting[str] | None = None
        self.samples = False
        self.coupling: Sighting[Coupling] | None = None
        self.wrong_backward: Sighting[WrongBackward] | None = None
        self.replayed: Sighting[Replayed] | None = None
        self.one_column: Sighting[str] | None = None
        self.thresholds: set[str] = set()

    def note(self, frame: Frame) -> None:
        """Add what this frame saw. A norm at work without gradients counts where something was evaluated.

        Dropout does not where the same rows are asked about again and again: their draws are averaged (Gal and
        Ghahramani 2016, arXiv:1506.02142), nor where what is decided are labels to learn from.
        """
        evaluated = bool(frame.evaluations) or frame.decided_without_grad
        evaluated &= frame.noted.norms_at_work or frame.noted.drawn_again < DRAWS
        evaluated &= bool(frame.evaluations) or not frame.noted.pseudo_labels
        self.wrong_axis = _again(self.wrong_axis, frame.step, frame.wrong_axis)
        self.per_place = _again(self.per_place, frame.step, frame.per_place)
        self.broadcast = _again(self.broadcast, frame.step, frame.broadcast)
        self.stale = _again(self.stale, frame.step, frame.stale)
        self.training_without_grad = _again(
            self.training_without_grad, frame.step, frame.training_without_grad if evaluated else None
        )
        self.samples |= frame.noted.samples
        self.drops_on = _again(self.drops_on, frame.step, frame.noted.drops_on if evaluated else None)
        self.coupling = _again(self.coupling, frame.step, frame.coupling)
        self.wrong_backward = _again(self.wrong_backward, frame.step, frame.wrong_backward)
        self.replayed = _again(self.replayed, frame.step, frame.replayed)
        self.one_column = _again(self.one_column, frame.step, frame.noted.one_column)
        self.thresholds |= frame.noted.thresholds


def _again(before: Sighting[What] | None, step: int, what: What | None) -> Sighting[What] | None:
    if not what:
        return before
    return Sighting(step, 1, what) if before is None else Sighting(before.step, before.times + 1, what)
