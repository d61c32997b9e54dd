"""Sources: where a list comes from. A path, `-` for standard input, a fetched file, or a bundled list."""

import io
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from moreish.config import did_you_mean
from moreish.data.encodings import Bytes

BUNDLED = Path(__file__).parent / "lists"


def data_folder() -> Path:
    """Where fetched lists are kept: `$MOREISH_DATA`, or the place that this system has for a user's data."""
    if named := os.environ.get("MOREISH_DATA"):
        return Path(named).expanduser()
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData/Local") / "moreish"
    if sys.platform == "darwin":
        return Path.home() / "Library/Application Support/moreish"
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local/share") / "moreish"


def bundled_names() -> list[str]:
    """The names of the lists that come with moreish."""
    return sorted(path.stem for path in BUNDLED.glob("*.txt"))


def find(source: str | Path) -> Path:
    """The file that is meant: a path that exists, else a bare name in the data folder, else a bundled list.

    Raises ValueError where there is none, or where it is a folder.
    """
    path = Path(source).expanduser()
    if not path.exists() and path.name == str(source):
        fetched, bundled = data_folder() / path.name, BUNDLED / f"{path.name}.txt"
        path = next((p for p in (fetched, bundled) if p.is_file()), path)
    if path.is_dir():
        raise ValueError(f"{source} is a folder; name a file in it")
    if not path.exists():
        raise ValueError(f"there is no file {source}{_meant(path)}")
    return path


@contextmanager
def opened(source: str | Path) -> Iterator[tuple[str, Bytes]]:
    """The name to use in messages and the bytes. Raises ValueError where they cannot be had."""
    if str(source) == "-":
        yield "standard input", sys.stdin.buffer
        return
    path = find(source)
    try:
        stream = path.open("rb")
    except OSError as error:
        raise ValueError(f"{source} cannot be read: {error.strerror}") from None
    with stream:
        yield str(source), stream


def _meant(path: Path) -> str:
    """Files with a like name beside it, and the bundled lists."""
    if path.name != str(path):
        return did_you_mean(path.name, _files(path.parent)) if path.parent.is_dir() else ": nor its folder"
    return f", nor a bundled list of that name{did_you_mean(path.name, [*bundled_names(), *_files(Path())])}"


def _files(folder: Path) -> list[str]:
    return [p.name for p in folder.iterdir() if p.is_file()]


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
            raise ValueError(
                f"item {i} has U+{ord(item[error.start]):04X}, which is half a surrogate pair and no character"
            ) from None
    return io.BytesIO(b"\n".join(lines))
