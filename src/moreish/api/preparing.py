"""What is to be trained, decided before anything is written: the request, the list, the configuration."""

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol, runtime_checkable

from moreish.background import weights as background_weights
from moreish.data import Corpus, DataOptions, from_items, undivided
from moreish.data import read as read_source
from moreish.data.sources import Files, stem_of
from moreish.fitting.few import listening_to
from moreish.fitting.parent import Parent
from moreish.models.contract import LanguageModel
from moreish.options import Setting, build, merge
from moreish.recipes import (
    OF_BACKGROUND,
    BackgroundChoice,
    Config,
    ModelChoice,
    Overrides,
    checked_data_options,
    counting_alone,
    few_items,
    grow,
    networks_of,
    resolve,
)
from moreish.recipes.lectures import LECTURE_RECIPES
from moreish.recipes.overrides import with_one_limit
from moreish.runs.folder import refuse_taken
from moreish.shards.corpus import open_shards
from moreish.shards.store import is_begun, is_sharded, verify
from moreish.training.options import TrainOptions
from moreish.wording import called, said

Tell = Callable[[str], None]
Source = str | Path | Files | Iterable[str]

NOTHING = Overrides()
NO_VAL = "so a network could not be told when to stop: the items come from counting alone"
BUNDLED, NO_BACKGROUND = "bundled", "none"
LONGEST_READ, MOST_READ_WHOLE = 300, 20_000  # symbols of a list of few items; pages of text are no items
MOST_VAL = 100_000  # symbols of val that the background net can foretell in a few seconds
FEW = 1000  # items; with fewer the recipe "quick" takes the background net
MUCH_SEEN = 0.2  # of a list, that a background net was trained on


@dataclass(frozen=True)
class TrainRequest:
    """What is to be trained, on which list, and where the run goes.

    source : a path, "-", the name of a bundled list, the items, or a corpus that was read already
    recipe : one of RECIPES; without one, and without a model in the overrides, "quick"
    out : the folder of the run; else `root/name-RECIPE-N`
    name : what the run is named after; else the file
    background : the background net for few items: "bundled" (also where nothing is said), a file or folder, "none"
    begin_from : a run to go on from, with its model, on this list
    """

    source: Source | Corpus = "names"
    recipe: str | None = None
    overrides: Overrides = NOTHING
    out: Path | None = None
    root: Path = Path("runs")
    name: str | None = None
    background: str | None = None
    begin_from: str | Path | None = None

    @property
    def base(self) -> str | None:
        """The recipe that the overrides are laid over."""
        return self.recipe or (None if self.overrides.recipe or self.overrides.model else "quick")

    @property
    def networks(self) -> list[str]:
        """The networks that will be trained, known before any of them, and so torch, is loaded."""
        return networks_of(self.base, self.overrides)

    @property
    def stem(self) -> str:
        """What the run is named after."""
        if self.name or not isinstance(self.source, str | Path | Files):
            return self.name or "list"
        return self.source.stem if isinstance(self.source, Files) else stem_of(self.source)


@dataclass(frozen=True)
class Prepared:
    """A request of which everything is decided and nothing is written yet.

    parent : the run that it goes on from
    """

    request: TrainRequest
    corpus: Corpus
    config: Config
    parent: Parent | None = None


LECTURE_ITEMS = 32_033
OTHER_LIST = (
    "{recipe} is a recipe of the lectures, whose names.txt has 32,033 names; this list has {items:,} items, so the "
    "losses are other ones than the published (moreish data fetch names fetches theirs)"
)


def prepare(request: TrainRequest, tell: Tell | None = None) -> Prepared:
    """Decide everything and read the list; `tell` gets a sentence for whatever people should know.

    Raises ValueError with one sentence for whatever cannot be.
    """
    tell = tell or _untold
    options = checked_data_options(request.base, request.overrides)
    if request.out is not None:
        refuse_taken(request.out)
    source = opened_if_sharded(request.source)
    if isinstance(source, Corpus):
        corpus = source
        if request.overrides.given("data") and _as_read(options, corpus) != corpus.options:
            where = said("moreish shard", "moreish.read")
            raise ValueError(f"this list was read already: give its options to {where}, not to train")
    else:
        corpus = read_with(source, options)
    few = _few(request, corpus)
    heard = few is not None or (request.overrides.model == "background" and are_few(corpus))
    if heard and shares_are_free(request.overrides, corpus):
        corpus = undivided(corpus)
    for sentence in (corpus.report.headline(), *corpus.report.notes):
        tell(sentence)
    if request.base in LECTURE_RECIPES and corpus.report.items != LECTURE_ITEMS:
        tell(OTHER_LIST.format(recipe=request.base, items=corpus.report.items))
    if few is not None:
        tell_if_seen(few.model.options.weights, corpus, tell)
        return Prepared(request, corpus, replace(few, data=corpus.options))
    if request.background is None and are_few(corpus) and (option := _leaves_background_out(request)):
        tell(f"{option} is for a network that is trained from nothing, so the background net has no part here")
    if request.networks and "torch" not in sys.modules:
        tell("loading PyTorch")
    config = grow(replace(resolve(request.base, request.overrides), data=corpus.options))
    if config.model.name == "background":
        return Prepared(request, corpus, with_hash(_with_weights(config, request)))
    _refuse_unused(request, config)
    if not len(corpus.split("val")) and (alone := counting_alone(config)) != config:
        tell(NO_VAL)
        config = alone
    elif _reading_helps(request, corpus):
        config = with_reader(config)
    return Prepared(request, corpus, config)


def opened_if_sharded(source: Source | Corpus) -> Source | Corpus:
    """A folder that `moreish shard` made, opened and verified to the last byte; anything else as it is."""
    if not isinstance(source, str | Path):
        return source
    if is_begun(Path(source)):
        raise ValueError(
            f"{source} is not finished: the `moreish shard` that began it goes on with it, typed once more"
        )
    if not is_sharded(Path(source)):
        return source
    verify(Path(source))
    return open_shards(Path(source))


def _as_read(options: DataOptions, corpus: Corpus) -> DataOptions:
    """The options with the unit that the list was read with, where nobody named one."""
    return replace(options, unit=corpus.options.unit) if options.unit == "auto" else options


@runtime_checkable
class Begun(Protocol):
    """A run that another training can go on from."""

    name: str
    config: Config

    @property
    def corpus(self) -> Corpus:
        """Its list."""
        ...

    @property
    def model(self) -> LanguageModel:
        """What it learned."""
        ...


def prepare_from(request: TrainRequest, begun: Begun, tell: Tell | None = None) -> Prepared:
    """Decide everything for a training on another list that begins with what a run learned.

    The configuration is that of the run, with the overrides of `data` and `train` laid over it. Raises ValueError
    where another model or recipe is asked for, where the lists do not fit, or the run is of few items.
    """
    tell, config, overrides = tell or _untold, begun.config, request.overrides
    unfit = overrides.given("model") or request.recipe or overrides.recipe or request.background
    if unfit:
        raise ValueError(f"to go on from {begun.name} is to keep its model: leave recipe, model and background out")
    if config.model.name in ("background", "mixture") and "reader" in [c.name for c in config.model.singles]:
        config = replace(config, model=without_reader(config.model))
    if config.model.name == "background":
        raise ValueError(
            f"{begun.name} is of few items, read by the background net, which keeps nothing to go on with: give both "
            "lists at once instead"
        )
    own = {"unit": config.data.unit, "normalise": config.data.normalise, "lower": config.data.lower}
    plain = config.plain()
    values = {**plain, "data": {**own}}
    for level in overrides.levels:
        train = with_one_limit(level.get("train", {}), TrainOptions.steps)
        values = merge(values, {**level, "train": train} if train else level)
    config = Config.from_plain(values)
    if request.out is not None:
        refuse_taken(request.out)
    source = opened_if_sharded(request.source)
    corpus = source if isinstance(source, Corpus) else read_with(source, config.data)
    parent, corpus = Parent.of(begun.name, begun.model, begun.corpus, corpus)
    for sentence in (corpus.report.headline(), *corpus.report.notes):
        tell(sentence)
    tell(f"going on from {begun.name}: {begun.corpus.report.source}, {len(begun.corpus):,} items")
    return Prepared(request, corpus, replace(config, data=corpus.options), parent)


def without_reader(model: ModelChoice) -> ModelChoice:
    """The components that can go on with another list; the reader would read that one instead."""
    return replace(model, components=tuple(c for c in model.components if c.name != "reader"))


def tell_if_seen(background: str, corpus: Corpus, tell: Tell) -> None:
    """Say so where a net of somebody's own was trained on much of this list: what is measured on it is too good."""
    share = background_weights.share_seen(background, list(corpus.items))
    if share > MUCH_SEEN:
        tell(
            f"The background net in {background} was trained on {share:.0%} of these items, so the loss measured on "
            "them is too good, and much of what is made will be theirs."
        )


def _few(request: TrainRequest, corpus: Corpus) -> Config | None:
    """The configuration for few items, where this is a short list of letters and nobody asked for anything else."""
    if request.background == NO_BACKGROUND or not are_few(corpus):
        return None
    name = request.background or BUNDLED
    few = few_items(request.base, request.overrides, {"weights": name})
    return few and with_hash(few)


def _leaves_background_out(request: TrainRequest) -> str | None:
    """The option of training that the background net has not, where it would have been taken but for that."""
    given = request.overrides.given("train")
    if request.base != "quick" or request.overrides.given("model"):
        return None
    return next((request.overrides.spelled("train", each) for each in given if each not in OF_BACKGROUND), None)


def _reading_helps(request: TrainRequest, corpus: Corpus) -> bool:
    """Whether the recipe is quick, unchanged, and the background net is to read a list that it can read."""
    if corpus.kinds:
        return False  # the reader knows none, and a mixture's components all know kinds, or none does
    if request.background == NO_BACKGROUND or corpus.options.text or corpus.options.unit == "word":
        return False
    if few_items(request.base, request.overrides, {}) is None or corpus.split("val").n_predicted > MOST_VAL:
        return False
    return listening_to(corpus, BackgroundChoice(), 0).helps


def with_reader(config: Config) -> Config:
    """The mixture with the bundled background net as one more of its components."""
    ngram, *others = config.model.components
    options = BackgroundChoice(orders=1, hash=background_weights.find(BUNDLED).hash)
    components = (ngram, ModelChoice("reader", options), *others)
    return replace(config, model=replace(config.model, components=components))


def with_hash(config: Config) -> Config:
    """A configuration of the background net with the hash of the one that is meant."""
    options = replace(config.model.options, hash=background_weights.find(config.model.options.weights).hash)
    return replace(config, model=replace(config.model, options=options))


def _with_weights(config: Config, request: TrainRequest) -> Config:
    """The model "background" with the net that the request names. Raises ValueError where it says none."""
    if request.background == NO_BACKGROUND:
        raise ValueError(
            f"the model background is the background net, which {called('background', 'none')} leaves out: drop one"
        )
    if request.background is None or "weights" in request.overrides.given("model"):
        return config
    options = replace(config.model.options, weights=request.background)
    return replace(config, model=replace(config.model, options=options))


def _refuse_unused(request: TrainRequest, config: Config) -> None:
    """Raises ValueError where a background net or a time budget of 0 was asked for, and neither can be used."""
    refuse_background(request.background)
    if config.train.time_budget == 0 and config.model.networks:
        raise ValueError(
            f"a time budget of 0 is for the background net, which reads lists of fewer than {FEW:,} items of letters "
            f"and has no part here (a long list, words, another model, or {called('background', 'none')}); here "
            f"{config.model.networks[0].name} has to be trained: give it some seconds"
        )


def refuse_background(name: str | None) -> None:
    """Raises ValueError where a background net was asked for, at a place where none is used."""
    if name not in (None, NO_BACKGROUND):
        raise ValueError(
            f"{called('background', name)} is for the recipe quick and lists of fewer than {FEW:,} items of letters; "
            "leave it out here"
        )


def lists_of_letters(sources: Iterable[Source], overrides: Overrides) -> list[tuple[str, list[tuple[str, ...]]]]:
    """Name and items, each a row of symbols, of lists that a background net can learn from.

    Raises ValueError where the overrides are about anything but reading, or make words of the symbols.
    """
    options = checked_data_options("ngram", overrides)
    if (unused := overrides.beyond_reading) is not None:
        raise ValueError(f"{unused} is not about how lists are read, and a background net has no other options")
    if options.text or options.unit == "word":
        raise ValueError("a background net learns from lists of letters, not from words or running text")
    if options.by or options.weight:
        raise ValueError(
            f"a background net knows no kinds and no weights: leave {called('by')} and {called('weight')} out"
        )
    corpora = [read_with(source, options) for source in sources]
    return [(each.report.source, [tuple(each.vocab.split(item)) for item in each]) for each in corpora]


def are_few(corpus: Corpus) -> bool:
    """Whether this is a list of few items whose symbols are letters."""
    short = len(corpus) < FEW and corpus.split("all").n_predicted <= MOST_READ_WHOLE
    short = short and int(corpus.split("all").lengths.max(initial=0)) <= LONGEST_READ
    return short and not corpus.options.text and corpus.options.unit != "word"


def shares_are_free(overrides: Overrides, corpus: Corpus) -> bool:
    """Whether nobody asked for a val or a test."""
    standard, options = DataOptions(), corpus.options
    asked = {"val_share", "test_share", "split"} & set(overrides.given("data"))
    shares = (options.val_share, options.test_share)
    return not asked and shares == (standard.val_share, standard.test_share) and options.split == "hash"


def together(source: Source, more: Sequence[str | Path]) -> Source:
    """Several files as one list. Raises ValueError where one of several is no file, but items that are at hand."""
    if not more:
        return source
    if not isinstance(source, str | Path):
        raise ValueError("several sources are files, and items that are at hand are one: put these into one list")
    return Files((source, *more))


def read_as(overrides: Overrides | None, reading: Mapping[str, Setting]) -> Overrides:
    """The overrides with these options of reading laid over them. Raises ValueError for what is none."""
    build(DataOptions, reading)
    overrides = overrides or Overrides()
    return replace(overrides, settings=merge(overrides.settings, {"data": reading})) if reading else overrides


def read_with(source: Source, options: DataOptions) -> Corpus:
    """Read whatever a list can be given as. Raises ValueError with one sentence for what cannot be read."""
    if isinstance(source, Corpus):
        raise ValueError("this list was read already: give its options to moreish.read")
    return read_source(source, options) if isinstance(source, str | Path | Files) else from_items(source, options)


def _untold(sentence: str) -> None:
    """Nobody listens."""
