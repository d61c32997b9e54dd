"""The page: files that `make studio` builds beside this one, and wheels bring along."""

import re
from functools import lru_cache
from pathlib import Path

BUILT = Path(__file__).parent / "built"
WIDGET = BUILT / "widget.js"
"""The notebook's widget: one module that holds everything."""

NO_PAGE = (
    "the studio's page is not built: say `make studio` in the source folder (node is needed, or comes from PyPI), "
    "or install a wheel of moreish, which has it"
)
NAME = re.compile(r"[\w-]{1,100}\.(js|css|woff2|svg)", re.ASCII)
TYPES = {"js": "text/javascript", "css": "text/css", "woff2": "font/woff2", "svg": "image/svg+xml"}


def document() -> bytes | None:
    """The page itself; None where it was not built."""
    try:
        return (BUILT / "index.html").read_bytes()
    except OSError:
        return None


def asset(name: str) -> tuple[bytes, str] | None:
    """A file of the page and its type; None where there is none of this name."""
    found = NAME.fullmatch(name)
    return _read(name, TYPES[found[1]]) if found else None


@lru_cache(maxsize=32)
def _read(name: str, kind: str) -> tuple[bytes, str] | None:
    try:
        return (BUILT / "assets" / name).read_bytes(), kind
    except OSError:
        return None


def scripts_and_styles() -> tuple[str, str]:
    """The page's code and its style, for a page in one file. Raises ValueError where it was not built."""
    if document() is None:
        raise ValueError(NO_PAGE)
    files = sorted((BUILT / "assets").iterdir())
    read = {kind: "\n".join(f.read_text(encoding="utf-8") for f in files if f.suffix == f".{kind}") for kind in TYPES}
    return read["js"], read["css"]
