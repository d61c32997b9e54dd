"""moreish runs."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from moreish.cli.flags import DEFAULT_ROOT, Json, Root

if TYPE_CHECKING:
    from moreish.runs.folder import Run

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
    for run in open_all(root, list_runs(root)):
        summary = run.summary() | {"model": run.described.options.model.words, "list": run.described.source.name}
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


def open_all(root: Path, names: Sequence[str]) -> "list[Run]":
    """The runs that can be read; a damaged one among several is a warning."""
    from moreish.cli.show import warn
    from moreish.runs.folder import open_run

    opened: list[Run] = []
    for name in names:
        try:
            opened.append(open_run(name, root))
        except ValueError as error:
            if len(names) == 1:
                raise
            warn(str(error))
    return opened


def no_runs(root: Path) -> str:
    """What is said where there is nothing to list."""
    return f"there are no runs in {root} yet: `moreish FILE` makes one"


def shown_loss(value: float | None) -> str:
    """Four digits, or nothing."""
    return "" if value is None else f"{value:.4f}"
