"""moreish train, and its --resume."""

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from moreish.cli.flags import (
    DEFAULT_ROOT,
    EARLIER,
    READING,
    TRAINING,
    Background,
    Earlier,
    File,
    Json,
    Out,
    Quiet,
    Reading,
    Root,
    Seed,
    Set,
    Training,
    sources_of,
)

if TYPE_CHECKING:
    from moreish.api import TrainedRun
    from moreish.data.sources import Files
    from moreish.recipes.overrides import Overrides
    from moreish.training.launch import Launched


def train(
    *files: File,
    model: str | None = None,
    recipe: str | None = None,
    config: Path | None = None,
    reading: Reading = READING,
    training: Training = TRAINING,
    background: Background = None,
    set: Set = None,
    out: Out = None,
    earlier: Earlier = EARLIER,
    log: Literal["tensorboard"] | None = None,
    root: Root = DEFAULT_ROOT,
    seed: Seed = None,
    json: Json = False,
    quiet: Quiet = False,
) -> int | None:
    """Train a model on a list and keep the run.

    Under torchrun all its processes train each network together.

    Parameters
    ----------
    files
        A text file with one item a line, CSV or JSON, "-" for standard input, or the name of a bundled list; several
        are one list. Or the folder that moreish shard made of a list.
    model
        ngram, background, or a network: bigram, bow, mlp, rnn, gru, gru-cho, lstm, transformer, wavenet,
        wavenet-gated, wavenet-sliding.
    recipe
        A named full configuration; without one, and without a model, "quick".
    config
        A TOML file of options, laid over the recipe; flags are laid over it, and --set over all.
    log
        tensorboard: what happens is kept for TensorBoard too, in the run folder: tensorboard --logdir runs
    """
    from moreish.cli.overrides import overrides_of
    from moreish.training.launch import launched

    process = launched()
    if process is not None and process.rank > 0:
        return _followed(process)
    overrides = overrides_of(reading, training, config=config, set=set, model=model, seed=seed)
    said = {"FILE": files or None, "--recipe": recipe, "--config": config, "--background": background}
    _refuse_ignored(earlier, said, {"--out": out, "--log": log}, overrides)
    with _led(process):
        begun = earlier.resume or (process and _begun_before(process, root, out))
        if earlier.replay is not None:
            run = _replayed_in_view(earlier.replay, out, root, quiet)
        elif begun is not None:
            run = _resumed_in_view(str(begun), earlier.inexact, root, quiet, log)
        else:
            source = sources_of(files)
            places = {"out": out, "root": root, "background": background, "begin_from": earlier.begin_from}
            run = trained_in_view(source, recipe, overrides, quiet=quiet, log=log, **places)
    show_report(run, quiet)
    show_done(run, json)
    return None


def _refuse_ignored(
    earlier: Earlier, said: Mapping[str, object], places: Mapping[str, object], overrides: "Overrides"
) -> None:
    """Raises ValueError where something was said that a run which is gone on with, or done again, does not heed."""
    said = {**said, "--from": earlier.begin_from}
    if earlier.resume is not None:
        why = f"--resume goes on with {earlier.resume} exactly as it was begun"
        said |= {"--out": places["--out"], "--replay": earlier.replay}
        cure = "leave it out, or train a new run"
    elif earlier.inexact:
        raise ValueError("--inexact is for going on with a run: say which, with --resume RUN")
    elif earlier.replay is not None:
        why, cure = f"--replay does again what {earlier.replay} did", "leave it out"
        said |= {"--log": places["--log"]}
    else:
        return
    ignored = next((name for name, value in said.items() if value is not None), overrides.first)
    if ignored is not None:
        raise ValueError(f"{why}, so {ignored} would change nothing: {cure}")


def _led(process: "Launched | None") -> AbstractContextManager[None]:
    """Around a training: whatever other processes there are work for it."""
    if process is None:
        return nullcontext()
    from moreish.fitting.ranks import leading

    return leading(process)


def _followed(process: "Launched") -> int:
    """All that a process does that does not lead; its exit code. What is wrong the leader says."""
    from moreish.errors import DONE, UNMET, ProcessLost
    from moreish.fitting.ranks import follow

    try:
        follow(process)
    except ProcessLost:
        return UNMET
    return DONE


def _begun_before(process: "Launched", root: Path, out: Path | None) -> Path | None:
    """The run that an earlier attempt of the same launch began and did not end."""
    if not process.launch:
        return None
    from moreish import api

    return api.begun_by(process.launch, root, out)


def _refuse_beside(what: str, said: "list[tuple[str, object]]", overrides: "Overrides") -> None:
    """Raises ValueError where something was said that would change nothing."""
    ignored = next((name for name, value in said if value is not None), overrides.first)
    if ignored is not None:
        raise ValueError(
            f"{what} exactly as it was begun, so {ignored} would change nothing: leave it out, or train a new run"
        )


def trained_in_view(
    file: "str | Files",
    recipe: str | None,
    overrides: "Overrides",
    *,
    out: Path | None,
    root: Path,
    quiet: bool,
    background: str | None = None,
    begin_from: str | None = None,
    log: str | None = None,
) -> "TrainedRun":
    """Train a new run with a view of what happens."""
    from moreish.cli.show import telling

    with telling(f"reading {file}", quiet) as tell:
        from moreish import api

        how = {"background": background, "begin_from": begin_from}
        prepared = api.prepare(api.TrainRequest(file, recipe, overrides, out, root, **how), tell)
    from moreish.cli.panel import watching

    with watching(quiet) as watch:
        return api.fit(prepared, watch, log=log)


def _resumed_in_view(run: str, inexact: bool, root: Path, quiet: bool, log: str | None) -> "TrainedRun":
    from moreish.cli.show import note, telling

    earlier = _earlier_commands(run, root)
    with telling(f"loading {run}", quiet):
        from moreish import api

        opened = api.open_run(run, root)
    from moreish.cli.panel import watching

    with watching(quiet) as watch:
        return api.resume(opened.run, inexact=inexact, watch=watch, log=log, earlier=earlier, tell=note)


def _earlier_commands(run: str, root: Path) -> int | None:
    """How far the commands of a run reach before anything long is loaded: what comes from now on is for us."""
    from moreish.runs import commands
    from moreish.runs.folder import find_run

    folder = find_run(run, root)
    return None if folder is None else commands.earlier(folder)


def _replayed_in_view(run: str, out: Path | None, root: Path, quiet: bool) -> "TrainedRun":
    from moreish.cli.show import telling

    with telling(f"loading {run}", quiet):
        from moreish import api

        opened = api.open_run(run, root)
    from moreish.cli.panel import watching

    with watching(quiet) as watch:
        return api.replay(opened.run, out=out, watch=watch)


def show_report(run: "TrainedRun", quiet: bool) -> None:
    """What the doctor found, where one was asked for: a line, or the report where there is something to say."""
    if not run.config.train.doctor:
        return
    from moreish.cli.show import note
    from moreish.training.reports import reports_of

    reports = reports_of(run.run.events())
    if not reports:
        note("there was no network for the doctor to watch: everything was counted")
    for title, report in reports.items():
        if report.alarms:
            note(f"\n{title}: {report.text()}")
        elif not quiet:
            note(f"{title}: {report.headline()}")


def show_done(run: "TrainedRun", json: bool) -> None:
    """Where the run is and what it reached."""
    from moreish.cli.show import emit, say
    from moreish.runs.events import to_record

    done = run.done
    if json:
        emit(to_record(done))
        return
    loss = done.val_loss
    reached = f"val loss {loss:.4f}" if loss is not None else "no val split, so nothing was measured"
    say(f"{run.run.folder}: {reached}")
