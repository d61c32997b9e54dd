"""moreish compare."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from moreish.cli.flags import DEFAULT_ROOT, Json, Root
from moreish.cli.runs import no_runs, of_each, shown_loss

if TYPE_CHECKING:
    from moreish.runs.folder import Run


# What a loss is read beside: of a list that was divided, and of one that was cross-validated.
BASELINES = ("uniform", "unigram", "bigram", "ngram", "counted", "read")


def compare(*runs: str, root: Root = DEFAULT_ROOT, json: Json = False) -> None:
    """Runs side by side: what differs in their options, and what each reached.

    Parameters
    ----------
    runs
        Run folders, or their short names; all runs when none is given.
    """
    from moreish.cli.show import emit, note, show, table
    from moreish.runs.folder import list_runs, open_run

    for name in runs:
        open_run(name, root)  # one that was asked for by name and is not there ends it
    compared = of_each(root, runs or list_runs(root), compared_run)
    if not compared:
        note(no_runs(root))
        return
    if json:
        for facts in compared:
            emit(facts)
        return
    options = [flat(facts["options"]) for facts in compared]
    keys = sorted({key for flattened in options for key in flattened})
    differing = [key for key in keys if len({str(flattened.get(key)) for flattened in options}) > 1]
    rows = [("val loss", *(shown_loss(facts["val_loss"]) for facts in compared))]
    names = [name for name in BASELINES if any(name in facts["baselines"] for facts in compared)]
    rows += [(f"  {name}", *(shown_loss(facts["baselines"].get(name)) for facts in compared)) for name in names]
    rows.append(("steps", *(str(facts["step"] or "") for facts in compared)))
    rows.append(("seconds", *(f"{facts['seconds']:.1f}" if facts["seconds"] else "" for facts in compared)))
    rows += [(key, *(str(flattened.get(key, "")) for flattened in options)) for key in differing]
    show(table([("", "left"), *((facts["run"], "right") for facts in compared)], rows))


def compared_run(run: "Run") -> dict[str, Any]:
    """What is compared of a run."""
    from moreish.runs import events

    baselines: dict[str, float | None] = {}
    seconds = 0.0
    for event in run.events():
        match event:
            case events.Baselines():
                baselines = {"uniform": event.uniform, "unigram": event.unigram}
                baselines |= {"bigram": event.bigram, "ngram": event.ngram}
            case events.CrossValidated():
                baselines |= {name: loss for name, loss in event.losses.items() if name in BASELINES}
            case events.Counted() | events.Step() | events.Mixed():
                seconds = event.seconds or seconds
            case _:
                pass
    options = run.config["options"] if run.described else {}
    return run.summary() | {"baselines": baselines, "seconds": seconds, "options": options}


def flat(options: Mapping[str, object], prefix: str = "") -> dict[str, object]:
    """Nested options by dotted name: `train.lr`, `model.components[0].name`."""
    named: dict[str, object] = {}
    for key, value in options.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping):
            named |= flat(value, f"{name}.")
        elif isinstance(value, list) and value and isinstance(value[0], Mapping):
            for i, entry in enumerate(value):
                named |= flat(entry, f"{name}[{i}].")
        else:
            named[name] = value
    return named
