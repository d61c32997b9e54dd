"""moreish doctor: the findings about a training script, or about the network of a run."""

import contextlib
import sys
from itertools import islice
from pathlib import Path
from typing import Any, Literal

from moreish.api import TrainedRun, open_run
from moreish.errors import Unmet
from moreish.terminal import emit, note

RECORDS_WATCHED = 60  # of ten steps each: most of what goes wrong shows early


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
    from moreish.doctor import at_least, watch_script

    failure: BaseException | None = None
    if target.endswith(".py"):
        # With --json stdout is the report's alone, so the script prints to stderr.
        with contextlib.redirect_stdout(sys.stderr) if json else contextlib.nullcontext():
            watched: Any = watch_script(target, arguments)
        doctor, failure = watched.doctor, watched.error
    else:
        watched = doctor = _retrain(open_run(target, root))
    if html is not None and doctor is not None:
        html.write_text(doctor.to_html(), encoding="utf-8")
    if json:
        emit(watched.to_dict())
    else:
        print(watched.report(), end="")
        if html is not None and doctor is not None:
            note(f"the pictures are in {html}")
    if failure is not None:
        raise Unmet(f"{target} ended with {type(failure).__name__}: {failure}")
    worst = [finding for finding in watched.findings if fail_on and at_least(finding.severity, fail_on)]
    if worst:
        raise Unmet(f"{worst[0].severity}: {worst[0].sentence}")


def _retrain(made: TrainedRun) -> Any:
    """The first steps of the run's (first) network once more, in memory and by autograd, under observation."""
    from dataclasses import replace

    from moreish.doctor import Doctor
    from moreish.models import build_model
    from moreish.training.loop import start, train

    networks = [leaf for leaf in made.config.model.leaves if leaf.name != "ngram"]
    if not networks:
        raise ValueError(f"{made.run.name} was made by counting: there is no network to watch")
    leaf = networks[0]
    options = replace(made.config.train, backward="autograd", eval_every=None)
    module = build_model(leaf.name, leaf.options, len(made.vocab), made.config.seed + leaf.seed)
    state = start(module, options, made.config.seed + leaf.seed)
    with Doctor(module, state.optimizer) as doctor:
        for _ in islice(train(state, made.corpus.part("train"), None), RECORDS_WATCHED):
            pass
    return doctor
