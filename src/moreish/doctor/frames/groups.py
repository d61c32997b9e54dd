"""Groups of parameters as an optimizer holds them: rates, decay, epsilon, what clipping left, and the schedule."""

from typing import NamedTuple


class Planned(NamedTuple):
    """A scheduler of learning rates: its class, how many of its steps it was planned for (0: not known), and made."""

    kind: str
    length: int
    stepped: int


class Group(NamedTuple):
    """A group of parameters that one optimizer holds, and how it steps them.

    optimizer : which of the optimizers that are watched, from 0
    kind : its class ("AdamW")
    place, groups : which of its groups, from 0, and how many it has
    lr, planned : the learning rate, and that which a scheduler began from or is to reach (0 where there is none)
    weight_decay, eps : 0 where it has none
    dtype : of its first parameter ("float16"); `epsilon_is_lost` is whether eps is 0 in it
    parameters : their names
    left : share of the gradient's norm that was left at the step of what backward had made; None where not known
    norm : that of the gradient at the step
    schedule : of a learning rate that is far below its height, the scheduler, if it is one of torch's
    """

    optimizer: int
    kind: str
    place: int
    groups: int
    lr: float
    planned: float
    weight_decay: float
    eps: float
    dtype: str
    epsilon_is_lost: bool
    parameters: tuple[str, ...]
    left: float | None = None
    norm: float | None = None
    schedule: Planned | None = None

    @property
    def decoupled(self) -> bool:
        """Whether its decay is taken off the weights themselves and is no part of the gradient."""
        return self.kind in ("AdamW", "Lion", "Adafactor", "Muon")

    @property
    def name(self) -> str:
        """What it is called in a sentence."""
        return self.kind if self.groups == 1 else f"group {self.place} of {self.kind}"
