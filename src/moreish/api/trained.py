"""TrainedRun: a run folder and the model in it."""

import hashlib
from collections.abc import Iterable
from contextlib import suppress
from functools import cached_property
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from moreish import __version__, markup
from moreish.data import Corpus, Vocab, stored
from moreish.errors import RunError
from moreish.fitting.evaluation import Evaluation, evaluation_of
from moreish.fitting.fitted import Fitted, SplitName
from moreish.fitting.parent import Parent
from moreish.fitting.serialize import Saved, from_tensors
from moreish.models.contract import LanguageModel
from moreish.options import Setting
from moreish.recipes import Config
from moreish.runs import events
from moreish.runs import folder as run_folder
from moreish.runs.checkpoint import STATE
from moreish.runs.folder import Run
from moreish.runs.schema import checked, in_file
from moreish.shards.corpus import ShardedCorpus, open_shards, reference_to
from moreish.training.launch import launched
from moreish.wording import said

if TYPE_CHECKING:
    from anywidget import AnyWidget
    from matplotlib.axes import Axes

    from moreish.export import Exported


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
            with in_file(self.run.folder / run_folder.VOCAB):
                vocab = Vocab.from_json(self.run.vocab)
            tensors, name = self.run.corpus(), self.run.name
            with in_file(self.run.folder / run_folder.CORPUS):
                self._corpus = stored.from_tensors(tensors, vocab, self.config.data, name)
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
        with in_file(checkpoint.folder):
            saved = checked(checkpoint.state, Saved, f"{checkpoint.folder / STATE}")
            return from_tensors(checkpoint.model(), saved.model, self.config.model, size, kinds)

    @property
    def done(self) -> events.Done:
        """What training reached in the end. Raises RunError where it has not come to its end."""
        for event in reversed(list(events.of_kind(self.run.events(), events.Done))):
            return event
        how = said(f"moreish train --resume {self.run.folder}", f"moreish.resume({str(self.run.folder)!r})")
        raise RunError(f"{self.run.name} was interrupted; go on with: {how}")

    @property
    def cross_validated(self) -> events.CrossValidated | None:
        """How well its items were foretold by models made without them, where it was measured so."""
        return next(reversed(list(events.of_kind(self.run.events(), events.CrossValidated))), None)

    def evaluate(self, on: SplitName | str | Path | Iterable[str] = "val", **reading: Setting) -> Evaluation:
        """As `Fitted.evaluate`; a run of few items has no val, and says what cross-validation measured instead."""
        if on == "val" and not reading and not len(self.corpus.split("val")) and (found := self.cross_validated):
            return evaluation_of(found)
        return super().evaluate(on, **reading)

    def export(self, to: str, folder: str | Path, component: int | None = None) -> "Exported":
        """Write the network for other programs into a new or empty folder: "hf", "onnx", "safetensors".

        "tensorboard" writes what was recorded instead. `component`, from 1, names one network of a mixture. Raises
        Unmet where the run has no such form, with what it has; ValueError where the folder is taken.
        """
        from moreish import export

        folder = Path(folder)
        if to == "tensorboard":
            return export.export_records(self.run, folder)
        kinds = tuple(self.corpus.kinds)
        subject = export.subject_of(self.name, self.model, self.config.model, self.vocab, kinds, component)
        return export.export(subject, to, folder)

    @property
    def digest(self) -> str:
        """SHA-256 of the numbers of the best checkpoint: which model it is."""
        found = hashlib.sha256()
        for name, array in sorted(self.run.checkpoint("best").model().items()):
            found.update(name.encode() + np.ascontiguousarray(array).tobytes())
        return found.hexdigest()

    @property
    def history(self) -> Any:
        """Its losses: one row an event, with step, component, loss, val_loss, lr and seconds.

        A DataFrame where pandas is installed, indexed by step; else a list of dicts, as in `metrics.jsonl`.
        """
        wanted = ("step", "component", "loss", "val_loss", "lr", "seconds")
        kinds = ("step", "eval", "mixed")
        rows = [
            {name: event.get(name) for name in wanted} for event in self.run.records() if event.get("event") in kinds
        ]
        if find_spec("pandas") is None:
            return rows
        return import_module("pandas").DataFrame(rows, columns=list(wanted)).set_index("step")

    def watch(self) -> "AnyWidget":
        """The run under a cell of a notebook, as the studio shows it; live where somebody trains it.

        It may be trained in another process, or in a thread of this one. Raises Unmet without the extra [notebook].
        """
        from moreish.studio.widget import watch

        return watch(self.run)

    def plot_loss(self, *, ax: "Axes | None" = None) -> "Axes":
        """Train and val loss over the steps, with the baselines. Raises ValueError for a model that only counts."""
        from moreish.plots.curves import loss

        return loss(self.run, ax=ax)

    def plot_embedding(self, *, ax: "Axes | None" = None) -> "Axes":
        """Where the (first) network puts each symbol. Raises ValueError for a model that has no network."""
        from moreish.models.mixture import Mixture
        from moreish.plots.model import embedding

        components = self.model.components if isinstance(self.model, Mixture) else [self.model]
        network = next((component for component in components if hasattr(component, "module")), components[0])
        return embedding(network, self.vocab, ax=ax)

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
    _ = opened.described  # checked before anything is believed
    with in_file(opened.folder / run_folder.CONFIG):
        config = Config.from_plain(opened.config["options"])
    return TrainedRun(opened, config)


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
    try:
        run = run_folder.create(folder, plain, corpus.vocab.to_json(), corpus=tensors)
    except BaseException:
        if out is None:
            with suppress(OSError):
                folder.rmdir()  # claimed for nothing
        raise
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
    begun = run.run.described.source.begun
    if begun is None:
        return None
    try:
        parent = open_run(begun.run)
        model, digest = parent.model, parent.digest
    except (RunError, ValueError, OSError) as error:
        raise RunError(f"{run.name} goes on from {begun.run}, which cannot be opened: {error}") from None
    if digest != begun.digest:
        raise RunError(f"{run.name} goes on from {begun.run}, which was trained since: begin anew")
    return Parent.of(parent.name, model, parent.corpus, run.corpus)[0]
