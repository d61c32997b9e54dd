"""The probe: attaches to a model and its optimizers, takes frames of some of the steps, and leaves without trace."""

import math
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import nn
from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook
from torch.optim import Optimizer

from moreish.doctor.frames.frame import Frame
from moreish.doctor.frames.history import History
from moreish.doctor.frames.operations import first_tensor
from moreish.doctor.watch import replay
from moreish.doctor.watch.clock import Clock, Spent
from moreish.doctor.watch.forecast import EvaluationForecast
from moreish.doctor.watch.function_mode import FunctionMode
from moreish.doctor.watch.guard import Safely, compiled, in_backward, passive
from moreish.doctor.watch.names import Names
from moreish.doctor.watch.observer import Observer
from moreish.doctor.watch.root_hook import RootHook
from moreish.doctor.watch.updates import Updates, learning_rates, outside

FIRST_EVALUATIONS = 3  # that are looked at in any case
BRIEF = 10e-3  # seconds of a step below which a hook on a model is there only when an evaluation is likely
SETTLING = 200  # steps that have it in any case
EVALUATIONS = 20  # losses of one evaluation that are looked at


class Probe:
    """Takes frames. Only one hook on each optimizer is there all the time, which counts steps, and one on each root,
    which sees evaluations; where steps are short, that one is there when an evaluation is likely.

    Everything else (the mode of functions, global module hooks, what sees a step begin) is put in place when a frame
    is opened and taken away when it is closed, so that a step which is not looked at costs next to nothing. Modules
    are never changed: the hooks that see their insides are torch's global ones. A failure of the probe ends the
    watching and is kept in `failure`; it never reaches the user's loop.
    """

    def __init__(
        self,
        roots: dict[str, nn.Module],
        optimizers: Sequence[Optimizer],
        budget: float,
        on_frame: Callable[[], bool],
    ) -> None:
        self.roots, self.optimizers = roots, list(optimizers)
        self._root_ids = {id(root) for root in roots.values()}
        self.on_frame = on_frame
        self.names = Names(roots)
        self.updates = Updates(self.names)
        self.forecast = EvaluationForecast()
        self.history = History()
        self.clock = Clock(budget)
        self.spent = Spent(self.clock)
        self.step = 0
        self.compiled = sorted(compiled(roots))
        self.failure: Exception | None = None
        self._functions = FunctionMode(self._backward_begins, self._called)
        self.frame: Frame | None = None
        self._every: list[tuple[str, nn.Parameter]] = []
        self._observer: Observer | None = None
        self._handles: list[Any] = []
        self._root_handles: list[Any] = []
        self._frame_handles: list[Any] = []
        self._step_handles: list[Any] = []
        self._resting = False
        self._awake = 0  # the step before which there is nothing to do while no frame is open
        self._late = math.inf  # the time at which the step being made has taken too long to be an ordinary one
        self._settled = SETTLING  # the step from which a short one has no hook on the model
        self._stepped: list[Optimizer] = []
        self._versions: dict[int, tuple[int, int]] = {}
        self._looked: int | None = None
        self._worried = False
        self._evaluations = 0
        self._first_call: tuple[nn.Module, tuple[Any, ...], dict[str, Any]] | None = None
        self._by_hand: set[str] = set()  # functions with a backward of their own in the graph of the first loss

    def attach(self) -> None:
        """Put the lasting hooks in place and open the first frame."""
        for optimizer in self.optimizers:
            self.watch(optimizer)
        self._settled = self.step + SETTLING
        with self._safely():
            self._open()

    def watch(self, optimizer: Optimizer) -> None:
        """Look at this optimizer's steps as well."""
        if optimizer not in self.optimizers:
            self.optimizers.append(optimizer)
        self._handles.append(optimizer.register_step_post_hook(self._after_step))
        if self.frame is not None:
            self._step_handles.append(optimizer.register_step_pre_hook(self._before_step))

    def add(self, prefix: str, root: nn.Module) -> None:
        """Look into this model as well."""
        self.roots[prefix] = root
        self._root_ids.add(id(root))
        self.names.refresh()
        self.compiled = sorted(compiled(self.roots))
        self._expect(False)
        self._expect(True)

    def detach(self) -> None:
        """Take every hook away; what a frame has seen so far is kept."""
        with self._safely():
            if self.frame is not None:
                self._close()
        self._remove_frame_hooks()
        self._remove_step_hooks()
        self._expect(False)
        for handle in self._handles:
            handle.remove()
        self._handles = []

    def _expect(self, calls: bool) -> None:
        """Put the hooks on the roots, or take them away."""
        if calls and not self._root_handles:
            hook = RootHook(lambda: self.frame is not None, self.root_begins)
            self._root_handles = [
                root.register_forward_pre_hook(hook, with_kwargs=True) for root in self.roots.values()
            ]
        elif not calls:
            for handle in self._root_handles:
                handle.remove()
            self._root_handles = []

    def rest(self) -> None:
        """See nothing until `wake`; a frame that is being filled waits."""
        self._resting = True
        self._remove_frame_hooks()
        self._remove_step_hooks()

    def wake(self) -> None:
        """Go on where `rest` stopped."""
        self._resting = False
        if self.frame is not None:
            with self._safely():
                self._insert_frame_hooks()

    def _safely(self) -> Safely:
        return Safely(self.spent, self.fail)

    def fail(self, failure: Exception) -> None:
        """Stop watching; the user's loop goes on."""
        self.failure = failure
        self.frame = self._observer = None
        self._remove_frame_hooks()  # not those of the optimizers, which may be at work on them just now

    def _open(self) -> None:
        self.frame, self._awake = Frame(self.step), 0
        self._expect(True)
        self._every = self.names.refresh()
        self._stepped = []
        pictures, detail = self.history.wants_picture(), self.history.wants_detail() or self.clock.unbounded
        self._observer = Observer(self.frame, self.names, self.history.counts, pictures, detail, self._safely)
        self._insert_frame_hooks()

    def _insert_functions(self) -> None:
        if not self.compiled and not self._resting:
            self._functions.insert()

    def _insert_frame_hooks(self) -> None:
        if self._resting:
            return
        self._insert_functions()
        self._step_handles = [o.register_step_pre_hook(self._before_step) for o in self.optimizers]
        if not self.compiled:
            self._frame_handles = [
                register_module_forward_pre_hook(self._module_begins),
                register_module_forward_hook(self._module_ends, always_call=True),
            ]

    def _close(self) -> None:
        frame, observer = self.frame, self._observer
        if frame is None or observer is None:
            return
        self._remove_frame_hooks()
        self._remove_step_hooks()
        observer.close()
        self.frame = self._observer = None
        frame.learning_rates = learning_rates(self.optimizers)
        frame.outside, self._every = outside(self._every, self.optimizers), []
        self._looked = None if frame.is_evaluation else frame.step
        self._replay(frame)
        self.history.add(frame)
        self._worried = self.on_frame()

    def _settle(self) -> None:
        """Tell the clock of a frame of the training that was closed, once its time is known."""
        if self._looked is not None:
            self.clock.looked(self._looked, self._worried)
            self._looked = None

    def _replay(self, frame: Frame) -> None:
        """Once, after the first step: ask a copy of the model what cannot be seen from outside."""
        call, self._first_call = self._first_call, None
        if call is None or self.compiled:
            return
        frame.coupling = replay.asked(replay.coupling, *call)
        if self._by_hand:
            frame.wrong_backward = replay.asked(replay.wrong_backward, *call)

    def _remove_frame_hooks(self) -> None:
        self._functions.withdraw()
        for handle in self._frame_handles:
            handle.remove()
        self._frame_handles = []

    def _remove_step_hooks(self) -> None:
        for handle in self._step_handles:
            handle.remove()
        self._step_handles = []

    # What torch calls during a step

    def root_begins(self, root: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """A watched model is called: note its inputs and its mode; an evaluation may open a frame of its own."""
        if self.failure is not None or self._resting or in_backward():
            return
        training = torch.is_grad_enabled()
        if training and self.frame is not None and self.frame.is_evaluation:
            with self._safely():
                self._close()
            self._settle()
        looks = self._evaluations < FIRST_EVALUATIONS or self.clock.due(self.step)
        if not training and self.frame is None and looks:
            self._evaluations += 1
            with self._safely():
                self._open()
                assert self.frame is not None
                self.frame.is_evaluation = True
        frame, observer = self.frame, self._observer
        if frame is None or observer is None:
            return
        if training:
            with self._safely():
                observer.begin((*args, *kwargs.values()))
            if not root.training:
                frame.eval_mode.extend(name for name, m in passive(root) if name not in frame.eval_mode)
            frame.called_with_grad = True
            if frame.step == 0 and self._first_call is None and not self.history.seen:
                self._first_call = (root, args, kwargs)

    def _module_begins(self, module: nn.Module, args: Any) -> None:
        observer = self._observer
        if observer is None or id(module) not in self.names.modules or in_backward():
            return
        if id(module) in self._root_ids:
            observer.stack.clear()
        observer.stack.append(module)

    def _module_ends(self, module: nn.Module, args: Any, output: Any) -> None:
        observer = self._observer
        if observer is None or module not in observer.stack or in_backward():
            return
        while observer.stack.pop() is not module:
            pass
        observer.grad = torch.is_grad_enabled()
        if observer.unseen(module, output):
            with self._safely():
                observer.module_output(module, output)

    def _called(self, op: str, kind: str, args: tuple[Any, ...], kwargs: dict[str, Any], result: Any) -> None:
        observer = self._observer
        if observer is None or in_backward() or (kind == "view" and observer.passed(args, result)):
            return
        observer.grad = torch.is_grad_enabled()
        with self._safely():
            observer.call(op, kind, args, kwargs, result)
            if len(observer.frame.evaluations) >= EVALUATIONS:
                self._functions.withdraw()

    def _backward_begins(self, tensors: Any) -> None:
        """The loss, and whether the gradients of the step before still lie there, untouched."""
        frame, observer = self.frame, self._observer
        if frame is None or observer is None:
            return
        with self._safely():
            loss = first_tensor(tensors)
            frame.backwards += 1
            if loss is not None and loss.numel() == 1:
                observer.reader.add("loss", loss.detach().float().reshape(()))
            if self._first_call is not None:
                self._by_hand |= replay.written_by_hand(loss)
            for optimizer in self.optimizers:
                if id(optimizer) not in frame.reset and not self._untouched(optimizer):
                    frame.reset.add(id(optimizer))

    def _untouched(self, optimizer: Optimizer) -> bool:
        """Whether any gradient is still exactly the one of the optimizer's last step."""
        return any(
            p.grad is not None
            and self._versions.get(id(p)) == (id(p.grad), p.grad._version)
            and bool(p.grad.any())  # zeroed behind the version counter's back: p.grad.data.zero_()
            for group in optimizer.param_groups
            for p in group["params"]
        )

    def _before_step(self, optimizer: Optimizer, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        frame, observer = self.frame, self._observer
        if frame is None or observer is None:
            return
        with self._safely():
            if len(args) < 2 and not kwargs:  # no closure, so nothing is left to be seen in the step
                self._functions.withdraw()
            if self._versions and frame.backwards and id(optimizer) not in frame.reset:
                frame.stale = True
            self.updates.before(optimizer, frame, observer.pictures)

    def _after_step(self, optimizer: Optimizer, args: Any, kwargs: Any) -> None:
        """Count the step. Most steps end here, so these few lines are what watching costs them."""
        if optimizer is self.optimizers[0]:  # with several optimizers, a step of the run is one of the first
            self.step += 1
        now = time.perf_counter()
        if self.step < self._awake and now < self._late:
            self._late = now + self.forecast.limit
        elif self.failure is None:
            self._awaken(optimizer, now)
            self._late = time.perf_counter() + self.forecast.limit

    def _awaken(self, optimizer: Optimizer, now: float) -> None:
        """Close the frame that is open, open the next one where it is due, expect evaluations where likely."""
        if self.frame is None and now >= self._late and optimizer is self.optimizers[0]:
            self.forecast.paused(self.step - 1)
        if self.frame is not None:
            with self._safely():
                self.updates.after(self.frame)
                again = optimizer in self._stepped
                self._stepped.append(optimizer)
                if again or len(self._stepped) >= len(self.optimizers):
                    self._close()
                else:
                    self._insert_functions()
            self._settle()
        if self.frame is None and self.failure is None:
            if self.clock.due(self.step):
                with self._safely():
                    self._open()
                    self._remember(optimizer)
            else:
                self.forecast.reached(self.step, now)
                self._awake = min(self.clock.asleep, self._expect_evaluations())

    def _expect_evaluations(self) -> int:
        """Hook up the models if an evaluation may come now; the step at which to ask again."""
        step = self.step
        if self.compiled or step < self._settled:
            expected, until = True, sys.maxsize if self.compiled else self._settled
        elif self.forecast.ordinary > BRIEF:
            expected, until = True, step + SETTLING
        else:
            expected = self.forecast.likely(step)
            until = step + 1 if expected else self.forecast.next(step)
        if expected is not bool(self._root_handles):
            self._expect(expected)
        return until

    def _remember(self, optimizer: Optimizer) -> None:
        """Which gradients lie there now, by identity and version: to see later that nobody has reset them."""
        self._versions = {
            id(p): (id(p.grad), p.grad._version)
            for group in optimizer.param_groups
            for p in group["params"]
            if p.grad is not None
        }
