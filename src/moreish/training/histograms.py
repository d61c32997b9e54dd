"""How each layer's numbers lie at one step: activations, their gradients, weights, weight gradients, updates.

Hooks stand only while a step is looked at. What is looked at is a sample of each tensor, evenly spread, so that a
look at a dozen layers costs about a millisecond whatever their size; the results are no part of what is learned.
"""

import math
import time
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from moreish.doctor.frames import saturation
from moreish.runs.events import HistogramFields, LayerHistograms

BINS = 64
SAMPLE = 2048  # values that are counted of one tensor
MOST_LAYERS = 24
MOST_CALLS = 16  # of one layer in one step, as a cell has one for every symbol
SPACING = 0.08  # seconds between two looks at least
SHARE = 0.04  # of this thread's time on the processor that looking may take, however busy the machine is
SHOWN = 4  # significant digits
SKIPPED = (nn.Dropout, nn.Identity)


class Histograms:
    """Looks at some of the steps of a network."""

    def __init__(self, model: nn.Module, optimizer: Optimizer) -> None:
        self.model, self.optimizer = model, optimizer
        self.cost = 0.0  # seconds of the last look, on the processor
        self.calls: dict[str, list[tuple[Tensor, list[Tensor]]]] = {}
        self._types: dict[str, str] = {}
        self._handles: list[torch.utils.hooks.RemovableHandle] = []
        self._before: dict[str, Tensor] = {}
        self._last = self._worked = -math.inf
        self.looking = False  # at the step that is under way

    @property
    def due(self) -> bool:
        """Whether the last look is long enough ago."""
        return time.monotonic() - self._last > SPACING and time.thread_time() - self._worked > self.cost / SHARE

    def begin(self) -> None:
        """Look at the step that comes now."""
        began = time.thread_time()
        self.calls, self._types, self.looking = {}, {}, True
        for name, module in self.model.named_modules():
            if next(module.children(), None) is None and not isinstance(module, SKIPPED):
                self._handles.append(module.register_forward_hook(self._hook(name)))
        with torch.no_grad():
            self._before = {name: p.detach().clone() for name, p in self.model.named_parameters() if p.dim() > 1}
        self.cost = time.thread_time() - began

    def end(self) -> list[LayerHistograms]:
        """What was seen of it, after its update."""
        began = time.thread_time()
        self.stop_hearing()
        self.looking = False
        parameters: dict[str, Tensor] = dict(self.model.named_parameters())
        names = [name for name in self.calls if not self._inside_another(name)][:MOST_LAYERS]
        found = [self._layer(name, parameters) for name in names]
        self.calls, self._before = {}, {}
        self.cost += time.thread_time() - began
        self._last, self._worked = time.monotonic(), time.thread_time()
        return found

    def stop_hearing(self) -> None:
        """Take every hook away; what was seen is kept until the end of the step."""
        while self._handles:
            self._handles.pop().remove()

    def _inside_another(self, name: str) -> bool:
        return any(name.startswith(f"{other}.") for other in self.calls)

    def _hook(self, name: str) -> Callable[[nn.Module, object, object], None]:
        def called(module: nn.Module, args: object, output: object) -> None:
            y = output[0] if isinstance(output, tuple) else output
            calls = self.calls.setdefault(name, [])
            if not isinstance(y, Tensor) or len(calls) >= MOST_CALLS:
                return
            with torch._C.DisableTorchFunction():  # whoever watches torch's functions sees nothing of this
                gradients: list[Tensor] = []
                if y.requires_grad:
                    y.register_hook(gradients.append)
                calls.append((y.detach(), gradients))
            self._types[name] = described(module)

        return called

    def _layer(self, name: str, parameters: dict[str, Tensor]) -> LayerHistograms:
        with torch._C.DisableTorchFunction(), torch.no_grad():
            outputs = [sampled(y) for y, _ in self.calls[name]]
            gradients = [sampled(g) for _, given in self.calls[name] for g in given]
            y = np.concatenate(outputs) if outputs else np.zeros(0, np.float32)
            op = self._types.get(name, "").partition("(")[0].lower()
            weight = next((w for w in (f"{name}.weight", f"{name}.weight_ih_l0") if w in self._before), None)
            own = None if weight is None else parameters.get(weight)
            return LayerHistograms(
                name=name or "(all)",
                type=self._types.get(name, ""),
                activation=histogram(y, extreme=extreme(op, y)),
                gradient=histogram(np.concatenate(gradients)) if gradients else None,
                weight=None if own is None else histogram(sampled(own)),
                weight_gradient=None if own is None or own.grad is None else histogram(sampled(own.grad)),
                update=None
                if own is None or weight is None
                else updates(sampled(self._before[weight]), sampled(own)),
            )


def described(module: nn.Module) -> str:
    """ "Linear(30, 200)"."""
    weight = getattr(module, "weight", None)
    size = ", ".join(map(str, reversed(weight.shape))) if isinstance(weight, Tensor) else ""
    return f"{type(module).__name__}({size})" if size else type(module).__name__


def sampled(values: Tensor) -> np.ndarray:
    """At most SAMPLE of the values, evenly spread."""
    flat = values.detach().reshape(-1)
    stride = -(-flat.numel() // SAMPLE)
    return flat[::stride].float().cpu().numpy() if stride > 1 else flat.float().cpu().numpy()


def histogram(values: np.ndarray, extreme: float = 0.0) -> HistogramFields | None:
    """BINS equally wide bins from the least to the greatest finite value; None where there is none."""
    finite = np.isfinite(values)
    # In double precision: the distance of two large numbers may not fit float32.
    values = (values if finite.all() else values[finite]).astype(np.float64)
    if not len(values):
        return None
    low, high, mean = float(values.min()), float(values.max()), float(values.mean())
    width = (high - low) / BINS
    if width <= 0 or not math.isfinite(width):
        counts = [len(values)]
    else:
        places = ((values - low) / width).astype(np.intp)
        *counts, greatest = np.bincount(places, minlength=BINS + 1).tolist()  # which stands at the end of the last
        counts[-1] += greatest
    centred = values - mean
    std = math.sqrt(float(centred @ centred) / len(values))
    return HistogramFields(rounded(low), rounded(high), counts, rounded(mean), rounded(std), extreme)


def updates(before: np.ndarray, after: np.ndarray) -> HistogramFields | None:
    """log10 of each update beside the spread of the weights; those that did not move are left out."""
    before, after = before.astype(np.float64), after.astype(np.float64)
    moved = np.abs(after - before)
    spread = float(before.std())
    moved = moved[np.isfinite(moved) & (moved > 0)]
    return histogram(np.log10(moved / spread)) if spread > 0 and len(moved) else None


def extreme(op: str, values: np.ndarray) -> float:
    """The share of an activation's outputs at an end of its range, as the doctor means it."""
    if not len(values):
        return 0.0
    way = saturation.distance(op, torch.from_numpy(values))
    return 0.0 if way is None else round(float((way > saturation.saturation(op)).float().mean()), 4)


def rounded(value: float) -> float:
    """So many digits as a picture needs."""
    return float(f"{value:.{SHOWN}g}")
