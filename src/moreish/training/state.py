"""All that training changes, and how it is taken apart into numbers and tensors and put together again."""

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import msgspec
import numpy as np
import torch
from torch import Tensor, nn

from moreish.errors import Damaged
from moreish.models.net import Net
from moreish.runs.events import FindingFields
from moreish.runs.schema import Count, Seconds, Share, checked
from moreish.training.loss_mean import LossMean
from moreish.training.options import TrainOptions

Tensors = Mapping[str, np.ndarray]

BEST, AVERAGE = "best/", "average/"  # prefixes beside the optimizer's memory, whose names begin with a parameter's


class Numbers(msgspec.Struct, frozen=True):
    """`TrainState.numbers` as they come back from a file."""

    step: Count
    progress: Share
    pace: Share
    best: float | None
    best_step: Count
    stale: Count
    seconds: Seconds
    evaluated: Share
    evaluating: Seconds
    evaluation: Seconds
    findings: list[FindingFields] = []
    losses: list[tuple[float | None, Count]] = []


@dataclass
class TrainState:
    """What a step or an evaluation changes.

    progress : from 0 to 1, by `pace` a step; a time budget adjusts the pace
    seconds : of training, evaluations included; `evaluating` is their share, `evaluation` the last one's
    lr_factor : by which somebody has multiplied the learning rate of the schedule
    evaluation_due : whether val is evaluated before the next step
    stood_still : seconds, since the clock was last asked, in which somebody let it stand still
    most_threads : as many threads as a step of a time budget may have, where nothing else trains beside it
    best_tensors : the model when it was best on val, empty before the first evaluation
    average : running average of the model (`options.ema`), empty without
    findings : what a doctor has found so far (`options.doctor`)
    loss_mean : losses that no record has told yet
    """

    model: Net
    optimizer: torch.optim.Optimizer
    options: TrainOptions
    seed: int
    step: int = 0
    progress: float = 0.0
    pace: float = 0.0
    best: float = math.inf
    best_step: int = 0
    stale: int = 0
    seconds: float = 0.0
    evaluated: float = 0.0
    evaluating: float = 0.0
    evaluation: float = 0.0
    evaluation_due: bool = False
    lr_factor: float = 1.0
    stood_still: float = 0.0
    most_threads: int = 1
    best_tensors: dict[str, Tensor] = field(default_factory=dict)
    average: dict[str, Tensor] = field(default_factory=dict)
    findings: list[FindingFields] = field(default_factory=list)
    loss_mean: LossMean = field(default_factory=LossMean)

    NUMBERS = (
        "step", "progress", "pace", "best", "best_step", "stale", "seconds", "evaluated", "evaluating", "evaluation"
    )  # fmt: skip

    def numbers(self) -> dict[str, object]:
        """The part of the state that is plain JSON; infinity as null."""
        values = {name: getattr(self, name) for name in self.NUMBERS}
        plain = {k: None if isinstance(v, float) and math.isinf(v) else v for k, v in values.items()}
        if self.lr_factor != 1.0:
            plain["lr_factor"] = self.lr_factor
        if untold := self.loss_mean.plain():
            plain["losses"] = untold
        return plain | ({"findings": msgspec.to_builtins(self.findings)} if self.findings else {})

    def memory(self) -> dict[str, np.ndarray]:
        """What the optimizer remembers, by the parameter's name, the best model so far, and the running average."""
        names = {id(p): name for name, p in self.model.named_parameters()}
        found = {
            f"{names[id(p)]}/{key}": value
            for p, memory in self.optimizer.state.items()
            for key, value in memory.items()
            if isinstance(value, Tensor)
        }
        found |= {BEST + name: p for name, p in self.best_tensors.items()}
        found |= {AVERAGE + name: p for name, p in self.average.items()}
        return {name: value.detach().cpu().numpy().copy() for name, value in found.items()}

    def restore(self, numbers: Mapping[str, object], memory: Tensors) -> None:
        """Go on from `numbers()` and `memory()`; the model already has its parameters.

        Raises Damaged, with the field or the tensor, where they are not those of a training with these options.
        """
        right = checked(numbers, Numbers, "the state of the training")
        self._check_numbers(right)
        self.loss_mean.restore(right.losses)
        for name in self.NUMBERS:
            setattr(self, name, math.inf if numbers[name] is None else numbers[name])
        factor = numbers.get("lr_factor", 1.0)
        self.lr_factor = float(factor) if isinstance(factor, int | float) else 1.0
        self.findings = msgspec.convert(numbers.get("findings", []), list[FindingFields])
        parameters = dict(self.model.named_parameters())
        device = next(self.model.parameters()).device
        self.best_tensors, self.average = {}, {}
        self.optimizer.state.clear()
        self._check_memory(memory)
        for name, array in memory.items():
            value = torch.from_numpy(array.copy())
            if name.startswith(BEST):
                self.best_tensors[name.removeprefix(BEST)] = value
            elif name.startswith(AVERAGE):
                self.average[name.removeprefix(AVERAGE)] = value.to(device)
            else:
                parameter, _, slot = name.rpartition("/")
                p = parameters[parameter]
                self.optimizer.state[p][slot] = value.to(p.device)

    def _check_numbers(self, numbers: Numbers) -> None:
        """A training by steps must come to its end, so how far it is follows from the step."""
        steps = self.options.steps
        if self.options.time_budget is not None:
            return
        right = numbers.pace == (1 / steps if steps else 0.0)
        right &= numbers.progress == (min(1.0, numbers.step * numbers.pace) if steps else 1.0)
        if not right or numbers.step > steps:
            raise Damaged(
                f"the state of the training is damaged: after {numbers.step} of {steps} steps its progress is not "
                f"{numbers.progress:g}, nor its pace {numbers.pace:g}"
            )

    def _check_memory(self, memory: Tensors) -> None:
        """Every tensor there must be, and no other, each of its shape and type."""
        expected: dict[str, tuple[tuple[int, ...], str]] = {}
        if self.step:
            for name, p in self.model.named_parameters():
                slots = {slot: (tuple(p.shape), _dtype(p)) for slot in _slots(self.options)}
                if self.options.optimizer == "adamw":
                    slots["step"] = (), "float32"
                expected |= {f"{name}/{slot}": what for slot, what in slots.items()}
        own = {name: (tuple(p.shape), _dtype(p)) for name, p in self.model.state_dict().items()}
        if not math.isinf(self.best):
            expected |= {BEST + name: what for name, what in own.items()}
        if self.options.ema and self.step:
            expected |= {AVERAGE + name: what for name, what in own.items()}
        found = {name: (array.shape, array.dtype.name) for name, array in memory.items()}
        for name in sorted(expected.keys() | found.keys()):
            if found.get(name) != expected.get(name):
                words = [
                    "nothing" if each is None else f"{each[1]} {list(each[0])}"
                    for each in (expected.get(name), found.get(name))
                ]
                raise Damaged(f'the memory of the training is damaged: "{name}" is {words[1]} instead of {words[0]}')

    @torch.no_grad()
    def take_average(self) -> None:
        """average <- average + (1 - ema) (model - average), the exponential moving average of Polyak's idea.

        Early on it forgets faster, by (1 + step) / (10 + step), so that the first random parameters do not linger, as
        TensorFlow's ExponentialMovingAverage does. Running statistics of a BatchNorm are averaged like parameters,
        whole numbers are copied.
        """
        if not self.average:
            self.average = copied(self.model)
            return
        keep = min(self.options.ema, (1 + self.step) / (10 + self.step))
        for name, value in self.model.state_dict().items():
            mean = self.average[name]
            if mean.is_floating_point():
                mean.lerp_(value, 1 - keep)
            else:
                mean.copy_(value)

    @contextmanager
    def averaged(self) -> Iterator[None]:
        """The model is the running average inside, where there is one, and itself again afterwards."""
        if not self.average:
            yield
            return
        own = copied(self.model)
        self.model.load_state_dict(self.average)
        try:
            yield
        finally:
            self.model.load_state_dict(own)


def _slots(options: TrainOptions) -> tuple[str, ...]:
    """What the optimizer remembers of each parameter, in the parameter's shape."""
    if options.optimizer == "adamw":
        return "exp_avg", "exp_avg_sq"
    return ("momentum_buffer",) if options.momentum else ()


def _dtype(tensor: Tensor) -> str:
    return str(tensor.dtype).removeprefix("torch.")


def copied(model: nn.Module) -> dict[str, Tensor]:
    """The model's parameters and buffers as they are now."""
    return {name: value.detach().clone() for name, value in model.state_dict().items()}
