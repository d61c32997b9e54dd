"""TrainedRun: a run folder and the model in it."""

import hashlib
from collections.abc import Iterable
from contextlib import suppress
from functools import cached_property
from pathlib import Path

import numpy as np

from moreish import __version__
from moreish.data import Corpus, Vocab, stored
from moreish.errors import RunError
from moreish.fitting.evaluation import Evaluation, evaluation_of
from moreish.fitting.fitted import Fitted, SplitName
from moreish.fitting.parent import Parent
from moreish.fitting.serialize import from_tensors
from moreish.models.contract import LanguageModel
from moreish.recipes import Config
from moreish.runs import events
from moreish.runs import folder as run_folder
from moreish.runs.folder import Run
from moreish.shards.corpus import ShardedCorpus, open_shards, reference_to
from moreish.training.launch import launched


class TrainedRun(Fitted):
    """A run folder and the model in it: more items, scores, and an honest evaluation.

    passed_over : one sentence for every damaged checkpoint that an older one stands in for
    """

    def __init__(self, run: Run, config: Config, corpus: Corpus | None = None) -> None:
        self.run, self.config, self._corpus = run, config, corpus
        self.name = run.name

    @property
    def corpus(self) -> Corpus:
        """The list that the run was made from, as it was split then."""
        if self._corpus is None and (shards := self._shards) is not None:
            self._corpus = open_shards(*shards)
        if self._corpus is None:
            vocab = Vocab.from_json(self.run.vocab)
            self._corpus = stored.from_tensors(self.run.corpus(), vocab, self.config.data, self.run.name)
        return self._corpus

    @property
    def _shards(self) -> tuple[Path, str] | None:
        """Folder and hash of the sharded list that the run refers to; None where it holds its list itself."""
        source = self.run.config.get("source")
        match source.get("shards") if isinstance(source, dict) else None:
            case {"folder": str(folder), "sha256": str(sha256)}:
                return Path(folder), sha256
        return None

    @property
    def model(self) -> LanguageModel:
        """The model of the best checkpoint."""
        return self._model

    @cached_property
    def _model(self) -> LanguageModel:
        checkpoint = self.run.checkpoint("best")
        self.passed_over = checkpoint.passed_over
        size, kinds = len(self.vocab), max(len(self.corpus.kinds), 1)
        return from_tensors(checkpoint.model(), checkpoint.state["model"], self.config.model, size, kinds)

    @property
    def done(self) -> events.Done:
        """What training reached in the end. Raises RunError where it has not come to its end."""
        for event in reversed(list(events.of_kind(self.run.events(), events.Done))):
            return event
        raise RunError(f"{self.run.name} was interrupted; go on with: moreish train --resume {self.run.folder}")

    @property
    def cross_validated(self) -> events.CrossValidated | None:
        """How well its items were foretold by models made without them, where it was measured so."""
        return next(reversed(list(events.of_kind(self.run.events(), events.CrossValidated))), None)

    def evaluate(self, on: SplitName | str | Path | Iterable[str] = "val") -> Evaluation:
        """As `Fitted.evaluate`; a run of few items has no val, and says what cross-validation measured instead."""
        if on == "val" and not len(self.corpus.split("val")) and (found := self.cross_validated):
            return evaluation_of(found)
        return super().evaluate(on)

    @property
    def digest(self) -> str:
        """SHA-256 of the numbers of the best checkpoint: which model it is."""
        found = hashlib.sha256()
        for name, array in sorted(self.run.checkpoint("best").model().items()):
            found.update(name.encode() + np.ascontiguousarray(array).tobytes())
        return found.hexdigest()

    def __repr__(self) -> str:
        names = " + ".join(choice.name for choice in self.config.model.singles)
        summary = self.run.summary()
        loss = summary["val_loss"]
        reached = f"val loss {loss:.4f}" if loss is not None else "not measured"
        return f"<run {self.run.folder}: {names}, {reached}>"


def open_run(run: str | Path | Run, root: str | Path = "runs") -> TrainedRun:
    """The run in this folder or of this short name. Raises ValueError with one sentence where it is none."""
    opened = run if isinstance(run, Run) else run_folder.open_run(run, root)
    return TrainedRun(opened, Config.from_plain(opened.config["options"]))


def new_run(
    corpus: Corpus, config: Config, out: Path | None, root: Path, name: str, begun: TrainedRun | None = None
) -> TrainedRun:
    """A run folder without a model; `begun` is the run that it goes on from."""
    stem = "-".join(word for word in (name, config.recipe or config.model.name) if word)
    folder = out if out is not None else run_folder.claim_folder(root, stem)
    source: dict[str, object] = {"name": corpus.report.source, "items": len(corpus)}
    if begun is not None:
        source["from"] = {"run": str(begun.run.folder.resolve()), "digest": begun.digest}
    if (process := launched()) is not None and process.launch:
        source["launch"] = process.launch
    plain = {"options": config.plain(), "source": source, "moreish": __version__}
    if isinstance(corpus, ShardedCorpus):
        source["shards"] = reference_to(corpus)
    tensors = None if isinstance(corpus, ShardedCorpus) else stored.to_tensors(corpus)
    run = run_folder.create(folder, plain, corpus.vocab.to_json(), corpus=tensors)
    return TrainedRun(run, config, corpus)  # what is at hand need not be read again


def begun_by(launch: str, root: Path, out: Path | None) -> Path | None:
    """The unfinished run that this launch of several processes began; None where there is none."""
    folders = [out] if out is not None else [Path(root) / name for name in run_folder.list_runs(root)]
    for folder in folders:
        with suppress(RunError):
            run = run_folder.open_run(folder, root)
            source = run.config.get("source")
            if isinstance(source, dict) and source.get("launch") == launch and not run.finished:
                return folder
    return None


def parent_of(run: TrainedRun) -> Parent | None:
    """The run that this one went on from. Raises RunError where it is gone, or no longer what it was."""
    source = run.run.config["source"]
    if not isinstance(source, dict) or not (begun := source.get("from")):
        return None
    try:
        parent = open_run(str(begun["run"]))
        model, digest = parent.model, parent.digest
    except (RunError, ValueError, OSError) as error:
        raise RunError(f"{run.name} goes on from {begun['run']}, which cannot be opened: {error}") from None
    if digest != begun.get("digest"):
        raise RunError(f"{run.name} goes on from {begun['run']}, which was trained since: begin anew")
    return Parent.of(parent.name, model, parent.corpus, run.corpus)[0]
