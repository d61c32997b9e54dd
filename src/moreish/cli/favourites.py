"""A file of favourites: one item a line, each once, and there as soon as it is kept."""

from collections.abc import Iterable
from pathlib import Path

from moreish.cli.show import printable


def favourites(file: Path) -> list[str]:
    """The items in a file of favourites; none where there is no file yet."""
    try:
        return [line for line in file.read_bytes().decode("utf-8").split("\n") if line]
    except FileNotFoundError:
        return []
    except UnicodeDecodeError:
        raise ValueError(f"{file} is not UTF-8, so it is no file of favourites: keep them in another") from None


def add_favourites(file: Path, items: Iterable[str]) -> list[str]:
    """Put those that are not there yet at the end of the file, and give them. Raises ValueError and OSError."""
    there = set(favourites(file))
    new = [item for item in dict.fromkeys(items) if item not in there]
    broken = [item for item in new if "\n" in item]
    if broken:
        raise ValueError(f"{printable(broken[0])} has a line break in it, and a favourite is one line")
    if new:
        with file.open("a+b") as written:
            text = "\n".join(new) + "\n"
            if written.tell():
                written.seek(-1, 2)
                text = text if written.read(1) == b"\n" else "\n" + text
            written.write(text.encode("utf-8"))
    return new
