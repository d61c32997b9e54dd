"""moreish doctor: the findings about a training script, or about the networks of a run."""

import contextlib
import sys
import traceback
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from moreish.cli.flags import DEFAULT_ROOT, Json, Root
from moreish.cli.interrupt import something_began

if TYPE_CHECKING:
    from moreish.api import TrainedRun
    from moreish.doctor import Doctor

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
    fail_on: str | None = None,
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
        Exit with 1 where a finding is at least this bad (watch or sick), or is the one of this id or slug.
    html
        Also write a page with pictures to this file.
    """
    from moreish.cli.show import emit, note, show_report, telling
    from moreish.errors import Unmet

    if fail_on is not None:
        from moreish.doctor import failing

        failing([], fail_on)  # a name that no finding has is refused before anything runs
    if target.endswith(".py"):
        answer = _of_script(target, arguments, json)
    elif arguments:
        raise ValueError(f'{target} is no script (its name does not end in .py), so "{arguments[0]}" plays no split')
    else:
        with telling(f"loading {target}", json):
            from moreish.api import open_run

            answer = _of_run(open_run(target, root))
    from moreish.doctor import Finding, failing

    if html is not None and answer.page is not None:
        html.write_text(answer.page, encoding="utf-8")
    if json:
        emit(answer.plain)
    else:
        show_report(answer.text)
        if html is not None and answer.page is not None:
            note(f"the pictures are in {html}")
    if answer.failure is not None:
        raise Unmet(f"{_place(target, answer.failure)} {type(answer.failure).__name__}: {answer.failure}")
    worst = failing(map(Finding.from_dict, answer.plain["findings"]), fail_on) if fail_on else []
    if worst:
        raise Unmet(f"{worst[0].severity}: {worst[0].sentence}")


def _place(script: str, failure: BaseException) -> str:
    """Where the script ended: its last line that took part."""
    if isinstance(failure, SyntaxError):
        return f"{script}, line {failure.lineno}:"
    own = Path(script).resolve()
    lines = [f.lineno for f in traceback.extract_tb(failure.__traceback__) if Path(f.filename).resolve() == own]
    return f"{script} ended in line {lines[-1]} with" if lines else f"{script} ended with"


def _of_script(path: str, arguments: tuple[str, ...], json: bool) -> Answer:
    from moreish.doctor import watch_script

    something_began()
    # With --json stdout is the report's alone, so the script prints to stderr.
    with contextlib.redirect_stdout(sys.stderr) if json else contextlib.nullcontext():
        watched = watch_script(path, arguments)
    return Answer(watched.report(), watched.to_dict(), watched.to_html(), watched.error)


def _of_run(run: "TrainedRun") -> Answer:
    """What a doctor found while the run was trained; where it had none, what one finds in its first steps."""
    from moreish.doctor.tell.html import page
    from moreish.doctor.tell.report import joined
    from moreish.training.reports import histories_of, reports_of

    reports = reports_of(run.run.events())
    if not reports:
        doctor = _retrained(run)
        return Answer(doctor.report(), doctor.to_dict(), doctor.to_html())
    if len(reports) == 1:
        text = next(iter(reports.values())).text()
    else:
        text = "\n".join(f"{title}: {report.text()}" for title, report in reports.items())
    whole = joined(reports)
    return Answer(text, whole.plain(), page(whole, histories_of(run.run.events())))


def _retrained(run: "TrainedRun") -> "Doctor":
    """The first steps of the run's (first) network once more, in memory and by autograd, under observation."""
    from moreish.doctor import Doctor
    from moreish.fitting.schedule import Schedule
    from moreish.models import build_model
    from moreish.training.loop import start, train

    networks = run.config.model.networks
    if not networks:
        raise ValueError(f"{run.run.name} was not trained from nothing: there is no network to watch")
    choice = networks[0]
    options = Schedule(run.corpus, run.config).options_of(choice)
    options = replace(options, backward="autograd", eval_every=None, doctor=False)
    module = build_model(choice.name, choice.options, len(run.vocab), run.config.seed + choice.seed)
    state = start(module, options, run.config.seed + choice.seed)
    with Doctor(module, state.optimizer) as doctor:
        for _ in islice(train(state, run.corpus.split("train"), None), RECORDS_WATCHED):
            pass
    return doctor
