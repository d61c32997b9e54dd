"""docs/ladder.md: published, ours, difference, tolerance, verdict and seconds of every figure."""

from collections.abc import Callable, Iterable
from typing import Any

from benchmarks.reproduce.published import SECTIONS, Published

COLUMNS = ("figure", "published", "ours", "difference", "tolerance", "holds", "seconds", "job")
HEAD = f"| {' | '.join(COLUMNS)} |\n{'|---' * len(COLUMNS)}|"
SIGNS = {"equal": "±", "at most": "+", "at least": "-"}

INTRODUCTION = """# Results: every published figure, measured again

Made by `make reproduce`; do not edit. Losses are mean nats per character, the end of an item included, on
names.txt with the lectures' split, unless a row says otherwise. A figure holds if it is within its tolerance; losses
may also be lower. The val loss is that of the best of the evaluations during training, and the test split was read
once, for this table. Repeat one row with `python -m benchmarks.reproduce --only JOB`; where the job is the name of a
recipe, `moreish train names.txt --recipe JOB` is the same training.
"""


def page(result: Callable[[str], dict[str, Any] | None]) -> str:
    """The page from what the jobs have found so far."""
    lines, held, missed, missing = [INTRODUCTION], 0, [], 0
    for title, rows in SECTIONS.items():
        lines += [f"## {title}\n", HEAD]
        for row in rows:
            found = result(row.job)
            ours = found["figures"].get(row.key) if found else None
            verdict = holds(row, ours) if ours is not None else None
            held += verdict is True
            missing += ours is None
            missed += [row] if verdict is False else []
            lines.append(_line(row, ours, verdict, found))
        lines.append("")
    total = f"{held} figures hold, {len(missed)} do not, {missing} are still to be measured."
    if missed:
        total += " Those that do not: " + "; ".join(f"{row.what} ({row.job})" for row in missed) + "."
    lines.insert(1, total + "\n")
    return "\n".join([*lines, "## Where and when\n", *_machines(result)]) + "\n"


def holds(row: Published, ours: Any) -> bool | None:
    """Whether our figure is within the tolerance; None where nothing was published."""
    if row.rule == "ours":
        return None
    if isinstance(ours, str) or (isinstance(ours, list) and ours and isinstance(ours[0], str)):
        return ours == row.value
    off = difference(row, ours)
    assert off is not None
    if row.rule == "at most":
        return off <= row.tolerance
    if row.rule == "at least":
        return off >= -row.tolerance
    return abs(off) <= row.tolerance


def difference(row: Published, ours: Any) -> float | None:
    """Ours less theirs; of two lists the difference that is furthest from zero; None where there is none."""
    theirs: Any = row.value
    if theirs is None or ours is None or isinstance(theirs, str):
        return None
    if not isinstance(theirs, list):
        return ours - theirs
    if len(ours) != len(theirs) or isinstance(theirs[0], str):
        return None
    return max((o - t for o, t in zip(ours, theirs, strict=True)), key=abs)


def _line(row: Published, ours: Any, verdict: bool | None, found: dict[str, Any] | None) -> str:
    off = difference(row, ours)
    cells = (
        row.what,
        "" if row.value is None else shown(row.value),
        "not measured yet" if ours is None else shown(ours),
        "" if off is None else ("0" if off == 0 else f"{off:+.2g}"),
        "" if row.rule == "ours" else f"{SIGNS[row.rule]}{row.tolerance:g}",
        {True: "yes", False: "**no**", None: ""}[verdict],
        "" if found is None else f"{found['seconds']:,.0f}",
        f"`{row.job}`",
    )
    return "| " + " | ".join(cells) + " |"


def shown(value: Any) -> str:
    """A figure in as many digits as mean something."""
    if isinstance(value, list):
        return ", ".join(shown(v) for v in value)
    if isinstance(value, str):
        return value
    if float(value).is_integer() and abs(value) < 1e12:
        return f"{int(value):,}"
    return f"{value:.6g}" if 1e-3 <= abs(value) < 1e6 else f"{value:.2e}"


def _machines(result: Callable[[str], dict[str, Any] | None]) -> Iterable[str]:
    jobs = dict.fromkeys(row.job for rows in SECTIONS.values() for row in rows)
    where: dict[tuple[str, str], list[str]] = {}
    for job in jobs:
        if found := result(job):
            where.setdefault((found["machine"], found["date"]), []).append(job)
    for (machine, date), names in where.items():
        yield f"- {date}, {machine}: {', '.join(names)}"
