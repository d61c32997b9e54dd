"""A run's records as TensorBoard shows them: while it trains, or afterwards.

Both follow the run folder. A board reads what `metrics.jsonl` has beyond what it wrote already, so a live board and
an exported one hold the same, and a resumed run, whose records were cut back, begins a new one.
"""

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from moreish.errors import Damaged, Unmet, how_to_install
from moreish.runs import events
from moreish.runs.folder import CONFIG, Run

if TYPE_CHECKING:
    from tensorboardX import SummaryWriter

FOLDER = "tensorboard"
"""Where a live board lies, inside the run folder: `tensorboard --logdir runs` finds it."""
FLUSH_SECONDS = 5
LONGEST_TAG = 200
METRICS = {"loss/val": None, "loss/done": None}


class Board:
    """The records of a run, written by `follow` into event files in `folder`. Raises Unmet without tensorboardX."""

    def __init__(self, run: Run, folder: Path) -> None:
        self.run, self.folder = run, folder
        self._writer = _writer(folder)
        self._read = 0
        self._began = self._now = (run.folder / CONFIG).stat().st_mtime
        self._names: dict[int, str] = {}
        options = run.config.get("options", {})
        self._text("config", as_code(json.dumps(options, indent=1, ensure_ascii=False)), 0)
        self._begin_session(plain_options(options))

    def follow(self) -> None:
        """Write what the run has recorded since."""
        for end, record in self.run.follow(self._read):
            event = events.from_record(record)
            if event is not None:
                self._add(event)
            self._read = end

    def close(self) -> None:
        """Write the rest."""
        self._add_summary(self._session_end)
        self._writer.close()

    def _add_summary(self, summary: Any) -> None:
        assert self._writer.file_writer is not None
        self._writer.file_writer.add_summary(summary)

    def _begin_session(self, options: dict[str, str | bool | int | float]) -> None:
        """The options as hyperparameters, by which TensorBoard sets runs beside each other, a sweep's trials too."""
        from tensorboardX.summary import hparams

        experiment, start, self._session_end = hparams(options, METRICS)
        self._add_summary(experiment)
        self._add_summary(start)

    def _add(self, event: events.Event) -> None:
        match event:
            case events.Baselines():
                for name in ("uniform", "unigram", "bigram", "ngram"):
                    self._scalar(f"baselines/{name}", getattr(event, name), 0)
            case events.Network():
                self._began = self._now
                self._names[event.component] = f" {event.number} {event.name}" if event.of > 1 else ""
            case events.Step():
                self._now = max(self._now, self._began + event.seconds)
                of = self._names.get(event.component, "")
                self._scalar(f"loss/train{of}", event.loss, event.step)
                self._scalar(f"lr{of}", event.lr, event.step)
                self._scalar(f"progress{of}", event.progress, event.step)
            case events.Eval():
                self._scalar(f"loss/val{self._names.get(event.component, '')}", event.val_loss, event.step)
            case events.Counted():
                self._scalar("loss/val ngram", event.val_loss, 0)
            case events.Mixed():
                self._scalar("loss/val mixture", event.val_loss, event.step)
                for i, weight in enumerate(event.weights, 1):
                    self._scalar(f"weights/component {i}", weight, event.step)
            case events.CrossValidated():
                self._scalar("loss/cross-validated", event.loss, event.step)
            case events.Done():
                self._scalar("loss/done", event.val_loss, event.step)
            case events.Samples():
                self._text("samples", as_code("\n".join(event.items)), event.step)
            case events.Quantities():
                of = self._names.get(event.component, "")
                for name, value in event.values.items():
                    self._scalar(f"doctor{of}/{name}", value, event.at)
            case events.Histograms():
                of = self._names.get(event.component, "")
                for layer in event.layers:
                    for kind in ("activation", "gradient", "weight", "weight_gradient", "update"):
                        self._histogram(f"{kind}{of}/{layer.name}", getattr(layer, kind), event.at)
            case events.Finding(finding=found):
                title = f"{found.id} {found.slug}".strip()
                self._text(f"doctor/{title}", as_code(f"{found.sentence}\n{found.remedy}"), event.step)
            case _:
                pass

    def _scalar(self, tag: str, value: float | None, step: int) -> None:
        if value is not None:
            self._writer.add_scalar(_tag(tag), value, step, walltime=self._now)

    def _histogram(self, tag: str, found: events.HistogramFields | None, step: int) -> None:
        """Bins, mean and spread as they were recorded; of updates the logarithms."""
        count = sum(found.counts) if found is not None else 0
        if found is None or not count:
            return
        ends = np.linspace(found.low, found.high, len(found.counts) + 1)[1:].tolist()
        squares = (found.std**2 + found.mean**2) * count
        about = {"min": found.low, "max": found.high, "num": count, "sum": found.mean * count, "sum_squares": squares}
        bins = {"bucket_limits": ends, "bucket_counts": found.counts}
        self._writer.add_histogram_raw(_tag(tag), **about, **bins, global_step=step, walltime=self._now)

    def _text(self, tag: str, text: str, step: int) -> None:
        self._writer.add_text(_tag(tag), text, step, walltime=self._now)


@contextmanager
def live(run: Run) -> Iterator[Board]:
    """A board inside the run folder, in the place of one that is there."""
    folder = run.folder / FOLDER
    shutil.rmtree(folder, ignore_errors=True)
    board = Board(run, folder)
    try:
        yield board
    finally:
        board.follow()
        board.close()


def write(run: Run, folder: Path) -> None:
    """All that the run has recorded, into a new or empty folder. Raises Damaged where a record is none."""
    try:
        board = Board(run, folder)
        board.follow()
        board.close()
    except Damaged:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def plain_options(options: Mapping[str, object], before: str = "") -> dict[str, str | bool | int | float]:
    """Options by their full names, "train.lr"; those that are lists, as a mixture's components, are left out."""
    found: dict[str, str | bool | int | float] = {}
    for name, value in options.items():
        if isinstance(value, Mapping):
            found |= plain_options(value, f"{before}{name}.")
        elif isinstance(value, str | bool | int | float):
            found[before + name] = value
    return found


def as_code(text: str) -> str:
    """Markdown that shows a text as it is: indented, so that nothing in it is markup."""
    return "\n".join("    " + line for line in text.split("\n"))


def _tag(name: str) -> str:
    """What TensorBoard takes for a name: letters, digits, - . _ and /; the rest becomes underscores."""
    return "".join(c if c.isalnum() or c in "-._/" else "_" for c in name)[:LONGEST_TAG]


def check_installed() -> None:
    """Raises Unmet without tensorboardX."""
    if find_spec("tensorboardX") is None:
        raise Unmet(f"TensorBoard's files need tensorboardX: {how_to_install('tensorboard')}")


def _writer(folder: Path) -> "SummaryWriter":
    check_installed()
    from tensorboardX import SummaryWriter

    return SummaryWriter(str(folder), flush_secs=FLUSH_SECONDS, write_to_disk=True)
