"""What people see: tables, panels and one-sentence errors. Generated text is data here, never markup.

Results go to stdout, everything else (progress, notes, warnings) to stderr.
"""

import json as json_module
import math
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

out = Console(highlight=False, markup=False, emoji=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, markup=False, emoji=False, soft_wrap=True)

REFRESH = 4  # times a second
MOST_WEIGHTS = 8  # of a mixture, shown in a line
KNOWN_STYLE = {"new": "bold", "train": "dim", "val": "dim", "test": "dim"}
SEVERITY_STYLE = {"watch": "yellow", "sick": "bold red"}
BASELINE_WORDS = {
    "uniform": "guessing blindly",
    "unigram": "knowing how frequent each symbol is",
    "bigram": "knowing pairs of symbols",
    "ngram": "knowing longer runs of symbols (Kneser-Ney)",
}


def emit(value: Mapping[str, Any]) -> None:
    """One JSON object, one line, on stdout."""
    sys.stdout.write(json_module.dumps(value, ensure_ascii=False, allow_nan=False) + "\n")


def note(sentence: str) -> None:
    """A sentence beside the result."""
    err.print(Text(sentence, style="dim"))


def warn(sentence: str) -> None:
    """A sentence about something that is not as it should be."""
    err.print(Text.assemble(("moreish: ", "yellow"), printable(sentence)))


def printable(text: str) -> str:
    """The text with control characters made visible, so that a list cannot move the reader's cursor."""
    return "".join(
        c if c.isprintable() or c == " " else f"\\x{ord(c):02x}" if ord(c) < 256 else f"\\u{ord(c):04x}" for c in text
    )


def table(columns: Iterable[tuple[str, str]], rows: Iterable[Iterable[str]], title: str | None = None) -> Table:
    """A plain table; a column is (heading, "left" or "right")."""
    made = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False, header_style="dim")
    for heading, justify in columns:
        made.add_column(heading, justify="right" if justify == "right" else "left", overflow="fold")
    for row in rows:
        made.add_row(*(Text(cell) for cell in row))
    return made


def text(*parts: str | tuple[str, str]) -> Text:
    """Pieces of text, each with or without a style; none of it is read as markup."""
    return Text.assemble(*parts)


def show(renderable: Any) -> None:
    """On stdout."""
    out.print(renderable)


def show_items(items: Iterable[Any], format: str) -> int:
    """Items (text, logprob, known) as they come: plain lines, CSV or JSON lines. Returns how many."""
    shown = 0
    if format == "csv":
        sys.stdout.write("item,logprob,known\n")
    for item in items:
        if format == "json":
            emit({"item": item.text, "logprob": item.logprob, "known": item.known})
        elif format == "csv":
            sys.stdout.write(f"{csv_cell(item.text)},{item.logprob:.6f},{item.known}\n")
        elif out.is_terminal:
            aside = "" if item.known == "new" else f"  in {item.known}"
            show(text(printable(item.text), (aside, "dim")))
        else:
            sys.stdout.write(item.text + "\n")
        shown += 1
    return shown


def csv_cell(value: str) -> str:
    """One cell: quoted where it must be, and with a leading apostrophe where a spreadsheet would run it."""
    if value[:1] in ("=", "+", "-", "@", "\t", "\r"):
        value = "'" + value
    quoted = any(c in value for c in ',"\r\n')
    return '"' + value.replace('"', '""') + '"' if quoted else value


def in_words(loss: float) -> str:
    """A loss in nats per symbol as the size of a fair choice that is as uncertain."""
    return f"as unsure as among {math.exp(loss):.1f} equally likely symbols"


def bar(share: float, width: int = 24) -> str:
    """A bar of `width` cells, in eighths."""
    eighths = round(max(0.0, min(1.0, share)) * width * 8)
    full, part = divmod(eighths, 8)
    return ("█" * full + (" ▏▎▍▌▋▊▉"[part] if part else "")).ljust(width)


class Panel:
    """The live view of a training run: how far, how good beside the baselines, and samples as they improve."""

    def __init__(self) -> None:
        self.baselines: dict[str, float] = {}
        self.networks: dict[int, float] = {}  # part -> how much of its training is over
        self.before = self.of = 0  # networks trained before this process began, networks in all
        self.loss: float | None = None
        self.val_loss: float | None = None
        self.mixed: tuple[int, float] | None = None  # models, loss of their mixture
        self.samples: list[str] = []
        self.doing = "reading"

    @property
    def progress(self) -> float:
        """How much of the training of all networks is over."""
        return (self.before + sum(self.networks.values())) / self.of if self.of else 0.0

    def feed(self, record: Mapping[str, Any]) -> None:
        """Take in one record of the training."""
        event = record["event"]
        if event == "baselines":
            self.baselines = {k: v for k, v in record.items() if k in BASELINE_WORDS}
        elif event == "counted":
            self.doing = f"counted runs of {record['order']} symbols"
        elif event == "network":
            if not self.networks:
                self.before, self.of = record["number"] - 1, record["of"]
            self.networks[record["part"]] = 0.0
            which = f" {record['number']} of {record['of']}" if record["of"] > 1 else ""
            self.doing = f"network{which}: {record['name']}, {record['parameters']:,} parameters"
        elif event == "step":
            self.networks[record["part"]], self.loss = record["progress"], record["loss"]
        elif event == "eval":
            self.val_loss = record["val_loss"]
        elif event == "samples":
            self.samples = record["items"]
        elif event == "finding":
            show_finding(record)
        elif event == "mixed":
            self.doing = _mixed_words(record)
            if record["val_loss"] is not None:
                self.mixed = len(record["weights"]), record["val_loss"]

    def __rich__(self) -> Group:
        """The lines as they are now."""
        lines: list[Any] = [
            Text.assemble((bar(self.progress), "cyan"), f" {self.progress:4.0%}  ", (self.doing, "dim"))
        ]
        loss = self.val_loss if self.val_loss is not None else self.loss
        if loss is not None:
            lines.append(Text.assemble(("loss ", "dim"), (f"{loss:.3f}", "bold"), (f"  {in_words(loss)}", "dim")))
        if self.mixed is not None:
            count, loss = self.mixed
            words = f"  {count} models mixed, {in_words(loss)}"
            lines.append(Text.assemble(("loss ", "dim"), (f"{loss:.3f}", "bold green"), (words, "dim")))
        if self.baselines:
            lines.append(self._ladder(loss))
        if self.samples:
            lines.append(
                Text("  ".join(printable(s) for s in self.samples), style="cyan", overflow="ellipsis", no_wrap=True)
            )
        return Group(*lines)

    def _ladder(self, loss: float | None) -> Text:
        made = Text("")
        for name, value in self.baselines.items():
            beaten = loss is not None and loss < value
            made.append("✓ " if beaten else "· ", style="green" if beaten else "dim")
            made.append(f"{name} {value:.2f}  ", style="" if beaten else "dim")
        return made


def show_finding(record: Mapping[str, Any]) -> None:
    """What the doctor has just found, where it is more than information."""
    finding = record["finding"]
    if finding["severity"] != "info":
        style = SEVERITY_STYLE[finding["severity"]]
        where = f" {finding['layer']}" if finding["layer"] else ""
        head = f"step {record['step']}, {finding['severity']}: {finding['id']}{where}. "
        err.print(Text.assemble((head, style), printable(finding["sentence"])))


@contextmanager
def watching(quiet: bool) -> Iterator[Any]:
    """Give a function that takes records: a live panel on a terminal, plain lines elsewhere, nothing if quiet."""
    if quiet:
        yield lambda record: None
    elif err.is_terminal:
        panel = Panel()
        with Live(panel, console=err, refresh_per_second=REFRESH, transient=True):
            yield panel.feed
    else:
        yield _plain_lines()


@contextmanager
def downloading(name: str, quiet: bool) -> Iterator[Callable[[int, int], None]]:
    """Give a function that takes bytes so far and in all, shown as a bar on a terminal."""
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    columns = TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn()
    with Progress(*columns, console=err, disable=quiet or not err.is_terminal, transient=True) as shown:
        task = shown.add_task(f"downloading {name}", total=None)
        yield lambda done, size: shown.update(task, completed=done, total=size)


def _mixed_words(record: Mapping[str, Any]) -> str:
    weights = record["weights"]
    shown = " + ".join(f"{w:.2f}" for w in weights[:MOST_WEIGHTS]) + (" + ..." if len(weights) > MOST_WEIGHTS else "")
    return f"mixed {len(weights)} models, {shown}"


def _plain_lines() -> Any:
    def feed(record: Mapping[str, Any]) -> None:
        event = record["event"]
        if event == "baselines":
            shown = ", ".join(f"{k} {v:.4f}" for k, v in record.items() if k in BASELINE_WORDS)
            err.print(f"val loss of simple models: {shown}")
        elif event == "counted":
            loss = record["val_loss"]
            err.print(f"n-gram of order {record['order']}" + (f": val {loss:.4f}" if loss is not None else ""))
        elif event == "network":
            err.print(f"{record['name']}: {record['parameters']:,} parameters, {record['threads']} thread(s)")
        elif event == "eval":
            err.print(f"step {record['step']}: val {record['val_loss']:.4f}{' (best)' if record['best'] else ''}")
        elif event == "finding":
            show_finding(record)
        elif event == "mixed":
            loss = record["val_loss"]
            err.print(_mixed_words(record) + (f": val {loss:.4f}" if loss is not None else ""))

    return feed


def fail(sentence: str, json: bool) -> None:
    """One sentence on stderr; an object where JSON was asked for."""
    if json:
        sys.stderr.write(json_module.dumps({"error": sentence}, ensure_ascii=False) + "\n")
    else:
        err.print(Text.assemble(("moreish: ", "bold red"), printable(sentence)))
