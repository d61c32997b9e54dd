"""What came of a program under observation: the reports on its trainings, as one."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from moreish.doctor.doctor import Doctor
from moreish.doctor.judge.diagnosis import by_severity
from moreish.doctor.judge.finding import Finding
from moreish.doctor.tell.html import page
from moreish.doctor.tell.report import Report

NOTHING = "No optimizer was made and no backward was called, so there was nothing to watch."


@dataclass
class Watched:
    """The doctors of a program, one for each training, and the exception that ended it.

    `unwatched` counts the optimizers that came when there were too many trainings already; `functional` are the
    transforms of torch.func that were used.
    """

    doctors: Sequence[Doctor] = field(default_factory=list)
    error: BaseException | None = None
    unwatched: int = 0
    functional: tuple[str, ...] = ()

    @property
    def doctor(self) -> Doctor | None:
        """The doctor of the first training; None where nothing was trained."""
        return self.doctors[0] if self.doctors else None

    @property
    def findings(self) -> list[Finding]:
        """Those of every training, worst first; what several have in common stands once."""
        return self._report().findings

    @property
    def steps(self) -> int:
        """Updates of all trainings."""
        return sum(doctor.steps for doctor in self.doctors)

    @property
    def is_conclusive(self) -> bool:
        """Whether enough was seen to say that nothing is wrong."""
        return self._report().is_conclusive

    def report(self) -> str:
        """The findings as text, or why there is nothing to report."""
        return self._report().text() if self.doctors else " ".join(self._nothing()) + "\n"

    def to_dict(self) -> dict[str, Any]:
        """The findings as plain values."""
        return self._report().plain()

    def to_html(self) -> str | None:
        """The report as a page; None where nothing was trained."""
        if not self.doctors:
            return None
        told = [k for k, d in enumerate(self.doctors) if any(f.severity != "info" for f in d.findings)] or [0]
        names = {k: f"training {k + 1}" if len(self.doctors) > 1 else "" for k in told}
        return page(self._report(), {names[k]: self.doctors[k].history for k in told[:4]})

    def _report(self) -> Report:
        if not self.doctors:
            return Report([], self._nothing(), 0, 0, 0.0)
        report = merged([doctor.to_report() for doctor in self.doctors])
        if self.unwatched:
            report.notes.append(f"{self.unwatched} optimizers came after many others; they were not watched.")
        if not self.steps:
            report.notes.extend(self._nothing()[1:])
        return report

    def _nothing(self) -> list[str]:
        """Why there is nothing to report."""
        used = ", ".join(f"torch.func.{name}" for name in self.functional)
        note = f"Gradients were taken by {used}, which no optimizer and no backward sees: that was not looked at."
        return [NOTHING, note] if used else [NOTHING]


def merged(reports: Sequence[Report]) -> Report:
    """The reports on several trainings as one: a finding that several have stands once, and says so."""
    if len(reports) == 1:
        return reports[0]
    where: dict[tuple[str, str], list[int]] = {}
    worst: dict[tuple[str, str], Finding] = {}
    for k, report in enumerate(reports, 1):
        for finding in report.findings:
            key = finding.id, finding.layer
            where.setdefault(key, []).append(k)
            worst[key] = by_severity([finding, *([worst[key]] if key in worst else [])])[0]
    findings = [
        replace(
            finding,
            sentence=f"{finding.sentence} ({_trainings(where[key], len(reports))})",
            network=f"training {where[key][0]}",
        )
        for key, finding in worst.items()
    ]
    notes = list(dict.fromkeys(note for report in reports for note in report.notes))
    costs = [report.cost for report in reports if report.cost is not None]
    frames = sum(report.frames or 0 for report in reports)
    return Report(by_severity(findings), notes, sum(r.steps for r in reports), frames, max(costs, default=None))


def _trainings(found: list[int], every: int) -> str:
    """ "training 3 of 5", "4 of 4 trainings"."""
    return f"training {found[0]} of {every}" if len(found) == 1 else f"{len(found)} of {every} trainings"
