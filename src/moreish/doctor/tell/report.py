"""A report: the findings as text and as plain values."""

import sys
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from os import get_terminal_size
from typing import Any

from moreish.doctor.frames.history import History
from moreish.doctor.judge.fields import Fields
from moreish.doctor.judge.finding import SEVERITIES, Finding
from moreish.doctor.tell.words import layer_label, plural, visible

WIDTH = 100
FAILED = "the doctor itself failed"
NO_STEP = "No step was seen, so nothing can be said"
NARROWEST = 40
MOST_ALSO = 6


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
        """The report that `plain` was asked of; a finding that cannot be read is left out, and a note says so.

        Raises ValueError where the report itself cannot be read.
        """
        fields = Fields("a report", plain)
        findings, unread = _readable(fields.entries("findings"))
        frames = None if fields.plain.get("frames") is None else fields.count("frames")
        cost = None if fields.plain.get("cost") is None else fields.finite("cost", 0.0)
        return cls(findings, [*fields.texts("notes"), *unread], fields.count("steps"), frames, cost)

    @property
    def alarms(self) -> int:
        """How many findings are more than information."""
        return sum(f.severity != "info" for f in self.findings)

    def text(self, width: int | None = None) -> str:
        """Worst first: sentence, where, why, what to do; symptoms below, what could not be seen at the end.

        Lines are wrapped to `width`, which is that of the terminal where one is written to. A control character that
        came with a name or a record is written as an escape.
        """
        width = max(NARROWEST, width or terminal_width())
        lines = [*_wrapped(self.headline(), "", width), ""]
        for finding in self.findings:
            lines += [*_lines(finding, width), ""]
        for note in self.notes:
            lines += _wrapped(f"Note: {note}", "", width)
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

    def _repr_html_(self) -> str:
        """What a notebook shows; the pictures are with the doctor that made it."""
        from moreish.doctor.tell import html

        return html.fragment(self, {})

    @property
    def is_conclusive(self) -> bool:
        """Whether enough was seen to say that nothing is wrong: steps, a look, and no failure of the doctor's own."""
        return self.steps > 0 and self.frames != 0 and not any(FAILED in note for note in self.notes)

    def headline(self) -> str:
        """How many findings, and how closely was looked."""
        looked = f"{self.steps} steps"
        if self.frames is not None and self.cost is not None:
            looked += f", {self.frames} looked at, {self.cost:.1%} of the time"
        bad = self.alarms
        if not bad and not self.is_conclusive:
            return f"Nothing can be said ({looked}): see the notes." if self.steps else f"{NO_STEP}."
        if not bad:
            return f"Nothing wrong was found ({looked})."
        return f"{plural(bad, 'finding')} ({looked})."


def joined(reports: Mapping[str, Report]) -> Report:
    """The reports on several networks as one, worst findings first, each with its network before its layer."""
    if len(reports) == 1:
        return next(iter(reports.values()))
    findings = [_of_network(f, name) for name, r in reports.items() for f in r.findings]
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
        said.append(f"{FAILED} and stopped looking ({type(failure).__name__}: {failure}).")
    evidence = history.evidence
    if not history.training() and not evidence.steps:
        said.append(
            "no optimizer step was seen: is it this optimizer that the loop uses, and this model?"
            if history.seen or evidence.backwards
            else "neither a backward nor a step was seen."
        )
    idle = [o for o in evidence.optimizers if not o.steps]
    if idle and len(idle) < len(evidence.optimizers):
        names = ", ".join(f"{o.name} with {o.parameters} parameters" for o in idle[:3])
        said.append(f"{len(idle)} of {len(evidence.optimizers)} optimizers never stepped ({names}).")
    if evidence.uncalled and not evidence.called and not compiled and history.seen:
        said.append("no model was called as a module while looked at, so inputs and modes were not seen.")
    return said


def place(finding: Finding) -> str:
    """Where it is: "at `fc2: Linear(64, 10)`, made in train.py:12, called in train.py:31"; "" for the whole run."""
    at = f"at `{layer_label(finding.layer, finding.layer_type)}`" if finding.layer else ""
    made = f"made in {finding.made}" if finding.made else ""
    called = f"called in {finding.line}" if finding.line else ""
    return ", ".join(filter(None, (at, made, called)))


def also(finding: Finding) -> list[str]:
    """The other layers that it names, by name and type."""
    types = dict(zip(finding.layers, finding.layer_types, strict=False))
    return [layer_label(layer, types.get(layer, "")) for layer in finding.layers if layer != finding.layer]


def terminal_width() -> int:
    """That of the terminal that is written to; 100 where there is none, and at most."""
    try:
        return min(WIDTH, get_terminal_size(sys.stdout.fileno()).columns or WIDTH)
    except (AttributeError, OSError, ValueError):  # no terminal, or stdout was replaced or closed
        return WIDTH


def _readable(plain: Iterable[object]) -> tuple[list[Finding], list[str]]:
    """The findings that can be read, and what to say of the others."""
    findings, reasons = [], []
    for each in plain:
        try:
            findings.append(Finding.from_dict(each))
        except ValueError as error:
            reasons.append(str(error))
    if not reasons:
        return findings, []
    return findings, [f"{plural(len(reasons), 'finding')} could not be read and is left out: {reasons[0]}."]


def _of_network(finding: Finding, name: str) -> Finding:
    symptoms = tuple(_of_network(s, name) for s in finding.symptoms)
    layer = f"{name}: {finding.layer}" if finding.layer else name
    return replace(finding, layer=layer, symptoms=symptoms, network=name)


def _lines(finding: Finding, width: int) -> Iterator[str]:
    word = f"{finding.severity.upper():5} "
    yield from _wrapped(finding.heading, word, width, " " * len(word))
    where = ", ".join(filter(None, (place(finding), f"step {finding.step}", f"{finding.confidence:.0%} sure")))
    yield from _wrapped(where, " " * len(word), width)
    yield from _wrapped(finding.sentence, "  ", width, "  ")
    for line in finding.why.split("\n"):
        yield from _wrapped(line, "  | ", width, "  |   ")
    yield from _wrapped(f"Do: {finding.remedy}", "  ", width, "      ")
    others = also(finding)
    if others:
        more = f" and {len(others) - MOST_ALSO} more" if len(others) > MOST_ALSO else ""
        yield from _wrapped(f"Also at: {', '.join(others[:MOST_ALSO])}{more}", "  ", width)
    for symptom in finding.symptoms:
        yield from _wrapped(f"With it: {symptom.title}. {symptom.sentence}", "    ", width)


def _wrapped(line: str, indent: str, width: int, following: str | None = None) -> list[str]:
    return textwrap.wrap(
        visible(line),
        width,
        initial_indent=indent,
        subsequent_indent=indent + "  " if following is None else following,
        break_long_words=False,
        break_on_hyphens=False,
    )
