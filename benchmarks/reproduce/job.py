"""A job: one piece of work that gives figures, kept in a file of its own so that it is done once."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from benchmarks.measure import machine
from moreish import api
from moreish.data import Corpus, DataOptions, read
from moreish.options import merge

Figure = float | str | list[float] | list[str]
Figures = dict[str, Figure]

QUICK = {"train": {"steps": 20, "log_every": 10}}
QUICK_PART = {"train": {"steps": 20}}


@dataclass(frozen=True)
class Work:
    """Where the lists are and where results go; `quick` trains each net for a few steps only, to try everything."""

    folder: Path
    data: Path
    quick: bool = False

    def names(self, **options: Any) -> Corpus:
        """names.txt, split as in the lectures unless said otherwise."""
        return read(self.data / "names.txt", DataOptions(**{"split": "lecture", **options}))

    def train(self, recipe: str, file: str = "names.txt", changes: Mapping[str, Any] | None = None) -> api.TrainedRun:
        """The finished run of this recipe: opened, resumed or trained from the start."""
        folder = self.folder / "runs" / recipe
        if folder.exists():
            opened = api.open_run(folder)
            return opened if opened.run.finished else api.resume(opened.run, inexact=True)
        layers = [changes or {}, QUICK if self.quick else {}]
        folder.parent.mkdir(parents=True, exist_ok=True)
        return api.train(self.data / file, recipe, seed=0, options=merge(*layers), out=folder)

    def result(self, name: str) -> dict[str, Any] | None:
        """What a job found when it was done, or None."""
        path = self.folder / "results" / f"{name}.json"
        return json.loads(path.read_text()) if path.exists() else None

    def do(self, name: str, measure: Callable[["Work"], Figures]) -> dict[str, Any]:
        """Do a job and keep what it finds; a training that was interrupted before goes on where it stood."""
        began = time.monotonic()
        figures = measure(self)
        seconds = figures.pop("seconds", time.monotonic() - began)
        result = {"figures": figures, "seconds": seconds, "date": date.today().isoformat(), "machine": machine()}
        path = self.folder / "results" / f"{name}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.with_suffix(".new").write_text(json.dumps(result, indent=1))
        path.with_suffix(".new").replace(path)
        return result
