"""The line that a notebook shows while a run trains: step, losses, the best of the simple models, and a few items."""

import sys
from collections.abc import Callable
from time import monotonic

from moreish.runs import events

Watch = Callable[[events.Event], None]
PAUSE = 0.2  # seconds between two changes of the line


class LiveLine:
    """What was told so far, as one line."""

    def __init__(self) -> None:
        self.step, self.train, self.val = 0, "", ""
        self.baseline, self.items = "", ""

    def tell(self, event: events.Event) -> bool:
        """Take an event in; whether the line is another one now."""
        match event:
            case events.Baselines():
                self.baseline = f"  (n-gram {event.ngram:.3f})"
            case events.Step(loss=float(loss)):
                self.step, self.train = event.step, f"  train {loss:.3f}"
            case events.Eval(val_loss=float(loss)) | events.Mixed(val_loss=float(loss)):
                self.step, self.val = event.step, f"  val {loss:.3f}"
            case events.Samples():
                self.items = "  " + ", ".join(event.items[:3])
            case events.Done():
                self.step, self.items = event.step, f"  done: {event.run}"
            case _:
                return False
        return True

    def __str__(self) -> str:
        return f"step {self.step:,}{self.train}{self.val}{self.baseline}{self.items}"


def in_notebook() -> bool:
    """Whether this runs in a kernel of Jupyter's; loads nothing."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    return shell is not None and hasattr(shell, "kernel")


def notebook_line() -> Watch:
    """A watch that keeps one line under the cell up to date."""
    display = sys.modules["IPython"].display
    line, handle, last = LiveLine(), display.display(_Plain(""), display_id=True), 0.0

    def watch(event: events.Event) -> None:
        nonlocal last
        if line.tell(event) and (monotonic() - last > PAUSE or isinstance(event, events.Done)):
            last = monotonic()
            handle.update(_Plain(str(line)))

    return watch


class _Plain:
    """Text that a notebook shows without quotes."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return self.text
