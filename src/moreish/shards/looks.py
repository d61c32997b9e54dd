"""What the files of a sharded list are by their look: marks come off as they do of any list, tables are refused."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from moreish.data.formats import Marked
from moreish.data.marks import Unmarked, marks_named
from moreish.data.options import DataOptions
from moreish.data.recognising import look_at
from moreish.data.sources import suffix_of
from moreish.shards.chunks import Stretch, Summary
from moreish.wording import called


@dataclass(frozen=True)
class FileLook:
    """A file, the names of the marks round its items, and what in it may be no item."""

    path: Path
    marks: tuple[str, ...] = ()
    hints: tuple[str, ...] = ()


def looks_of(paths: Sequence[Path], options: DataOptions) -> list[FileLook]:
    """Of each file. Raises ValueError for a table or JSON, which has no items line by line."""
    if options.text or not options.recognise:
        return [FileLook(path) for path in paths]
    return [_look(path, options) for path in paths]


def _look(path: Path, options: DataOptions) -> FileLook:
    with path.open("rb") as stream:
        form, hints, _ = look_at(str(path), stream, options, suffix_of(path))
    match form:
        case None:
            return FileLook(path, (), tuple(hints))
        case Marked(marks=marks):
            return FileLook(path, tuple(mark.name for mark in marks), tuple(hints))
    raise ValueError(
        f"{path} is no plain list but a table, JSON or items on one line, and shards are made of one item a line: "
        f"write its items so, or say {called('data.recognise', False)} if the lines are the items as they stand"
    )


def told_of(looks: Iterable[FileLook], pieces: Sequence[Stretch], summaries: Sequence[Summary]) -> list[str]:
    """How each file was read, in sentences."""
    told: list[str] = []
    for look in looks:
        if look.marks:
            of_file = (s for piece, s in zip(pieces, summaries, strict=True) if piece.path == str(look.path))
            told.append(_together(look, of_file).note(str(look.path)))
        told += look.hints
    return told


def _together(look: FileLook, summaries: Iterable[Summary]) -> Unmarked:
    """The counts of a file's stretches, their lines as lines of the file."""
    whole = Unmarked(marks_named(look.marks))
    for summary in summaries:
        whole.lacking += summary.lacking
        whole.headings += summary.headings
        if summary.lacking and not whole.first:
            whole.first = whole.line + summary.first_lacking
        if summary.last_filled:
            whole.filled = whole.line + summary.last_filled
        whole.line += summary.lines
    return whole
