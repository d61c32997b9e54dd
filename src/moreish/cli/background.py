"""moreish background: a background net of one's own lists."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from moreish.cli.flags import READING, File, Json, Quiet, Reading, Seconds, Seed, Set


def background(
    *files: File,
    out: Annotated[Path, Parameter(help="The folder that the net is written to.")],
    begin_from: Annotated[
        str | None,
        Parameter(name="--from", help="A net that the training goes on from: bundled, or a folder."),
    ] = None,
    time_budget: Seconds = 1800.0,
    reading: Reading = READING,
    seed: Seed = None,
    set: Set = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Train a background net on lists of your own; then: moreish LIST --background FOLDER.

    It learns to read a list and go on in its manner. What limits it is the number and kind of lists: hundreds are
    better than dozens. With ten or more, every fifth is kept to measure on. With few, go on from the net that moreish
    comes with: --from bundled.

    Parameters
    ----------
    files
        Lists, one item a line, or names of bundled lists: as many kinds as there are.
    """
    from moreish.cli.overrides import overrides_of
    from moreish.cli.show import emit, note, printable, telling

    if not files:
        raise ValueError("which lists? moreish background FILE FILE ... --out FOLDER")
    if not time_budget:
        raise ValueError("--time-budget 0 leaves no time to train: an hour is good, ten minutes are something")
    if out.exists() and not out.is_dir():
        raise ValueError(f"{out} is a file, and --out is the folder that the net is written to")
    with telling(f"training on {len(files)} lists", quiet or json) as tell:
        from moreish import api

        overrides = overrides_of(reading, set=set)
        made = api.background(
            files, out, seconds=time_budget, seed=seed or 0, begin_from=begin_from, overrides=overrides, tell=tell
        )
    if json:
        emit({"folder": str(out), "hash": made.hash, "lists": len(files)})
    else:
        note(f"kept in {printable(str(out))}; use it with: moreish LIST --background {printable(str(out))}")
