"""The probe: attaches to models and their optimizers, takes frames of some of the steps, and leaves without trace."""

import threading
import time
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.utils.hooks import RemovableHandle

from moreish.doctor.frames.frame import Frame
from moreish.doctor.frames.history import History
from moreish.doctor.watch import losses
from moreish.doctor.watch.arguments import Args, Kwargs, first_tensor
from moreish.doctor.watch.batches import Batches
from moreish.doctor.watch.by_hand import ByHand
from moreish.doctor.watch.clock import Spent
from moreish.doctor.watch.eval_mode import eval_mode
from moreish.doctor.watch.first_batch import TRIES, FirstBatch
from moreish.doctor.watch.gradients import Arrivals, gathered, seen
from moreish.doctor.watch.groups import Groups
from moreish.doctor.watch.guard import Safely, compiled, is_apart, passive
from moreish.doctor.watch.hooks import FrameHooks, Hooks, ModelHook
from moreish.doctor.watch.left_over import LeftOver
from moreish.doctor.watch.names import Names
from moreish.doctor.watch.observer import Observer
from moreish.doctor.watch.rounds import Rounds
from moreish.doctor.watch.schedule import Schedule
from moreish.doctor.watch.updates import Updates, held_by, learning_rates, outside

MOST_BACKWARDS = 64  # that one frame looks at: without a step it would never end
LATE = 20  # rounds after which an optimizer that steps for the first time begins a training of its own


class Probe:
    """Takes frames. Its hooks have four lifetimes:

    - as long as it watches: one on each optimizer, which counts steps; where there is no optimizer, one on each
      tensor, which tells the end of a backward; one that is told of models that are switched to eval mode;
    - where an evaluation may come, and while a frame is open: a global one on modules, for calls of the models;
    - while a frame is open: a mode of torch's functions and global hooks on modules;
    - while a frame is open: one on each optimizer, which sees a step begin. It stays when the probe fails: the
      optimizer may be at work on it.

    So a step that is not looked at costs next to nothing. A failure of the probe ends the watching, is kept in
    `failure` and never reaches the user's loop. `on_frame` is called with every complete frame: it says whether the
    run is worrying, where it is asked to. `on_late` is called with an optimizer that steps for the first time long
    after others, `on_stepped` after a step that was looked at: what that raises does reach the loop.
    """

    def __init__(
        self,
        roots: dict[str, nn.Module],
        optimizers: Sequence[Optimizer],
        budget: float,
        on_frame: Callable[[bool], bool],
        tensors: dict[str, Tensor] | None = None,
    ) -> None:
        self.roots, self.optimizers, self.on_frame = roots, list(optimizers), on_frame
        self.names = Names(roots, tensors or {})
        self.updates, self.groups, self.batches = Updates(self.names), Groups(self.names), Batches()
        self.history, self.rounds, self.step = History(), Rounds(), 0
        self.schedule = Schedule(budget)
        self.spent = Spent(self.schedule.clock)
        self.compiled = sorted(compiled(roots))
        self.failure: Exception | None = None
        self.on_stepped: Callable[[], None] | None = None
        self.frame: Frame | None = None
        self.by_hand: ByHand | None = None
        self.on_late: Callable[[Optimizer], None] | None = None
        self._observer: Observer | None = None
        self._on_eval, self._on_steps, self._resting = Hooks(), Hooks(), False
        self._counting: dict[int, RemovableHandle] = {}
        self._inside = FrameHooks(self.names, self._backward_begins, self._backward_ends, self.safely)
        self._model_hook = ModelHook(lambda: self.names.root_ids, self._model_called)
        self._left_over, self._first_batch, self._arrivals = LeftOver(), FirstBatch(), Arrivals()
        self._parameters: list[tuple[str, Tensor]] = []  # every one, when the frame was opened
        self._stepped: list[Optimizer] = []  # in this frame

    def attach(self) -> None:
        """Put the lasting hooks in place and open the first frame."""
        self.groups.turn(self.roots.values())
        for optimizer in self.optimizers:
            self.watch(optimizer)
        if not self.optimizers:
            self.by_hand = ByHand(self._backward_by_hand_over)
            self.by_hand.watch(p for _, p in self.names.refresh())
        self.schedule.begin(self.step)
        self._on_eval.put(eval_mode.listen(self._switched))
        with self.safely():
            self._open()

    def watch(self, optimizer: Optimizer) -> None:
        """Look at this optimizer's steps as well."""
        if self.by_hand is not None:
            self.by_hand = self.by_hand.remove()
        if optimizer not in self.optimizers:
            self.optimizers.append(optimizer)
            self.schedule.turned(self.step)
            self.history.turned(self.step)
        self._counting[id(optimizer)] = optimizer.register_step_post_hook(self._after_step)
        if self.frame is not None:
            self._on_steps.put(optimizer.register_step_pre_hook(self._before_step))

    def replace(self, old: Optimizer, new: Optimizer) -> None:
        """A new optimizer takes the place of one with the same parameters: no turn, if all else is as before."""
        self.history.evidence.remakes(stateful=gathered(old))
        self.rounds.replaced(old, new)
        self.release(old)
        if not self.groups.turn(self.roots.values()):
            self.optimizers.append(new)
        self.watch(new)

    def release(self, optimizer: Optimizer) -> None:
        """Look at this optimizer's steps no longer."""
        self.optimizers = [o for o in self.optimizers if o is not optimizer]
        self._counting.pop(id(optimizer)).remove()

    def add(self, prefix: str, root: nn.Module) -> None:
        """Look into this model as well."""
        self.roots[prefix] = root
        self.names.refresh()
        self.compiled = sorted(compiled(self.roots))
        self._await_calls(True)

    def remove(self, models: Sequence[nn.Module]) -> None:
        """Look into these models no longer."""
        for prefix in [name for name, root in self.roots.items() if any(root is m for m in models)]:
            del self.roots[prefix]

    def detach(self) -> None:
        """Take every hook away; what a frame has seen so far is kept."""
        with self.safely():
            self._count()
            self._close()
        self._await_calls(False)
        for hooks in (self._inside, self._on_steps, self._on_eval, *self._counting.values(), self.by_hand):
            if hooks is not None:
                hooks.remove()
        self._counting.clear()

    def hide(self, by: str) -> None:
        """Look inside no longer; gradients, weights and updates are still measured."""
        self.compiled = sorted({*self.compiled, by})
        self._inside.remove()
        self._await_calls(False)

    def forget(self) -> None:
        """Let go of models and optimizers; what was seen is kept."""
        self.roots.clear()
        self.optimizers, self.by_hand, self._parameters = [], None, []
        self.names.refresh()

    def rest(self) -> None:
        """See nothing until `wake`; a frame that is being filled waits."""
        self._resting = True
        self._inside.remove()
        self._on_steps.remove()

    def wake(self) -> None:
        """Go on where `rest` stopped."""
        self._resting = False
        if self.frame is not None:
            with self.safely():
                self._look_inside()

    def safely(self) -> Safely:
        """What is inside counts as looking, and no failure of it reaches the user's loop."""
        return Safely(self.spent, self._fail)

    def _fail(self, failure: Exception) -> None:
        """Stop watching; the user's loop goes on."""
        self.failure = failure
        self._forget_frame()
        self._inside.remove()

    def _count(self) -> None:
        """What every optimizer did, as evidence."""
        evidence, counts = self.history.evidence, self.rounds.counts
        evidence.optimizers = seen(self._holders(), counts if self.by_hand is None else {id(self.by_hand): self.step})
        evidence.changed = self._arrivals.changed()
        evidence.uncalled = sorted(set(self.roots) - evidence.called)

    def _open(self, evaluation: bool = False) -> None:
        self.frame, self.schedule.wake_at = Frame(self.step, is_evaluation=evaluation), 0
        self._model_hook.looking = True
        self._await_calls(True)
        self._parameters = self.names.refresh()
        self._stepped = []
        self._arrivals.forget()
        history, pictures = self.history, self.history.wants_picture()
        self.groups.begin()
        detail = history.wants_detail() or self.schedule.clock.unbounded
        self._observer = Observer(self.frame, self.names, history.counts, pictures, detail, self.safely)
        self._look_inside()

    def _close(self) -> bool:
        """Keep the frame; whether what is known by now asks for a closer look."""
        frame, observer = self.frame, self._observer
        if frame is None or observer is None:
            return False
        self._inside.remove()
        self._on_steps.remove()
        targets, holders, every = observer.targets, self._holders(), self._parameters
        held = held_by(holders)
        frame.unowned = observer.strangers.reached(held)
        observer.close(held)
        self._forget_frame()
        frame.learning_rates, frame.outside, self._parameters = learning_rates(holders), outside(every, holders), []
        self.history.evidence.backwards += frame.backwards
        self._first_batch.replay(frame, bool(self.compiled), targets)
        frame.groups = self.groups.read(self._stepped, self.optimizers)
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
        """Have the hook for calls of the models, or not. Of compiled ones nothing could be seen."""
        self._model_hook.expect(expected and not self.compiled)

    def _switched(self, model: nn.Module) -> None:
        """A model is in eval mode now, which foretells an evaluation."""
        waits = self.frame is None and self.failure is None and threading.get_ident() == self.schedule.clock.thread
        if waits and id(model) in self.names.root_ids and self.schedule.foretold(self.step):
            self._await_calls(True)

    def _model_called(self, root: nn.Module, args: Args, kwargs: Kwargs) -> None:
        """Note a call with gradients in the frame; one without may open a frame of its own."""
        if self.failure is not None or self._resting or is_apart():
            return
        given = (*args, *kwargs.values())
        if not torch.is_grad_enabled():
            with self.safely():
                self._evaluated(given, training=root.training)
            return
        if self.frame is not None and self.frame.is_evaluation:
            with self.safely():
                self._close()
        frame, observer = self.frame, self._observer
        if frame is None or observer is None:
            return
        with self.safely():
            if not frame.called_with_grad:
                frame.batch = self.batches.see(given)
            observer.begin(given, self.names.modules.get(id(root), ""))
            self.history.scales.trained(given)
            self.history.evidence.called.add(self.names.modules.get(id(root), ""))
        if not root.training:
            frame.eval_mode.extend(name for name, m in passive(root) if name not in frame.eval_mode)
        frame.called_with_grad = True
        if self.history.from_scratch and self.history.seen < TRIES:
            self._first_batch.called(self.names.modules.get(id(root), ""), root, args, kwargs)

    def _evaluated(self, inputs: Args, *, training: bool) -> None:
        """An evaluation, perhaps; it may open a frame of its own."""
        if self.frame is None and self.schedule.evaluation_due(self.step):
            self._open(evaluation=True)
        if self._observer is not None:
            self._observer.noting.evaluated(inputs, training=training)
        if self._observer is not None and len(self.roots) == 1:
            self.history.scales.evaluated(inputs, made=self._observer.made_some(inputs))

    def _backward_begins(self, tensors: object) -> None:
        """The loss, and whether the gradients of the step before still lie there, untouched."""
        frame, observer = self.frame, self._observer
        if frame is None or observer is None:
            return
        with self.safely():
            loss = first_tensor(tensors)
            frame.backwards += 1
            if loss is not None and loss.numel() == 1:
                observer.reader.add("loss", loss.detach().float().reshape(()))
            observer.backward_begins(loss)
            self._first_batch.backward_begins(loss)
            for optimizer in self._holders():
                if id(optimizer) not in frame.reset and not self._left_over.untouched(optimizer):
                    frame.reset.add(id(optimizer))

    def _backward_ends(self) -> None:
        """Which optimizers have a gradient now; a loop without a step is not looked at for ever."""
        if self.frame is None:
            return
        with self.safely():
            for optimizer in self._holders():
                self._arrivals.note(optimizer)
            self.groups.backward_ended(self.optimizers)
            if self.frame.backwards >= MOST_BACKWARDS:
                self._inside.remove()

    def _holders(self) -> Sequence[Optimizer | ByHand]:
        return self.optimizers if self.by_hand is None else [self.by_hand]

    def _before_step(self, optimizer: Optimizer, args: Args, kwargs: Kwargs) -> None:
        frame, observer = self.frame, self._observer
        if frame is None or observer is None or threading.get_ident() != self.schedule.clock.thread:
            return
        with self.safely():
            if len(args) < 2 and not kwargs:  # no closure, so nothing is left to be seen in the step
                self._inside.functions.withdraw()
            if self.compiled:  # calls are not seen, modes are
                frame.called_with_grad = True
                frame.eval_mode.extend(name for r in self.roots.values() if not r.training for name, _ in passive(r))
            if observer.unscaled:
                self.groups.unscaled()
            self.groups.before_step(optimizer)
            observer.terms.steps(optimizer)
            self._note_update(optimizer, frame, observer.pictures)

    def _note_update(self, holder: Optimizer | ByHand, frame: Frame, pictures: bool) -> None:
        """What is known of the gradients when an update begins."""
        frame.stale |= self._is_stale(holder, frame)
        self.updates.before(holder, frame, pictures)
        frame.cleared |= self._arrivals.cleared(holder)

    def _is_stale(self, holder: Optimizer | ByHand, frame: Frame) -> bool:
        return bool(self._left_over and frame.backwards and id(holder) not in frame.reset)

    def _after_step(self, optimizer: Optimizer, args: object, kwargs: object) -> None:
        """Count the step. Most steps end here, so these few lines are what watching costs them."""
        if threading.get_ident() != self.schedule.clock.thread:
            return
        begins = self.rounds.stepped(optimizer)
        self.step += begins
        schedule, now = self.schedule, time.perf_counter()
        if self.step < schedule.wake_at and now < schedule.late:
            schedule.late = now + schedule.limit
        elif self.failure is None:
            self._end_step(optimizer, now, begins)
            schedule.late = time.perf_counter() + schedule.limit
            if self.on_stepped is not None:
                self.on_stepped()

    def _end_step(self, optimizer: Optimizer, now: float, begins: bool) -> None:
        """Close the frame that is open; open the next one where it is due, else await evaluations where likely."""
        if self.on_late is not None and self.step > LATE and self.rounds.counts[id(optimizer)] == 1:
            self.on_late(optimizer)
        if self.frame is not None:
            self._end_frame(self.frame, optimizer)
        elif begins:
            self.schedule.ended(self.step, now)
        if self.frame is not None or self.failure is not None:
            return
        if self.schedule.due(self.step):
            with self.safely():
                self._open()
                self._left_over.remember(optimizer)
        else:
            self._await_calls(self.schedule.awaits_evaluation(self.step, now, bool(self.compiled)))

    def _end_frame(self, frame: Frame, optimizer: Optimizer) -> None:
        """Measure what the step has changed; the frame is complete when every optimizer has stepped, or one again."""
        worried = None
        with self.safely():
            self.updates.after(frame)
            again = optimizer in self._stepped
            self._stepped.append(optimizer)
            if again or self.rounds.complete(self._stepped, self.optimizers):
                worried = self._close()
            elif not self.compiled and not self._resting:
                self._inside.functions.insert()
        if worried is not None and not frame.is_evaluation:
            self.schedule.looked(frame.step, worried)  # now that the time of the whole look is known

    def first_loss(self, loss: Tensor) -> None:
        """A loss that was computed before the first frame was opened: a cross-entropy still knows its logits."""
        if self._observer is not None:
            with self.safely():
                losses.recall(self._observer, loss)

    def _backward_by_hand_over(self) -> None:
        """A backward is over: so are the update before it and the forward pass, and the next update begins."""
        hand, frame = self.by_hand, self.frame
        if hand is None or self._resting or self.failure is not None:
            return
        worried = None
        with self.safely():
            if frame is not None and not frame.is_evaluation:
                hand.end_update(self.updates, frame, self._is_stale(hand, frame))
                worried = self._close()
            self.step += 1
            if worried is not None and frame is not None:
                self.schedule.looked(frame.step, worried)
            if self.frame is None and self.schedule.due(self.step):
                self._open()
                self._left_over.remember(hand)
                self.updates.before(hand, self.frame or Frame(self.step), self.history.wants_picture())
        if worried is not None and self.on_stepped is not None:
            self.on_stepped()
