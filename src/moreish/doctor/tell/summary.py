"""The summary: the verdict in one line, and what was looked at."""

from collections.abc import Iterator, Mapping

from moreish.doctor.frames.history import History
from moreish.doctor.tell.report import Report
from moreish.doctor.tell.words import listed, plural

MOST_STEPS = 8  # that were looked at, by their numbers


def verdict(report: Report) -> str:
    """In one line: "1 finding is sick, 2 are to watch"."""
    sick, watch = (sum(f.severity == word for f in report.findings) for word in ("sick", "watch"))
    if not sick + watch:
        return "Nothing wrong was found" if report.steps else "No step was seen, so nothing can be said"
    if sick + watch == 1:
        finding = next(f for f in report.findings if f.severity != "info")
        name = finding.name or finding.slug or finding.id
        return f"{'Sick' if sick else 'To watch'}: {name}"
    if not sick:
        return f"{watch} findings to watch"
    return plural(sick, "sick finding") + (f" and {watch} to watch" if watch else "")


def seen(report: Report, histories: Mapping[str, History]) -> Iterator[tuple[str, str]]:
    """What was looked at, as names and what is said of them."""
    looked = f"{report.steps:,}"
    if report.frames is not None:
        looked += f", {report.frames:,} of them looked at"
    if report.cost is not None:
        looked += f", which took {report.cost:.1%} of the time"
    yield "Steps", looked
    for name, history in histories.items():
        said = _of_one(history)
        if said:
            yield f"Seen of {name}" if name else "Seen", said


def _of_one(history: History) -> str:
    layers = {call.layer for call in history.calls() if call.layer}
    weights, evaluations = history.updated(), len(history.validations) + len(history.evaluations)
    losses = list(dict.fromkeys(loss.op for loss in history.first.losses)) if history.first is not None else []
    said = [
        plural(len(layers), "layer") if layers else "",
        f"updates of {plural(len(weights), 'weight')}" if weights else "",
        f"the loss ({', '.join(losses)})" if losses else "the loss" if history.losses() else "",
        plural(evaluations, "evaluation") if evaluations else "",
    ]
    steps = [f.step for f in history.frames]
    at = f", in steps {listed([f'{s:,}' for s in steps])}" if 1 < len(steps) <= MOST_STEPS else ""
    words = listed([word for word in said if word])
    return f"{words}{at}" if words else ""
