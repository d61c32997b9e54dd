"""A diagnosis: one disease, one finding. Symptoms stand under the disease that explains them."""

import dataclasses
from collections.abc import Iterable

from moreish.doctor.frames.history import History
from moreish.doctor.judge.finding import SEVERITIES, Finding
from moreish.doctor.judge.rules import RULES

RUNAWAY = ("F04", "F05", "F06", "F07", "F09", "F10", "F11", "F15", "F17", "F22", "F23", "F34", "F42")
NOT_LEARNING = ("F12", "F14", "F17", "F22", "F23", "F29")

# What each disease explains. The order is that of causes: what stands earlier comes first among equally bad ones.
EXPLAINS: dict[str, tuple[str, ...]] = {
    "F20": ("F13", "F28", *RUNAWAY),
    "F18": NOT_LEARNING,
    "F19": NOT_LEARNING,
    "F33": ("F32", "F34", "F28"),
    "F16": ("F18", "F09", *NOT_LEARNING),
    "F38": ("F02", "F09", *NOT_LEARNING),
    "F40": ("F02", "F09", *NOT_LEARNING),
    "F44": ("F09", *NOT_LEARNING),
    "F43": ("F01", "F02", "F03", *NOT_LEARNING),
    "F45": ("F24", *NOT_LEARNING),
    "F47": ("F13", *RUNAWAY, *NOT_LEARNING),
    "F25": ("F02", "F24", "F28"),
    "F35": ("F34", "F37"),
    "F24": ("F22", "F28"),
    "F21": ("F06", "F07", "F09", *NOT_LEARNING),
    "F37": ("F34", "F09", "F42"),
    "F41": ("F22", "F29", "F30"),
    "F08": ("F01", "F03", "F06", "F09", "F10", *NOT_LEARNING),
    "F04": ("F05", "F06", "F09", "F10", *NOT_LEARNING),
    "F05": ("F06", "F09", *NOT_LEARNING),
    "F13": ("F01", "F08", "F28", *RUNAWAY),
    "F07": ("F06", "F09", *NOT_LEARNING),
    "F01": ("F03",),
    "F14": ("F12", "F22", "F23", "F29"),
    "F15": ("F10", *NOT_LEARNING),
    "F06": ("F09", *NOT_LEARNING),
    "F32": ("F34",),
    "F17": ("F09", "F12", "F22", "F23"),
    "F23": ("F22",),
    "F10": ("F11", "F42"),
    "F39": ("F01", "F03", "F08", *NOT_LEARNING),
    "F09": ("F12", "F22", "F23"),
}
CAUSES = tuple(EXPLAINS)
AT_START = {
    "F01",
    "F04",
    "F05",
    "F07",
    "F08",
    "F21",
}  # seen before the first update: a later disease did not cause it


def judge(history: History, ignore: Iterable[str] = ()) -> list[Finding]:
    """What every rule finds in the history, unfolded."""
    skipped = set(ignore)
    return [f for id, rule in RULES.items() if id not in skipped for f in rule.judge(history)]


def diagnose(findings: Iterable[Finding]) -> list[Finding]:
    """Worst first, causes before symptoms, every symptom under the disease at the root of what explains it."""
    ordered = sorted(findings, key=_rank)
    under: dict[str, list[Finding]] = {}
    roots = []
    for finding in ordered:
        root = _root(finding, ordered)
        if root is finding:
            roots.append(finding)
        else:
            under.setdefault(root.id, []).append(finding)
    roots = [dataclasses.replace(f, symptoms=tuple(under.get(f.id, ()))) for f in roots]
    return sorted(roots, key=lambda f: (-SEVERITIES.index(f.severity), _rank(f)))


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
    """Whether `finding` is a symptom of `disease`: listed, not worse than known, and not there before it."""
    if disease.severity == "info" or finding.id not in EXPLAINS.get(disease.id, ()):
        return False
    if disease.id == "F13" and finding.id in AT_START and finding.step == 0:
        return False
    return disease.severity == "sick" or finding.severity != "sick"


def _rank(finding: Finding) -> tuple[int, float, int]:
    cause = CAUSES.index(finding.id) if finding.id in CAUSES else len(CAUSES)
    return cause, -finding.confidence, finding.step
