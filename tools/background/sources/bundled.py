"""The lists that moreish comes with, but for its names."""

from collections.abc import Iterator
from pathlib import Path

from tools.background.lists import Collected, Source

SOURCE = Source("bundled", "this repository", "MIT")
LISTS = Path(__file__).parents[3] / "src" / "moreish" / "data" / "lists"


def lists() -> Iterator[Collected]:
    """A list a file."""
    for path in sorted(LISTS.glob("*.txt")):
        if path.stem != "names":
            yield SOURCE.collected(path.stem, path.stem, path.read_text(encoding="utf-8").splitlines())
