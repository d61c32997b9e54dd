"""The catalogue: every finding that there is, as text, from the table of rules and nothing else."""

import textwrap

from moreish.doctor.judge.rules import RULES
from moreish.doctor.judge.table import HOLDS

WIDTH = 100


def catalogue() -> str:
    """One paragraph a finding: what it is called, how it is judged, when it is silent, and where it can be asked."""
    return "\n".join(_paragraph(id) for id in sorted(RULES))


def _paragraph(id: str) -> str:
    rule = RULES[id]
    asked = "of data" if rule.needs not in HOLDS else "before training too" if rule.preflight else "while training"
    body = [rule.judged_by, *([f"Silent: {rule.silent}."] if rule.silent else [])]
    lines = textwrap.wrap(f"{rule.id} {rule.slug}: {rule.name} ({asked})", WIDTH, subsequent_indent="  ")
    for sentence in body:
        lines += textwrap.wrap(sentence, WIDTH, initial_indent="  ", subsequent_indent="    ")
    return "\n".join(lines) + "\n"
