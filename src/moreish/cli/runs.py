"""moreish runs."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from moreish.cli.flags import DEFAULT_ROOT, Json, Root
from moreish.errors import describe

if TYPE_CHECKING:
    from moreish.runs.folder import Run

T = TypeVar("T")

STATE_WORDS = {
    (True, False): "done",
    (False, True): "running",
    (False, False): "interrupted",
    (True, True): "running",
}


def runs(*, root: Root = DEFAULT_ROOT, json: Json = False) -> None:
    """The runs there are: one row each; a damaged one is named and passed over."""
    from moreish.cli.show import emit, note, show, table
    from moreish.runs.folder import list_runs

    rows = []
    for summary in of_each(root, list_runs(root), _summary):
        if json:
            emit(summary)
        rows.append(
            (
                summary["run"],
                summary["list"],
                summary["model"],
                f"{summary['step']:,}" if summary["step"] is not None else "",
                shown_loss(summary["val_loss"]),
                STATE_WORDS[summary["finished"], summary["running"]],
            )
        )
    if json:
        return
    if not rows:
        note(no_runs(root))
        return
    headings = [("run", "left"), ("list", "left"), ("model", "left"), ("steps", "right"), ("val loss", "right")]
    show(table([*headings, ("", "left")], rows))


def of_each(root: Path, names: Sequence[str], what: "Callable[[Run], T]") -> list[T]:
    """What is asked of each run that can be read; one among several that cannot is a warning."""
    from moreish.cli.show import warn
    from moreish.runs.folder import open_run

    found: list[T] = []
    for name in names:
        try:
            found.append(what(open_run(name, root)))
        except (ValueError, OSError) as error:
            if len(names) == 1:
                raise
            warn(describe(error)[1])
    return found


def _summary(run: "Run") -> dict[str, Any]:
    described = run.described
    return run.summary() | {"model": described.options.model.words, "list": described.source.name}


def no_runs(root: Path) -> str:
    """What is said where there is nothing to list."""
    return f"there are no runs in {root} yet: `moreish FILE` makes one"


def shown_loss(value: float | None) -> str:
    """Four digits, or nothing."""
    return "" if value is None else f"{value:.4f}"
