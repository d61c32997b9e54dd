"""Figures: computed from the outcomes that are kept, and from nothing else."""

import math
from collections.abc import Callable, Iterable, Sequence

from benchmarks.sickbay.cases import Case
from benchmarks.sickbay.kept import Row, restored
from moreish.doctor import Finding
from moreish.doctor.judge.diagnosis import diagnose
from moreish.doctor.judge.rules import RULES
from moreish.doctor.treat.faults import FAULTS


def wilson(hits: int, n: int, z: float = 1.96) -> str:
    """`hits/n = share (low to high)` with Wilson's 95 % interval."""
    if n == 0:
        return "0/0"
    share = hits / n
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return f"{hits}/{n} = {share:.0%} ({abs(centre - half):.0%} to {centre + half:.0%})"


def share(rows: Sequence[Row], holds: Callable[[Row], bool]) -> str:
    """How many of the rows a condition holds for, with its interval."""
    return wilson(sum(map(holds, rows)), len(rows))


def alarms(row: Row, without: str = "") -> list[Finding]:
    """Findings of watch or above, worst first, folded; as if the rule `without` did not exist."""
    known = diagnose(f for f in restored(row["findings"]) if f.id != without)
    return [f for f in known if f.severity != "info"]


def fault(row: Row) -> str:
    """The id of the fault that was seeded."""
    return row["case"]["fault"]


def well(rows: Iterable[Row]) -> list[Row]:
    """The healthy ones."""
    return [r for r in rows if not fault(r)]


def hurt(rows: Iterable[Row]) -> list[Row]:
    """Those whose fault did harm."""
    return [r for r in rows if fault(r) and r["harmful"]]


def tame(rows: Iterable[Row]) -> list[Row]:
    """Those whose fault did no harm."""
    return [r for r in rows if fault(r) and not r["harmful"]]


def first_is_right(row: Row) -> bool:
    """Whether the first alarm is the seeded fault."""
    first = next(iter(alarms(row)), None)
    return first is not None and first.id == fault(row)


def layer_is_right(row: Row) -> bool:
    """Whether the finding of the seeded fault names a layer that the fault sits in, or lists its first one."""
    first = row["layers"][0]
    return any(f.id == fault(row) and (f.layer in row["layers"] or first in f.layers) for f in alarms(row))


def table(rows: Sequence[Row]) -> list[str]:
    """The main figures."""
    sick, fine = hurt(rows), well(rows)
    placed = [r for r in sick if r["layers"][0] and any(f.id == fault(r) for f in alarms(r))]
    treated = [r for r in sick if r["mended"] is not None]
    start = [r for r in sick if RULES[fault(r)].at_start]
    when = sorted(r["first_alarm"][fault(r)] for r in sick if fault(r) in r["first_alarm"])
    steps = f"{when[len(when) // 2]} (9 of 10 by {when[len(when) * 9 // 10]})" if when else "none"
    return [
        "| figure | value (Wilson 95 %) | target |",
        "|---|---|---|",
        f"| healthy runs with any finding of watch or above | {share(fine, lambda r: bool(alarms(r)))} | <= 5 % |",
        *(
            f"| … {word} | {share([r for r in fine if r['case']['kind'] == kind], lambda r: bool(alarms(r)))} | |"
            for kind, word in (("healthy", "twins"), ("trap", "traps"), ("stranger", "strangers"))
        ),
        f"| recall on harmful faults | {share(sick, lambda r: bool(alarms(r)))} | >= 95 % |",
        f"| right cause first | {share(sick, first_is_right)} | >= 85 % |",
        f"| right layer, where the cause was found and has one | {share(placed, layer_is_right)} | >= 90 % |",
        f"| first remedy, applied automatically, mends | {share(treated, lambda r: r['mended'])} | >= 80 % |",
        "| init faults told by `preflight`, before any update | "
        f"{share(start, lambda r: fault(r) in r['preflight'])} | all |",
        "| init faults told by `Doctor`, right after the first update | "
        f"{share(start, lambda r: r['first_alarm'].get(fault(r), 9) <= 1)} | |",
        f"| harmless faults alarmed all the same | {share(tame(rows), lambda r: bool(alarms(r)))} | |",
        f"| updates until the right finding was an alarm, median | {steps} | |",
    ]


def misses(rows: Sequence[Row]) -> list[str]:
    """Everything that went wrong, by name."""
    lines = []
    for r in rows:
        said = ", ".join(f"{f.id} at {f.layer or 'run'}" for f in alarms(r)[:3]) or "nothing"
        words = Case.of(r).words()
        if r["failure"]:
            lines.append(f"- {words}: the doctor failed: {r['failure']}")
        if not fault(r):
            lines += [f"- false alarm, {words}: {said}"] if alarms(r) else []
        elif r["harmful"]:
            harm = f"val {r['val']:.3g}, twin {r['twin']:.3g}"
            if not alarms(r):
                lines.append(f"- missed, {words} ({harm})")
            elif not first_is_right(r):
                lines.append(f"- wrong cause, {words} ({harm}): {said}")
            elif r["layers"][0] and not layer_is_right(r):
                lines.append(f"- wrong layer, {words}: {said}, not {', '.join(r['layers'])}")
            if r["mended"] is False:
                lines.append(f"- not mended, {words} ({harm}): {r['mended_val']:.3g} after the remedy of {said}")
    return lines or ["- none"]


def by_fault(rows: Sequence[Row]) -> list[str]:
    """One line for each fault."""
    lines = [
        "| fault | runs | harmful | found | right cause first | remedy mends | harmless, alarmed |",
        "|---|---|---|---|---|---|---|",
    ]
    for id in sorted({fault(r) for r in rows} - {""}):
        mine = [r for r in rows if fault(r) == id]
        bad, mild = hurt(mine), tame(mine)
        treated = [r for r in bad if r["mended"] is not None]
        counts = (
            len(bad),
            f"{sum(bool(alarms(r)) for r in bad)}/{len(bad)}",
            f"{sum(map(first_is_right, bad))}/{len(bad)}",
            f"{sum(r['mended'] for r in treated)}/{len(treated)}",
            f"{sum(bool(alarms(r)) for r in mild)}/{len(mild)}",
        )
        lines.append(f"| {id} | {len(mine)} | " + " | ".join(map(str, counts)) + " |")
    never = sorted(FAULTS.keys() - {fault(r) for r in rows})
    return [*lines, *([f"\nNot seeded on any pairing of this half: {', '.join(never)}."] if never else [])]


def ablation(rows: Sequence[Row]) -> list[str]:
    """For each rule: what is alarmed by it alone, and where it stands in front of the right cause."""
    lines = [
        "| rule | healthy runs alarmed by it alone | harmful faults found | by it alone | told first, wrongly |",
        "|---|---|---|---|---|",
    ]
    fine, sick = well(rows), hurt(rows)
    known = {f["id"] for r in rows for f in r["findings"] if f["severity"] != "info"}
    for id in sorted(known):
        false = [r for r in fine if alarms(r) and not alarms(r, id)]
        shows = [r for r in sick if any(f["id"] == id and f["severity"] != "info" for f in r["findings"])]
        alone = [r for r in shows if not alarms(r, id)]
        wrong = [r for r in shows if fault(r) != id and alarms(r)[0].id == id]
        lines.append(f"| {id} | {len(false)} | {len(shows)} | {len(alone)} | {len(wrong)} |")
    return lines
