"""The line that a notebook shows while a run trains: step, losses, the best of the simple models, and a few items."""

import sys
from collections.abc import Callable
from time import monotonic

from moreish.runs import events

Watch = Callable[[events.Event], None]
PAUSE = 0.2  # seconds between two changes of the line
WHOLE = 1000  # of a bar


class LiveLine:
    """What was told so far, as one line."""

    def __init__(self) -> None:
        self.step, self.progress, self.train, self.val = 0, 0.0, "", ""
        self.baseline, self.items, self.done = "", "", False

    def tell(self, event: events.Event) -> bool:
        """Take an event in; whether the line is another one now."""
        match event:
            case events.Baselines():
                self.baseline = f"  (n-gram {event.ngram:.3f})"
            case events.Step(loss=float(loss)):
                self.step, self.progress, self.train = event.step, event.progress, f"  train {loss:.3f}"
            case events.Eval(val_loss=float(loss)) | events.Mixed(val_loss=float(loss)):
                self.step, self.val = event.step, f"  val {loss:.3f}"
            case events.Samples():
                self.items = "  " + ", ".join(event.items[:3])
            case events.Done():
                self.step, self.progress, self.done = event.step, 1.0, True
                self.items = f"  done: {event.run}"
            case _:
                return False
        return True

    @property
    def losses(self) -> str:
        """Step and losses alone."""
        return f"step {self.step:,}{self.train}{self.val}"

    def __str__(self) -> str:
        return f"{self.losses}{self.baseline}{self.items}"


def in_notebook() -> bool:
    """Whether this runs in a kernel of Jupyter's or in a cell of marimo's; loads nothing."""
    return _in_jupyter() or _in_marimo()


def notebook_line() -> Watch:
    """A watch that keeps one line under the cell up to date."""
    line, last = LiveLine(), 0.0
    show = _bar_of_marimo() if _in_marimo() else _line_of_jupyter()

    def watch(event: events.Event) -> None:
        nonlocal last
        if line.tell(event) and (monotonic() - last > PAUSE or isinstance(event, events.Done)):
            last = monotonic()
            show(line)

    return watch


def _in_jupyter() -> bool:
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    return shell is not None and hasattr(shell, "kernel")


def _in_marimo() -> bool:
    return "marimo" in sys.modules and sys.modules["marimo"].running_in_notebook()


def _line_of_jupyter() -> Callable[[LiveLine], None]:
    handle = sys.modules["IPython"].display.display(_Plain(""), display_id=True)
    return lambda line: handle.update(_Plain(str(line)))


def _bar_of_marimo() -> Callable[[LiveLine], None]:
    """marimo shows what is printed as it was printed, line after line; what changes in place is its bar."""
    bars = sys.modules["marimo"].status.progress_bar(total=WHOLE, show_eta=False, show_rate=False)
    bar, shown = bars.__enter__(), 0

    def show(line: LiveLine) -> None:
        nonlocal shown
        now = round(WHOLE * line.progress)
        bar.update(now - shown, title=line.losses, subtitle=f"{line.baseline}{line.items}".strip())
        shown = now
        if line.done:
            bars.__exit__(None, None, None)

    return show


class _Plain:
    """Text that a notebook shows without quotes."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return self.text
