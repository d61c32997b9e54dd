"""Working on a study: trial after trial, each a run, pruned where it falls behind, until all are done."""

import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from moreish import __version__, api
from moreish.api.preparing import Source, TrainRequest, read_with
from moreish.data import Corpus
from moreish.errors import Interrupted, RunError
from moreish.recipes import Overrides, checked_data_options
from moreish.runs import events
from moreish.runs import folder as run_folder
from moreish.shards.corpus import ShardedCorpus
from moreish.sweeps.space import Dimension, Space, parse_space
from moreish.sweeps.study import Claim, Sampler, Study, Trial, freed, join_study, plan_of
from moreish.wording import called

if TYPE_CHECKING:
    from moreish.api.preparing import Prepared

SHARES = 20
"""Of a training: at each of them a trial says how far it has come, and may be pruned."""
SPARED_TRIALS, SPARED_SHARES = 5, 4
WAIT = 0.5  # seconds between two looks at what others do
TRIALS = 50

Tell = Callable[[Trial], None]


def sweep(
    source: Source | Corpus | None,
    over: Iterable[str] | Space,
    *,
    trials: int = TRIALS,
    recipe: str | None = None,
    overrides: Overrides | None = None,
    study: str | Path | None = None,
    root: str | Path = "runs",
    name: str | None = None,
    sampler: Sampler = "tpe",
    prune: bool = True,
    tell: Tell | None = None,
) -> Study:
    """Try configurations on a list until there are `trials` of them, in this process, and return the study.

    source : what `read` takes; None: `study` says all, and is joined
    over : as on the command line, ["train.lr=1e-4..1e-1:log"], or dimensions by the option's name
    study : the folder of the study, joined where it is one already; else `root/name-sweep-N`
    sampler : "tpe" learns from what was tried, "random" does not, "grid" takes every combination in turn
    prune : whether trials that fall behind the median of the others are stopped
    tell : called with every trial that has come to its end here

    Raises ValueError where a value that could be tried is not allowed, or the list has no val; KeyboardInterrupt
    after Ctrl-C, with everything saved.
    """
    begun = begin(source, over, recipe, overrides, study, root, name, sampler=sampler, prune=prune)
    work(begun, trials, tell)
    return begun


def begin(
    source: Source | Corpus | None,
    over: Iterable[str] | Space,
    recipe: str | None = None,
    overrides: Overrides | None = None,
    study: str | Path | None = None,
    root: str | Path = "runs",
    name: str | None = None,
    *,
    sampler: Sampler = "tpe",
    prune: bool = True,
) -> Study:
    """The study, made or joined, and nothing tried yet; see `sweep`."""
    if source is None:
        if study is None:
            raise ValueError("say which list to sweep on, or which study to join")
        return join_study(Path(study), None, None)
    overrides = overrides or Overrides()
    space = dict(over) if isinstance(over, dict) else parse_space(over)
    request = TrainRequest(source, recipe, overrides, name=name, background="none")
    corpus = (
        source if isinstance(source, Corpus) else read_with(source, checked_data_options(request.base, overrides))
    )
    if isinstance(corpus, ShardedCorpus):
        raise ValueError(
            f"{corpus.report.source} lies in shards, and a study keeps its list beside its trials: sweep on part of "
            "the list, and train on all of it what was best"
        )
    if not len(corpus.split("val")):
        raise ValueError("this list is too short to have a val split, so nothing could say which trial is best")
    plan = plan_of(corpus, space, request.base, overrides, version=__version__, sampler=sampler, prune=prune)
    for option, dimension in space.items():
        _check(option, dimension, corpus, plan.overrides_of, request.base, space)
    folder = Path(study) if study is not None else run_folder.claim_folder(root, f"{request.stem}-sweep")
    return join_study(folder, plan, corpus)


def _check(
    option: str,
    dimension: Dimension,
    corpus: Corpus,
    overrides_of: Callable[..., Overrides],
    base: str | None,
    space: Space,
) -> None:
    """Raises ValueError where an extreme of this dimension is not allowed beside the first values of all others."""
    first = {name: other.extremes[0] for name, other in space.items()}
    for value in dimension.extremes:
        _prepared(corpus, base, overrides_of(first | {option: value}), None)


def _prepared(corpus: Corpus, base: str | None, overrides: Overrides, out: Path | None) -> "Prepared":
    prepared = api.prepare(TrainRequest(corpus, base, overrides, out, background="none"))
    if not prepared.config.model.networks:
        raise ValueError(f"a sweep tries networks, and this configuration only counts: say {called('model')}")
    return prepared


def work(study: Study, trials: int = TRIALS, tell: Tell | None = None) -> None:
    """Work on a study until it has so many trials and all have come to their end, whoever works on them.

    A trial whose process died is taken up here. Raises KeyboardInterrupt after Ctrl-C: what was being trained is
    saved, and whoever works on the study next goes on with it.
    """
    try:
        while (claim := study.claim(trials)) is not None or study.busy:
            if claim is None:
                time.sleep(WAIT)
                continue
            with freed(claim):
                trial = train_alone(study, claim)
            if tell is not None:
                tell(trial)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(f"interrupted; go on with: moreish sweep --study {study.folder}") from None


def train_alone(study: Study, claim: Claim) -> Trial:
    """Train one trial to its end, or until it is pruned."""
    judge = Judge(study, claim)
    try:
        run = _trained(study, claim, judge)
    except Interrupted:
        if judge.behind:
            return study.finish(claim, None, "pruned")
        raise
    except (FloatingPointError, ValueError, MemoryError) as error:
        return study.finish(claim, None, "failed", str(error) or type(error).__name__)
    value = run.done.val_loss
    if value is None:
        return study.finish(claim, None, "failed", "the loss on val is no number")
    return study.finish(claim, value, "complete")


def _trained(study: Study, claim: Claim, judge: "Judge") -> api.TrainedRun:
    """The run of a trial; what somebody else began is gone on with."""
    begun = begun_run(claim.folder) if claim.begun_before else None
    if begun is not None and begun.run.finished:
        return begun
    if begun is not None:
        return api.resume(begun.run, inexact=True, watch=judge.watch, stop=judge.stop)
    make_room(claim.folder)
    return api.fit(prepared_for(study, claim), judge.watch, stop=judge.stop)


def prepared_for(study: Study, claim: Claim) -> "Prepared":
    """A trial of which everything is decided and nothing is written."""
    return _prepared(study.corpus, study.plan.recipe, study.plan.overrides_of(claim.values), claim.folder)


def begun_run(folder: Path) -> api.TrainedRun | None:
    """The run of a trial as far as it was trained; None where nothing of it can be used."""
    try:
        run = api.open_run(folder)
        if run.run.steps():
            run.run.checkpoint("last")
            return run
    except (RunError, ValueError, OSError):
        pass
    return None


def make_room(folder: Path) -> None:
    """What is there of a trial and cannot be gone on with is kept beside it."""
    number = 1
    while folder.exists():
        aside = folder.with_name(f"{folder.name}-broken-{number}")
        if not aside.exists():
            folder.rename(aside)
        number += 1


class Judge:
    """Whether a trial has fallen behind the others: its losses on val, at each share of its training.

    behind : it has
    """

    def __init__(self, study: Study, claim: Claim) -> None:
        from optuna.pruners import MedianPruner

        self.asked, self.behind = claim.asked, False
        self._progress, self._reported, self._networks = 0.0, 0, 0
        if study.plan.prune:
            study.journal.pruner = MedianPruner(n_startup_trials=SPARED_TRIALS, n_warmup_steps=SPARED_SHARES)
        self._prunes = study.plan.prune

    def watch(self, event: events.Event) -> None:
        """Note how far it is, and judge after an evaluation; a mixture's networks are not judged one by one."""
        match event:
            case events.Network(of=of):
                self._networks = of
            case events.Step(progress=progress):
                self._progress = progress
            case events.Eval(val_loss=float(loss)) if self._prunes and self._networks == 1:
                share = round(self._progress * SHARES)
                if self._reported < share < SHARES:
                    self._reported = share
                    self.asked.report(loss, share)
                    self.behind = bool(self.asked.should_prune())
            case _:
                pass

    def stop(self) -> bool:
        """Whether it should stop."""
        return self.behind
