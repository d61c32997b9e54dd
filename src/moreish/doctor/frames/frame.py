"""A frame: what was seen of one step, in execution order."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True, eq=False)
class Call:
    """One operation on tensors, inside a module or called as a function.

    `kind` is the family ("linear", "activation", ...), `op` torch's name for it. `sources` are the calls whose
    results flow in. `training` is that of the innermost module.
    """

    layer: str
    op: str
    kind: str
    module: str
    shape: tuple[int, ...]
    sources: tuple["Call", ...] = ()
    training: bool = True
    facts: dict[str, Any] = field(default_factory=dict)

    def behind(self, kinds: frozenset[str]) -> Iterator["Call"]:
        """The nearest calls outside `kinds` that feed this one, looking through those inside."""
        waiting, seen = list(reversed(self.sources)), set()
        while waiting:
            call = waiting.pop()
            if id(call) in seen:
                continue
            seen.add(id(call))
            if call.kind in kinds:
                waiting.extend(reversed(call.sources))
            else:
                yield call


@dataclass(slots=True)
class Loss:
    """A loss function that was called: its torch name, classes (0 where it does not classify) and rows."""

    op: str
    classes: int
    rows: int
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Frame:
    """Numbers of one step under "layer/quantity", and the structure that they came from.

    `step` counts the updates made before. `losses` were computed with gradients on, `evaluations` with gradients
    off. `facts` holds exact observations (stale gradients, modes) that are no numbers.
    """

    step: int
    values: dict[str, float] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    losses: list[Loss] = field(default_factory=list)
    evaluations: list[Loss] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)
    histograms: dict[str, dict[str, Any]] = field(default_factory=dict)

    def forget_structure(self, keep_calls: bool = False) -> None:
        """Keep the numbers only; the graph of calls of every frame would be much to remember."""
        self.losses, self.evaluations = [], []
        if not keep_calls:
            self.calls = []

    def is_broken(self) -> bool:
        """Whether the loss or a gradient is NaN or infinite."""
        loss = self.values.get("loss", self.values.get("loss.1/loss", 0.0))
        return not math.isfinite(loss) or any(
            v > 0 or v != v for k, v in self.values.items() if k.endswith("grad_nonfinite")
        )
