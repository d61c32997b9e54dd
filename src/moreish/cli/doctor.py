"""moreish doctor: the findings about a training script, or about the networks of a run."""

import os
import sys
from contextlib import ExitStack
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from moreish.cli.flags import DEFAULT_ROOT, Json, Root
from moreish.cli.interrupt import as_others_find_it, something_began

if TYPE_CHECKING:
    from moreish.api import TrainedRun
    from moreish.doctor import Doctor, Watched
    from moreish.doctor.ask.program import Program

RECORDS_WATCHED = 60  # of ten steps each: most of what goes wrong shows early
RANKS = ("RANK", "SLURM_PROCID", "OMPI_COMM_WORLD_RANK")  # torchrun and accelerate; srun; mpirun


@dataclass(frozen=True)
class Answer:
    """What there is to say, as text, as plain values and as a page; and the exit code of what was watched."""

    text: str
    plain: dict[str, Any]
    page: str | None
    code: int = 0


@dataclass(frozen=True)
class Wanted:
    """How the answer is wanted; `html` is what was typed, and `page` where that is."""

    json: bool
    html: Path | None
    page: Path | None
    fail_on: str | None
    stop_on: str | None


def doctor(
    target: str | None = None,
    *arguments: str,
    module: Annotated[str | None, Parameter(alias="-m")] = None,
    fail_on: str | None = None,
    stop_on: str | None = None,
    html: Path | None = None,
    root: Root = DEFAULT_ROOT,
    json: Json = False,
) -> int | None:
    """Why a net does not learn: watch a PyTorch script while it trains, or a run's network, and say what is wrong.

    The script runs as it does by itself: its output, its traceback and its exit code are its own. Options of moreish
    stand before its name or directly after it; from the first word on that is none of them, all is the script's:
    moreish doctor train.py --json --epochs 3. What follows -- is the script's in any case.

    With several processes only the first (RANK 0) reports: torchrun --nproc-per-node 2 -m moreish doctor train.py

    Parameters
    ----------
    target
        A Python script that trains anything with PyTorch, or a run.
    arguments
        What the script gets.
    module
        Run this module instead of a script, as python -m does; what follows its name is the module's.
    fail_on
        Exit with 1 where a finding is at least this bad (watch or sick), or is the one of this id or slug.
    stop_on
        End the script after the step in which something as bad was found.
    html
        Also write a page with pictures to this file.
    """
    from moreish.cli.show import telling
    from moreish.doctor import failing
    from moreish.doctor.ask.program import Program

    for name in filter(None, (fail_on, stop_on)):
        failing([], name)  # a name that no finding has is refused before anything runs
    wanted = Wanted(json, html, _writable(html), fail_on, stop_on)
    words = [*([] if target is None else [target]), *arguments]
    if module is not None:
        return _of_program(Program(module, words, module=True), wanted)
    if not words:
        raise ValueError("moreish doctor needs a Python script or a run, as in `moreish doctor train.py`")
    if words[0].endswith(".py"):
        return _of_program(Program(words[0], words[1:]), wanted)
    if arguments:
        raise ValueError(f'{target} is no script (its name does not end in .py), so "{arguments[0]}" plays no part')
    if stop_on is not None:
        raise ValueError(f"--stop-on is for scripts, and {target} is none (its name does not end in .py)")
    with telling("opening the run", quiet=False):
        from moreish.api import open_run
    return _tell(_of_run(open_run(words[0], root)), wanted)


def _writable(html: Path | None) -> Path | None:
    """The page's full path. Raises ValueError where no file can be written there."""
    if html is None:
        return None
    path = html.absolute()  # the script may go elsewhere
    if path.is_dir():
        raise ValueError(f"--html {html} is a folder: name a file in it, such as {html / 'report.html'}")
    if not path.parent.is_dir():
        raise ValueError(f"--html {html}: there is no folder {html.parent}")
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise ValueError(f"--html {html} cannot be written: permission denied")
    return path


def _tell(answer: Answer, wanted: Wanted) -> int:
    """Print the answer and write the page; the exit code is that of what was watched, or 1 for --fail-on."""
    from moreish.cli.show import emit, note, show_report, warn
    from moreish.doctor import Finding, failing
    from moreish.doctor.tell.report import Report

    if sys.stdout.closed:  # by the program; nobody is there to read a report
        return answer.code
    if wanted.page is not None and answer.page is not None:
        wanted.page.write_text(answer.page, encoding="utf-8")
    if wanted.json:
        emit(answer.plain)
    else:
        show_report(answer.text)
        if wanted.html is not None:
            drawn = "the pictures are in" if answer.page is not None else "there is nothing to draw, so nothing is in"
            note(f"{drawn} {wanted.html}")
    sys.stdout.flush()
    if answer.code or wanted.fail_on is None:
        return answer.code
    worst = failing(map(Finding.from_dict, answer.plain["findings"]), wanted.fail_on)
    if not worst and Report.from_plain(answer.plain).is_conclusive:
        return 0
    if not worst:
        warn("too little was seen to say that nothing is wrong")
        return 1
    warn(f"{worst[0].severity}: {worst[0].sentence}")
    return 1


def _of_program(program: "Program", wanted: Wanted) -> int:
    """Watch a script or a module; of several processes only the first speaks. The exit code is the program's own."""
    from moreish.cli.show import warn
    from moreish.cli.streams import streams_of_a_program
    from moreish.doctor import SickRun
    from moreish.doctor.ask.program import ending
    from moreish.doctor.ask.script import Wishes, watch_program

    own = os.getpid()
    first = next((os.environ[name] for name in RANKS if name in os.environ), "0") in ("", "0")
    something_began()
    as_others_find_it()
    with ExitStack() as streams:

        def told(watched: "Watched", code: int) -> int:
            if os.getpid() != own:  # a child that the program forked leaves as it would by itself
                return code
            streams.close()
            return _tell(_answer(watched, code, wanted), wanted) if first else code

        streams.enter_context(streams_of_a_program(aside=wanted.json))
        watched = watch_program(program, Wishes(stop_on=wanted.stop_on), told)
        code = 1 if isinstance(watched.error, SickRun) else ending(watched.error)
    if isinstance(watched.error, SickRun) and first:
        warn(f"stopped: {watched.error}")
    return told(watched, code)


def _answer(watched: "Watched", code: int, wanted: Wanted) -> Answer:
    page = watched.to_html() if wanted.html is not None else None
    return Answer(watched.report(), watched.to_dict(), page, code)


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
