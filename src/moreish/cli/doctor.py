"""moreish doctor: the findings about a training script, or about the networks of a run."""

import contextlib
import sys
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from moreish.cli.flags import DEFAULT_ROOT, Json, Root
from moreish.cli.interrupt import something_began

if TYPE_CHECKING:
    from moreish.api import TrainedRun
    from moreish.runs.folder import Run

RECORDS_WATCHED = 60  # of ten steps each: most of what goes wrong shows early


@dataclass(frozen=True)
class Answer:
    """What there is to say, as text, as plain values and as a page; and why the script ended, where it failed."""

    text: str
    plain: dict[str, Any]
    page: str | None
    failure: BaseException | None = None


def doctor(
    target: str,
    *arguments: str,
    fail_on: Literal["watch", "sick"] | None = None,
    html: Path | None = None,
    root: Root = DEFAULT_ROOT,
    json: Json = False,
) -> None:
    """Why a net does not learn: watch a PyTorch script while it trains, or a run's network, and say what is wrong.

    Parameters
    ----------
    target
        A Python script that trains anything with PyTorch, or a run.
    arguments
        What the script gets; put -- before those that begin with a dash.
    fail_on
        Exit with 1 where a finding is at least this bad.
    html
        Also write a page with pictures to this file.
    """
    from moreish.cli.show import emit, note, telling
    from moreish.errors import Unmet

    if target.endswith(".py"):
        answer = _of_script(target, arguments, json)
    elif arguments:
        raise ValueError(f'{target} is no script (its name does not end in .py), so "{arguments[0]}" plays no part')
    else:
        with telling(f"loading {target}", json):
            from moreish.api import open_run

            answer = _of_run(open_run(target, root))
    from moreish.doctor import at_least

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

    something_began()
    # With --json stdout is the report's alone, so the script prints to stderr.
    with contextlib.redirect_stdout(sys.stderr) if json else contextlib.nullcontext():
        watched = watch_script(path, arguments)
    page = watched.doctor.to_html() if watched.doctor is not None else None
    return Answer(watched.report(), watched.to_dict(), page, watched.error)


def _of_run(run: "TrainedRun") -> Answer:
    """What a doctor found while the run was trained; where it had none, what one finds in its first steps."""
    from moreish.doctor.html import page
    from moreish.doctor.report import joined

    reports = reports_of(run.run)
    if not reports:
        doctor = _retrained(run)
        return Answer(doctor.report(), doctor.to_dict(), doctor.to_html())
    if len(reports) == 1:
        text = next(iter(reports.values())).text()
    else:
        text = "\n".join(f"{title}: {report.text()}" for title, report in reports.items())
    whole = joined(reports)
    return Answer(text, whole.plain(), page(whole, histories_of(run.run)))


def reports_of(run: "Run") -> dict[str, Any]:
    """The doctor's report on each network that had one, by what the network is called."""
    return {name: _report(records) for name, records in _kept(run).items()}


def histories_of(run: "Run") -> dict[str, Any]:
    """The quantities that were kept of each network, by what it is called."""
    return {name: _history(records) for name, records in _kept(run).items()}


def network_title(name: str, part: int) -> str:
    """What a network of a run is called: its kind, and its place among the parts."""
    return f"{name} ({part + 1})"


def _kept(run: "Run") -> dict[str, list[dict[str, Any]]]:
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
    from moreish.doctor.report import Report

    if records[-1]["event"] == "doctor":
        return Report.from_plain(records[-1])
    found = {r["finding"]["id"]: Finding.from_dict(r["finding"]) for r in records if r["event"] == "finding"}
    steps = max((r["at"] + 1 for r in records if r["event"] == "quantities"), default=0)
    notes = ["the training has not come to its end, so this is what was found so far."]
    return Report(list(found.values()), notes, steps, None, None)


def _history(records: list[dict[str, Any]]) -> Any:
    """The quantities that were kept."""
    from moreish.doctor.history import History

    history = History()
    for record in records:
        if record["event"] == "quantities":
            history.recall(record["at"], record["values"])
    return history


def _retrained(run: "TrainedRun") -> Any:
    """The first steps of the run's (first) network once more, in memory and by autograd, under observation."""
    from moreish.doctor import Doctor
    from moreish.fitting.fit import Fitting
    from moreish.models import build_model
    from moreish.training.loop import start, train

    networks = run.config.model.networks
    if not networks:
        raise ValueError(f"{run.run.name} was made by counting: there is no network to watch")
    leaf = networks[0]
    options = Fitting(run.corpus, run.config).options_of(leaf)
    options = replace(options, backward="autograd", eval_every=None, doctor=False)
    module = build_model(leaf.name, leaf.options, len(run.vocab), run.config.seed + leaf.seed)
    state = start(module, options, run.config.seed + leaf.seed)
    with Doctor(module, state.optimizer) as doctor:
        for _ in islice(train(state, run.corpus.part("train"), None), RECORDS_WATCHED):
            pass
    return doctor
