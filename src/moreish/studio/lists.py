"""The lists that were pasted or dropped: kept beside the runs, text only, addressed by an id.

Only plain files are lists: a folder holds no items, a pipe keeps whoever opens it waiting, a link may lead anywhere.
"""

import os
import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, TypeVar

from moreish.data import Corpus, exports, sql, yaml
from moreish.data.bundled import BUNDLED, LISTS
from moreish.data.formats import LINES_SUFFIXES, TABLE_SUFFIXES
from moreish.errors import RunError
from moreish.runs.files import os_errors, regular_size
from moreish.runs.folder import readable

FOLDER = ".lists"
LIMIT = 32 * 2**20  # bytes
SHOWN = 400  # items of a list that a page shows
OTHERS = (*yaml.SUFFIXES, sql.SUFFIX, *exports.SUFFIXES)
SUFFIXES = (".txt", ".json", *TABLE_SUFFIXES, *LINES_SUFFIXES, *OTHERS)  # the first: of what is no table
LOOKED_AT, LONGEST, BEGINS = 2000, 40, 3  # bytes, characters of a line, and lines that tell lists apart
TEXTS = re.compile(r'"((?:[^"\\]|\\.)+)"')
ID = re.compile(r"[\w-]{1,80}")
T = TypeVar("T")


class Lists:
    """The bundled lists, and the uploaded ones in a folder of their own."""

    def __init__(self, root: Path) -> None:
        self._folder = root / FOLDER

    def path(self, id: str) -> Path | None:
        """The file of a list that is there."""
        if id in LISTS:
            return BUNDLED / f"{id}.txt"
        return self._files().get(id)

    def uploaded(self) -> list[str]:
        """The ids of those that were uploaded, the newest first."""
        return sorted(files := self._files(), key=lambda id: (_written(files[id]), len(id), id), reverse=True)

    def begins(self, id: str) -> list[str]:
        """The first lines of a list, of JSON the first texts: enough to tell it from others."""
        path = self.path(id)
        try:
            with open(path or "", "rb") as file:
                text = file.read(LOOKED_AT).decode("utf-8-sig", "replace")
        except OSError:
            return []
        found = TEXTS.findall(text) if path is not None and path.suffix == ".json" else text.splitlines()
        return [line[:LONGEST].strip() for line in found if line.strip()][:BEGINS]

    def _files(self) -> dict[str, Path]:
        try:
            found = [*self._folder.iterdir()]
        except OSError:
            return {}
        return {p.stem: p for p in found if p.suffix in SUFFIXES and ID.fullmatch(p.stem) and _is_plain(p)}

    async def receive(self, name: str, pieces: AsyncIterator[bytes]) -> str:
        """Keep what is sent under a new id. Raises ValueError where it is no text, or too much.

        name : that of the file, whose suffix tells how it is to be read
        """
        with os_errors(self._folder, "written"):
            self._folder.mkdir(parents=True, exist_ok=True)
            stem, suffix = _parts(name)
            number, taken = 1, {each.stem for each in self._folder.iterdir()}
            while f"{stem}-{number}" in taken:
                number += 1
            path = self._folder / f"{stem}-{number}{suffix}"
            try:
                with open(path, "xb") as file:
                    async for piece in pieces:
                        _check(piece, file.tell())
                        file.write(piece)
            except BaseException:
                path.unlink(missing_ok=True)
                raise
        return path.stem

    def keep(self, stem: str, data: bytes) -> str:
        """Keep a list in JSON under this name, or find it where it is kept already; its id. Raises RunError."""
        if len(data) > LIMIT:
            raise ValueError(f"the list has more than {LIMIT:,} bytes, too many to be kept here")
        with os_errors(self._folder, "written"):
            self._folder.mkdir(parents=True, exist_ok=True)
            stem, number = readable(stem), 1
            while os.path.lexists(path := self._folder / f"{stem}-{number}.json"):
                if _is_plain(path) and path.read_bytes() == data:
                    return path.stem
                number += 1
            path.write_bytes(data)
        return path.stem

    def text(self, id: str) -> bytes | None:
        """A list as it was given; None where there is none. Raises ValueError where it cannot be read."""
        path = self.path(id)
        return None if path is None else _read(path, id, path.read_bytes)

    def read(self, id: str, options: dict[str, Any]) -> Corpus:
        """The list, read. Raises ValueError with one sentence where it cannot be."""
        path = self.path(id)
        if path is None:
            raise RunError(f'there is no list "{id[:200]}" here')
        from moreish import api

        return _read(path, id, lambda: api.read(path, **options))


def _read(path: Path, id: str, read: Callable[[], T]) -> T:
    """What is read of a list, whose file may be gone or closed by now; what is wrong is said under its id."""
    try:
        with os_errors(path, "read"):
            return read()
    except ValueError as error:
        said = str(error).replace(str(path), id) if _is_plain(path) else f"{id} cannot be read: it is gone"
        raise ValueError(said) from None


def _is_plain(path: Path) -> bool:
    try:
        return regular_size(path) >= 0
    except RunError:
        return False


def _written(path: Path) -> int:
    """When a list was written, in nanoseconds; 0 for one that was taken away meanwhile."""
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


def _parts(name: str) -> tuple[str, str]:
    """What a list is called here, and the suffix of its file."""
    stem, dot, end = name.rpartition(".")
    suffix = f".{end.lower()}"
    if not dot or not end.isalnum():
        return readable(name), SUFFIXES[0]
    return readable(stem), suffix if suffix in SUFFIXES else SUFFIXES[0]


def _check(piece: bytes, before: int) -> None:
    """Raises ValueError for what is no text, or too much."""
    if before + len(piece) > LIMIT:
        raise ValueError(f"the list has more than {LIMIT:,} bytes: give a shorter one")
    if b"\0" in piece:
        raise ValueError("this looks binary, and a list is text: one item a line, in UTF-8")


def described(corpus: Corpus, id: str) -> dict[str, Any]:
    """The report of the list with this id, its lengths and symbols, and some of its items."""
    from moreish.api.preparing import are_few

    report = corpus.report
    items = [] if corpus.options.text else [corpus[i] for i in range(min(len(corpus), SHOWN))]
    return {
        **report.to_json(),
        "source": id,
        "headline": report.called(report.headline(), id),
        "lengths": {str(k): n for k, n in sorted(report.lengths.items())},
        "counts": dict(sorted(report.counts.items(), key=lambda pair: -pair[1])[:60]),
        "splits": report.splits,
        "items_shown": items,
        "notes": [report.called(note, id) for note in report.notes],
        "kept": len(corpus),
        "few": are_few(corpus),  # as `moreish FILE` counts: for the background net
    }
