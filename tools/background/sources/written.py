"""Lists written for this project, as text: a line "## kind/name", then an item a line, then a blank line."""

from collections.abc import Iterator
from pathlib import Path

from tools.background.lists import Collected, Source

SOURCE = Source("written", "this repository", "CC0-1.0")


def lists(folder: Path) -> Iterator[Collected]:
    """The lists of every text file of a folder."""
    for path in sorted(folder.glob("*.txt")):
        yield from parsed(path.read_text(encoding="utf-8"))


def parsed(text: str) -> Iterator[Collected]:
    """The lists of one such text."""
    name, items = "", []
    for line in [*text.splitlines(), "## "]:
        if line.startswith("## "):
            if name:
                yield SOURCE.collected(name, name.split("/")[0], items)
            name, items = line[3:].strip(), []
        elif line.strip():
            items.append(line)
