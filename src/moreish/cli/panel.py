"""The view of a training run: a live panel on a terminal, plain lines elsewhere."""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from moreish.cli.show import BASELINE_WORDS, bar, err, in_words, printable, warn
from moreish.runs import events

Watch = Callable[[events.Event], None]

REFRESH = 4  # times a second
MOST_WEIGHTS = 8  # of a mixture, shown in a line
SEVERITY_STYLE = {"watch": "yellow", "sick": "bold red"}
BLENDS = {"counted": "counting alone", "read": "having read the list", "tuned": "trained on by it"}
LEGEND = "(✓: beaten)"  # short, so that the line fits into 80 columns
ESTIMATED_FROM = 0.02  # of the training: before that nobody knows how long the rest takes
SAMPLES_WIDTH, MOST_ROWS = 76, 4
MARGIN = 1.2  # of a time budget that is advised, above what was measured
NEARLY = 0.99  # shown until everything is done: the mixture and the last checkpoint take their time too


class Panel:
    """The live view of a training run: how far, how good beside the baselines, and samples as they improve."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.baselines: dict[str, float] = {}
        self.networks: dict[int, float] = {}  # component -> how much of its training is over
        self.before = self.of = 0  # networks trained before this process began, networks in all
        self.loss: float | None = None
        self.val_loss: float | None = None
        self.mixed: tuple[int, float] | None = None  # models, loss of their mixture
        self.samples: list[str] = []
        self.doing = "counting"
        self.done = False
        self._clock = clock
        self._began: float | None = None  # when the first network did

    @property
    def progress(self) -> float:
        """How much of the whole is over: 1 when nothing is left to do."""
        if self.done:
            return 1.0
        trained = (self.before + sum(self.networks.values())) / self.of if self.of else 0.0
        return min(trained, NEARLY)

    @property
    def seconds_left(self) -> float | None:
        """How long the networks will train at the pace so far; None while that is not known."""
        over = sum(self.networks.values())
        if self._began is None or over < ESTIMATED_FROM * self.of:
            return None
        left = self.of - self.before - over
        return (self._clock() - self._began) * left / over

    def feed(self, event: events.Event) -> None:
        """Take in one event of the training."""
        match event:
            case events.Baselines():
                self.baselines = {name: getattr(event, name) for name in BASELINE_WORDS}
            case events.Counted():
                self.doing = f"counted runs of {event.order} symbols"
            case events.Network():
                self._network(event)
            case events.Step():
                self.networks[event.component], self.loss = event.progress, event.loss
                if event.progress == 1:
                    self.doing = "measuring what was learned"
            case events.Eval():
                self.val_loss = event.val_loss
            case events.Samples():
                self.samples = event.items
            case events.Finding():
                show_finding(event)
            case events.Died():
                warn(death_words(event))
            case events.CrossValidated():
                self.val_loss, self.doing = event.loss, validated_words(event)
            case events.Mixed():
                self.doing = mixed_words(event)
                if event.val_loss is not None:
                    self.mixed = len(event.weights), event.val_loss
            case events.Fitted():
                self.doing = "saving"
            case events.Done():
                self.done = True
            case _:
                pass

    def _network(self, event: events.Network) -> None:
        if not self.networks:
            self.before, self.of, self._began = event.number - 1, event.of, self._clock()
        self.networks[event.component] = 0.0
        which = f" {event.number} of {event.of}" if event.of > 1 else ""
        self.doing = f"network{which}: {event.name}, {event.parameters:,} parameters"
        show_uncompiled(event)

    def lines(self) -> list[Text]:
        """The lines as they are now, none of them wrapped."""
        left = self.seconds_left
        lines = [
            Text.assemble(
                (bar(self.progress), "cyan"),
                f" {self.progress:4.0%}  ",
                (f"{duration(left)} left  " if left and not self.done else "", ""),
                (self.doing, "dim"),
            )
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
            lines += [Text("  ".join(map(printable, row)), style="cyan") for row in _rows(self.samples)]
        for line in lines:
            line.no_wrap, line.overflow = True, "ellipsis"
        return lines

    def __rich__(self) -> Group:
        """The lines as they are now."""
        return Group(*self.lines())

    def _ladder(self, loss: float | None) -> Text:
        """The baselines, each with a mark that says whether it is beaten."""
        ladder = Text("")
        for name, value in self.baselines.items():
            beaten = loss is not None and loss < value
            ladder.append("✓ " if beaten else "· ", style="green" if beaten else "dim")
            ladder.append(f"{name} {value:.2f}  ", style="" if beaten else "dim")
        ladder.append(LEGEND, style="dim")
        return ladder


class ReflowingLive(Live):
    """A live view that stays whole when the terminal becomes narrower.

    A terminal wraps the lines that stand there already, so that the view takes more rows than were drawn; rich goes
    up by as many as it drew, and would leave torn copies behind.
    """

    drawn: tuple[int, list[int]] | None = None  # the width that was drawn at, and how many cells each line has

    def refresh(self) -> None:
        """Go up by as many rows as there are now, then draw."""
        width, lines = self.console.width, _widths(self.console, self.get_renderable())
        with self._lock:
            if self.drawn is not None and self.drawn[0] != width and self._live_render._shape is not None:
                rows = sum(rows_of(cells, width) for cells in self.drawn[1])
                self._live_render._shape = (width, rows)
            self.drawn = width, lines
            super().refresh()


def _rows(items: list[str]) -> list[list[str]]:
    """So many to a line that most terminals show them whole."""
    rows: list[list[str]] = [[]]
    for item in items:
        if rows[-1] and sum(len(each) + 2 for each in rows[-1]) + len(item) > SAMPLES_WIDTH:
            rows.append([])
        rows[-1].append(item)
    return rows[:MOST_ROWS]


def rows_of(cells: int, width: int) -> int:
    """How many rows a line of so many cells takes on a terminal of this width."""
    return max(1, math.ceil(cells / width))


def _widths(console: Console, renderable: object) -> list[int]:
    lines = console.render_lines(renderable, pad=False)  # pyright: ignore[reportArgumentType]
    return [sum(segment.cell_length for segment in line) for line in lines]


def duration(seconds: float) -> str:
    """`8 s`, `3 min`, `2 h`: no more exactly than a forecast can be."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{round(seconds / 60)} min" if seconds < 90 * 60 else f"{round(seconds / 3600)} h"


def show_finding(event: events.Finding) -> None:
    """What the doctor has just found, where it is more than information."""
    finding = event.finding
    if finding.severity != "info":
        where = f" {finding.layer}" if finding.layer else ""
        which = f"{finding.id} {finding.slug}".strip()
        head = printable(f"step {event.step}, {finding.severity}: {which}{where}. ")
        err.print(Text.assemble((head, SEVERITY_STYLE[finding.severity]), printable(finding.sentence)))


def show_uncompiled(event: events.Network) -> None:
    """Why a fused step that was asked for is not to be had."""
    if event.uncompiled:
        err.print(printable(f"{event.name} is trained by autograd: {event.uncompiled}"))


def death_words(event: events.Died) -> str:
    """That a process died, and that its network is trained all the same."""
    return f"{event.why}; another process trains it on"


def mixed_words(event: events.Mixed) -> str:
    """How many models were mixed, and how much each weighs."""
    weights = event.weights
    shares = " + ".join(f"{w:.2f}" for w in weights[:MOST_WEIGHTS]) + (
        " + ..." if len(weights) > MOST_WEIGHTS else ""
    )
    return f"mixed {len(weights)} models, {shares}"


def validated_words(event: events.CrossValidated) -> str:
    """What cross-validation measured, which blend is kept, and what was left out because it did not help."""
    tried = ", ".join(f"{BLENDS[name]} {loss:.3f}" for name, loss in event.losses.items() if loss is not None)
    error = f" ± {event.error:.3f}" if event.error else ""
    loss = f"{event.loss:.3f}{error}" if event.loss is not None else "not measured"
    sure = f", temperature {event.temperature:g}" if event.temperature != 1 else ""
    keeps = ["outlines"] * bool(event.strictness or event.runs) + ["lengths"] * any(event.timing[:2])
    sure += f", kept to the list's {' and '.join(keeps)}" if keeps else ""
    plural = "s" * (event.items != 1)
    how = "measured on val," if event.on == "val" else "cross-validated on"
    return f"{how} {event.items} item{plural}: {tried}; kept: {BLENDS[event.chosen]}, {loss}{sure}"


def cut_short(event: events.CrossValidated) -> str:
    """That there was no time for all of the training, and what that means."""
    seconds = 5 * math.ceil(MARGIN * event.budget / 5)
    return (
        f"there was time for {event.trained:.0%} of the training that is of use, so where the machine is faster or "
        f"busier this seed makes other items; --time-budget {seconds}s allows all of it"
    )


@contextmanager
def watching(quiet: bool) -> Iterator[Watch]:
    """Give a function that takes events: a live panel on a terminal, plain lines elsewhere, only deaths if quiet."""
    if quiet:
        yield print_death
    elif err.is_terminal:
        panel = Panel()
        with ReflowingLive(panel, console=err, refresh_per_second=REFRESH, transient=True):
            yield panel.feed
    else:
        yield print_line


def print_death(event: events.Event) -> None:
    """A line if a process died; of nothing else."""
    if isinstance(event, events.Died):
        warn(death_words(event))


def print_line(event: events.Event) -> None:
    """One line for whatever is worth one in a log."""
    match event:
        case events.Baselines():
            losses = ", ".join(f"{name} {getattr(event, name):.4f}" for name in BASELINE_WORDS)
            err.print(f"val loss of simple models: {losses}")
        case events.Counted(order=order, val_loss=loss):
            err.print(f"n-gram of order {order}" + (f": val {loss:.4f}" if loss is not None else ""))
        case events.Network(number=number, of=of, name=name, parameters=parameters, threads=threads):
            which = f", {number} of {of}" if of > 1 else ""
            err.print(f"{name}: {parameters:,} parameters, {threads} thread(s){which}")
            show_uncompiled(event)
        case events.Eval(step=step, val_loss=float(loss), best=best):
            err.print(f"step {step}: val {loss:.4f}{' (best)' if best else ''}")
        case events.Finding():
            show_finding(event)
        case events.Died():
            warn(death_words(event))
        case events.Samples(step=0, items=items) if items:
            err.print(printable("first items, before any training: " + ", ".join(items)))
        case events.CrossValidated():
            err.print(validated_words(event))
        case events.Mixed(val_loss=loss):
            err.print(mixed_words(event) + (f": val {loss:.4f}" if loss is not None else ""))
        case _:
            pass
