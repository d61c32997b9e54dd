"""moreish doctor: the findings about a training script, or about the networks of a run."""

import contextlib
import sys
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any, Literal

from moreish.api import TrainedRun, open_run
from moreish.cli.show import emit, note
from moreish.errors import Unmet
from moreish.fitting.fit import Fitting
from moreish.runs.folder import Run

RECORDS_WATCHED = 60  # of ten steps each: most of what goes wrong shows early


@dataclass(frozen=True)
class Answer:
    """What there is to say, as text, as plain values and as a page; and why the script ended, where it failed."""

    text: str
    plain: dict[str, Any]
    page: str | None
    failure: BaseException | None = None


def run_doctor(
    target: str,
    arguments: tuple[str, ...],
    *,
    root: Path,
    fail_on: Literal["watch", "sick"] | None,
    html: Path | None,
    json: bool,
) -> None:
    """Watch, report, and raise Unmet where a finding is as bad as `fail_on` or the script failed."""
    from moreish.doctor import at_least

    answer = _of_script(target, arguments, json) if target.endswith(".py") else _of_run(open_run(target, root))
    if html is not None and answer.page is not None:
        html.write_text(answer.page, encoding="utf-8")
    if json:
        emit(answer.plain)
    else:
        print(answer.text, end="")
        if html is not None and answer.page is not None:
            note(f"the pictures are in {html}")
    if answer.failure is not None:
        raise Unmet(f"{target} ended with {type(answer.failure).__name__}: {answer.failure}")
    worst = [f for f in answer.plain["findings"] if fail_on and at_least(f["severity"], fail_on)]
    if worst:
        raise Unmet(f"{worst[0]['severity']}: {worst[0]['sentence']}")


def _of_script(path: str, arguments: tuple[str, ...], json: bool) -> Answer:
    from moreish.doctor import watch_script

    # With --json stdout is the report's alone, so the script prints to stderr.
    with contextlib.redirect_stdout(sys.stderr) if json else contextlib.nullcontext():
        watched = watch_script(path, arguments)
    page = watched.doctor.to_html() if watched.doctor is not None else None
    return Answer(watched.report(), watched.to_dict(), page, watched.error)


def _of_run(made: TrainedRun) -> Answer:
    """What a doctor found while the run was trained; where it had none, what one finds in its first steps."""
    from moreish.doctor.tell.html import page
    from moreish.doctor.tell.report import joined

    reports = reports_of(made.run)
    if not reports:
        doctor = _retrained(made)
        return Answer(doctor.report(), doctor.to_dict(), doctor.to_html())
    if len(reports) == 1:
        text = next(iter(reports.values())).text()
    else:
        text = "\n".join(f"{title}: {report.text()}" for title, report in reports.items())
    whole = joined(reports)
    return Answer(text, whole.plain(), page(whole, histories_of(made.run)))


def reports_of(run: Run) -> dict[str, Any]:
    """The doctor's report on each network that had one, by what the network is called."""
    return {name: _report(records) for name, records in _kept(run).items()}


def histories_of(run: Run) -> dict[str, Any]:
    """The quantities that were kept of each network, by what it is called."""
    return {name: _history(records) for name, records in _kept(run).items()}


def network_title(name: str, part: int) -> str:
    """What a network of a run is called: its kind, and its place among the parts."""
    return f"{name} ({part + 1})"


def _kept(run: Run) -> dict[str, list[dict[str, Any]]]:
    """The doctor's records of each network, by its name and its place among the parts of the run, in their order."""
    names: dict[int, str] = {}
    found: dict[int, list[dict[str, Any]]] = {}
    for record in run.records():
        if record["event"] == "network":
            names[record["part"]] = network_title(record["name"], record["part"])
        elif record["event"] in ("finding", "quantities", "doctor"):
            found.setdefault(record["part"], []).append(record)
    return {names[part]: found[part] for part in sorted(found)}


def _report(records: list[dict[str, Any]]) -> Any:
    """As it was at the end; before that, what was found so far."""
    from moreish.doctor import Finding
    from moreish.doctor.tell.report import Report

    if records[-1]["event"] == "doctor":
        return Report.from_plain(records[-1])
    found = {r["finding"]["id"]: Finding.from_dict(r["finding"]) for r in records if r["event"] == "finding"}
    steps = max((r["at"] + 1 for r in records if r["event"] == "quantities"), default=0)
    notes = ["the training has not come to its end, so this is what was found so far."]
    return Report(list(found.values()), notes, steps, None, None)


def _history(records: list[dict[str, Any]]) -> Any:
    """The quantities that were kept."""
    from moreish.doctor.frames.history import History

    history = History()
    for record in records:
        if record["event"] == "quantities":
            history.recall(record["at"], record["values"])
    return history


def _retrained(made: TrainedRun) -> Any:
    """The first steps of the run's (first) network once more, in memory and by autograd, under observation."""
    from moreish.doctor import Doctor
    from moreish.models import build_model
    from moreish.training.loop import start, train

    networks = [leaf for leaf in made.config.model.leaves if leaf.name != "ngram"]
    if not networks:
        raise ValueError(f"{made.run.name} was made by counting: there is no network to watch")
    leaf = networks[0]
    options = Fitting(made.corpus, made.config).options_of(leaf)
    options = replace(options, backward="autograd", eval_every=None, doctor=False)
    module = build_model(leaf.name, leaf.options, len(made.vocab), made.config.seed + leaf.seed)
    state = start(module, options, made.config.seed + leaf.seed)
    with Doctor(module, state.optimizer) as doctor:
        for _ in islice(train(state, made.corpus.part("train"), None), RECORDS_WATCHED):
            pass
    return doctor
