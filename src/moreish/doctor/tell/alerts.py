"""Alerts: what is done at once when something is found, while the training goes on or instead of going on."""

from collections.abc import Callable, Iterable

from moreish.doctor.judge.diagnosis import failing
from moreish.doctor.judge.finding import SEVERITIES, Finding


class SickRun(Exception):
    """Raised out of a training loop, after the step in which `finding` was found: see `stop_on`."""

    def __init__(self, finding: Finding) -> None:
        where = f" at {finding.layer}" if finding.layer else ""
        super().__init__(f"{finding.severity}: {finding.title}{where}: {finding.sentence} {finding.remedy}")
        self.finding = finding

    def __reduce__(self) -> tuple[type["SickRun"], tuple[Finding]]:
        return type(self), (self.finding,)


class Alerts:
    """Calls `on_finding` once for each finding, and again when it becomes worse; raises where `stop_on` says so.

    `stop_on` is a severity (that or worse), or a finding's id or slug. What was `found` before is not told again.
    Raises ValueError where no finding is called that.
    """

    def __init__(
        self,
        on_finding: Callable[[Finding], object] | None = None,
        stop_on: str | None = None,
        found: Iterable[Finding] = (),
    ) -> None:
        known = list(found)
        self.on_finding, self.stop_on = on_finding, stop_on
        self._told = {f.id: f.severity for f in known}
        self._stopped = {f.id for f in failing(known, stop_on)} if stop_on is not None else set[str]()

    def __bool__(self) -> bool:
        return self.on_finding is not None or self.stop_on is not None

    def told(self, findings: list[Finding]) -> None:
        """Tell those that are new or have become worse."""
        for finding in findings:
            before = self._told.get(finding.id)
            if before is None or SEVERITIES.index(before) < SEVERITIES.index(finding.severity):
                self._told[finding.id] = finding.severity
                if self.on_finding is not None:
                    self.on_finding(finding)

    def stop(self, findings: list[Finding]) -> None:
        """Raises SickRun for the first that is bad enough, once for each."""
        if self.stop_on is None:
            return
        for finding in failing(findings, self.stop_on):
            if finding.id not in self._stopped:
                self._stopped.add(finding.id)
                raise SickRun(finding)
