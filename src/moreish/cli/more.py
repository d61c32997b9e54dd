"""moreish more: items from a run, or straight from a list by counting."""

from typing import Annotated, Literal

from cyclopts import Parameter

from moreish.cli.flags import (
    DEFAULT_ROOT,
    DRAWING,
    READING,
    AnySeed,
    Background,
    Count,
    Drawing,
    File,
    Json,
    Quiet,
    Reading,
    Root,
    Set,
)


def more(
    run_or_file: File = "names",
    *,
    count: Count = 20,
    drawing: Drawing = DRAWING,
    starts_with: str = "",
    new_only: Annotated[bool, Parameter(negative=())] = False,
    repeats: Annotated[bool, Parameter(negative=())] = False,
    format: Literal["text", "csv", "json"] | None = None,
    background: Background = None,
    root: Root = DEFAULT_ROOT,
    seed: AnySeed = None,
    reading: Reading = READING,
    set: Set = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """More items from a run; from a list, in a second.

    Parameters
    ----------
    run_or_file
        A run folder or its short name; or a list, of which an n-gram is then counted; of fewer than 1,000 items, the
        background net reads it as well.
    starts_with
        How every item is to begin.
    new_only
        Leave out what the list already has.
    repeats
        An item may come more than once.
    format
        text: one item a line; csv: with its log probability and whether it is known; json: the same as JSON.
    """
    from moreish.cli.overrides import overrides_of
    from moreish.cli.show import show_items, telling, warn

    if json and format not in (None, "json"):
        raise ValueError(f"--json and --format {format} ask for two formats; give one of them")
    with telling(f"loading {run_or_file}", quiet or json):
        from moreish.api import open_or_count

        source = open_or_count(run_or_file, root, overrides_of(reading, set=set), background)
        how = {"starts_with": starts_with, "new_only": new_only, "unique": not repeats, "seed": seed}
        items = source.each(count, **how, **drawing.given())
    for sentence in source.passed_over:
        warn(sentence)
    given = show_items(items, "json" if json else format or "text")
    if given < count:
        from moreish.errors import Unmet
        from moreish.inference.more import FRUITLESS

        kind = "".join(f"{word} " for word, said in (("different", not repeats), ("new", new_only)) if said)
        raise Unmet(
            f"only {given} {kind}items came: {FRUITLESS:,} more draws gave no other; "
            "a higher --temperature dares more, and --repeats allows the same again"
        )
