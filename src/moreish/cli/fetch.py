"""moreish data fetch."""

from pathlib import Path

from moreish.cli.flags import Json, Quiet
from moreish.cli.interrupt import something_began


def fetch(name: str, *, to: Path | None = None, json: Json = False, quiet: Quiet = False) -> None:
    """Download a public list from its public address, verified by its pinned hash.

    Parameters
    ----------
    name
        names, or shakespeare.
    to
        The folder it goes to; else $MOREISH_DATA, or the user's data folder.
    """
    from moreish.cli.show import downloading, emit
    from moreish.data.fetch import fetch as download

    something_began()
    with downloading(name, quiet or json) as progress:
        path = download(name, to, progress)
    if json:
        emit({"name": name, "path": str(path)})
    elif not quiet:
        print(f"{path} ({path.stat().st_size:,} bytes, hash verified)")
