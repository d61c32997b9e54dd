"""The lists that are kept out: whole kinds of things of which a background net never reads an item.

`kept_out/NAME.txt` are the lists to be judged on, `kept_out/makers/NAME.txt` those of a size that people really
bring, for looking at what is made of them. The first line of a file says the kind, the language, where the items are
from and under which licence.
"""

from pathlib import Path

KEPT_OUT = Path(__file__).parent / "kept_out"
MAKERS = KEPT_OUT / "makers"


def read_list(path: Path) -> list[str]:
    """The items of one file, without the line that says what they are."""
    return [line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("# ")]


def about(path: Path) -> str:
    """The kind, language, provenance and licence of a file."""
    return path.read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ")


def _folder(folder: Path) -> dict[str, list[str]]:
    return {path.stem: read_list(path) for path in sorted(folder.glob("*.txt"))}


def kept_out() -> dict[str, list[str]]:
    """The items of every list to be judged on, by name."""
    return _folder(KEPT_OUT)


def makers() -> dict[str, list[str]]:
    """The items of every list of which 30 to 100 items are given and made items are looked at, by name."""
    return _folder(MAKERS)
