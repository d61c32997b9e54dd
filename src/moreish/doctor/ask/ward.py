"""A ward: everything that a program trains, under observation; models and optimizers are found by themselves."""

import functools
import gc
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any, SupportsFloat

import torch
import torch.func
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import ReduceLROnPlateau

from moreish.doctor.ask.loads import Loads
from moreish.doctor.ask.watched import Watched
from moreish.doctor.doctor import Doctor
from moreish.doctor.frames.evidence import Failure
from moreish.doctor.judge.finding import Finding
from moreish.doctor.tell.failures import explained
from moreish.doctor.watch.names import variable_names

MOST_AT_ONCE = 4  # trainings that are watched at the same time; the oldest is then left alone
MOST = 64  # trainings that are watched at all
FREE = 8  # trainings whose models are searched for in any case
FUNCTIONAL = ("grad", "grad_and_value", "vjp", "jacrev")  # of torch.func: they call no backward
SEARCHING = 0.01  # share of the time that may go into finding the models of later optimizers


class Ward:
    """A doctor for each training of a program; it comes with the first optimizer, or with the first backward.

    What has a parameter in common is one training, and so are optimizers that were made before any of them stepped.
    An optimizer that comes later, with models of its own, begins another: a fold, a student, the next of a sweep.
    """

    def __init__(
        self,
        budget: float,
        ignore: Iterable[str],
        on_finding: Callable[[Finding], object] | None = None,
        stop_on: str | None = None,
    ) -> None:
        self.budget, self.ignore = budget, tuple(ignore)
        self.on_finding, self.stop_on = on_finding, stop_on
        self.doctors: list[Doctor] = []
        self.unwatched = 0  # optimizers that came when there were too many already
        self.functional: set[str] = set()  # transforms of torch.func that were used
        self._open: list[Doctor] = []
        self._began = time.perf_counter()
        self._searched = 0.0
        self._backwards = 0
        self._compiles = False
        self._loads = Loads()

    @property
    def doctor(self) -> Doctor | None:
        """The first one; None where nothing was trained."""
        return self.doctors[0] if self.doctors else None

    def watched(self, error: BaseException | None = None) -> Watched:
        """What has come of the program so far, and what ended it."""
        meaning = explained(error) if error is not None else None
        if meaning is not None and self.doctors:
            self.doctors[-1].ended_by(failure_of(error, meaning, self.doctors[-1].steps))
        return Watched(self.doctors, error, self.unwatched, tuple(sorted(self.functional)))

    @contextmanager
    def open(self) -> Iterator[None]:
        """Notice every optimizer that is made meanwhile, and every backward; torch is as before afterwards."""
        with ExitStack() as before:
            for owner, name, ours in self._replacements():
                before.callback(setattr, owner, name, getattr(owner, name))
                setattr(owner, name, ours)
            try:
                yield
            finally:
                before.close()
                if self._open:
                    self._loads.leave(self._open[-1])
                for doctor in self._open:
                    doctor.__exit__()

    def _replacements(self) -> Iterator[tuple[object, str, Callable[..., Any]]]:
        """Functions of torch's that tell us of their calls: whose they are, their names, what stands in for them."""
        make, backward, compile_, seed = Optimizer.__init__, Tensor.backward, torch.compile, torch.manual_seed

        @functools.wraps(make)
        def noticed(optimizer: Optimizer, *args: Any, **kwargs: Any) -> None:
            make(optimizer, *args, **kwargs)
            self.admit(optimizer)

        @functools.wraps(backward)
        def begun(tensor: Tensor, *args: Any, **kwargs: Any) -> Any:
            if not self.doctors:
                self._by_hand(tensor)
            else:
                self._heard(tensor)
            return backward(tensor, *args, **kwargs)

        @functools.wraps(compile_)
        def compiling(*args: Any, **kwargs: Any) -> Any:
            for doctor in self._open:
                doctor.hide("torch.compile")
            self._compiles = True
            return compile_(*args, **kwargs)

        @functools.wraps(seed)
        def seeded(*args: Any, **kwargs: Any) -> Any:
            for doctor in self._open:
                doctor.history.evidence.seeded += 1
            return seed(*args, **kwargs)

        clip, load = nn.utils.clip_grad_norm_, nn.Module.load_state_dict

        @functools.wraps(load)
        def loading(module: nn.Module, state_dict: Mapping[str, Any], *args: Any, **kwargs: Any) -> Any:
            self._loads.loading(module, state_dict, self._open)
            return load(module, state_dict, *args, **kwargs)

        @functools.wraps(clip)
        def clipping(parameters: Tensor | Iterable[Tensor], *args: Any, **kwargs: Any) -> Tensor:
            given = [parameters] if isinstance(parameters, Tensor) else list(parameters)
            for doctor in self._open:
                doctor.clips(nothing=all(p.grad is None for p in given))
            return clip(given, *args, **kwargs)

        yield ReduceLROnPlateau, "step", self._planning(ReduceLROnPlateau.step)
        yield nn.utils, "clip_grad_norm_", clipping
        yield nn.Module, "load_state_dict", loading
        yield Optimizer, "__init__", noticed
        yield Tensor, "backward", begun
        yield torch, "compile", compiling
        yield torch, "manual_seed", seeded
        for name in FUNCTIONAL:
            yield torch.func, name, self._functional(getattr(torch.func, name))

    def _planning(self, plan: Callable[..., None]) -> Callable[..., None]:
        """The step of a scheduler that waits for a plateau, which notes what it was given."""

        @functools.wraps(plan)
        def planning(scheduler: ReduceLROnPlateau, metrics: SupportsFloat, epoch: int | None = None) -> None:
            plan(scheduler, metrics, epoch)
            rate = max(float(group["lr"]) for group in scheduler.optimizer.param_groups)
            for doctor in self._open:
                if doctor.shares(scheduler.optimizer, ()):
                    given = doctor.steps, float(metrics), rate
                    doctor.history.evidence.measured(scheduler, scheduler.mode == "max", given)

        return planning

    def _functional(self, transform: Callable[..., Any]) -> Callable[..., Any]:
        """A transform of torch.func's that notes its name when it is used."""

        @functools.wraps(transform)
        def noted(*args: Any, **kwargs: Any) -> Any:
            self.functional.add(transform.__name__)
            return transform(*args, **kwargs)

        return noted

    def admit(self, optimizer: Optimizer) -> None:
        """Watch an optimizer and the models that own its parameters."""
        if any(doctor.is_in_this_thread and doctor.takes(optimizer) for doctor in self._open):
            return
        late = len(self.doctors) >= FREE and self._searched > SEARCHING * (time.perf_counter() - self._began)
        if len(self.doctors) >= MOST or late:
            self.unwatched += 1
            return
        models = self._owners(optimizer)
        near = [d for d in self._open if d.is_in_this_thread]
        kin = next((d for d in near if d.shares(optimizer, models) or not d.steps), None)
        if kin is not None:
            for model in models:
                kin.watch_model(model)
            kin.watch(optimizer)
            self._loads.tell(kin)
            return
        self._begin(
            models or variable_names(p for group in optimizer.param_groups for p in group["params"]), optimizer
        )

    def _owners(self, optimizer: Optimizer) -> list[nn.Module]:
        began = time.perf_counter()
        found = owners([p for group in optimizer.param_groups for p in group["params"]])
        self._searched += time.perf_counter() - began
        return found

    def _begin(self, watched: list[nn.Module] | dict[str, Tensor], optimizer: Optimizer | None) -> Doctor:
        doctor = Doctor(
            watched,
            optimizer or (),
            budget=self.budget,
            ignore=self.ignore,
            on_finding=self.on_finding,
            stop_on=self.stop_on,
        )
        doctor.on_late(lambda late: self._split(doctor, late))
        if len(self._open) >= MOST_AT_ONCE:
            done = self._open.pop(0)
            done.__exit__()
            done.discharge()
        if self._compiles:
            doctor.hide("torch.compile")
        self.doctors.append(doctor)
        self._open.append(doctor)
        self._loads.tell(doctor)
        return doctor.__enter__()

    def _split(self, doctor: Doctor, optimizer: Optimizer) -> None:
        """An optimizer that waited until others were long under way, and shares nothing with them, is a training."""
        models = doctor.part(optimizer)
        if models:
            self._begin(models, optimizer).history.from_scratch = True  # but for the one step that was its first

    def _heard(self, loss: Tensor) -> None:
        """Tell a loss to the training that it is of, where only one is watched in this thread.

        Not on an accelerator: there it would have to be waited for. Subclasses of tensors may be anything.
        """
        near = [doctor for doctor in self._open if doctor.is_in_this_thread]
        if len(near) == 1 and type(loss) is Tensor and loss.is_cpu:
            near[0].hears(loss)

    def _by_hand(self, loss: Tensor) -> None:
        """A backward and no optimizer: what it leads to is trained by hand, if anything is."""
        self._backwards += 1
        found = leaves(loss)
        models = owners(found) if any(isinstance(p, nn.Parameter) for p in found) else []
        owned = {id(p) for m in models for p in m.parameters()}
        free = [p for p in found if id(p) not in owned]
        if models and not free:
            self._begin(models, None).first_loss(loss)
        elif found and not models:
            self._begin(variable_names(found), None).first_loss(loss)


def failure_of(error: BaseException | None, meaning: str, step: int) -> Failure:
    """An exception in few words."""
    lines = str(error).splitlines() or [""]
    return Failure(type(error).__name__, lines[0][:200], meaning, step)


def leaves(loss: Tensor) -> list[Tensor]:
    """The leaves that a loss depends on and that want a gradient, in the order in which they are met."""
    waiting, seen = [loss.grad_fn] if loss.grad_fn is not None else [], set()
    found: list[Tensor] = []
    while waiting:
        node = waiting.pop()
        if node in seen:
            continue
        seen.add(node)
        leaf = getattr(node, "variable", None)
        if isinstance(leaf, Tensor):
            found.append(leaf)
        waiting.extend(n for n, _ in reversed(node.next_functions) if n is not None)
    return found[::-1]


def owners(parameters: Iterable[Tensor]) -> list[nn.Module]:
    """The outermost modules alive that own one of these parameters."""
    held = {id(p) for p in parameters}
    modules = [m for m in gc.get_objects() if issubclass(type(m), nn.Module) and "_parameters" in vars(m)]
    found = [m for m in modules if any(id(p) in held for p in m.parameters())]
    inside = {id(part) for m in found for part in m.modules() if part is not m}
    return [m for m in found if id(m) not in inside]
