"""A finding: one sentence about one disease, with its evidence and what to do."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Severity = Literal["info", "watch", "sick"]
Number = float | int | str
Argument = str | float | tuple[str, ...]
SEVERITIES: tuple[Severity, ...] = ("info", "watch", "sick")


@dataclass(frozen=True)
class Operation:
    """A remedy as something that can be done: the name of an entry of `REMEDIES` and its arguments."""

    name: str
    arguments: Mapping[str, Argument] = field(default_factory=dict)


@dataclass(frozen=True)
class Finding:
    """What is wrong, where, since when, how sure, why, and what to change.

    `slug` is what the id stands for, in a word or two. `layer` is the qualified name of a module ("net.3"), or of a
    functional call inside one ("block.tanh"); empty when the finding is about the run as a whole. `step` counts
    updates: a finding at step 0 was made before the first one. `confidence` lies in (0, 1]; 1 means that the rule is
    exact. `picture` names the quantity to look at.
    """

    id: str
    severity: Severity
    layer: str
    step: int
    sentence: str
    remedy: str
    name: str = ""
    slug: str = ""
    why: str = ""
    numbers: Mapping[str, Number] = field(default_factory=dict)
    confidence: float = 1.0
    picture: str = ""
    operation: Operation | None = None
    layers: tuple[str, ...] = ()
    symptoms: tuple["Finding", ...] = ()

    @property
    def title(self) -> str:
        """Id and slug: "F45 batch-mixing"."""
        return f"{self.id} {self.slug}".rstrip()

    @property
    def heading(self) -> str:
        """Id, slug and, where it says more, name: "F45 batch-mixing: samples of a batch see each other"."""
        return self.title if self.name.replace(" ", "-") == self.slug else f"{self.title}: {self.name}"

    def to_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return {
            "id": self.id,
            "slug": self.slug,
            "severity": self.severity,
            "layer": self.layer,
            "step": self.step,
            "sentence": self.sentence,
            "remedy": self.remedy,
            "name": self.name,
            "why": self.why,
            "numbers": _plain(self.numbers),
            "confidence": self.confidence,
            "picture": self.picture,
            "layers": list(self.layers),
            "operation": None
            if self.operation is None
            else {"name": self.operation.name, **_plain(self.operation.arguments)},
            "symptoms": [symptom.to_dict() for symptom in self.symptoms],
        }

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> "Finding":
        """The finding that `to_dict` was asked of; of its numbers, those that are not finite are lost."""
        values = {key: value for key, value in plain.items() if key in cls.__dataclass_fields__}
        done = dict(values.pop("operation") or {})
        operation = Operation(done.pop("name"), done) if done else None
        symptoms = tuple(cls.from_dict(symptom) for symptom in values.pop("symptoms"))
        return cls(**values | {"layers": tuple(values["layers"]), "operation": operation, "symptoms": symptoms})


def _plain(value: object) -> Any:
    """What strict JSON holds: lists for tuples and sets, null for a number that is not finite."""
    if isinstance(value, Mapping):
        return {str(key): _plain(v) for key, v in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(v) for v in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def at_least(severity: Severity, floor: Severity) -> bool:
    """Whether `severity` is `floor` or worse."""
    return SEVERITIES.index(severity) >= SEVERITIES.index(floor)
