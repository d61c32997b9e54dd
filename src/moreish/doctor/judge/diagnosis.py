"""A diagnosis: one disease, one finding. Symptoms stand under the disease that explains them."""

import dataclasses
from collections.abc import Collection, Iterable

from moreish.doctor.judge.finding import SEVERITIES, Finding, at_least
from moreish.doctor.judge.rules import RULES
from moreish.doctor.judge.table import HOLDS, SYMPTOM, Needs, named_rules


def judge(
    seen: object,
    needs: Collection[Needs] = tuple(HOLDS),
    ignore: Collection[str] = (),
    failed: dict[str, Exception] | None = None,
) -> list[Finding]:
    """What every rule with one of these needs finds in the history of a run, or in data; unfolded.

    With `failed`, a rule that fails on a stranger's run is left out and stands there with its failure.
    """
    findings: list[Finding] = []
    for id, rule in RULES.items():
        if rule.needs not in needs or id in ignore:
            continue
        try:
            findings += rule.judge(seen)
        except Exception as failure:
            if failed is None:
                raise
            failed[id] = failure
    return findings


def diagnose(findings: Iterable[Finding]) -> list[Finding]:
    """Worst first, causes before symptoms, every symptom under the disease at the root of what explains it."""
    ordered = sorted(findings, key=_order)
    under: dict[str, list[Finding]] = {}
    roots = []
    for finding in ordered:
        root = _root(finding, ordered)
        if root is finding:
            roots.append(finding)
        else:
            under.setdefault(root.id, []).append(finding)
    roots = [dataclasses.replace(f, symptoms=tuple(under.get(f.id, ()))) for f in roots]
    return by_severity(roots)


def by_severity(findings: Iterable[Finding]) -> list[Finding]:
    """Worst first; among equally bad ones causes first."""
    return sorted(findings, key=lambda f: (-SEVERITIES.index(f.severity), _order(f)))


def failing(findings: Iterable[Finding], fail_on: str) -> list[Finding]:
    """Those that are as bad as a severity, or that a rule's id or slug names, also where they stand under another.

    Raises ValueError for what is neither.
    """
    if fail_on in SEVERITIES:
        return [f for f in findings if at_least(f.severity, fail_on)]
    named = named_rules([fail_on])
    return [f for root in findings for f in (root, *root.symptoms) if f.id in named]


def _root(finding: Finding, known: list[Finding]) -> Finding:
    """The disease at the end of the chain: what explains the finding, what explains that, ... ."""
    seen = {finding.id}
    while True:
        cause = next((d for d in known if d.id not in seen and explains(d, finding)), None)
        if cause is None:
            return finding
        finding = cause
        seen.add(cause.id)


def explains(disease: Finding, finding: Finding) -> bool:
    """Whether `finding` is a symptom of `disease`: declared, not worse than known, and not there before it."""
    cause, symptom = RULES.get(disease.id), RULES.get(finding.id)
    if cause is None or symptom is None or disease.severity == "info" or not cause.explained(symptom):
        return False
    if cause.by_updates and symptom.at_start and finding.step == 0:
        return False
    return disease.severity == "sick" or finding.severity != "sick"


def _order(finding: Finding) -> tuple[int, float, int]:
    """Causes first, then what is surer, then what was there earlier."""
    rule = RULES.get(finding.id)
    return rule.rank if rule is not None else SYMPTOM, -finding.confidence, finding.step
