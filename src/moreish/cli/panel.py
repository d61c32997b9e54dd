"""The view of a training run: a live panel on a terminal, plain lines elsewhere."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from rich.console import Group
from rich.live import Live
from rich.text import Text

from moreish.cli.show import BASELINE_WORDS, bar, err, in_words, printable

REFRESH = 4  # times a second
MOST_WEIGHTS = 8  # of a mixture, shown in a line
SEVERITY_STYLE = {"watch": "yellow", "sick": "bold red"}


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
