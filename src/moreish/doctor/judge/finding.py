"""A finding: one sentence about one disease, with its evidence and what to do."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from moreish.doctor.judge.fields import Fields

Severity = Literal["info", "watch", "sick"]
Number = float | int | str
Argument = str | float | tuple[str, ...]
SEVERITIES: tuple[Severity, ...] = ("info", "watch", "sick")
DEEPEST = 8  # symptoms of symptoms of ...


@dataclass(frozen=True)
class Operation:
    """A remedy as something that can be done: the name of an entry of `REMEDIES` and its arguments."""

    name: str
    arguments: Mapping[str, Argument] = field(default_factory=dict)


@dataclass(frozen=True)
class Finding:
    """What is wrong, where, since when, how sure, why, and what to change.

    `slug` is what the id stands for, in a word or two. `layer` is the qualified name of a module ("net.3"), or of a
    functional call inside one ("block.tanh"); empty when the finding is about the run as a whole. `layer_type` is
    what stands there ("Linear(64, 32)") and `line` the line of code that called it ("train.py:31"), `made` the one
    that made it; `layer_types` are those of `layers`. Each is empty where it is not known. `step` counts updates: a
    finding at step 0 was made before the first one. `network` is which of several networks or trainings it is about.
    `confidence` lies in (0, 1]; 1 means that the rule is exact. `picture` names the quantity to look at: "loss",
    "update_ratio" of all layers, "net.3/saturated" of one, or "std by layer", at the start and at the end.
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
    layer_type: str = ""
    line: str = ""
    layer_types: tuple[str, ...] = ()
    network: str = ""
    made: str = ""

    @property
    def title(self) -> str:
        """Id and slug: "F45 batch-mixing"."""
        return f"{self.id} {self.slug}".rstrip()

    @property
    def heading(self) -> str:
        """Id, slug and, where it says more, name: "F45 batch-mixing: samples of a batch see each other"."""
        return self.title if self.name.replace(" ", "-") == self.slug else f"{self.title}: {self.name}"

    def later(self, steps: int) -> "Finding":
        """The same, so many steps later, with its symptoms."""
        return replace(self, step=self.step + steps, symptoms=tuple(s.later(steps) for s in self.symptoms))

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        from moreish.doctor.tell import html

        return html.cell(html.brief(self))

    def to_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return {
            "id": self.id,
            "slug": self.slug,
            "severity": self.severity,
            "layer": self.layer,
            "layer_type": self.layer_type,
            "line": self.line,
            "made": self.made,
            "step": self.step,
            "sentence": self.sentence,
            "remedy": self.remedy,
            "name": self.name,
            "why": self.why,
            "numbers": _plain(self.numbers),
            "confidence": self.confidence,
            "picture": self.picture,
            "layers": list(self.layers),
            "layer_types": list(self.layer_types),
            "network": self.network,
            "operation": None
            if self.operation is None
            else {"name": self.operation.name, **_plain(self.operation.arguments)},
            "symptoms": [symptom.to_dict() for symptom in self.symptoms],
        }

    @classmethod
    def from_dict(cls, plain: object) -> "Finding":
        """The finding that `to_dict` was asked of; of its numbers, those that are not finite are lost.

        What is read may come from a stranger. Raises ValueError for a field that is missing, of another type or too
        large.
        """
        return cls._read(plain, 0)

    @classmethod
    def _read(cls, plain: object, depth: int) -> "Finding":
        fields = Fields("a finding", plain)
        if depth > DEEPEST:
            raise fields.refused("symptoms", "nested too deeply")
        severity = fields.name("severity")
        if severity not in SEVERITIES:
            raise fields.refused("severity", f"none of {', '.join(SEVERITIES)}")
        confidence = fields.finite("confidence", 1.0)
        if not 0 <= confidence <= 1:
            raise fields.refused("confidence", "not between 0 and 1")
        return cls(
            id=fields.name("id"),
            severity=severity,
            layer=fields.name("layer"),
            step=fields.count("step"),
            sentence=fields.text("sentence"),
            remedy=fields.text("remedy"),
            name=fields.name("name", ""),
            slug=fields.name("slug", ""),
            why=fields.text("why", ""),
            numbers=fields.numbers("numbers"),
            confidence=confidence,
            picture=fields.name("picture", ""),
            operation=_operation(fields),
            layers=fields.names("layers"),
            symptoms=tuple(cls._read(each, depth + 1) for each in fields.entries("symptoms")),
            layer_type=fields.name("layer_type", ""),
            line=fields.name("line", ""),
            layer_types=fields.names("layer_types"),
            network=fields.name("network", ""),
            made=fields.name("made", ""),
        )


def _operation(fields: Fields) -> Operation | None:
    if fields.plain.get("operation") is None:
        return None
    done = Fields("the operation of a finding", fields.plain["operation"])
    arguments: dict[str, Argument] = {}
    for key in done.plain:
        if key != "name" and isinstance(key, str):
            value = done.plain[key]
            if isinstance(value, list | tuple):
                arguments[key] = done.names(key)
            elif isinstance(value, str):
                arguments[key] = done.name(key)
            elif value is not None:
                arguments[key] = done.finite(key, 0.0)
    return Operation(done.name("name"), arguments)


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
