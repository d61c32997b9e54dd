"""The table of rules: each judges the history of a run and yields what it finds."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from moreish.doctor.frames.history import History
from moreish.doctor.judge.finding import Finding, Operation, Severity

Judge = Callable[[History], Iterator[Finding]]


@dataclass(frozen=True)
class Rule:
    """A row of the catalogue: its id, its name, the judge, when it is silent, and why it matters (three lines)."""

    id: str
    name: str
    judge: Judge
    silent: str
    why: str


RULES: dict[str, Rule] = {}


def rule(id: str, name: str, *, silent: str = "", why: str) -> Callable[[Judge], Judge]:
    """Enter a judge into the table."""

    def enter(judge: Judge) -> Judge:
        assert id not in RULES, id
        RULES[id] = Rule(id, name, judge, silent, why)
        return judge

    return enter


def found(
    id: str,
    severity: Severity,
    layer: str,
    step: int,
    sentence: str,
    remedy: str,
    *,
    confidence: float = 0.9,
    picture: str = "",
    operation: Operation | None = None,
    layers: tuple[str, ...] = (),
    **numbers: Any,
) -> Finding:
    """A finding of the rule `id`, with its name and its reason from the table."""
    return Finding(
        id=id,
        severity=severity,
        layer=layer,
        step=step,
        sentence=sentence,
        remedy=remedy,
        name=RULES[id].name,
        why=RULES[id].why,
        numbers={k: round(v, 6) if isinstance(v, float) else v for k, v in numbers.items()},
        confidence=confidence,
        picture=picture,
        operation=operation,
        layers=layers or ((layer,) if layer else ()),
    )
