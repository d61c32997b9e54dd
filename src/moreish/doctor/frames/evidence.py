"""Evidence: what there was to be seen of a run, beside what was measured."""

from dataclasses import dataclass, field
from typing import NamedTuple

from moreish.doctor.frames.noted import Copied

MOST_MEASURES = 1000  # of one scheduler


@dataclass(frozen=True)
class OptimizerSeen:
    """One optimizer: its class, its steps, its parameters; `has_gradient` is whether they had one at the end.

    `shared` is whether another optimizer holds some of them too, `frozen` whether none of them wants a gradient.
    `unread` are attributes that were set on it and that nothing reads, with their value and that of its groups.
    """

    name: str
    steps: int
    parameters: int
    has_gradient: bool = False
    shared: bool = False
    by_hand: bool = False
    frozen: bool = False
    unread: tuple[tuple[str, str, str], ...] = ()


@dataclass(frozen=True)
class Failure:
    """An exception that ended the run: its class, its first line, what it means, and after how many steps."""

    name: str
    message: str
    meaning: str
    step: int


class Load(NamedTuple):
    """A state that a module was given: what stands before the names of one side only, how many fit, of how many.

    `itself` is whether it holds the very tensors of the module; `step` is after how many steps it was, `of` which
    module, by identity.
    """

    beginning: str
    fitting: int
    own: int
    itself: bool = False
    step: int = 0
    of: int = 0


class KeptGraphs(NamedTuple):
    """After so many steps: tensors alive that have a graph behind them, the most sums that one was made by, and the
    bytes of all tensors that are alive.
    """

    step: int
    tensors: int
    sums: int
    bytes: int = 0


@dataclass
class Plateau:
    """A ReduceLROnPlateau: whether the largest measure is best, and what it was given, with step and rate after."""

    largest: bool
    given: list[tuple[int, float, float]] = field(default_factory=list)


@dataclass
class Evidence:
    """What was seen, and what was not: nothing wrong can be found in what nobody did.

    `backwards` are those that were looked at, `remade` the optimizers that took the place of another one with the
    same parameters, of them `stateful` those that lost what the one before had gathered (momentum, second moments).
    `seeded` are the calls of `torch.manual_seed` meanwhile. `changed` is whether weights have changed
    although nobody stepped. `called` and `uncalled` are models by name.
    `copies` are copies of models at the end, `clipped_nothing` calls that clip gradients where there was none,
    `clipped` those where there was one, and `clipped_late` those of them that came after as many steps as calls.
    `turned` is after how many steps another optimizer came, or one that trains something else: a phase begins.
    `loads` are states that were loaded in vain, `kept` are counts of the graphs that were alive, `plateaus` are
    schedulers that wait for a measure to stand still, by identity.
    """

    optimizers: list[OptimizerSeen] = field(default_factory=list)
    backwards: int = 0
    changed: bool = False
    remade: int = 0
    seeded: int = 0
    stateful: int = 0
    called: set[str] = field(default_factory=set)
    uncalled: list[str] = field(default_factory=list)
    failure: Failure | None = None
    copies: list[Copied] = field(default_factory=list)
    clipped_nothing: int = 0
    clipped_late: int = 0
    clipped: int = 0
    turned: int = 0
    loads: list[Load] = field(default_factory=list)
    kept: list[KeptGraphs] = field(default_factory=list)
    plateaus: dict[int, Plateau] = field(default_factory=dict)

    @property
    def steps(self) -> int:
        """Steps of all optimizers together."""
        return sum(o.steps for o in self.optimizers)

    def remakes(self, *, stateful: bool) -> None:
        """An optimizer takes the place of one that had gathered something, or nothing."""
        self.remade += 1
        self.stateful += stateful

    def measured(self, scheduler: object, largest: bool, given: tuple[int, float, float]) -> None:
        """A scheduler that waits for a plateau was given a measure."""
        given_before = self.plateaus.setdefault(id(scheduler), Plateau(largest)).given
        if len(given_before) < MOST_MEASURES:
            given_before.append(given)

    def clips(self, steps: int, *, nothing: bool) -> None:
        """Gradients are clipped after so many steps: before a step there is one step less than calls so far."""
        self.clipped_nothing += nothing
        self.clipped += not nothing
        self.clipped_late += not nothing and steps == self.clipped
