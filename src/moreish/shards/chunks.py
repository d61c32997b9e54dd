"""A chunk: a stretch of a file, whole lines, read by itself into arrays on the disk.

A chunk is done when its folder has its name; whatever kills the process leaves one of another name, or none. In it:

    numbers.npy  the items as in `data.collect`: symbols numbered as they came, a boundary before, between and after
    symbols.json the symbols in the order of their numbers
    sorted.npy   (items,) hashes, ascending; equal ones in the order of the list
    second.npy   (items,) of each of those another hash with another key
    order.npy    (items,) the number, within the chunk, of each of those
"""

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO

import numpy as np
from jaxtyping import Float64, Integer, UInt, UInt64

from moreish.data.collect import Collector
from moreish.data.encodings import Bytes, Encoded
from moreish.data.hashing import ItemHash
from moreish.data.marks import Unmarked, marks_named
from moreish.data.options import DataOptions
from moreish.data.ragged import GrowingArray
from moreish.data.reader import LF, Block, Reader
from moreish.data.report import Report

CHUNK = 2**25  # bytes of a file read at a time
WINDOW = 2**20
SECOND_KEY = 0x5EC0D  # added to the first hash's seed
NO_LIMIT = 2**62
SUMMARY = "summary.json"


@dataclass(frozen=True)
class Stretch:
    """Bytes start .. stop - 1 of a file."""

    path: str
    start: int
    stop: int


@dataclass(frozen=True)
class Summary:
    """What is known of a chunk without looking at its arrays.

    lacking : lines without the marks that the file has; `first_lacking` is the first of them, 1 being the chunk's
    last_filled : the last line with something in it, where the file has marks
    headings : lines between the marked ones that were left out
    """

    items: int
    lines: int
    unit: str
    dropped: dict[str, int] = field(default_factory=dict)
    lacking: int = 0
    first_lacking: int = 0
    last_filled: int = 0
    headings: int = 0


def stretches(path: Path, size: int = CHUNK) -> list[Stretch]:
    """The file cut after line ends into stretches of about `size` bytes. Raises OSError where it cannot be read."""
    end = path.stat().st_size
    cuts = [0]
    with path.open("rb") as stream:
        while cuts[-1] + size < end:
            cuts.append(_line_end(stream, cuts[-1] + size, end))
    if cuts[-1] < end or end == 0:
        cuts.append(end)
    return [Stretch(str(path), a, b) for a, b in pairwise(cuts)]


def _line_end(stream: BinaryIO, at: int, end: int) -> int:
    """The first place from `at` on that is right after a line's end, and where no mark of an encoding stands."""
    stream.seek(at)
    while piece := stream.read(WINDOW):
        cut = piece.find(b"\n") + 1
        if cut and not piece[cut:].startswith((b"\xef\xbb\xbf", b"\r")):
            return at + cut
        at += cut or len(piece)
        stream.seek(at)
    return end


class Part:
    """A stretch of a file as a stream (`Bytes`)."""

    def __init__(self, stretch: Stretch) -> None:
        self.stream, self.left = open(stretch.path, "rb"), stretch.stop - stretch.start  # noqa: SIM115
        self.stream.seek(stretch.start)

    def read(self, n: int, /) -> bytes:
        """Up to n bytes; none at the end."""
        piece = self.stream.read(min(n, self.left))
        self.left -= len(piece)
        return piece


@dataclass(frozen=True)
class ReadChunk:
    """The task of reading a stretch into `folder`.

    marks : the names of those that are to be taken off its lines
    regroup : whether this decides what a symbol is where nobody said
    """

    stretch: Stretch
    folder: str
    options: DataOptions
    marks: tuple[str, ...] = ()
    regroup: bool = False


def read_chunk(task: ReadChunk) -> Summary:
    """Read it, unless it was read. Raises ValueError, naming file and line, for what cannot be read."""
    folder = Path(task.folder)
    if (folder / SUMMARY).exists():
        return summary_of(folder)
    options = replace(task.options, max_bytes=NO_LIMIT, max_items=NO_LIMIT)
    try:
        collector, report, unmarked = _collected(task, options, 0)
    except ValueError:
        if not task.stretch.start:
            raise
        before = _lines_before(task.stretch)
        collector, report, unmarked = _collected(task, options, before)  # to name the right line
    if task.regroup:
        collector.regroup()
    arrays = {"numbers": collector.numbers.finish()}
    if not options.text:
        arrays |= _sorted(collector)
    counts = len(collector.hashes), report.lines, collector.unit, dict(report.dropped)
    summary = Summary(*counts, unmarked.lacking, unmarked.first, unmarked.filled, unmarked.headings)
    _keep(folder, arrays, collector.texts, summary)
    return summary


def summary_of(folder: Path) -> Summary:
    """What `read_chunk` said."""
    return Summary(**json.loads((folder / SUMMARY).read_text(encoding="utf-8")))


@dataclass(frozen=True)
class Chunk:
    """The arrays of a chunk that was read, mapped."""

    folder: Path

    def array(self, name: str) -> np.ndarray:
        """One of them."""
        return np.load(self.folder / f"{name}.npy", mmap_mode="r")

    def piece(self, name: str, cut: slice) -> np.ndarray:
        """A part of one of them, read and not mapped, so that it is gone when it is no longer needed."""
        mapped = self.array(name)
        at = mapped.offset + cut.start * mapped.itemsize  # pyright: ignore[reportAttributeAccessIssue]
        return np.fromfile(self.folder / f"{name}.npy", mapped.dtype, cut.stop - cut.start, offset=at)

    @property
    def symbols(self) -> list[str]:
        """By their numbers."""
        return json.loads((self.folder / "symbols.json").read_text(encoding="utf-8"))

    @property
    def hashes(self) -> UInt64[np.ndarray, " items"]:
        """Of the items in the order of the list."""
        ordered = np.empty(len(self.array("order")), np.uint64)
        ordered[self.array("order")] = self.array("sorted")
        return ordered

    def numbers(self, boundary: int) -> tuple[UInt[np.ndarray, " n"], np.ndarray]:
        """(symbols by their numbers, where the boundaries stand), read into memory."""
        numbers = np.array(self.array("numbers"))
        return numbers, np.flatnonzero(numbers == boundary)


class TwiceHashed(Collector):
    """A collector that hashes every item with another key too: what agrees in 128 bits is taken for equal."""

    def __init__(self, options: DataOptions) -> None:
        super().__init__(options)
        self.again, self._again = GrowingArray(np.uint64), ItemHash(options.split_seed + SECOND_KEY, end=LF)

    def add_items(
        self,
        block: Block,
        kinds: Integer[np.ndarray, " items"] | None = None,
        weights: Float64[np.ndarray, " items"] | None = None,
    ) -> None:
        """As ever; a table, which has kinds and weights, is refused before."""
        super().add_items(block, kinds, weights)
        self.again.extend(self._again(block.codes, block.ends))


def _lines_before(stretch: Stretch) -> int:
    part = Part(Stretch(stretch.path, 0, stretch.start))
    with part.stream:
        return sum(piece.count(b"\n") for piece in iter(lambda: part.read(WINDOW), b""))


def _collected(task: ReadChunk, options: DataOptions, lines_before: int) -> tuple["TwiceHashed", Report, Unmarked]:
    name = task.stretch.path
    report, collector, unmarked = Report(name, text=options.text), TwiceHashed(options), Unmarked(())
    reader = Reader(name, options, report)
    reader.line = lines_before
    part = Part(task.stretch)
    with part.stream:
        if options.text:
            for text, codes in reader.text(part):
                collector.add_text(text, codes)
        else:
            stream: Bytes = part
            if task.marks:
                unmarked = Unmarked(marks_named(task.marks))
                unmarked.fences *= task.stretch.start == 0
                stream = Encoded(unmarked.texts(_texts(part, name, options, lines_before)))
                reader.options = replace(options, encoding="utf-8")
            for block in reader.blocks_of_part(stream):
                collector.add_items(block)
    report.lines = reader.line - lines_before
    return collector, report, unmarked


def _texts(part: Part, name: str, options: DataOptions, lines_before: int) -> Iterator[str]:
    scanning = DataOptions(encoding=options.encoding, text=True, max_bytes=options.max_bytes)
    reader = Reader(name, scanning, Report(name))
    reader.line = lines_before
    return reader.as_it_stands(part)


def _sorted(collector: "TwiceHashed") -> dict[str, np.ndarray]:
    """The hashes in their order, and the second ones beside them."""
    first = collector.hashes.finish()
    order = np.argsort(first, kind="stable")
    return {"sorted": first[order], "second": collector.again.finish()[order], "order": order.astype(np.uint32)}


def _keep(folder: Path, arrays: dict[str, np.ndarray], symbols: list[str], summary: Summary) -> None:
    """Into a folder of another name first."""
    unfinished = folder.with_name(f"{folder.name}.part")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    for name, array in arrays.items():
        np.save(unfinished / f"{name}.npy", array)
    (unfinished / "symbols.json").write_text(json.dumps(symbols), encoding="utf-8")
    (unfinished / SUMMARY).write_text(json.dumps(summary.__dict__), encoding="utf-8")
    os.replace(unfinished, folder)
