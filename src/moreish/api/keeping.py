"""A fitting and its run folder: every event is written, a checkpoint at evaluations and, between them, in time."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress

from moreish.api.live import in_notebook, notebook_line
from moreish.api.steering import let_steer
from moreish.api.trained import TrainedRun, parent_of
from moreish.cancellation import cancellable
from moreish.data import Corpus
from moreish.data.corpus import Split, Where
from moreish.errors import Damaged, Interrupted, ProcessLost, RunError, Unmet
from moreish.fitting.counting import baselines
from moreish.fitting.few import FewFitting
from moreish.fitting.fit import Fitting
from moreish.fitting.machine import check_same_machine, this_machine
from moreish.fitting.parent import Parent
from moreish.fitting.serialize import Saved
from moreish.fitting.stopping import stop_requests
from moreish.inference import Sampling, sample
from moreish.models.kinds import one_kind_of
from moreish.ngram import Backoff
from moreish.recipes import Config
from moreish.rng import rng_for, torch_alone
from moreish.runs import events
from moreish.runs.checkpoint import STATE, Checkpoint
from moreish.runs.commands import Remote
from moreish.runs.folder import Run, Writer
from moreish.runs.schema import checked

Watch = Callable[[events.Event], None]
SAMPLES_SHOWN = 6
FIRST_SAVE, BETWEEN_SAVES = 2.0, 60.0  # seconds of fitting until a checkpoint, where no evaluation brings one
SAVING_SHARE = 0.05  # of the time at most


def begin(corpus: Corpus, config: Config, parent: Parent | None = None) -> Fitting | FewFitting:
    """Nothing fitted yet."""
    if config.model.name == "background":
        return FewFitting(corpus, config)
    return Fitting(corpus, config, parent=parent)


def restored(opened: TrainedRun, checkpoint: Checkpoint, inexact: bool) -> Fitting | FewFitting:
    """The fitting as it stood at a checkpoint. Raises Damaged, with the file, where its parts do not fit."""
    path = checkpoint.folder / STATE
    saved = checked(checkpoint.state, Saved, str(path))
    few = opened.config.model.name == "background"
    if not inexact and not few:
        check_same_machine(saved.machine, opened.config.fused)
    parent = None if few else parent_of(opened)
    tensors, optim = checkpoint.model(), checkpoint.optim()
    try:
        if few:
            return FewFitting.restore(opened.corpus, opened.config, checkpoint.state)
        return Fitting.restore(opened.corpus, opened.config, checkpoint.state, tensors, optim, parent)
    except Damaged as error:
        raise Damaged(f"{path}: {error}") from None


def fit_into(
    fitting: Fitting | FewFitting,
    writer: Writer,
    watch: Watch,
    fresh: bool = True,
    stop: Callable[[], bool] | None = None,
    earlier: int = 0,
) -> None:
    """Fit to the end or to the first request to stop, writing every event, and a checkpoint where one is due.

    earlier : bytes of commands that were for whoever trained the run before
    """
    clock = _SaveClock(FIRST_SAVE)

    def save(step: int) -> None:
        with clock.saving():
            _save(fitting, writer, step)

    def tell(event: events.Event) -> None:
        writer.append(events.to_record(event))
        watch(event)

    def check() -> None:
        if fitting.done and not fitting.ended and (stop_requested() or remote.stopped):
            raise _Stopped

    with stop_requests() as stop_requested, _saved_when_given_up(fitting, writer):
        remote = Remote(writer.run.folder, stop_requested, earlier)
        changed = () if fresh else [*events.of_kind(writer.run.events(), events.Intervention)]
        steered = let_steer(fitting, remote, changed)
        finished, few = False, isinstance(fitting, FewFitting)
        # Between two events as well where there are few items: what was begun of them begins anew in any case.
        with suppress(_Stopped), cancellable(check) if few else nullcontext():
            for event in fitting.fit():
                if fresh and (val := fitting.val):
                    tell(_baselines(fitting, val, event))
                fresh = False
                tell(event)
                if isinstance(event, events.Eval):
                    tell(_samples(fitting))
                    save(fitting.step)
                elif isinstance(event, events.Saved) or (isinstance(event, events.Step) and clock.is_due()):
                    save(fitting.step)
                if isinstance(event, events.Step):
                    remote.show_samples(lambda: events.to_record(_samples(fitting)))
                if not steered:
                    _stand_still(fitting, remote, tell)
                if (stop_requested() or remote.stopped or (stop is not None and stop())) and not fitting.ended:
                    break
            else:
                finished = True
        if not finished:
            save(fitting.step)
            tell(events.Interrupted(fitting.step))
            raise Interrupted(writer.run.folder)
        save(fitting.step + 1)
        tell(events.Done(writer.run.name, fitting.step, fitting.val_loss))


def _baselines(fitting: Fitting | FewFitting, val: Split, event: events.Event) -> events.Baselines:
    counts = isinstance(event, events.Counted) and isinstance(one_kind_of(fitting.done[0]), Backoff)
    return events.Baselines(**baselines(fitting.corpus, val, fitting.done[0] if counts else None))


def _stand_still(fitting: Fitting | FewFitting, remote: Remote, tell: Watch) -> None:
    """As long as somebody lets it, which is no time of training."""
    began = time.monotonic()
    for paused in remote.stand_still():
        if paused:
            began = time.monotonic()
        else:
            fitting.stood_still(time.monotonic() - began)
        tell(events.Paused(fitting.step, paused))


class _Stopped(Exception):
    """The fitting is to end here."""


class _SaveClock:
    """When a checkpoint is due although there is no evaluation: there is no val, or evaluations are far apart."""

    def __init__(self, first: float) -> None:
        self._due = time.monotonic() + first

    def is_due(self) -> bool:
        """Whether what was learned since the last one should not be lost."""
        return time.monotonic() >= self._due

    @contextmanager
    def saving(self) -> Iterator[None]:
        """Around a checkpoint; the next one comes the later the longer this one takes."""
        began = time.monotonic()
        yield
        now = time.monotonic()
        self._due = now + max(BETWEEN_SAVES, (now - began) / SAVING_SHARE)


@contextmanager
def _saved_when_given_up(fitting: Fitting | FewFitting, writer: Writer) -> Iterator[None]:
    """A network that cannot be trained is no reason to lose the others.

    Where another process is lost, the network stands in the middle of a step here: its last checkpoint is right.
    """
    try:
        yield
    except ProcessLost:
        raise
    except Unmet:
        with suppress(RunError):
            _save(fitting, writer, fitting.step)
        raise


def _save(fitting: Fitting | FewFitting, writer: Writer, step: int) -> None:
    snapshot = fitting.snapshot()
    with torch_alone():
        state = snapshot.state | {"machine": dict(this_machine())}
    writer.save(step, snapshot.tensors, snapshot.optim, state, snapshot.val_loss)


def _samples(fitting: Fitting | FewFitting) -> events.Samples:
    """A few items of the model as it is now, with a generator of their own."""
    rng = rng_for(fitting.config.seed, "samples", fitting.step)
    with torch_alone():
        drawn = sample(fitting.model(), SAMPLES_SHOWN, rng, Sampling(max_length=60))
    items = fitting.corpus.vocab.decode_items(drawn.ids[1:])
    known: list[Where] = [] if fitting.corpus.options.text else [fitting.corpus.where(item) for item in items]
    return events.Samples(fitting.step, items, known)


def check_log(log: str | None) -> None:
    """Raises ValueError for a log that there is not, and Unmet where its package is missing."""
    if log not in (None, "tensorboard"):
        raise ValueError(f'there is no log "{log}": tensorboard is one')
    if log is not None:
        from moreish.export import tensorboard

        tensorboard.check_installed()


@contextmanager
def logged(run: Run, log: str | None, watch: Watch | None) -> Iterator[Watch]:
    """`watch`, else a live line in a notebook; and after every event whoever else is to know of it."""
    watch = watch or (notebook_line() if in_notebook() else unwatched)
    if log is None:
        yield watch
        return
    from moreish.export import tensorboard

    with tensorboard.live(run) as board:

        def both(event: events.Event) -> None:
            watch(event)
            board.follow()

        yield both


def unwatched(event: events.Event) -> None:
    """Nobody looks."""
