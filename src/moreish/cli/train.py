"""moreish train, its --resume, and moreish mix."""

from pathlib import Path
from typing import Any

from moreish import api
from moreish.cli.panel import watching
from moreish.cli.show import emit, note, printable
from moreish.data import read
from moreish.recipes import Config, resolve
from moreish.runs.folder import refuse_taken


def read_and_train(
    file: str,
    recipe: str | None,
    model: str | None,
    layers: list[dict[str, Any]],
    *,
    seed: int,
    out: Path | None,
    root: Path,
    quiet: bool,
) -> api.TrainedRun:
    """Read the list, say what it cannot tell, and train with a view of what happens."""
    named: dict[str, Any] = {"model": {"name": model}} if model else {}
    if recipe is None and model is None and not any("name" in layer.get("model", {}) for layer in layers):
        recipe = "quick"
    config = resolve(recipe, {"seed": seed}, named, *layers)
    if out is not None:
        refuse_taken(out)
    corpus = read(file, config.data)
    if not quiet:
        items, symbols = f"{len(corpus):,} item{'s' * (len(corpus) != 1)}", len(corpus.vocab) - 1
        note(f"{printable(corpus.report.source)}: {items}, {symbols:,} different symbol{'s' * (symbols != 1)}")
        for sentence in corpus.report.notes:
            note(sentence)
    config = _without_val(config) if not len(corpus.part("val")) else config
    with watching(quiet) as watch:
        return api.train_config(corpus, config, out=out, root=root, name=Path(file).stem, watch=watch)


def _without_val(config: Config) -> Config:
    """Without val nothing says when a network has learned enough or how much to trust it: quick only counts then."""
    if config.recipe != "quick":
        return config
    note("so a network could not be told when to stop: the items come from counting alone")
    return resolve("quick", config.plain(), {"model": {"name": "ngram"}})


def run_train(
    file: str,
    recipe: str | None,
    model: str | None,
    layers: list[dict[str, Any]],
    *,
    seed: int,
    out: Path | None,
    root: Path,
    json: bool,
    quiet: bool,
) -> None:
    """Train and say where the run is."""
    made = read_and_train(file, recipe, model, layers, seed=seed, out=out, root=root, quiet=quiet)
    _show_report(made, quiet)
    _show_done(made, json)


def run_resume(run: str, *, inexact: bool, root: Path, json: bool, quiet: bool) -> None:
    """Go on with an interrupted run."""
    opened = api.open_run(run, root)
    with watching(quiet) as watch:
        made = api.resume(opened.run, inexact=inexact, watch=watch)
    _show_report(made, quiet)
    _show_done(made, json)


def run_mix(runs: tuple[str, ...], *, out: Path | None, root: Path, json: bool) -> None:
    """Mix runs and say what each weighs."""
    made = api.mix([api.open_run(run, root) for run in runs], out=out, root=root)
    if not json:
        weights = list(made.run.records("mixed"))[-1]["weights"]
        for leaf, weight in zip(made.config.model.leaves, weights, strict=True):
            note(f"{weight:.3f}  {leaf.name}")
    _show_done(made, json)


def _show_report(made: api.TrainedRun, quiet: bool) -> None:
    """What the doctor found, where one was asked for: a line, or the report where there is something to say."""
    if not made.config.train.doctor:
        return
    from moreish.training.reports import reports_of

    reports = reports_of(made.run.events())
    if not reports:
        note("there was no network for the doctor to watch: everything was counted")
    for title, report in reports.items():
        if report.alarms:
            note(f"\n{title}: {report.text()}")
        elif not quiet:
            note(f"{title}: {report.headline()}")


def _show_done(made: api.TrainedRun, json: bool) -> None:
    done = list(made.run.records("done"))[-1]
    if json:
        emit(done)
        return
    loss = done["val_loss"]
    reached = f"val loss {loss:.4f}" if loss is not None else "no val part, so nothing was measured"
    print(f"{made.run.folder}: {reached}")
