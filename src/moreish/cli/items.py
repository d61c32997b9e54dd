"""Items as people and as programs want them: a table on a terminal, plain lines in a pipe, CSV, JSON lines.

Each is shown as it comes. What made the items is a stranger's list, so nothing in them is markup, and what would
move the cursor or turn the line around is made visible.
"""

import sys
import time
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Literal, Protocol, runtime_checkable

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from moreish.cli.show import bar, csv_cell, emit, out, printable, say

Format = Literal["text", "csv", "json"]
Plausible = Callable[[str, float], float]  # an item and its log probability -> share of the list that is no more so

WORDS = ((0.75, "typical"), (0.25, "plausible"), (0.05, "unusual"), (0.0, "far-fetched"))
ROOMY, NARROW = 72, 40  # columns from which there is room for words, and for more than the items
LEAST = 12  # cells of the column of items
SETTLING, SETTLED = 0.05, 200  # seconds, and items, from which the column of items gets its width
FLUSHED_EVERY = 0.1  # seconds, in a pipe
AFTER_RIGHT_TO_LEFT = "\u200e"  # so that what follows on the line stays to the right of it


@runtime_checkable
class ItemLike(Protocol):
    """What is shown of an item; `nearest` and `distance` too, where it has them."""

    @property
    def text(self) -> str:
        """The item."""
        ...

    @property
    def logprob(self) -> float:
        """Log probability of the whole item, nats."""
        ...

    @property
    def known(self) -> str:
        """new, train, val or test."""
        ...


@dataclass(frozen=True)
class Shown:
    """An item and what is said beside it.

    nearest, distance : the nearest known item, and how many edits it is away; None: not measured
    plausibility      : the share of the list's held-out items that are no more plausible; None: not measured
    """

    text: str
    logprob: float
    known: str = "new"
    nearest: str | None = None
    distance: int | None = None
    plausibility: float | None = None

    @classmethod
    def of(cls, item: ItemLike, plausible: Plausible | None = None) -> "Shown":
        """What there is to show of an item."""
        nearest, distance = getattr(item, "nearest", None), getattr(item, "distance", None)
        share = None if plausible is None else plausible(item.text, item.logprob)
        return cls(item.text, item.logprob, item.known, nearest, distance, share)

    def to_json(self) -> dict[str, str | float | int | None]:
        """Plain values."""
        values: dict[str, str | float | int | None] = {
            "item": self.text,
            "logprob": self.logprob,
            "known": self.known,
        }
        return values | {"nearest": self.nearest, "distance": self.distance}


def show_items(items: Iterable[ItemLike], format: Format, plausible: Plausible | None = None) -> int:
    """Items on stdout, each as it comes. Returns how many.

    plausible : asked only for the table that people see
    """
    if format == "text" and out.is_terminal:
        return show_table((Shown.of(item, plausible) for item in items), out)
    line = {"text": _plain, "csv": _csv, "json": _json}[format]
    if format == "csv":
        sys.stdout.write("item,logprob,known,nearest,distance\n")
    shown, flushed = 0, time.monotonic()
    for item in items:
        line(item)
        shown += 1
        if time.monotonic() - flushed > FLUSHED_EVERY:
            sys.stdout.flush()
            flushed = time.monotonic()
    return shown


def _plain(item: ItemLike) -> None:
    sys.stdout.write(item.text + "\n")


def _json(item: ItemLike) -> None:
    emit(Shown.of(item).to_json())


def _csv(item: ItemLike) -> None:
    shown = Shown.of(item)
    near = f"{csv_cell(shown.nearest or '')},{'' if shown.distance is None else shown.distance}"
    say(f"{csv_cell(shown.text)},{shown.logprob:.6f},{shown.known},{near}")


def show_table(items: Iterable[Shown], console: Console, numbered_from: int | None = None) -> int:
    """One row an item, as soon as it is there, with a number before it where they are numbered. Returns how many."""
    first, rest = _settled(items)
    rows = Rows(console.width, first, numbered_from is not None)
    heading = rows.heading()
    if heading is not None and first:
        console.print(heading)
    shown = 0
    for item in chain(first, rest):
        console.print(rows.row(item, (numbered_from or 0) + shown))
        shown += 1
    return shown


def _settled(items: Iterable[Shown]) -> tuple[list[Shown], Iterator[Shown]]:
    """The items that are there at once, from which the table takes its widths, and those that are to come."""
    coming, first, began = iter(items), [], time.monotonic()
    try:
        for item in coming:
            first.append(item)
            if time.monotonic() - began > SETTLING or len(first) == SETTLED:
                break
    except (Exception, KeyboardInterrupt) as error:  # what had come by then is shown all the same
        return first, _raising(error)
    return first, coming


def _raising(error: BaseException) -> Iterator[Shown]:
    raise error
    yield


class Rows:
    """Lines of a table that fit a terminal of so many columns; an item that is longer than the first ones sticks out.

    The item itself is never cut, what stands beside it is.
    """

    def __init__(self, columns: int, first: list[Shown], numbered: bool = False) -> None:
        self.columns, self.numbered = columns, numbered
        widths = sorted(cell_len(printable(item.text)) for item in first)
        self.width = min(max(LEAST, widths[len(widths) * 9 // 10] if widths else 0), columns // 2)
        self.judged = columns >= NARROW and any(item.plausibility is not None for item in first)
        self.near = columns >= NARROW and any(item.nearest is not None for item in first)
        self.bar, self.word = (8, 12) if columns >= ROOMY else (6, 0)

    def heading(self) -> Text | None:
        """What the columns are; None where there is one only."""
        if not self.judged and not self.near:
            return None
        named = [("item", "dim", self.width)]
        if self.judged:
            named.append(("plausible" if self.word else "likely", "dim", self.bar + self.word))
        if self.near:
            named.append(("nearest known" if self.word else "nearest", "dim", 0))
        return self._line("    " if self.numbered else "", named)

    def row(self, item: Shown, number: int = 0) -> Text:
        """One item."""
        cells = [(item.text, "bold" if self.numbered else "", self.width)]
        if self.judged:
            share = item.plausibility
            word = "" if share is None or not self.word else f" {in_words(share)}"
            cells.append(("" if share is None else bar(share, self.bar) + word, "cyan", self.bar + self.word))
        close = item.known != "new" or item.distance == 1
        cells.append((self._known(item), "yellow" if close else "dim", 0))
        return self._line(f"{number:>3} " if self.numbered else "", cells)

    def _known(self, item: Shown) -> str:
        """In the list, or how far from it."""
        if item.known != "new":
            return "in the list" if self.word else "in list"
        if not self.near or item.nearest is None or item.distance is None:
            return ""
        edits = "" if not self.word else " edit" if item.distance == 1 else " edits"
        return f"{item.distance}{edits} from {item.nearest}"

    def _line(self, before: str, cells: list[tuple[str, str, int]]) -> Text:
        """Texts with their styles and the cells that each is to fill."""
        line = Text.assemble((before, "dim"))
        least = 0
        for text, style, width in cells:
            said = printable(text)
            if least and line.cell_len + 6 > self.columns:
                break
            line.append("  " if least else "")
            line.append(said, style)
            line.append(AFTER_RIGHT_TO_LEFT if right_to_left(said) else "")
            least = least or line.cell_len
            line.append(" " * max(0, width - cell_len(said)))
        line.rstrip()
        line.truncate(max(self.columns, least), overflow="ellipsis")
        return line


def in_words(share: float) -> str:
    """How plausible an item is beside the list's own, in a word."""
    return next(word for least, word in WORDS if share >= least)


def right_to_left(text: str) -> bool:
    """Whether something in it is written from right to left."""
    return any(unicodedata.bidirectional(c) in ("R", "AL") for c in text)
