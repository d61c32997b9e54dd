"""read, train, resume, mix, open_run: the one place where training's records meet the run folder."""

import math
import platform
import shutil
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np

from moreish import __version__
from moreish.data import Corpus, DataOptions, Part, Vocab, stored
from moreish.data import read as read_corpus
from moreish.fitting.counting import baselines
from moreish.fitting.fit import Fitting
from moreish.fitting.serialize import from_tensors
from moreish.inference import ItemScore, Sampling, sample, score_items
from moreish.inference.evaluate import mean_loss
from moreish.inference.more import Item, more
from moreish.models.contract import LanguageModel
from moreish.models.mixture import Mixture
from moreish.options import build, to_dict
from moreish.recipes import Config, ModelChoice, resolve
from moreish.rng import stream
from moreish.runs import events
from moreish.runs import folder as run_folder
from moreish.runs.folder import Run, RunError, Writer

Watch = Callable[[events.Event], None]
PartName = Literal["train", "val", "test"]
SAMPLES_SHOWN = 6


def read(source: str | Path, **options: Any) -> Corpus:
    """Read a list (a path, "-" for standard input, or the name of a bundled list) into a corpus.

    `options` are those of `DataOptions`. Raises ValueError with one sentence for whatever cannot be read.
    """
    return read_corpus(source, build(DataOptions, options, "data."))


@dataclass
class TrainedRun:
    """A run folder and the model in it: more items, scores, and an honest evaluation.

    passed_over : one sentence for every damaged checkpoint that an older one stands in for
    """

    run: Run
    config: Config
    passed_over: tuple[str, ...] = ()
    _model: LanguageModel | None = field(default=None, repr=False)

    @cached_property
    def vocab(self) -> Vocab:
        """The symbols of the list."""
        return Vocab.from_json(self.run.vocab)

    @cached_property
    def corpus(self) -> Corpus:
        """The list that the run was made from, as it was split then."""
        return stored.from_tensors(self.run.corpus(), self.vocab, self.config.data, self.run.name)

    @cached_property
    def model(self) -> LanguageModel:
        """The model of the best checkpoint."""
        checkpoint = self.run.checkpoint("best")
        self.passed_over = checkpoint.passed_over
        return from_tensors(checkpoint.model(), checkpoint.state["model"], self.config.model, len(self.vocab))

    def more(
        self,
        count: int = 20,
        *,
        starts_with: str = "",
        new_only: bool = False,
        unique: bool = True,
        seed: int | None = None,
        **sampling: Any,
    ) -> list[Item]:
        """Up to `count` new items; `sampling` is temperature, top_k, top_p, max_length.

        Fewer come back where the model has no more to give: see `moreish.inference.more.more`.
        """
        chance = np.random.default_rng() if seed is None else stream(seed, "sampling")
        options = build(Sampling, sampling)
        return list(more(self.model, self.corpus, count, chance, options, starts_with, unique, new_only))

    def score(self, *items: str) -> "list[Scored]":
        """How likely each item is, symbol by symbol."""
        ids = [self.vocab.encode(self.vocab.normal(item), "the item") for item in items]
        scores = score_items(self.model, ids)
        return [
            Scored(item, score, tuple(self.vocab.decode([i]) for i in row.tolist()))
            for item, score, row in zip(items, scores, ids, strict=True)
        ]

    def evaluate(self, on: PartName = "val") -> dict[str, Any]:
        """Loss and perplexity on a part, beside the baselines fitted on train; test is only used if named."""
        return evaluate_on(self.model, self.corpus, on)


class Scored(NamedTuple):
    """An item with the log probability of each of its symbols and of its end."""

    item: str
    score: ItemScore
    symbols: tuple[str, ...]

    @property
    def per_symbol(self) -> list[tuple[str, float]]:
        """(symbol, log probability in nats), the end as an empty symbol last."""
        return list(zip((*self.symbols, ""), self.score.logprobs.tolist(), strict=True))


def evaluate_on(model: LanguageModel, corpus: Corpus, on: PartName) -> dict[str, Any]:
    """As `evaluate_part`, for a part of the corpus. Raises ValueError where the list is too short to have it."""
    part = corpus.part(on)
    if not len(part):
        raise ValueError(f"this list is too short to have a {on} part, so nothing can be measured on it")
    return evaluate_part(model, corpus, part, on)


def evaluate_part(model: LanguageModel, corpus: Corpus, part: Part, name: str) -> dict[str, Any]:
    """Mean nats per predicted token of all of `part`, with what simple models fitted on the corpus's train lose."""
    loss = mean_loss(model, part)
    return {
        "on": name,
        "loss": loss,
        "perplexity": math.exp(loss) if loss < 700 else math.inf,
        "symbols": part.n_predicted,
        "items": len(part),
        "baselines": baselines(corpus, part),
    }


class Interrupted(KeyboardInterrupt):
    """Training was asked to stop and did, with everything saved. `run` goes on with `resume`."""

    def __init__(self, run: Run) -> None:
        super().__init__(f"interrupted; go on with: moreish train --resume {run.folder}")
        self.run = run


def train(
    corpus: Corpus,
    recipe: str | None = None,
    *,
    model: str | None = None,
    seed: int = 0,
    options: Mapping[str, Any] | None = None,
    out: str | Path | None = None,
    root: str | Path = "runs",
    name: str = "list",
    watch: Watch | None = None,
) -> TrainedRun:
    """Train on a corpus, keeping everything in a new run folder, and return the run.

    recipe : one of RECIPES; without one, and without a model, "quick"
    model : a network or "ngram"; replaces that of the recipe
    options : nested, laid over the recipe: {"model": {"n_hidden": 300}, "train": {"steps": 1000}}
    out : the folder of the run; else `root/name-RECIPE-N`
    watch : called with every event, see `runs.events`

    Raises Interrupted after the first Ctrl-C or SIGTERM, with everything saved.
    """
    layers: list[Mapping[str, Any]] = [{"seed": seed}]
    if model is not None:
        layers.append({"model": {"name": model}})
    if recipe is None and model is None:
        recipe = "quick"
    config = resolve(recipe, *layers, options or {}, {"data": to_dict(corpus.options)})
    return train_config(corpus, config, out=out, root=root, name=name, watch=watch)


def train_config(
    corpus: Corpus,
    config: Config,
    *,
    out: str | Path | None = None,
    root: str | Path = "runs",
    name: str = "list",
    watch: Watch | None = None,
) -> TrainedRun:
    """As `train`, with everything decided."""
    made = _new_run(corpus, config, out, root, name)
    with _kept_only_with_a_checkpoint(made.run), made.run.writing() as writer:
        _fit(Fitting(corpus, config), writer, watch or _unwatched)
    return made


def resume(run: Run, *, inexact: bool = False, watch: Watch | None = None) -> TrainedRun:
    """Go on with an interrupted run, bit for bit as if it had never stopped.

    Raises RunError where torch, the machine or the number of threads differ from those that it was trained with,
    unless `inexact`; and where there is nothing left to do.
    """
    made = open_run(run)
    if run.finished:
        raise RunError(f"{run.name} is finished; to train for longer, start a new run with more steps")
    with run.writing() as writer:
        checkpoint = run.checkpoint("last") if run.steps() else None
        writer.rewind(checkpoint)
        if checkpoint is None:
            fitting = Fitting(made.corpus, made.config)
        else:
            _check_same_machine(checkpoint.state["machine"], inexact)
            tensors, optim = checkpoint.model(), checkpoint.optim()
            fitting = Fitting.restore(made.corpus, made.config, checkpoint.state, tensors, optim)
        _fit(fitting, writer, watch or _unwatched, fresh=checkpoint is None)
    return open_run(run)


def open_run(run: str | Path | Run, root: str | Path = "runs") -> TrainedRun:
    """The run in this folder or of this short name. Raises ValueError with one sentence where it is none."""
    opened = run if isinstance(run, Run) else run_folder.open_run(run, root)
    return TrainedRun(opened, Config.from_plain(opened.config["options"]))


def mix(runs: Sequence[TrainedRun], *, out: str | Path | None = None, root: str | Path = "runs") -> TrainedRun:
    """The models of these runs as one, with weights fitted on val; a run like any other.

    All must come from the same list, split in the same way: else val of one is train of another. Raises ValueError
    where they do not.
    """
    if len(runs) < 2:
        raise ValueError("a mixture takes at least two runs")
    first = runs[0]
    for other in runs[1:]:
        if not _same_corpus(first.corpus, other.corpus):
            raise ValueError(
                f"{first.run.name} and {other.run.name} were not trained on the same list split in the same way, "
                "so no val part is unseen by both: train them on one list with the same data options"
            )
    leaves = tuple(leaf for made in runs for leaf in made.config.model.leaves)
    model = ModelChoice("mixture", None, leaves)
    config = Config("mix", first.config.seed, first.config.data, model, first.config.train)
    made = _new_run(first.corpus, config, out, root, "mix")
    fitting = Fitting(first.corpus, config)
    for part in runs:
        fitting.done += part.model.parts if isinstance(part.model, Mixture) else [part.model]
        fitting.steps += part.run.checkpoint("best").step
    with _kept_only_with_a_checkpoint(made.run), made.run.writing() as writer:
        _fit(fitting, writer, _unwatched)
    return made


def _new_run(corpus: Corpus, config: Config, out: str | Path | None, root: str | Path, name: str) -> TrainedRun:
    stem = "-".join(word for word in (name, config.recipe or config.model.name) if word)
    folder = Path(out) if out is not None else run_folder.claim_folder(root, stem)
    source = {"name": corpus.report.source, "items": len(corpus)}
    plain = {"options": config.plain(), "source": source, "moreish": __version__}
    run = run_folder.create(folder, plain, corpus.vocab.to_json(), corpus=stored.to_tensors(corpus))
    made = TrainedRun(run, config)
    made.corpus = corpus  # what is at hand need not be read again
    return made


@contextmanager
def _kept_only_with_a_checkpoint(run: Run) -> Iterator[None]:
    """Whatever stops a new run before its first checkpoint leaves nothing behind."""
    try:
        yield
    except BaseException:
        if not run.steps():
            shutil.rmtree(run.folder, ignore_errors=True)
        raise


def _fit(fitting: Fitting, writer: Writer, watch: Watch, fresh: bool = True) -> None:
    """Fit to the end or to the first request to stop, writing every event and a checkpoint at every evaluation."""

    def tell(event: events.Event) -> None:
        writer.append(events.to_record(event))
        watch(event)

    with stop_requests() as stop_requested:
        for event in fitting.fit():
            if fresh and (val := fitting.val):
                counted = fitting.done[0] if isinstance(event, events.Counted) else None
                tell(events.Baselines(**baselines(fitting.corpus, val, counted)))
            fresh = False
            tell(event)
            if isinstance(event, events.Eval):
                tell(events.Samples(event.step, _samples(fitting)))
                _save(fitting, writer, fitting.step)
            if stop_requested() and not fitting.ended:
                _save(fitting, writer, fitting.step)
                tell(events.Interrupted(fitting.step))
                raise Interrupted(writer.run)
        _save(fitting, writer, fitting.step + 1)
        tell(events.Done(writer.run.name, fitting.step, fitting.val_loss))


def _save(fitting: Fitting, writer: Writer, step: int) -> None:
    snapshot = fitting.snapshot()
    state = snapshot.state | {"machine": _machine()}
    writer.save(step, snapshot.tensors, snapshot.optim, state, snapshot.val_loss)


def _samples(fitting: Fitting) -> list[str]:
    """A few items of the model as it is now, from a stream of their own."""
    chance = stream(fitting.config.seed, "samples", fitting.step)
    draws = sample(fitting.model(), SAMPLES_SHOWN, chance, Sampling(max_length=60))
    return [fitting.corpus.vocab.decode(draw.ids) for draw in draws]


def _machine() -> dict[str, Any]:
    """What must be the same for training to go on bit for bit; a run that only counts needs nothing of it."""
    if "torch" not in sys.modules:
        return {}
    import torch

    return {"torch": torch.__version__, "threads": torch.get_num_threads(), "processor": platform.machine()}


def _check_same_machine(then: Mapping[str, Any], inexact: bool) -> None:
    import torch

    now = {"torch": torch.__version__, "processor": platform.machine()}
    for key, value in now.items():
        if then and then.get(key) != value and not inexact:
            raise RunError(
                f"this run was trained with {key} {then.get(key)} and here it is {value}, so it cannot go on bit for "
                "bit; say --inexact to go on all the same"
            )


@contextmanager
def stop_requests() -> Iterator[Callable[[], bool]]:
    """Whether Ctrl-C or SIGTERM came, as a function; a second one raises KeyboardInterrupt at once.

    Outside the main thread signals cannot be caught, and the answer is always no.
    """
    came: list[int] = []

    def note(number: int, _: Any) -> None:
        if came:
            raise KeyboardInterrupt
        came.append(number)

    if threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return
    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: bool(came)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _same_corpus(one: Corpus, other: Corpus) -> bool:
    a, b = stored.to_tensors(one), stored.to_tensors(other)
    return one.vocab == other.vocab and all(np.array_equal(a[k], b[k]) for k in ("ids", "offsets", "parts"))


def _unwatched(event: events.Event) -> None:
    """Nobody looks."""
