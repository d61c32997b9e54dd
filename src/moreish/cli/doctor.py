"""moreish doctor: the findings about a training script, or about the networks of a run."""

import contextlib
import sys
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

from moreish.api import TrainedRun, open_run
from moreish.cli.show import emit, note
from moreish.errors import Unmet
from moreish.fitting.schedule import Schedule

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
    fail_on: str | None,
    html: Path | None,
    json: bool,
) -> None:
    """Watch, report, and raise Unmet where a finding is as bad as `fail_on`, or is that one, or the script failed."""
    from moreish.doctor import Finding, failing

    failing([], fail_on or "sick")  # a name that no finding has is refused before anything runs
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
    worst = failing(map(Finding.from_dict, answer.plain["findings"]), fail_on) if fail_on else []
    if worst:
        raise Unmet(f"{worst[0].severity}: {worst[0].sentence}")


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
    from moreish.training.reports import histories_of, reports_of

    reports = reports_of(made.run.events())
    if not reports:
        doctor = _retrained(made)
        return Answer(doctor.report(), doctor.to_dict(), doctor.to_html())
    if len(reports) == 1:
        text = next(iter(reports.values())).text()
    else:
        text = "\n".join(f"{title}: {report.text()}" for title, report in reports.items())
    whole = joined(reports)
    return Answer(text, whole.plain(), page(whole, histories_of(made.run.events())))


def _retrained(made: TrainedRun) -> Any:
    """The first steps of the run's (first) network once more, in memory and by autograd, under observation."""
    from moreish.doctor import Doctor
    from moreish.models import build_model
    from moreish.training.loop import start, train

    networks = [leaf for leaf in made.config.model.leaves if leaf.name != "ngram"]
    if not networks:
        raise ValueError(f"{made.run.name} was made by counting: there is no network to watch")
    leaf = networks[0]
    options = Schedule(made.corpus, made.config).options_of(leaf)
    options = replace(options, backward="autograd", eval_every=None, doctor=False)
    module = build_model(leaf.name, leaf.options, len(made.vocab), made.config.seed + leaf.seed)
    state = start(module, options, made.config.seed + leaf.seed)
    with Doctor(module, state.optimizer) as doctor:
        for _ in islice(train(state, made.corpus.part("train"), None), RECORDS_WATCHED):
            pass
    return doctor
