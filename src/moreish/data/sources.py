"""Sources: where a list comes from. A path, `-` for standard input, a fetched file, or a bundled list."""

import difflib
import io
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from moreish.data.bundled import BUNDLED, LISTS
from moreish.data.encodings import Bytes


@dataclass(frozen=True)
class Files:
    """Files that are one list, in this order, each as `find` takes it. Raises ValueError for one that comes twice."""

    sources: tuple[str | Path, ...]

    def __post_init__(self) -> None:
        names = [str(source) for source in self.sources]
        if not names:
            raise ValueError("there is nothing to read: name a file")
        if twice := [name for name in names if names.count(name) > 1]:
            what = "standard input" if twice[0] == "-" else twice[0]
            raise ValueError(f"{what} is named twice, and its items would count twice: name it once")

    def __str__(self) -> str:
        names = ["standard input" if str(source) == "-" else str(source) for source in self.sources]
        if len(names) == 1:
            return names[0]
        shown = names if len(names) <= 4 else [*names[:3], f"{len(names) - 3} more"]
        return f"{', '.join(shown[:-1])} and {shown[-1]}"

    @property
    def stem(self) -> str:
        """A short name of them all: elves-dwarves."""
        stems = [stem_of(source) for source in self.sources]
        return "-".join(stems) if len(stems) <= 3 else f"{stems[0]}-and-{len(stems) - 1}-more"

    @property
    def kinds(self) -> list[str]:
        """What the items of each file are where each is a kind: its stem, or all of its name where two are alike."""
        stems = [stem_of(source) for source in self.sources]
        return [
            stem if stems.count(stem) == 1 else str(source) for stem, source in zip(stems, self.sources, strict=True)
        ]


def stem_of(source: str | Path) -> str:
    """What a file is called, without folder and suffix."""
    return "list" if str(source) == "-" else Path(source).stem


def suffix_of(source: str | Path) -> str:
    """The end of a file's name, in small letters: ".csv"; none of standard input."""
    return "" if str(source) == "-" else Path(source).suffix.lower()


def data_folder() -> Path:
    """Where fetched lists are kept: `$MOREISH_DATA`, or the place that this system has for a user's data."""
    if named := os.environ.get("MOREISH_DATA"):
        return at_home(named)
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or at_home("~/AppData/Local")) / "moreish"
    if sys.platform == "darwin":
        return at_home("~/Library/Application Support/moreish")
    return Path(os.environ.get("XDG_DATA_HOME") or at_home("~/.local/share")) / "moreish"


def at_home(path: str | Path) -> Path:
    """The path with `~` and `~name` as the folders that they mean; where there is no such user or home, as it is."""
    try:
        return Path(path).expanduser()
    except (RuntimeError, ValueError):  # a name that no system has
        return Path(path)


def find(source: str | Path) -> Path:
    """The file that is meant: a path that exists, else a file of this name in the data folder, else a bundled list.

    Raises ValueError where there is none, or where it is a folder.
    """
    if not str(source).strip():
        raise ValueError(f'"{source}" names no file; the bundled lists are {", ".join(LISTS)}')
    path = at_home(source)
    if not path.exists() and path.name == str(source):
        fetched, bundled = data_folder() / path, BUNDLED / f"{path}.txt"
        path = next((p for p in (fetched, bundled) if p.is_file()), path)
    if path.is_dir():
        raise ValueError(f"{source} is a folder; name a file in it")
    if not path.exists():
        raise ValueError(f"there is no file {source}{_meant(path)}")
    return path


@contextmanager
def opened(source: str | Path) -> Iterator[tuple[str, Bytes]]:
    """The name to use in messages, and the bytes. Raises ValueError where they cannot be had, then or later."""
    try:
        if str(source) == "-":
            yield "standard input", sys.stdin.buffer if sys.stdin else io.BytesIO()
        else:
            with find(source).open("rb") as stream:
                yield str(source), stream
    except OSError as error:
        raise ValueError(f"{source} cannot be read: {error.strerror}") from None


def lines_of(items: Iterable[str], text: bool) -> Bytes:
    """The items as a stream of UTF-8, one a line; with `text` each may be many lines.

    Raises ValueError for an item that cannot be a line of text.
    """
    lines = []
    for i, item in enumerate(items, start=1):
        if not text and ("\n" in item or "\r" in item):
            raise ValueError(f"item {i} has a line end in it; an item is one line")
        try:
            lines.append(item.encode())
        except UnicodeEncodeError as error:
            half = f"U+{ord(item[error.start]):04X}"
            raise ValueError(f"item {i} has {half}, which is half a surrogate pair and no character") from None
    return io.BytesIO(b"\n".join(lines))


def _meant(path: Path) -> str:
    """The file that was perhaps meant, else what lists there are."""
    files = [p.name for p in path.parent.iterdir() if p.is_file()] if path.parent.is_dir() else []
    bare = path.name == str(path)
    if near := difflib.get_close_matches(path.name, [*files, *LISTS] if bare else files, n=1):
        return f'; did you mean "{near[0] if bare else path.with_name(near[0])}"?'
    return f"; the bundled lists are {', '.join(LISTS)}" if bare else ""
