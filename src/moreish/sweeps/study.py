"""A study on disk: what is swept, over which values, and the trials that were taken, by whomever."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from moreish.data import Corpus, DataOptions, Vocab, stored
from moreish.errors import Damaged, RunError
from moreish.options import build, merge, to_dict
from moreish.recipes import Overrides
from moreish.rng import torch_seed
from moreish.runs.checkpoint import dump_tensors, load_tensors
from moreish.runs.files import Files, decode, encode, os_errors, read_bytes
from moreish.sweeps.journal import open_journal, sampler_for
from moreish.sweeps.locks import FileLock
from moreish.sweeps.space import Choices, Range, combinations, nested

if TYPE_CHECKING:
    from optuna import Study as Journalled
    from optuna.trial import FrozenTrial
    from optuna.trial import Trial as Asked

STUDY, CORPUS, VOCAB, JOURNAL, LOCKS = "study.json", "corpus.safetensors", "vocab.json", "journal.log", "locks"
FORMAT = 1
Sampler = Literal["tpe", "random", "grid"]
State = Literal["complete", "pruned", "failed", "running"]


class Layers(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The overrides of a study; see `recipes.Overrides`."""

    file: dict[str, Any] = {}
    flags: dict[str, Any] = {}
    settings: dict[str, Any] = {}


class Plan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is swept: written once, the same for everybody who works on it.

    recipe : what the overrides are laid over; None: the model's own defaults
    overrides : the same for all trials
    space : what differs
    source : the list's name, `data` how it was read
    """

    format: int
    moreish: str
    space: dict[str, Range | Choices]
    recipe: str | None
    overrides: Layers
    source: str
    data: dict[str, Any]
    sampler: Sampler = "tpe"
    prune: bool = True
    seed: int = 0

    def overrides_of(self, values: Mapping[str, Any]) -> Overrides:
        """The overrides of a trial."""
        given = self.overrides
        return Overrides(given.file, given.flags, merge(given.settings, nested(values)))


@dataclass(frozen=True)
class Trial:
    """A trial of a study: `value` is its val loss, `why` what went wrong."""

    number: int
    state: State
    value: float | None
    values: Mapping[str, Any]
    folder: Path
    why: str | None = None

    def plain(self) -> dict[str, Any]:
        """As JSON holds it."""
        return {
            "trial": self.number,
            "state": self.state,
            "val_loss": self.value,
            "options": dict(self.values),
            "run": str(self.folder),
        } | ({"why": self.why} if self.why else {})


@dataclass
class Claim:
    """A trial that this process works on; nobody else does until the lock is freed, by us or by the system."""

    asked: "Asked"
    values: dict[str, Any]
    folder: Path
    lock: FileLock
    begun_before: bool


@dataclass
class Study:
    """A study that one can work on."""

    folder: Path
    plan: Plan
    corpus: Corpus
    _lock: FileLock = field(init=False)

    def __post_init__(self) -> None:
        self._lock = FileLock(self.folder / LOCKS / "study")
        with self._lock.held():
            self.journal: Journalled = open_journal(self.folder / JOURNAL)
        self.combinations = combinations(self.plan.space) if self.plan.sampler == "grid" else None

    def claim(self, trials: int) -> Claim | None:
        """The next trial: one that nobody works on any more, or a new one while there are fewer than wanted.

        None where there is none, though others may still be at work: see `busy`.
        """
        from optuna.trial import Trial as Asked
        from optuna.trial import TrialState

        with self._lock.held():
            known = self.journal.get_trials(deepcopy=False)
            for trial in known:
                if trial.state == TrialState.RUNNING and (lock := self._taken(trial.number)):
                    return self._claimed(Asked(self.journal, trial._trial_id), lock, True)
            wanted = trials if self.combinations is None else min(trials, len(self.combinations))
            if len(known) >= wanted:
                return None
            number = len(known)
            seed = torch_seed(self.plan.seed, "sweep", number) % 2**32
            self.journal.sampler = sampler_for(self.plan.sampler, seed)
            lock = self._taken(number)
            assert lock is not None, "nobody can know of a trial that is not asked for yet"
            if self.combinations is not None:
                self.journal.enqueue_trial(self.combinations[number])
            return self._claimed(self.journal.ask(), lock, False)

    def _taken(self, number: int) -> FileLock | None:
        lock = FileLock(self.folder / LOCKS / f"{number:04d}")
        return lock if lock.take(wait=False) else None

    def _claimed(self, asked: "Asked", lock: FileLock, begun_before: bool) -> Claim:
        values = {name: dimension.suggest(name, asked) for name, dimension in self.plan.space.items()}
        return Claim(asked, values, self.folder_of(asked.number), lock, begun_before)

    def folder_of(self, number: int) -> Path:
        """Where the run of a trial is."""
        return self.folder / f"trial-{number:04d}"

    def finish(self, claim: Claim, value: float | None, state: State, why: str | None = None) -> Trial:
        """A trial has come to its end."""
        from optuna.trial import TrialState

        states = {"complete": TrialState.COMPLETE, "pruned": TrialState.PRUNED, "failed": TrialState.FAIL}
        with self._lock.held():
            if why is not None:
                claim.asked.set_user_attr("why", why)
            self.journal.tell(claim.asked.number, value if state == "complete" else None, states[state])
        return self.trials()[claim.asked.number]

    def trials(self) -> list[Trial]:
        """All of them, in their order."""
        return [self._shown(trial) for trial in self.journal.get_trials(deepcopy=False)]

    def _shown(self, trial: "FrozenTrial") -> Trial:
        states: dict[str, State] = {"COMPLETE": "complete", "PRUNED": "pruned", "FAIL": "failed"}
        state = states.get(trial.state.name, "running")
        value = trial.value if state in ("complete", "pruned") else None
        folder = self.folder_of(trial.number)
        return Trial(trial.number, state, value, trial.params, folder, trial.user_attrs.get("why"))

    @property
    def busy(self) -> bool:
        """Whether a trial is not finished: somebody works on it, or nobody does any more."""
        return any(trial.state == "running" for trial in self.trials())

    @property
    def best(self) -> Trial | None:
        """The finished trial of the lowest val loss; of several, the first."""
        done = [trial for trial in self.trials() if trial.state == "complete" and trial.value is not None]
        return min(done, key=lambda trial: trial.value or 0.0, default=None)

    def importance(self) -> dict[str, float]:
        """How much of the difference between good trials and all of them each option makes, adding up to 1.

        By PED-ANOVA (Watanabe et al. 2023, https://arxiv.org/abs/2304.10255); empty where too few trials say so.
        """
        from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances

        done = [trial for trial in self.trials() if trial.state == "complete"]
        if len(done) < 4 or len({trial.value for trial in done}) < 2:
            return {}
        try:
            return get_param_importances(self.journal, evaluator=PedAnovaImportanceEvaluator())
        except (RuntimeError, ValueError):  # every trial has the same value of some option
            return {}


def join_study(folder: Path, plan: Plan | None, corpus: Corpus | None, files: Files | None = None) -> Study:
    """The study in this folder, begun with `plan` and `corpus` where there is none yet; any number may do so at once.

    Raises ValueError where there is one of another plan or another list, or none and no plan.
    """
    files = files or Files()
    with os_errors(folder, "written"):
        if plan is None and not (folder / STUDY).exists():
            raise ValueError(f"{folder} is no study: say a list and what to sweep over, and one is begun there")
        files.make_parents(folder / LOCKS)
        (folder / LOCKS).mkdir(exist_ok=True)
        with FileLock(folder / LOCKS / "study").held():
            if not (folder / STUDY).exists():
                assert plan is not None
                assert corpus is not None
                _begin(folder, plan, corpus, files)
            found = _read_plan(folder)
            kept = _read_corpus(folder, found)
    if plan is not None and _differing(found, plan):
        raise ValueError(
            f"{folder} is a study with another {_differing(found, plan)}: join it with moreish sweep --study "
            f"{folder}, or begin another one elsewhere"
        )
    if corpus is not None and stored_bytes(corpus) != stored_bytes(kept):
        raise ValueError(f"{folder} is a study of another list, or of the same one read otherwise: begin another one")
    return Study(folder, found, kept)


def stored_bytes(corpus: Corpus) -> bytes:
    """The list as it is kept."""
    return dump_tensors(stored.to_tensors(corpus))


def _begin(folder: Path, plan: Plan, corpus: Corpus, files: Files) -> None:
    strangers = [path.name for path in folder.iterdir() if path.name not in (LOCKS, CORPUS, VOCAB, f"{STUDY}.new")]
    if strangers:
        raise RunError(f"{folder} is not empty and is no study: choose another folder")
    contents = {
        CORPUS: stored_bytes(corpus),
        VOCAB: encode(corpus.vocab.to_json()),
        f"{STUDY}.new": encode(msgspec.to_builtins(plan)),
    }
    for name, data in contents.items():
        (folder / name).unlink(missing_ok=True)  # of somebody who died here
        files.write(folder / name, data)
        files.sync(folder / name)
    files.rename(folder / f"{STUDY}.new", folder / STUDY)
    files.sync(folder)


def _read_plan(folder: Path) -> Plan:
    path = folder / STUDY
    value = decode(read_bytes(path), str(path))
    try:
        plan = msgspec.convert(value, Plan)
    except (msgspec.ValidationError, RecursionError) as error:
        raise Damaged(f"{path} is damaged: {error}") from None
    if plan.format != FORMAT:
        raise RunError(f"{path} was written by another release of moreish ({plan.moreish})")
    return plan


def _read_corpus(folder: Path, plan: Plan) -> Corpus:
    vocab = Vocab.from_json(decode(read_bytes(folder / VOCAB), str(folder / VOCAB)))
    options = build(DataOptions, plan.data, "data.")
    return stored.from_tensors(load_tensors(folder / CORPUS), vocab, options, plan.source)


def _differing(found: Plan, plan: Plan) -> str | None:
    names = {"space": "space (--over)", "overrides": "set of options"}
    same = ("moreish", "source", "format")
    differing = (f for f in Plan.__struct_fields__ if f not in same and getattr(found, f) != getattr(plan, f))
    return next((names.get(name, name) for name in differing), None)


def plan_of(
    corpus: Corpus,
    space: Mapping[str, Range | Choices],
    recipe: str | None,
    overrides: Overrides,
    *,
    version: str,
    sampler: Sampler = "tpe",
    prune: bool = True,
) -> Plan:
    """A plan; how the list was read is part of it, so that nothing has to be read again."""
    layers = [
        {key: value for key, value in layer.items() if key != "data"}
        for layer in (overrides.file, overrides.flags, overrides.settings)
    ]
    plain = msgspec.json.decode(msgspec.json.encode(layers))
    data = to_dict(corpus.options)
    seed = overrides.seed or 0
    source = corpus.report.source
    return Plan(FORMAT, version, dict(space), recipe, Layers(*plain), source, data, sampler, prune, seed)


@contextmanager
def freed(claim: Claim) -> Iterator[None]:
    """However our work on a trial ends, others may take it up then if it is not finished."""
    try:
        yield
    finally:
        claim.lock.free()
