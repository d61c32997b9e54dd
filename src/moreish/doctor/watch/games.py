"""Games of two models: whether the one that judges and the one that imitates pull in opposite directions.

A discriminator raises its verdict on data and lowers that on what is made (or the other way round); whoever makes it
raises that one (Goodfellow et al., 2014, equation 1). Which way each is pulled shows in the gradient of the verdict.
"""

from typing import NamedTuple

from torch import Tensor

from moreish.doctor.frames.frame import Frame
from moreish.doctor.frames.noted import Game


class _Pull(NamedTuple):
    """The gradient of one model's verdict in one backward, on data or on what another model `made`; `linked` is
    whether it reaches that one.
    """

    model: str
    backward: int
    made: bool
    linked: bool
    slope: float


class Games:
    """Of one frame: which way verdicts are pulled."""

    def __init__(self, frame: Frame) -> None:
        self._frame = frame
        self._pulls: list[_Pull] = []

    def verdict(self, model: str, given: Tensor, output: Tensor, *, made: bool) -> None:
        """A model gave its verdict on data, or on what another one made."""
        linked = given.requires_grad
        if not output.requires_grad or (linked and (given.is_leaf or not made)):  # what a penalty is taken at
            return

        def pulled(grad: Tensor) -> None:
            if bool((grad == 1).all()):  # no loss, but the slopes themselves are asked for
                return
            slope = float(grad.detach().float().sum())
            self._pulls.append(_Pull(model, self._frame.backwards, made, linked, slope))

        output.register_hook(pulled)

    def close(self) -> Game | None:
        """The game whose both sides were seen."""
        for model in dict.fromkeys(p.model for p in self._pulls):
            pulls = [p for p in self._pulls if p.model == model]
            with_data = {p.backward for p in pulls if not p.made}
            data = [p.slope for p in pulls if not p.made]
            judged = [p.slope for p in pulls if p.made and (not p.linked or p.backward in with_data)]
            imitates = [p.slope for p in pulls if p.made and p.linked and p.backward not in with_data]
            if data and judged and imitates:
                return Game(model, sum(data), sum(judged), sum(imitates))
        return None
