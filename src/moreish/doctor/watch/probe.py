"""The probe: attaches to models and their optimizers, takes frames of some of the steps, and leaves without trace."""

import time
from collections.abc import Callable, Sequence

import torch
from torch import nn
from torch.optim import Optimizer

from moreish.doctor.frames.frame import Frame
from moreish.doctor.frames.history import History
from moreish.doctor.watch.arguments import Args, Kwargs, first_tensor
from moreish.doctor.watch.batches import Batches
from moreish.doctor.watch.clock import Spent
from moreish.doctor.watch.first_batch import FirstBatch
from moreish.doctor.watch.groups import Groups
from moreish.doctor.watch.guard import Safely, compiled, in_backward, passive
from moreish.doctor.watch.hooks import FrameHooks, Hooks, ModelHook
from moreish.doctor.watch.left_over import LeftOver
from moreish.doctor.watch.names import Names
from moreish.doctor.watch.observer import Observer
from moreish.doctor.watch.schedule import Schedule
from moreish.doctor.watch.updates import Updates, learning_rates, outside


class Probe:
    """Takes frames. Its hooks have four lifetimes:

    - as long as it watches: one on each optimizer, which counts steps;
    - where an evaluation may come, and while a frame is open: one on each model;
    - while a frame is open: a mode of torch's functions and global hooks on modules;
    - while a frame is open: one on each optimizer, which sees a step begin. It stays when the probe fails, because
      the optimizer may be at work on its hooks just then.

    So a step that is not looked at costs next to nothing. A failure of the probe ends the watching and is kept in
    `failure`; it never reaches the user's loop. `on_frame` is called with every frame that is complete: it says
    whether the run is worrying, where it is asked to.
    """

    def __init__(
        self,
        roots: dict[str, nn.Module],
        optimizers: Sequence[Optimizer],
        budget: float,
        on_frame: Callable[[bool], bool],
    ) -> None:
        self.roots, self.optimizers, self.on_frame = roots, list(optimizers), on_frame
        self.names = Names(roots)
        self.updates = Updates(self.names)
        self.groups, self.batches = Groups(self.names), Batches()
        self.history = History()
        self.schedule = Schedule(budget)
        self.spent = Spent(self.schedule.clock)
        self.step = 0
        self.compiled = sorted(compiled(roots))
        self.failure: Exception | None = None
        self.frame: Frame | None = None
        self._observer: Observer | None = None
        self._lasting, self._on_models, self._on_steps = Hooks(), Hooks(), Hooks()
        self._inside = FrameHooks(self.names, self._backward_begins, self._backward_ends, self._safely)
        self._model_hook = ModelHook(self._model_called)
        self._left_over = LeftOver()
        self._first_batch = FirstBatch()
        self._resting = False
        self._parameters: list[tuple[str, nn.Parameter]] = []  # every one, when the frame was opened
        self._stepped: list[Optimizer] = []  # in this frame

    # Coming and going

    def attach(self) -> None:
        """Put the lasting hooks in place and open the first frame."""
        for optimizer in self.optimizers:
            self.watch(optimizer)
        self.schedule.begin(self.step)
        with self._safely():
            self._open()

    def watch(self, optimizer: Optimizer) -> None:
        """Look at this optimizer's steps as well."""
        if optimizer not in self.optimizers:
            self.optimizers.append(optimizer)
        self._lasting.put(optimizer.register_step_post_hook(self._after_step))
        if self.frame is not None:
            self._on_steps.put(optimizer.register_step_pre_hook(self._before_step))

    def add(self, prefix: str, root: nn.Module) -> None:
        """Look into this model as well."""
        self.roots[prefix] = root
        self.names.refresh()
        self.compiled = sorted(compiled(self.roots))
        self._on_models.remove()
        self._await_calls(True)

    def detach(self) -> None:
        """Take every hook away; what a frame has seen so far is kept."""
        with self._safely():
            if self.frame is not None:
                self._close()
        self._inside.remove()
        for hooks in (self._on_steps, self._on_models, self._lasting):
            hooks.remove()

    def rest(self) -> None:
        """See nothing until `wake`; a frame that is being filled waits."""
        self._resting = True
        self._inside.remove()
        self._on_steps.remove()

    def wake(self) -> None:
        """Go on where `rest` stopped."""
        self._resting = False
        if self.frame is not None:
            with self._safely():
                self._look_inside()

    def _safely(self) -> Safely:
        return Safely(self.spent, self._fail)

    def _fail(self, failure: Exception) -> None:
        """Stop watching; the user's loop goes on."""
        self.failure = failure
        self._forget_frame()
        self._inside.remove()

    # Frames

    def _open(self) -> None:
        self.frame, self.schedule.wake_at = Frame(self.step), 0
        self._model_hook.looking = True
        self._await_calls(True)
        self._parameters = self.names.refresh()
        self._stepped = []
        self.groups.begin()
        pictures, history = self.history.wants_picture(), self.history
        detail = history.wants_detail() or self.schedule.clock.unbounded
        self._observer = Observer(self.frame, self.names, history.counts, pictures, detail, self._safely)
        self._look_inside()

    def _close(self) -> bool:
        """Keep the frame; whether what is known by now asks for a closer look."""
        frame, observer = self.frame, self._observer
        if frame is None or observer is None:
            return False
        self._inside.remove()
        self._on_steps.remove()
        observer.close()
        self._forget_frame()
        frame.learning_rates = learning_rates(self.optimizers)
        frame.groups = self.groups.read(self._stepped, self.optimizers)
        frame.outside, self._parameters = outside(self._parameters, self.optimizers), []
        self._first_batch.replay(frame, bool(self.compiled))
        self.history.add(frame)
        return self.on_frame(self.schedule.wants_triage(self.history.seen))

    def _forget_frame(self) -> None:
        self.frame = self._observer = None
        self._model_hook.looking = False

    def _look_inside(self) -> None:
        """See functions, modules and the beginning of steps, unless the probe rests."""
        if self._resting or self._observer is None:
            return
        self._on_steps.put(*(o.register_step_pre_hook(self._before_step) for o in self.optimizers))
        if not self.compiled:
            self._inside.put(self._observer)

    def _await_calls(self, expected: bool) -> None:
        """Have a hook on each model, or none."""
        if expected and not self._on_models.in_place:
            hook = self._model_hook
            self._on_models.put(*(r.register_forward_pre_hook(hook, with_kwargs=True) for r in self.roots.values()))
        elif not expected:
            self._on_models.remove()

    # What torch calls during a step

    def _model_called(self, root: nn.Module, args: Args, kwargs: Kwargs) -> None:
        """Note a call with gradients in the frame; one without may open a frame of its own."""
        if self.failure is not None or self._resting or in_backward():
            return
        if not torch.is_grad_enabled():
            if self.frame is None and self.schedule.due(self.step, evaluation=True):
                self._open_evaluation()
            return
        if self.frame is not None and self.frame.is_evaluation:
            with self._safely():
                self._close()
        frame, observer = self.frame, self._observer
        if frame is None or observer is None:
            return
        with self._safely():
            if not frame.called_with_grad:
                frame.batch = self.batches.see((*args, *kwargs.values()))
            observer.begin((*args, *kwargs.values()))
        if not root.training:
            frame.eval_mode.extend(name for name, m in passive(root) if name not in frame.eval_mode)
        frame.called_with_grad = True
        if frame.step == 0 and not self.history.seen:
            self._first_batch.called(root, args, kwargs)

    def _open_evaluation(self) -> None:
        self.schedule.evaluations += 1
        with self._safely():
            self._open()
            assert self.frame is not None
            self.frame.is_evaluation = True

    def _backward_begins(self, tensors: object) -> None:
        """The loss, and whether the gradients of the step before still lie there, untouched."""
        frame, observer = self.frame, self._observer
        if frame is None or observer is None:
            return
        with self._safely():
            loss = first_tensor(tensors)
            frame.backwards += 1
            if loss is not None and loss.numel() == 1:
                observer.reader.add("loss", loss.detach().float().reshape(()))
            self._first_batch.backward_begins(loss)
            for optimizer in self.optimizers:
                if id(optimizer) not in frame.reset and not self._left_over.untouched(optimizer):
                    frame.reset.add(id(optimizer))

    def _backward_ends(self) -> None:
        if self.frame is not None:
            with self._safely():
                self.groups.backward_ended(self.optimizers)

    def _before_step(self, optimizer: Optimizer, args: Args, kwargs: Kwargs) -> None:
        frame, observer = self.frame, self._observer
        if frame is None or observer is None:
            return
        with self._safely():
            if len(args) < 2 and not kwargs:  # no closure, so nothing is left to be seen in the step
                self._inside.functions.withdraw()
            if self._left_over and frame.backwards and id(optimizer) not in frame.reset:
                frame.stale = True
            if observer.unscaled:
                self.groups.unscaled()
            self.groups.before_step(optimizer)
            self.updates.before(optimizer, frame, observer.pictures)

    def _after_step(self, optimizer: Optimizer, args: object, kwargs: object) -> None:
        """Count the step. Most steps end here, so these few lines are what watching costs them."""
        if optimizer is self.optimizers[0]:  # with several optimizers, a step of the run is one of the first
            self.step += 1
        schedule, now = self.schedule, time.perf_counter()
        if self.step < schedule.wake_at and now < schedule.late:
            schedule.late = now + schedule.limit
        elif self.failure is None:
            self._end_step(optimizer, now)
            schedule.late = time.perf_counter() + schedule.limit

    def _end_step(self, optimizer: Optimizer, now: float) -> None:
        """Close the frame that is open; open the next one where it is due, else await evaluations where likely."""
        if self.frame is not None:
            self._end_frame(self.frame, optimizer)
        elif optimizer is self.optimizers[0]:
            self.schedule.ended(self.step, now)
        if self.frame is not None or self.failure is not None:
            return
        if self.schedule.due(self.step):
            with self._safely():
                self._open()
                self._left_over.remember(optimizer)
        else:
            self._await_calls(self.schedule.awaits_evaluation(self.step, now, bool(self.compiled)))

    def _end_frame(self, frame: Frame, optimizer: Optimizer) -> None:
        """Measure what the step has changed; the frame is complete when every optimizer has stepped, or one again."""
        worried = None
        with self._safely():
            self.updates.after(frame)
            again = optimizer in self._stepped
            self._stepped.append(optimizer)
            if again or len(self._stepped) >= len(self.optimizers):
                worried = self._close()
            elif not self.compiled and not self._resting:
                self._inside.functions.insert()
        if worried is not None and not frame.is_evaluation:
            self.schedule.looked(frame.step, worried)  # now that the time of the whole look is known
