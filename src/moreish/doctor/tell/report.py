"""A report: the findings as text and as plain values."""

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from moreish.doctor.frames.history import History
from moreish.doctor.judge.finding import SEVERITIES, Finding

WIDTH = 100


@dataclass(frozen=True)
class Report:
    """What was found in so many steps, what could not be seen, the frames that were taken, their share of time."""

    findings: list[Finding]
    notes: list[str]
    steps: int
    frames: int | None
    cost: float | None

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> "Report":
        """The report that `plain` was asked of."""
        findings = [Finding.from_dict(finding) for finding in plain["findings"]]
        return cls(findings, plain["notes"], plain["steps"], plain["frames"], plain["cost"])

    @property
    def alarms(self) -> int:
        """How many findings are more than information."""
        return sum(f.severity != "info" for f in self.findings)

    def text(self) -> str:
        """Worst first: sentence, where, why, what to do; symptoms and what could not be seen below."""
        lines = [self.headline(), ""]
        for finding in self.findings:
            lines += [*_lines(finding), ""]
        lines += [f"Note: {note}" for note in self.notes]
        return "\n".join(lines).rstrip() + "\n"

    def plain(self) -> dict[str, Any]:
        """Everything as plain values, ready for JSON."""
        return {
            "findings": [f.to_dict() for f in self.findings],
            "notes": self.notes,
            "steps": self.steps,
            "frames": self.frames,
            "cost": None if self.cost is None else round(self.cost, 4),
        }

    def headline(self) -> str:
        """How many findings, and how closely was looked."""
        looked = f"{self.steps} steps"
        if self.frames is not None and self.cost is not None:
            looked += f", {self.frames} looked at, {self.cost:.1%} of the time"
        bad = self.alarms
        if not bad and not self.steps:
            return "No step was seen, so nothing can be said."
        if not bad:
            return f"Nothing wrong was found ({looked})."
        return f"{bad} finding{'s' if bad > 1 else ''} ({looked})."


def joined(reports: Mapping[str, Report]) -> Report:
    """The reports on several networks as one, worst findings first, each with its network before its layer."""
    if len(reports) == 1:
        return next(iter(reports.values()))
    findings = [
        replace(f, layer=f"{name}: {f.layer}" if f.layer else name) for name, r in reports.items() for f in r.findings
    ]
    findings.sort(key=lambda f: -SEVERITIES.index(f.severity))
    notes = [f"{name}: {note}" for name, report in reports.items() for note in report.notes]
    each = list(reports.values())
    frames = sum(report.frames or 0 for report in each)
    costs = [report.cost for report in each if report.cost is not None]
    return Report(findings, notes, sum(r.steps for r in each), frames, max(costs, default=None))


def notes(history: History, compiled: Sequence[str], failure: Exception | None) -> list[str]:
    """What limits this report: modules that hide their insides, a failure of the doctor's own, nothing seen."""
    said = []
    if compiled:
        names = ", ".join(f"`{n}`" for n in compiled[:3])
        said.append(
            f"{names} is compiled or scripted, and nothing inside can be seen: watch the model before "
            "torch.compile. Weights, gradients and updates were measured all the same."
        )
    if failure is not None:
        said.append(f"the doctor itself failed and stopped looking ({type(failure).__name__}: {failure}).")
    evidence = history.evidence
    if not history.training() and not evidence.steps:
        said.append(
            "no optimizer step was seen: is it this optimizer that the loop uses, and this model?"
            if history.seen or evidence.backwards
            else "neither a backward nor a step was seen."
        )
    idle = [o for o in evidence.optimizers if not o.steps]
    if idle and len(idle) < len(evidence.optimizers):
        said.append(f"{len(idle)} of {len(evidence.optimizers)} optimizers never stepped.")
    if evidence.uncalled and not compiled:
        some = ", ".join(f"`{n}`" if n else "the model" for n in evidence.uncalled[:3])
        said.append(f"{some} was not called as a module while looked at, so inputs and modes were not seen.")
    if evidence.remade and evidence.steps:
        said.append(f"{evidence.remade} times a new optimizer took the place of one with the same parameters.")
    return said


def _lines(finding: Finding) -> list[str]:
    where = f" at {finding.layer}" if finding.layer else ""
    sure = f"{finding.confidence:.0%} sure"
    lines = [f"{finding.severity.upper()}  {finding.heading}{where}, step {finding.step} ({sure})"]
    lines += _wrapped(finding.sentence, "  ")
    lines += [f"  | {line}" for line in finding.why.splitlines()]
    lines += _wrapped(f"Do: {finding.remedy}", "  ")
    if len(finding.layers) > 1:
        lines += _wrapped(f"Also at: {', '.join(finding.layers[1:7])}", "  ")
    for symptom in finding.symptoms:
        lines += _wrapped(f"with it: {symptom.title}. {symptom.sentence}", "    ")
    return lines


def _wrapped(line: str, indent: str) -> list[str]:
    return textwrap.wrap(line, WIDTH, initial_indent=indent, subsequent_indent=indent + "  ", break_long_words=False)
