"""A finding: one sentence about one disease, with its evidence and what to do."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Severity = Literal["info", "watch", "sick"]
SEVERITIES: tuple[Severity, ...] = ("info", "watch", "sick")


@dataclass(frozen=True)
class Operation:
    """A remedy as something that can be done: the name of an entry of `REMEDIES` and its arguments."""

    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Finding:
    """What is wrong, where, since when, how sure, why, and what to change.

    `layer` is the qualified name of a module ("net.3"), or of a functional call inside one ("block.tanh"); empty
    when the finding is about the run as a whole. `step` counts updates: a finding at step 0 was made before the
    first one. `confidence` lies in (0, 1]; 1 means that the rule is exact. `picture` names the quantity to look at.
    """

    id: str
    severity: Severity
    layer: str
    step: int
    sentence: str
    remedy: str
    name: str = ""
    why: str = ""
    numbers: Mapping[str, Any] = field(default_factory=dict)
    confidence: float = 1.0
    picture: str = ""
    operation: Operation | None = None
    layers: tuple[str, ...] = ()
    symptoms: tuple["Finding", ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return {
            "id": self.id,
            "severity": self.severity,
            "layer": self.layer,
            "step": self.step,
            "sentence": self.sentence,
            "remedy": self.remedy,
            "name": self.name,
            "why": self.why,
            "numbers": dict(self.numbers),
            "confidence": self.confidence,
            "picture": self.picture,
            "layers": list(self.layers),
            "operation": None
            if self.operation is None
            else {"name": self.operation.name, **self.operation.arguments},
            "symptoms": [symptom.to_dict() for symptom in self.symptoms],
        }


def at_least(severity: Severity, floor: Severity) -> bool:
    """Whether `severity` is `floor` or worse."""
    return SEVERITIES.index(severity) >= SEVERITIES.index(floor)
