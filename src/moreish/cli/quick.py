"""Plain `moreish FILE`: the whole job in one go."""

from pathlib import Path
from typing import Any

from moreish.cli.show import emit, in_words, note, printable, show_items
from moreish.cli.train import read_and_train


def run_quick(
    file: str,
    layers: list[dict[str, Any]],
    *,
    count: int,
    seed: int,
    out: Path | None,
    root: Path,
    json: bool,
    quiet: bool,
) -> None:
    """Train the quick recipe, print `count` new items, say what was reached and where the run is."""
    made = read_and_train(file, "quick", None, layers, seed=seed, out=out, root=root, quiet=quiet or json)
    items = made.more(count, new_only=True, seed=seed)
    show_items(items, "json" if json else "text")
    last = list(made.run.records("done"))[-1]
    if json:
        emit(last)
    if quiet or json:
        return
    if len(items) < count:
        note(f"only {len(items)} new items: after that the model had nothing to say that the list does not have")
    loss = last["val_loss"]
    if loss is not None:
        note(f"loss on items it never saw: {loss:.3f} nats a symbol, {in_words(loss)}")
    name = printable(str(out) if out is not None else made.run.name)
    note(f"kept in {printable(str(made.run.folder))}; more of them: moreish more {name}")
