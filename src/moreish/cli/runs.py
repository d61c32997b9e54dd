"""moreish runs, compare and plot."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from moreish import api
from moreish.cli.show import emit, note, show, table, warn
from moreish.models.mixture import Mixture
from moreish.runs import events
from moreish.runs.folder import Run, list_runs, open_run

STATE_WORDS = {
    (True, False): "done",
    (False, True): "running",
    (False, False): "interrupted",
    (True, True): "running",
}


def run_list(root: Path, *, json: bool) -> None:
    """One row a run; a damaged one is named and passed over."""
    rows = []
    for run in _open_all(root, tuple(list_runs(root))):
        summary = run.summary() | {"model": _model(run), "list": run.config["source"]["name"]}
        if json:
            emit(summary)
        rows.append(
            (
                summary["run"],
                summary["list"],
                summary["model"],
                f"{summary['step']:,}" if summary["step"] is not None else "",
                _loss(summary["val_loss"]),
                STATE_WORDS[summary["finished"], summary["running"]],
            )
        )
    if json:
        return
    if not rows:
        note(f"there are no runs in {root} yet: `moreish FILE` makes one")
        return
    headings = [("run", "left"), ("list", "left"), ("model", "left"), ("steps", "right"), ("val loss", "right")]
    show(table([*headings, ("", "left")], rows))


def run_compare(names: tuple[str, ...], root: Path, *, json: bool) -> None:
    """One column a run: what it reached, and every option in which they differ."""
    runs = _open_all(root, names or tuple(list_runs(root)))
    if not runs:
        note(f"there are no runs in {root} yet: `moreish FILE` makes one")
        return
    compared = [compared_run(run) for run in runs]
    if json:
        for facts in compared:
            emit(facts)
        return
    options = [flat(facts["options"]) for facts in compared]
    keys = sorted({key for flattened in options for key in flattened})
    differing = [key for key in keys if len({str(flattened.get(key)) for flattened in options}) > 1]
    rows = [("val loss", *(_loss(facts["val_loss"]) for facts in compared))]
    names = ("uniform", "unigram", "bigram", "ngram")
    rows += [(f"  {name}", *(_loss(facts["baselines"].get(name)) for facts in compared)) for name in names]
    rows.append(("steps", *(str(facts["step"] or "") for facts in compared)))
    rows.append(("seconds", *(f"{facts['seconds']:.1f}" if facts["seconds"] else "" for facts in compared)))
    rows += [(key, *(str(flattened.get(key, "")) for flattened in options)) for key in differing]
    show(table([("", "left"), *((facts["run"], "right") for facts in compared)], rows))


def compared_run(run: Run) -> dict[str, Any]:
    """What is compared of a run."""
    baselines: dict[str, float] = {}
    seconds = 0.0
    for event in run.events():
        match event:
            case events.Baselines():
                baselines = {"uniform": event.uniform, "unigram": event.unigram}
                baselines |= {"bigram": event.bigram, "ngram": event.ngram}
            case events.Counted() | events.Step() | events.Mixed():
                seconds = event.seconds or seconds
            case _:
                pass
    return run.summary() | {"baselines": baselines, "seconds": seconds, "options": run.config["options"]}


def flat(options: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested options by dotted name: `train.lr`, `model.parts[0].name`."""
    made: dict[str, Any] = {}
    for key, value in options.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping):
            made |= flat(value, f"{name}.")
        elif isinstance(value, list) and value and isinstance(value[0], Mapping):
            for i, entry in enumerate(value):
                made |= flat(entry, f"{name}[{i}].")
        else:
            made[name] = value
    return made


def run_plot(name: str, what: str, to: Path | None, *, root: Path) -> None:
    """Draw one picture of a run."""
    from moreish.plots.curves import loss_curves

    made = api.open_run(name, root)
    target = to or Path(f"{made.run.name}-{what}.png" if what != "loss" else f"{made.run.name}.png")
    if what == "loss":
        loss_curves(made.run, target)
    else:
        _plot_model(made, what, target)
    print(target)


def run_plot_inside(name: str, to: Path | None, *, root: Path) -> None:
    """Draw what happens inside each network of a run."""
    from moreish.fitting.schedule import Schedule
    from moreish.plots.inside import draw, look
    from moreish.training.reports import histories_of, network_title

    made = api.open_run(name, root)
    beside = to or Path(f"{made.run.name}.png")
    histories, schedule = histories_of(made.run.events()), Schedule(made.corpus, made.config)
    parts = made.model.parts if isinstance(made.model, Mixture) else [made.model]
    networks = [k for k, part in enumerate(parts) if hasattr(part, "module")]
    if not networks:
        raise ValueError(f"{made.run.name} was made by counting: there is no network to look into")
    for k in networks:
        leaf = made.config.model.leaves[k]
        title = network_title(leaf.name, k)
        seen = look(parts[k], made.corpus.part("train"), schedule.options_of(leaf), made.config.seed + leaf.seed)
        history = histories.get(title)
        ratios = {} if history is None else {w: history.curve(f"{w}/update_ratio") for w in history.updated()}
        stem = beside.stem if len(networks) == 1 else f"{beside.stem}-{k + 1}"
        for path in draw(
            f"{made.run.name}, {title}", seen, ratios, lambda what, stem=stem: beside.with_stem(f"{stem}-{what}")
        ):
            print(path)
        if not ratios:
            note(f"{title}: updates over time are only known of a run that was trained with --doctor")


def _plot_model(made: api.TrainedRun, what: str, to: Path) -> None:
    from moreish.plots.model import count_table, coverage_curves, embedding_map

    if what == "pairs":
        count_table(made.corpus, to)
    elif what == "contexts":
        coverage_curves(made.corpus, to)
    else:
        parts = made.model.parts if isinstance(made.model, Mixture) else [made.model]
        network = next((part for part in parts if hasattr(part, "module")), parts[0])
        embedding_map(network, made.vocab, to)


def _open_all(root: Path, names: tuple[str, ...]) -> list[Run]:
    """The runs that can be read; for a damaged one its sentence."""
    opened = []
    for name in names:
        try:
            opened.append(open_run(name, root))
        except ValueError as error:
            if len(names) == 1:
                raise
            warn(str(error))
    return opened


def _model(run: Run) -> str:
    model = run.config["options"]["model"]
    parts = model.get("parts", [model])
    return " + ".join(part["name"] for part in parts)


def _loss(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"
