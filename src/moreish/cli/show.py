"""What people see: tables, bars and one-sentence errors. Generated text is data here, never markup.

Results go to stdout, everything else (progress, notes, warnings) to stderr.
"""

import json as json_module
import math
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from moreish.cli.interrupt import something_began

if TYPE_CHECKING:
    from moreish.cli.items import Format
    from moreish.data import Report
    from moreish.inference.more import Item

out = Console(highlight=False, markup=False, emoji=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, markup=False, emoji=False, soft_wrap=True)

_COMMANDS = re.compile("[\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
JOINERS = "\u200c\u200d"

REPORT_STYLES = (("SICK", "bold red"), ("WATCH", "bold yellow"), ("INFO", "bold blue"), ("  Do:", "bold green"))

BASELINE_WORDS = {
    "uniform": "guessing blindly",
    "unigram": "knowing how frequent each symbol is",
    "bigram": "knowing pairs of symbols",
    "ngram": "knowing longer runs of symbols (Kneser-Ney)",
}


def emit(value: Mapping[str, object]) -> None:
    """One JSON object, one line, on stdout; what a terminal could take for a command is escaped, as JSON may."""
    line = json_module.dumps(value, ensure_ascii=False, allow_nan=False)
    sys.stdout.write(_COMMANDS.sub(lambda c: f"\\u{ord(c[0]):04x}", line) + "\n")


def say(line: str) -> None:
    """One line on stdout: to a program as it is, on a terminal with control characters made visible."""
    sys.stdout.write(as_shown(line) + "\n")


def as_shown(text: str) -> str:
    """The text as it goes to stdout: to a program as it is, to a terminal printable."""
    return printable(text) if out.is_terminal else text


def note(sentence: str) -> None:
    """A sentence beside the result, or several lines; on a terminal broken between words."""
    for line in sentence.split("\n"):
        err.print(Text(printable(line), style="dim"), soft_wrap=not err.is_terminal)


def tell_reading(report: "Report", quiet: bool) -> None:
    """How a list was read where its lines have marks, and what in it may be no item."""
    if not quiet:
        for sentence in report.told:
            note(sentence)


def warn(sentence: str) -> None:
    """A sentence about something that is not as it should be."""
    err.print(Text.assemble(("moreish: ", "yellow"), printable(sentence)))


@contextmanager
def telling(doing: str, quiet: bool) -> Iterator[Callable[[str], None]]:
    """Give a function for sentences beside the result, and say at once what is being done for as long as it takes.

    On a terminal a line that moves stands there until it is done. What is done in here writes nothing, so until then
    Ctrl-C may end the process at once.
    """
    if quiet or not err.is_terminal:
        yield _untold if quiet else lambda sentence: note(printable(sentence))
        something_began()
        return
    from rich.live import Live
    from rich.spinner import Spinner

    with Live(Spinner("dots", Text(printable(doing), style="dim"), style="dim"), console=err, transient=True) as live:

        def tell(sentence: str) -> None:
            live.update(Spinner("dots", style="dim"))
            note(printable(sentence))

        yield tell
    something_began()


def _untold(sentence: str) -> None:
    """Nobody listens."""


def printable(text: str) -> str:
    """The text with control characters made visible, so that a list cannot move the reader's cursor.

    What joins letters or keeps them apart (Persian, Hindi, emoji of several) stays.
    """
    if text.isprintable():
        return text
    return "".join(
        c if c.isprintable() or c in JOINERS else f"\\x{ord(c):02x}" if ord(c) < 256 else f"\\u{ord(c):04x}"
        for c in text
    )


def symbol_name(symbol: str) -> str:
    """A symbol as it is, or what it is called where there is nothing to see."""
    return {" ": "space", "\n": "newline", "\t": "tab"}.get(symbol, printable(symbol))


def table(columns: Iterable[tuple[str, str]], rows: Iterable[Iterable[str]], title: str | None = None) -> Table:
    """A plain table; a column is (heading, "left" or "right")."""
    drawn = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False, header_style="dim")
    for heading, justify in columns:
        drawn.add_column(printable(heading), justify="right" if justify == "right" else "left", overflow="fold")
    for row in rows:
        drawn.add_row(*(Text(printable(cell)) for cell in row))
    return drawn


def text(*parts: str | tuple[str, str]) -> Text:
    """Pieces of text, each with or without a style; none of it is read as markup."""
    return Text.assemble(*parts)


def show(renderable: RenderableType) -> None:
    """On stdout."""
    out.print(renderable)


def show_report(report: str) -> None:
    """The doctor's report on stdout; on a terminal in colour what kind each finding is, and what to do."""
    for line in map(printable, report.removesuffix("\n").split("\n")):
        shown = Text(line)
        for beginning, style in REPORT_STYLES:
            if line.startswith(beginning):
                shown.stylize(style, 0, len(beginning))
        if line.startswith(("  | ", "Note: ")):
            shown.stylize("dim")
        out.print(shown)


def show_items(items: "Iterable[Item]", format: "Format") -> int:
    """Items (text, logprob, known) as they come: plain lines, CSV or JSON lines. Returns how many."""
    from moreish.cli import items as table_of_items

    return table_of_items.show_items(items, format)


def finite(value: float) -> float | None:
    """The value as JSON can hold it: null where it is infinite."""
    return value if math.isfinite(value) else None


def csv_cell(value: str) -> str:
    """One cell: quoted where it must be, and with a leading apostrophe where a spreadsheet would run it."""
    if value[:1] in ("=", "+", "-", "@", "\t", "\r"):
        value = "'" + value
    quoted = any(c in value for c in ',"\r\n')
    return '"' + value.replace('"', '""') + '"' if quoted else value


def in_words(loss: float) -> str:
    """A loss in nats per symbol as the size of a fair choice that is as uncertain."""
    choice = math.exp(min(loss, 50.0))
    symbols = f"{choice:.1f}" if choice < 1000 else f"{choice:,.0f}" if choice < 1e6 else "millions of"
    return f"as unsure as among {symbols if choice < 1e9 else 'countless'} equally likely symbols"


def bar(share: float, width: int = 24) -> str:
    """A bar of `width` cells, in eighths."""
    eighths = round(max(0.0, min(1.0, share)) * width * 8)
    full, part = divmod(eighths, 8)
    return ("█" * full + (" ▏▎▍▌▋▊▉"[part] if part else "")).ljust(width)


@contextmanager
def downloading(name: str, quiet: bool) -> Iterator[Callable[[int, int], None]]:
    """Give a function that takes bytes so far and in all, shown as a bar on a terminal."""
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    columns = TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn()
    with Progress(*columns, console=err, disable=quiet or not err.is_terminal, transient=True) as shown:
        task = shown.add_task(f"downloading {name}", total=None)
        yield lambda done, size: shown.update(task, completed=done, total=size)


def fail(sentence: str, json: bool) -> None:
    """One sentence on stderr; an object where JSON was asked for."""
    if json:
        sys.stderr.write(json_module.dumps({"error": sentence}, ensure_ascii=False) + "\n")
    else:
        err.print(Text.assemble(("moreish: ", "bold red"), printable(sentence)))
