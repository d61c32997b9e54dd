"""moreish plot."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from moreish.cli.flags import DEFAULT_ROOT, Json, Picture, Quiet, Root

if TYPE_CHECKING:
    from moreish.api import TrainedRun


def plot(
    run: str,
    *,
    what: Literal["loss", "embedding", "pairs", "contexts"] | None = None,
    inside: Annotated[bool, Parameter(negative=())] = False,
    to: Picture = None,
    root: Root = DEFAULT_ROOT,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """A picture of a run, or the pictures of what happens inside its network.

    Parameters
    ----------
    run
        A run folder, or its short name.
    what
        loss (taken unless another is said): its curves with the baselines; embedding: a map of the symbols' vectors;
        pairs: how often each symbol follows each; contexts: the share of val's contexts that train never has, by
        length.
    inside
        Activations, gradients, stuck units, gradients of the weights, and updates over time (where the run was
        trained with --doctor), a file each: NAME-activations.png, ... beside the one that --to names.
    """
    if inside and what is not None:
        raise ValueError(f"--inside and --what {what} ask for different pictures; give one of them")
    from moreish.cli.show import emit, say, telling
    from moreish.plots.curves import check_installed

    check_installed()
    with telling(f"loading {run}", quiet or json):
        from moreish.api import open_run

        opened = open_run(run, root)
        if inside:
            paths = _plot_inside(opened, to or Path(f"{opened.run.name}.png"))
        else:
            paths = [_plot_one(opened, what or "loss", to)]
    for path in paths:
        if json:
            emit({"path": str(path)})
        else:
            say(str(path))


def _plot_one(run: "TrainedRun", what: str, to: Path | None) -> Path:
    target = to or Path(f"{run.run.name}-{what}.png" if what != "loss" else f"{run.run.name}.png")
    if what == "loss":
        from moreish.plots.curves import loss_curves

        loss_curves(run.run, target)
    else:
        _plot_model(run, what, target)
    return target


def _plot_inside(run: "TrainedRun", beside: Path) -> list[Path]:
    """Draw what happens inside each network of a run."""
    from moreish.cli.show import note
    from moreish.fitting.schedule import Schedule
    from moreish.models.mixture import Mixture
    from moreish.plots.inside import draw, look
    from moreish.training.reports import histories_of, network_title

    paths: list[Path] = []
    histories, schedule = histories_of(run.run.events()), Schedule(run.corpus, run.config)
    components = run.model.components if isinstance(run.model, Mixture) else [run.model]
    networks = [k for k, component in enumerate(components) if hasattr(component, "module")]
    if not networks:
        raise ValueError(f"{run.run.name} was not trained from nothing: there is no network to look into")
    for k in networks:
        choice = run.config.model.singles[k]
        title = network_title(choice.name, k)
        seen = look(
            components[k], run.corpus.split("train"), schedule.options_of(choice), run.config.seed + choice.seed
        )
        history = histories.get(title)
        ratios = {} if history is None else {w: history.curve(f"{w}/update_ratio") for w in history.updated()}
        stem = beside.stem if len(networks) == 1 else f"{beside.stem}-{k + 1}"
        paths += draw(
            f"{run.run.name}, {title}", seen, ratios, lambda what, stem=stem: beside.with_stem(f"{stem}-{what}")
        )
        if not ratios:
            note(f"{title}: updates over time are only known of a run that was trained with --doctor")
    return paths


def _plot_model(run: "TrainedRun", what: str, to: Path) -> None:
    from moreish.models.mixture import Mixture
    from moreish.plots.model import count_table, coverage_curves, embedding_map

    if what == "pairs":
        count_table(run.corpus, to)
    elif what == "contexts":
        coverage_curves(run.corpus, to)
    else:
        components = run.model.components if isinstance(run.model, Mixture) else [run.model]
        network = next((component for component in components if hasattr(component, "module")), components[0])
        embedding_map(network, run.vocab, to)
