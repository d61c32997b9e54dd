"""The history: the frames of a run in bounded memory, and the questions that findings ask of it."""

import math
import statistics
from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from moreish.doctor.frames.counts import RunningCounts
from moreish.doctor.frames.evidence import Evidence
from moreish.doctor.frames.frame import Call, Frame, Loss, Shape
from moreish.doctor.frames.loss_curve import LossCurve
from moreish.doctor.frames.made import Assigned, made_in
from moreish.doctor.frames.rows import Rows
from moreish.doctor.frames.scales import Scales
from moreish.doctor.frames.sightings import Sightings

RESTARTED = 1.5  # times what it had fallen to
GROWN = 1.1  # times what the weight of a term was at first
MOST_FRAMES = 1024
MOST_PICTURES = 12
DETAILED = 4
ENOUGH_ROWS, FEWEST_ROWS = 64, 16  # of an evaluation by one loss


class Validation(NamedTuple):
    """What the user told of an evaluation: updates made, mean losses, standard error of their difference."""

    step: int
    val: float
    train: float | None
    error: float = 0.0


class OneBatch(NamedTuple):
    """What training on one batch alone came to: the first and last loss, and its gradient's signal to noise."""

    first: float
    last: float
    signal_to_noise: float | None


class History:
    """Every frame while there are few; later the older half is thinned, so that memory is bounded.

    The structure (calls, losses with their layers) of the first and of the last training frame is kept, of the
    others the numbers and what is exact.
    """

    def __init__(self) -> None:
        self.frames: list[Frame] = []
        self.first: Frame | None = None
        self.layout: Frame | None = None  # the first with layers
        self.last: Frame | None = None
        self.broken: tuple[int | None, Frame] | None = None  # the first frame with NaN, and the step before it
        self.pictures: list[Frame] = []
        self.described: dict[str, str] = {}  # by layer: "Linear(64, 32)"
        self.lines: dict[str, str] = {}  # by layer: the line of code that called it first
        self.assigned: dict[str, Assigned] = {}
        self.evaluations: list[tuple[int, float, float, int]] = []  # step, mean, error, losses that were seen
        self.accuracies: list[tuple[int, float]] = []  # of evaluations that compare a decision with a label
        self.evaluated_by: set[tuple[str, str, int]] = set()  # function, reduction and classes of their losses
        self.evaluated_constants: list[float] = []  # what the best constant for an evaluation's own targets costs
        self._sizes: dict[int, int] = {}  # of evaluations by one loss, by step: rows
        self._parts: dict[int, list[float]] = {}  # of evaluations by several, by step: each loss
        self.validations: list[Validation] = []
        self.counts = RunningCounts()
        self.scales = Scales()
        self.loss_curve = LossCurve()  # of every step, where each backward is seen
        self.seen = 0
        self.from_scratch = True
        self.before: int | None = None  # updates until a trained net was changed: frames count from there
        self.ended = False  # whether the run has come to its end
        self.sightings = Sightings()
        self.one_batch: OneBatch | None = None
        self.evidence = Evidence()

    @property
    def changed(self) -> bool:
        """Whether a net that was trained is looked at from a change on."""
        return self.before is not None

    @property
    def since(self) -> str:
        """What stands behind a first loss or batch, or a number of steps, that is not of the whole training."""
        return " since the net was changed" if self.changed else ""

    @property
    def at_first(self) -> str:
        """When the first frame was, in words."""
        return "right after the net was changed" if self.changed else "at first"

    def at(self, step: int) -> int:
        """The step of a frame as the whole run counts it: what sentences name."""
        return step + (self.before or 0)

    def add(self, frame: Frame) -> None:
        """Keep a frame; the structure of the one before is let go."""
        self._evaluation(frame)
        self.sightings.note(frame)
        if frame.histograms:
            self.pictures.append(frame)
            if len(self.pictures) > MOST_PICTURES:
                del self.pictures[1:-1:2]
        self._describe(frame)
        if not frame.losses and not frame.calls and not frame.is_step:
            return
        self.seen += 1
        if self.first is None:
            self.first = frame
        if self.layout is None and frame.calls:
            self.layout = frame
        if self.last is not None and self.last not in (self.first, self.layout):
            self.last.forget_structure(keep_calls=self.broken is not None and self.broken[1] is self.last)
        self.last = frame
        if self.broken is None and frame.is_broken():
            self.broken = (self.frames[-1].step if self.frames else None, frame)
        self.frames.append(frame)
        if len(self.frames) > MOST_FRAMES:
            half = MOST_FRAMES // 2
            self.frames[1:half] = self.frames[1:half:2]

    def evaluated(self, validation: Validation) -> None:
        """Keep an evaluation; later the older half is thinned."""
        self.validations.append(validation)
        if len(self.validations) > MOST_FRAMES:
            del self.validations[1 : MOST_FRAMES // 2 : 2]

    def weights_grow(self) -> bool:
        """Whether a number by which a term of the loss is multiplied is larger now than at first, as in a warm-up."""
        factors = [f.noted.factors for f in self.training()]
        if len(factors) < 2 or len(factors[0]) != len(factors[-1]):
            return False
        return any(now > GROWN * max(first, 0.0) for first, now in zip(factors[0], factors[-1], strict=True))

    def restarts(self) -> bool:
        """Whether a learning rate has fallen and come back, as warm restarts have it."""
        rates = [f.learning_rates[0] for f in self.training() if f.learning_rates]
        highest, lowest = 0.0, math.inf  # so far, and since then
        for rate in rates:
            if rate > RESTARTED * lowest and highest > RESTARTED * lowest:
                return True
            highest, lowest = (rate, math.inf) if rate >= highest else (highest, min(lowest, rate))
        return False

    def wants_picture(self) -> bool:
        """Histograms are drawn for the first frame and then ever more rarely: frames 1, 4, 16, 64, ..."""
        return self.seen == 0 or (self.seen.bit_count() == 1 and self.seen.bit_length() % 2 == 1 and self.seen > 1)

    def wants_detail(self) -> bool:
        """Moments of activations and of their gradients are measured in the first three frames and every fourth."""
        return self.seen < 3 or self.seen % DETAILED == 0

    def turned(self, step: int) -> None:
        """After so many steps something else is trained: a phase of its own begins."""
        self.evidence.turned = step
        self.loss_curve.begin()
        self.counts.rows = Rows()  # their classes may be others now

    def training(self, last: int | None = None) -> list[Frame]:
        """Frames of whole training steps, oldest first; only the `last` ones if asked."""
        if last is None:
            return [f for f in self.frames if f.is_step]
        return list(islice((f for f in reversed(self.frames) if f.is_step), last))[::-1]

    def series(self, key: str, last: int | None = None) -> list[float]:
        """The values of one quantity, oldest first."""
        if last is None:
            return [f.values[key] for f in self.frames if key in f.values]
        recent = islice((f.values[key] for f in reversed(self.frames) if key in f.values), last)
        return list(recent)[::-1]

    def median(self, key: str, last: int, least: int = 1) -> float | None:
        """Median of the last values of a quantity; None while there are fewer than `least`."""
        values = self.series(key, last)
        return statistics.median(values) if len(values) >= least else None

    def calls(self) -> list[Call]:
        """The layers in execution order, as first seen."""
        frame = self.layout or self.first
        return frame.calls if frame is not None else []

    def layers(self, quantity: str) -> Iterator[tuple[Call, str]]:
        """Each layer once, with the key of one of its quantities."""
        seen = set()
        for call in self.calls():
            if call.layer not in seen:
                seen.add(call.layer)
                yield call, f"{call.layer}/{quantity}"

    def weights(self) -> list[str]:
        """Names of the parameters with two or more dimensions that are trained, in the model's order."""
        shapes: dict[str, Shape] = {}
        for frame in (self.first, self.last):
            shapes |= frame.shapes if frame is not None else {}
        return [name for name, shape in shapes.items() if len(shape) > 1]

    def updated(self) -> list[str]:
        """Names of the parameters whose updates were measured beside their size."""
        keys = dict.fromkeys(key for frame in self.frames for key in frame.values)
        return [key.removesuffix("/update_ratio") for key in keys if key.endswith("/update_ratio")]

    def curve(self, key: str) -> list[tuple[float, float]]:
        """(step, value) of one quantity, oldest first."""
        return [(float(f.step), f.values[key]) for f in self.frames if key in f.values]

    def evaluation_curve(self) -> list[tuple[int, float, float]]:
        """(step, mean loss, its error) of the evaluations that can be compared: by several losses, else by one loss
        of the same many rows each time, whose error is not known: 0 of 64 rows or more, generous of fewer.
        """
        several = [(s, v, e) for s, v, e, n in self.evaluations if n >= 2 and math.isfinite(e)]
        if several:
            best = self._parts.get(min(several, key=lambda c: c[1])[0], [])
            several = [(s, v, _paired(self._parts.get(s, []), best, e)) for s, v, e in several]
        single = [(s, v, 0.0) for s, v, _, n in self.evaluations if n == 1 and math.isfinite(v)]
        if len(several) >= len(single):
            return several
        sizes = {self._sizes.get(s, 0) for s, *_ in single}
        if len(sizes) != 1 or min(sizes) < FEWEST_ROWS:
            return several
        # of few rows the loss wobbles, by about its own size over the root of how many there are
        rows = min(sizes)
        return single if rows >= ENOUGH_ROWS else [(s, v, v / math.sqrt(rows)) for s, v, _ in single]

    def recall(self, step: int, values: dict[str, float]) -> None:
        """A frame of which only the numbers were kept."""
        self.frames.append(Frame(step, values))

    def first_loss(self) -> Loss | None:
        """The first classification loss, if it was seen before the first update of a run that starts from scratch."""
        if not self.from_scratch or self.first is None or self.first.step != 0:
            return None
        values = self.first.values
        return next(
            (x for x in self.first.losses if x.classes > 1 and values.get(f"{x.prefix}log_sum", 0.0) < 0.1), None
        )

    def nll(self) -> list[tuple[int, float]]:
        """(step, cross-entropy) of the first classification loss of every training frame."""
        return [(f.step, f.values["loss.1/nll"]) for f in self.frames if "loss.1/nll" in f.values]

    def losses(self) -> list[tuple[int, float]]:
        """(step, loss on which backward was called)."""
        return [(f.step, f.values["loss"]) for f in self.frames if "loss" in f.values]

    def optimizers(self) -> int:
        """How many optimizers were seen to step."""
        return len({group.optimizer for frame in self.training() for group in frame.groups})

    def step(self) -> int:
        """The last step seen."""
        return self.frames[-1].step if self.frames else 0

    def type_of(self, layer: str) -> str:
        """What a layer is, "Linear(64, 32)"; of a parameter, the module that owns it. Empty if that is not known."""
        return self.described.get(layer) or self.described.get(layer.rpartition(".")[0] or layer, "")

    def line_of(self, layer: str) -> str:
        """The line of code that called a layer first, "train.py:31"; empty if that is not known."""
        return self.lines.get(layer, "")

    def made_in(self, layer: str) -> str:
        """The line of code that made a layer, "train.py:12"; empty if that is not known."""
        return made_in(self.assigned.get(layer) or self.assigned.get(layer.rpartition(".")[0]))

    def _describe(self, frame: Frame) -> None:
        """What the layers are and where they were called, as far as the frame says it."""
        self.described |= frame.described
        self.assigned |= frame.assigned
        for call in frame.calls:
            if call.line:
                self.lines.setdefault(call.layer, call.line)
                self.lines.setdefault(call.module, call.line)
                shape = ", ".join(map(str, frame.shapes.get(call.weight, ())))
                self.described.setdefault(call.layer, f"{call.op}({shape})" if shape else call.op)
        frame.described, frame.assigned = {}, {}

    def _evaluation(self, frame: Frame) -> None:
        if frame.accuracy is not None and len(self.accuracies) < MOST_FRAMES:
            self.accuracies.append((frame.step, frame.accuracy))
        own = [v for e in frame.evaluations if (v := frame.values.get(f"{e.prefix}own_constant")) is not None]
        self.evaluated_constants = [*self.evaluated_constants, *own][-MOST_FRAMES:]
        self.evaluated_by |= {(e.op, e.reduction, e.classes) for e in frame.evaluations}
        values = [frame.values.get(f"{e.prefix}{'nll' if e.classes else 'loss'}") for e in frame.evaluations]
        finite = [v for v in values if v is not None]
        if not finite:
            return
        spread = statistics.stdev(finite) / len(finite) ** 0.5 if len(finite) > 1 else float("inf")
        if len(finite) > 1:
            self._parts[frame.step] = finite
        else:
            self._sizes[frame.step] = frame.evaluations[0].rows
        self.evaluations.append((frame.step, statistics.fmean(finite), spread, len(finite)))
        if len(self.evaluations) > MOST_FRAMES:
            del self.evaluations[1 : MOST_FRAMES // 2 : 2]
            kept = {step for step, *_ in self.evaluations}
            self._parts = {s: p for s, p in self._parts.items() if s in kept}
            self._sizes = {s: n for s, n in self._sizes.items() if s in kept}


def _paired(parts: list[float], best: list[float], error: float) -> float:
    """Standard error of the difference from the best evaluation, where both are by equally many losses in order."""
    if len(parts) != len(best) or len(parts) < 2:
        return error
    return statistics.stdev(p - b for p, b in zip(parts, best, strict=True)) / math.sqrt(len(parts))
