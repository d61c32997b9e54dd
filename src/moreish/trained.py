"""TrainedRun: a run folder and the model in it."""

import hashlib
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path

import numpy as np

from moreish import __version__, markup
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
        if self._corpus is None:
            vocab = Vocab.from_json(self.run.vocab)
            self._corpus = stored.from_tensors(self.run.corpus(), vocab, self.config.data, self.run.name)
        return self._corpus

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

    def _repr_html_(self) -> str:
        """What a notebook shows: what the run reached, its curves beside the baselines, its last samples."""
        training: list[tuple[float, float | None]] = []
        val: list[tuple[float, float | None]] = []
        levels: dict[str, float] = {}
        samples: list[str] = []
        for event in self.run.events():
            match event:
                case events.Baselines(unigram=unigram, bigram=bigram, ngram=ngram):
                    levels = {"unigram": unigram, "bigram": bigram, "ngram": ngram}
                case events.Step(step=step, loss=loss):
                    training.append((step, loss))
                case events.Eval(step=step, val_loss=loss):
                    val.append((step, loss))
                case events.Samples(items=items):
                    samples = items
                case _:
                    pass
        drawn = markup.curves({"val": val, "training": training}, levels, f"loss of {self.name} over steps")
        rows = [("samples", ", ".join(samples))] if samples else []
        return markup.heading(self.name, repr(self)[1:-1].partition(": ")[2]) + drawn + markup.table(rows)

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
    plain = {"options": config.plain(), "source": source, "moreish": __version__}
    run = run_folder.create(folder, plain, corpus.vocab.to_json(), corpus=stored.to_tensors(corpus))
    return TrainedRun(run, config, corpus)  # what is at hand need not be read again


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
