"""read, train, count, listen, suggest, resume, mix, open_run: where training's records meet the run folder."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from moreish.api import preparing
from moreish.api.keeping import Watch, begin, check_log, fit_into, logged, restored, unwatched
from moreish.api.mixing import refuse_unmixable
from moreish.api.own_background import background
from moreish.api.preparing import (
    BUNDLED,
    NO_BACKGROUND,
    Prepared,
    Source,
    TrainRequest,
    are_few,
    opened_if_sharded,
    read_as,
    read_with,
    refuse_background,
    shares_are_free,
    together,
)
from moreish.api.trained import TrainedRun, begun_by, new_run, open_run, parent_of
from moreish.data import Corpus, DataOptions, undivided
from moreish.data.sources import Files, find
from moreish.errors import Interrupted, RunError
from moreish.fitting.counting import fit_counts
from moreish.fitting.few import HeardKinds, heard
from moreish.fitting.fit import Fitting
from moreish.fitting.fitted import Counted, Fitted, Listened, Scored
from moreish.fitting.pool import in_processes
from moreish.inference.asking import Answer
from moreish.models.contract import LanguageModel
from moreish.models.kinds import Kinded, components_of
from moreish.options import Setting, build
from moreish.recipes import BackgroundChoice, Config, ModelChoice, Overrides, checked_data_options, resolve
from moreish.recipes.overrides import Plain
from moreish.runs import commands, events
from moreish.runs import folder as run_folder
from moreish.runs.folder import Run, find_run
from moreish.runs.pickles import refuse_pickle
from moreish.shards.corpus import ShardedCorpus, open_shards
from moreish.shards.make import make_shards
from moreish.wording import called, said

__all__ = [
    "Counted", "Fitted", "Interrupted", "Listened", "Prepared", "Scored", "TrainRequest", "TrainedRun", "background",
    "begun_by", "count", "fit", "listen", "mix", "open_run", "prepare", "read", "replay", "resume", "shard",
    "suggest", "train",
]  # fmt: skip

HEARD = 32  # lists that `suggest` remembers


def read(source: Source, *more: str | Path, **options: str | int | float | None) -> Corpus:
    """Read a list (a path, "-" for standard input, the name of a bundled list, or the items) into a corpus.

    Several files are one list: `read("elves.txt", "dwarves.txt", by="file")`. `options` are those of `DataOptions`.
    Raises ValueError with one sentence for whatever cannot be read.
    """
    if not (more or options or isinstance(source, Corpus)):
        opened = opened_if_sharded(source)
        if isinstance(opened, Corpus):
            return opened
    return read_with(together(source, more), build(DataOptions, options))


def shard(
    sources: Sequence[str | Path],
    out: str | Path,
    overrides: Overrides | None = None,
    processes: int = 0,
    tell: Callable[[str], None] | None = None,
) -> ShardedCorpus:
    """A list or text larger than memory, made into mapped files in the folder `out`; see `shards.make`."""
    if not sources:
        raise ValueError("which files? there is nothing to make shards of")
    options = checked_data_options("ngram", overrides or Overrides())
    paths, tell = [find(source) for source in sources], tell or (lambda sentence: None)
    make_shards(paths, Path(out), options, in_processes(processes), tell)
    return open_shards(Path(out))


def train(
    source: Source | Corpus,
    recipe: str | None = None,
    *,
    model: str | None = None,
    seed: int | None = None,
    options: Plain | None = None,
    out: str | Path | None = None,
    root: str | Path = "runs",
    name: str | None = None,
    watch: Watch | None = None,
    background: str | None = None,
    begin_from: str | Path | None = None,
    log: str | None = None,
    **reading: Setting,
) -> TrainedRun:
    """Train on a list, keeping everything in a new run folder, and return the run.

    source : what `read` takes, or the corpus that it gave
    recipe : one of RECIPES; without one, and without a model, "quick"
    model : a network or "ngram"; replaces that of the recipe
    options : nested, laid over the recipe: {"model": {"n_hidden": 300}, "train": {"steps": 1000}}
    out : the folder of the run; else `root/name-RECIPE-N`
    watch : called with every event, see `runs.events`; without one a notebook shows a live line
    background : the background net that recipe "quick" takes for few items: "bundled", a file or folder, or "none"
    begin_from : a run on another list, whose model goes on with this one; new symbols and kinds are added
    log : "tensorboard" keeps what happens for TensorBoard too, in the run folder, as it happens
    reading : options of `read`, such as column="name"

    Raises Interrupted after the first Ctrl-C or SIGTERM, with everything saved.
    """
    flags = {"seed": seed, "model": {} if model is None else {"name": model}}
    given = Overrides(flags={k: v for k, v in flags.items() if v is not None}, settings=options or {})
    overrides = read_as(given, reading)
    folder = None if out is None else Path(out)
    request = TrainRequest(source, recipe, overrides, folder, Path(root), name, background, begin_from)
    return fit(prepare(request), watch, log=log)


def prepare(request: TrainRequest, tell: Callable[[str], None] | None = None) -> Prepared:
    """Decide everything that can be decided before training; `tell` gets a sentence for what people should know."""
    if request.begin_from is None:
        return preparing.prepare(request, tell)
    return preparing.prepare_from(request, open_run(request.begin_from, request.root), tell)


def fit(
    prepared: Prepared,
    watch: Watch | None = None,
    *,
    log: str | None = None,
    stop: Callable[[], bool] | None = None,
) -> TrainedRun:
    """Train what was prepared; see `train`. `stop` is asked after every event, and answers as Ctrl-C would."""
    request, config = prepared.request, prepared.config
    check_log(log)
    begun = None if request.begin_from is None else open_run(request.begin_from, request.root)
    found = request.out is not None and request.out.exists()
    run = new_run(prepared.corpus, config, request.out, request.root, request.stem, begun)
    kept = run_folder.kept_only_with_a_checkpoint(run.run, found)
    with kept, run.run.writing() as writer, logged(run.run, log, watch) as watching:
        fit_into(begin(prepared.corpus, config, prepared.parent), writer, watching, stop=stop)
    return run


def keep(
    prepared: Prepared, model: LanguageModel, said: Iterable[events.Event], val_loss: float | None
) -> TrainedRun:
    """The run of a model that was trained elsewhere, as in a population; `said` are the events of its training."""
    request, config, said = prepared.request, prepared.config, list(said)
    found = request.out is not None and request.out.exists()
    run = new_run(prepared.corpus, config, request.out, request.root, request.stem)
    steps = max((event.step for event in events.of_kind(said, events.Step)), default=0)
    fitting = Fitting(prepared.corpus, config, done=[model], steps=steps, val_loss=val_loss)
    with run_folder.kept_only_with_a_checkpoint(run.run, found), run.run.writing() as writer:
        for event in said:
            writer.append(events.to_record(event))
        fit_into(fitting, writer, unwatched, fresh=False)
    return run


def count(source: Source | Corpus, overrides: Overrides | None = None, **reading: Setting) -> Counted:
    """An n-gram fitted to a list, in about a second; nothing is kept. `reading` are options of `read`.

    Raises ValueError where the overrides ask for anything but counting.
    """
    overrides = read_as(overrides, reading)
    options = checked_data_options("ngram", overrides)
    if overrides.model not in (None, "ngram"):
        given, name = overrides.spelled("model", "name"), overrides.model
        how = said(f"`moreish train FILE --model {name}`", f"moreish.train(..., model={name!r})")
        raise ValueError(
            f"a list by itself is only counted, so {given} plays no split: train a run first, with {how}"
        )
    config = resolve("ngram", overrides)
    corpus = source if isinstance(source, Corpus) else read_with(source, options)
    val = corpus.split("val")
    parts = corpus.split("train"), val if len(val) else None
    return Counted(corpus, fit_counts(config.model.options, *parts, len(corpus.vocab), len(corpus.kinds)))


def listen(
    source: Source | Corpus, overrides: Overrides | None = None, background: str = BUNDLED, **reading: Setting
) -> Listened:
    """A list that the background net has read, in about a second; torch is not loaded and nothing is kept.

    `reading` are options of `read`. Raises ValueError where it cannot be read, or has words for symbols.
    """
    overrides = read_as(overrides, reading)
    options = checked_data_options("ngram", overrides)
    corpus = source if isinstance(source, Corpus) else read_with(source, options)
    if corpus.options.text or corpus.options.unit == "word":
        raise ValueError("the background net reads lists of letters: for words or a running text train a model")
    if are_few(corpus) and shares_are_free(overrides, corpus):
        corpus = undivided(corpus)
    if not corpus.kinds:
        return Listened(corpus, *heard(corpus, BackgroundChoice(background)))
    shares = corpus.split("all").shares_of_kinds(len(corpus.kinds))
    return Listened(corpus, Kinded(HeardKinds(corpus, BackgroundChoice(background)), shares), None)


def suggest(
    items: Iterable[str],
    count: int = 10,
    *,
    seed: int | None = None,
    **wishes: Answer,
) -> list[str]:
    """New items in the manner of these, for a program: what was read last is remembered, and many threads may ask.

    `wishes` are those of `Fitted.more`. Fewer come back where the model has no more to give.
    """
    if isinstance(items, str):
        raise ValueError(f"suggest takes a list of texts, and {items!r} is one text")
    items = tuple(items)
    if wrong := [item for item in items if not isinstance(item, str)]:
        raise ValueError(f"suggest takes a list of texts, and {wrong[0]!r} is none")
    return [item.text for item in _heard(items).each(count, seed=seed, **{"new_only": True, **wishes})]


@lru_cache(maxsize=HEARD)
def _heard(items: tuple[str, ...]) -> Listened:
    return listen(items)


def open_or_count(
    run_or_list: str | Files, root: Path, overrides: Overrides, background: str | None = None
) -> Fitted:
    """The run of this name; where there is none, the list as an n-gram, or as the background net hears it.

    Several files are one list. The overrides are for reading a list, and so is `background`. Raises ValueError where
    they can be of no use.
    """
    if isinstance(run_or_list, Files):
        return _count_or_listen(run_or_list, overrides, background)
    refuse_pickle(Path(run_or_list))
    if find_run(run_or_list, root) is None:
        if Path(run_or_list).is_dir():
            return open_run(run_or_list, root)  # which says what the folder lacks
        return _count_or_listen(run_or_list, overrides, background)
    if background is not None:
        raise ValueError(
            f"{run_or_list} is a run, which holds its model: leave {called('background', background)} out"
        )
    if overrides.first is not None:
        raise ValueError(
            f"{run_or_list} is a run, whose list was read when it was trained: leave {overrides.first} out"
        )
    return open_run(run_or_list, root)


def _count_or_listen(source: str | Files, overrides: Overrides, background: str | None) -> Fitted:
    if background == NO_BACKGROUND or overrides.given("model"):
        refuse_background(background)
        return count(source, overrides)
    corpus = read_with(source, checked_data_options("ngram", overrides))
    if are_few(corpus):
        return listen(corpus, overrides, background or BUNDLED)
    refuse_background(background)
    return count(corpus, overrides)


def resume(
    run: str | Path | Run,
    *,
    inexact: bool = False,
    watch: Watch | None = None,
    log: str | None = None,
    stop: Callable[[], bool] | None = None,
    earlier: int | None = None,
    tell: Callable[[str], None] | None = None,
) -> TrainedRun:
    """Go on with an interrupted run, bit for bit as if it had never stopped.

    `earlier` bytes of its commands are not for this training, else all that there are now; `tell` gets a sentence
    where the run had said more than its checkpoint knows. Raises RunError where torch, the machine or the number of
    threads differ from those that it was trained with, unless `inexact`; and where there is nothing left to do.
    """
    opened = open_run(run)
    run = opened.run
    earlier = commands.written(run.folder) if earlier is None else earlier
    check_log(log)
    if run.finished:
        raise RunError(f"{run.name} is finished; to train for longer, start a new run with more steps")
    with run.writing() as writer:
        checkpoint = run.checkpoint("last") if run.steps() else None
        if (aside := writer.rewind(checkpoint)) and tell:
            tell(aside)
        if checkpoint is None:
            fitting = begin(opened.corpus, opened.config, parent_of(opened))
        else:
            fitting = restored(opened, checkpoint, inexact)
        with logged(run, log, watch) as watching:
            fit_into(fitting, writer, watching, fresh=checkpoint is None, stop=stop, earlier=earlier)
    return open_run(run)


def replay(run: str | Path | Run, *, out: str | Path | None = None, watch: Watch | None = None) -> TrainedRun:
    """A new run that does again what this one did, what somebody changed meanwhile included, after the same updates.

    `out` is its folder; else one beside it. What was trained for a time is trained for as many steps as it came to:
    nearly the same, because the learning rate followed the clock. Raises RunError where there is no network, where
    several were trained for a time, or where the run went on from another.
    """
    from moreish.training.controls import Recorded

    opened = open_run(run)
    config, name = opened.config, opened.run.name
    if not config.model.networks or config.model.name == "background":
        raise RunError(f"{name} has no network that somebody could have changed: train it anew")
    if config.train.time_budget is not None:
        config = _in_steps(config, opened.run)
    if parent_of(opened) is not None:
        raise RunError(f"{name} goes on from another run: repeat that one")
    changed = list(events.of_kind(opened.run.events(), events.Intervention))
    folder = Path(out) if out is not None else None
    found = folder is not None and folder.exists()
    again = new_run(opened.corpus, config, folder, opened.run.folder.parent, f"{name}-again")
    fitting = begin(opened.corpus, config)
    assert isinstance(fitting, Fitting)
    fitting.controls = Recorded(changed)
    with run_folder.kept_only_with_a_checkpoint(again.run, found, False), again.run.writing() as writer:
        fit_into(fitting, writer, watch or unwatched)
    return again


def _in_steps(config: Config, run: Run) -> Config:
    """The configuration with the number of steps that a time budget came to."""
    if len(config.model.networks) > 1:
        raise RunError(f"{run.name} trained several networks for a time, and cannot be repeated: say train.steps")
    steps = max((event.step for event in events.of_kind(run.events(), events.Step)), default=0)
    return replace(config, train=replace(config.train, time_budget=None, steps=steps))


def mix(runs: Sequence[TrainedRun], *, out: str | Path | None = None, root: str | Path = "runs") -> TrainedRun:
    """The models of these runs as one, with weights fitted on val; a run like any other.

    All must come from the same list, split in the same way: else val of one is train of another. Raises ValueError
    where they do not.
    """
    refuse_unmixable(runs)
    first = runs[0]
    choices = tuple(choice for run in runs for choice in run.config.model.singles)
    model = ModelChoice("mixture", None, choices)
    config = Config("mix", first.config.seed, first.config.data, model, first.config.train)
    found = out is not None and Path(out).exists()
    mixed = new_run(first.corpus, config, None if out is None else Path(out), Path(root), "mix")
    fitting = Fitting(first.corpus, config)
    for part in runs:
        fitting.done += components_of(part.model)
        fitting.steps += part.run.checkpoint("best").step
    with run_folder.kept_only_with_a_checkpoint(mixed.run, found, False), mixed.run.writing() as writer:
        fit_into(fitting, writer, unwatched)
    return mixed
