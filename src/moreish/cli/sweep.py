"""moreish sweep."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from moreish.cli.flags import (
    DEFAULT_ROOT,
    READING,
    TRAINING,
    File,
    Json,
    Quiet,
    Reading,
    Root,
    Seed,
    Set,
    Training,
    Whole,
    sources_of,
)
from moreish.errors import how_to_install

if TYPE_CHECKING:
    from moreish.recipes.overrides import Overrides
    from moreish.sweeps import Study, Trial

ROWS_SHOWN = 10


@Parameter(name="*")
@dataclass(frozen=True)
class Trying:
    """How configurations are tried."""

    trials: Annotated[Whole, Parameter(help="How many configurations in all, whoever tries them.")] = 50
    processes: Annotated[Whole, Parameter(help="How many to work in.")] = 1
    sampler: Annotated[
        Literal["tpe", "random", "grid"],
        Parameter(help="tpe learns from what was tried; random does not; grid takes every combination in turn."),
    ] = "tpe"
    prune: Annotated[bool, Parameter(help="Stop trials that fall behind the median of the others.")] = True
    population: Annotated[
        bool,
        Parameter(
            help="Train trials of one shape together as one batched program: many times as fast for small networks. "
            "They may differ in seed, learning rate, schedule, decay and the like.",
            negative=(),
        ),
    ] = False
    log: Annotated[
        Literal["tensorboard"] | None,
        Parameter(
            help="tensorboard: a board of each trial as it ends, its options as hyperparameters: "
            "tensorboard --logdir STUDY"
        ),
    ] = None


TRYING = Trying()


def sweep(
    *files: File,
    over: Annotated[list[str] | None, Parameter(negative=())] = None,
    study: Path | None = None,
    trying: Trying = TRYING,
    model: str | None = None,
    recipe: str | None = None,
    config: Path | None = None,
    reading: Reading = READING,
    training: Training = TRAINING,
    set: Set = None,
    root: Root = DEFAULT_ROOT,
    seed: Seed = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Try many configurations on a list, each a run, and say which is best and which options matter.

    Parameters
    ----------
    files
        A list, as for train; leave it out to join a study.
    over
        An option and its values: train.lr=1e-4..1e-1:log, model.n_hidden=64,128,256, seed=0,1,2; may be given several
        times.
    study
        The folder of the study; where there is one it is joined, by as many processes and machines as reach it.
    model
        As for train.
    recipe
        As for train.
    config
        A TOML file of options, as for train.
    """
    from moreish.cli.overrides import overrides_of
    from moreish.cli.show import note, telling

    overrides = overrides_of(reading, training, config=config, set=set, model=model, seed=seed)
    if trying.trials < 1 or trying.processes < 1:
        raise ValueError("trials and processes are counted from 1")
    if trying.log is not None:
        from moreish.export.tensorboard import check_installed

        check_installed()
    _refuse_unused(files, over, study, overrides, recipe)
    with telling("loading PyTorch and Optuna", quiet or json):
        from moreish.sweeps.work import begin

        source = sources_of(files) if over else None
        how = {"sampler": trying.sampler, "prune": trying.prune}
        begun = begin(source, over or [], recipe, overrides, study, root, **how)
    _work(begun, trying, json=json, quiet=quiet)
    _show(begun, json=json, quiet=quiet)
    if not quiet and not json:
        _draw(begun)
        more = f"moreish sweep --study {begun.folder} --trials {2 * trying.trials}"
        note(f"kept in {begun.folder}; more of them: {more}")


def _work(study: "Study", trying: Trying, *, json: bool, quiet: bool) -> None:
    """Until all trials have come to their end, here and in the other processes."""
    from moreish.cli.workers import helpers
    from moreish.sweeps.boards import write_boards
    from moreish.sweeps.populations import work_together
    from moreish.sweeps.work import work

    with helpers(study.folder, trying.trials, trying.processes - 1, trying.population):
        at_work = work_together if trying.population else work
        at_work(study, trying.trials, _telling(study, trying.log, json=json, quiet=quiet))
    if trying.log is not None:
        write_boards(study)  # those of other processes


def _refuse_unused(
    files: tuple[str, ...], over: list[str] | None, study: Path | None, overrides: "Overrides", recipe: str | None
) -> None:
    """Raises ValueError where what was said makes no sense together."""
    if over:
        return
    if study is None:
        raise ValueError("there is nothing to sweep over: say --over train.lr=1e-4..1e-1:log, or --study to join one")
    said = next((name for name, value in (("FILE", files), ("--recipe", recipe)) if value), overrides.first)
    if said is not None:
        raise ValueError(
            f"{study} says what is swept, so {said} would change nothing: leave it out, or say --over too"
        )


def _telling(study: "Study", log: str | None, *, json: bool, quiet: bool):
    """What is said and kept of every trial that has come to its end here."""
    from moreish.cli.show import emit, note
    from moreish.sweeps.boards import write_boards

    def tell(trial: "Trial") -> None:
        if log is not None:
            write_boards(study)
        if json:
            emit(trial.plain())
        elif not quiet:
            best = study.best
            mark = " (best)" if best is not None and best.number == trial.number else ""
            reached = f"val {trial.value:.4f}{mark}" if trial.state == "complete" else trial.state
            why = f": {trial.why}" if trial.why else ""
            note(f"trial {trial.number}: {reached}  {_values(trial)}{why}")

    return tell


def _values(trial: "Trial") -> str:
    return "  ".join(f"{name}={_short(value)}" for name, value in trial.values.items())


def _short(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _show(study: "Study", *, json: bool, quiet: bool) -> None:
    """The best trials, and how much each option matters."""
    from moreish.cli.show import emit, note, show, table

    trials = [trial for trial in study.trials() if trial.state == "complete" and trial.value is not None]
    trials.sort(key=lambda trial: trial.value or 0.0)
    importance = study.importance()
    if json:
        best = trials[0].plain() if trials else None
        emit({"study": str(study.folder), "trials": len(study.trials()), "best": best, "importance": importance})
        return
    if not trials:
        note("no trial came to its end with a loss: see why with moreish sweep --study DIR --json")
        return
    names = list(study.plan.space)
    rows = [
        (t.folder.name, f"{t.value:.4f}", *(_short(t.values.get(name, "")) for name in names))
        for t in trials[:ROWS_SHOWN]
    ]
    show(table([("run", "left"), ("val loss", "right"), *((name, "right") for name in names)], rows))
    if importance and not quiet:
        note("what matters: " + ", ".join(f"{name} {share:.0%}" for name, share in importance.items()))


def _draw(study: "Study") -> None:
    """The pictures, where matplotlib is there and there is something to see."""
    from importlib.util import find_spec

    from moreish.cli.show import note

    trials = [trial for trial in study.trials() if trial.value is not None]
    if find_spec("matplotlib") is None:
        note(f"pictures of it need matplotlib: {how_to_install('plots')}")
        return
    if len(trials) < 2:
        return
    from moreish.plots.sweeps import importances, parallel_coordinates

    rows = [(dict(trial.values), trial.value) for trial in trials if trial.value is not None]
    parallel_coordinates(rows, {name: d.scale for name, d in study.plan.space.items()}, study.folder / "parallel.png")
    note(f"drawn: {study.folder / 'parallel.png'}")
    if shares := study.importance():
        importances(shares, study.folder / "importance.png")
        note(f"drawn: {study.folder / 'importance.png'}")
