"""An update: what one optimizer step did to every parameter, measured and not computed from the learning rate."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.optim import Optimizer

from moreish.doctor.frames.frame import Frame
from moreish.doctor.frames.quantities import ALIKE
from moreish.doctor.watch.by_hand import ByHand
from moreish.doctor.watch.measure import Reader, histogram, sample, total_and_spread
from moreish.doctor.watch.names import Names

KEPT = 1 << 12  # elements of a weight that are remembered from the start, to see how far it has travelled
MOST = 1 << 18  # elements of a weight that are compared before and after a step
FEW = 64  # elements of which nothing is said of how they are spread
MOST_LINES, FEWEST = 64, 8  # columns and rows whose lengths are compared, of so many elements at least
SMALLEST = 1e-30
HALF = (torch.float16, torch.bfloat16)
UNMOVED = "/unmoved"


class Updates:
    """Gradients before, weights before and after each step of an optimizer, by parameter name.

    Quantities, under "net.1.weight/...": std, rms, grad_mean, grad_std, grad_rms, grad_nonfinite; update_std,
    update_rms; `travel`, rms distance from the first weights seen over their std; `units_alike` and
    `gradients_alike`, 1 less the largest difference between two units' rows over the largest element.
    """

    def __init__(self, names: Names) -> None:
        self.names = names
        self.started: dict[str, Tensor] = {}
        self.scales: dict[str, float] = {}
        self.equal: set[str] = set()  # weights whose units were all equal when they were last seen
        self._before: list[tuple[str, Tensor, Tensor]] = []
        self._reader = Reader()
        self._gradients: list[Tensor] = []  # of an update by hand
        self._fresh: dict[str, bool] = {}  # of frozen matrices

    @property
    def under_way(self) -> bool:
        """Whether an update has begun whose end is not measured yet."""
        return bool(self._before)

    def rate(self) -> float:
        """The learning rate that the update by hand amounts to: its part against the gradient."""
        along = size = 0.0
        for (_, p, before), grad in zip(self._before, self._gradients, strict=True):
            along -= float((sample(p, MOST) - before) @ grad)
            size += float(grad @ grad)
        return along / size if size > 0 else 0.0

    def forget(self) -> None:
        """The update that has begun is not measured."""
        self._before, self._gradients = [], []

    def known(self, optimizer: Optimizer | ByHand) -> list[tuple[str, Tensor]]:
        """Parameters of the optimizer with their names; what no watched module owns is called `param K`."""
        every = [p for group in optimizer.param_groups for p in group["params"]]
        names = self.names.parameters
        return [(names.get(id(p)) or f"param {k}", p) for k, p in enumerate(every)]

    def before(self, optimizer: Optimizer | ByHand, frame: Frame, pictures: bool) -> None:
        """Gradients and weights as they are when the step begins."""
        self._reader = Reader()
        self.forget()
        known = self.known(optimizer)
        for name, p in known:
            grad = p.grad
            if grad is None:
                if p.requires_grad:
                    frame.without_gradient.add(name)
                else:
                    frame.frozen[name] = p.dim()
                    if p.dim() > 1 and self._is_fresh(name, p):
                        frame.fresh.add(name)
                continue
            matrix = p.dim() > 1
            if matrix:
                self._reader.moments(f"{name}/grad_", grad)
                if pictures:
                    frame.histograms[f"{name}/gradient"] = histogram(grad)
                    frame.histograms[f"{name}/weight"] = histogram(p)
            else:
                self._reader.rms(f"{name}/grad_rms", sample(grad))
            self._weight(name, p, matrix)
            self._before.append((name, p, sample(p, MOST).clone()))
            if isinstance(optimizer, ByHand):
                self._gradients.append(sample(grad, MOST).clone())
            frame.shapes[name] = tuple(p.shape)
        frame.values.update(self._reader.read())
        self.equal = {n for n in frame.shapes if frame.values.get(f"{n}/units_alike", 0.0) > ALIKE}
        frame.values["grad_norm"] = self._norm(frame)
        frame.is_step = True
        frame.stepped.update([name for name, _ in known])

    def after(self, frame: Frame) -> None:
        """Weights when the step is done."""
        values = frame.values
        for name, p, before in self._before:
            change = sample(p, MOST) - before
            self._change(name, p.dim() > 1, change)
            if p.dtype in HALF and p.dim() > 1 and p.grad is not None:
                moved = sample(p.grad, MOST) != 0
                self._reader.share(f"{name}{UNMOVED}", (change == 0) & moved)
        values.update(self._reader.read())
        for key in [k for k in values if k.endswith(UNMOVED)]:
            frame.unmoved[key.removesuffix(UNMOVED)] = values.pop(key)
        for name, p, _ in self._before:
            if p.dim() > 1:
                std = max(values[f"{name}/std"], SMALLEST)
                values[f"{name}/update_ratio"] = math.log10(max(values[f"{name}/update_std"] / std, SMALLEST))
                values[f"{name}/grad_data"] = values[f"{name}/grad_std"] / std
        self.forget()

    def _is_fresh(self, name: str, p: Tensor) -> bool:
        if name not in self._fresh:
            self._fresh[name] = is_fresh(p)
        return self._fresh[name]

    def _change(self, name: str, matrix: bool, change: Tensor) -> None:
        """What a step added to a parameter: root of the mean square, and of a matrix the standard deviation."""
        n = change.numel()
        sums = total_and_spread(change) if matrix and n and change.is_cpu else None
        if sums is not None:
            self._reader.note(f"{name}/update_rms", math.sqrt(sums[1] / n + (sums[0] / n) ** 2))
            self._reader.note(f"{name}/update_std", math.sqrt(sums[1] / max(n - 1, 1)))
            return
        self._reader.rms(f"{name}/update_rms", change)
        if matrix:  # on another device, or not finite
            self._reader.add(f"{name}/update_std", change.std() if n > 1 else change.new_zeros(()))

    def _norm(self, frame: Frame) -> float:
        """Norm of the gradient of all parameters seen in this frame."""
        known = {name: math.prod(shape) for name, shape in frame.shapes.items()}
        return math.sqrt(sum(n * frame.values.get(f"{name}/grad_rms", 0.0) ** 2 for name, n in known.items()))

    def _weight(self, name: str, p: Tensor, matrix: bool) -> None:
        if not matrix:
            self._reader.rms(f"{name}/rms", sample(p))
            return
        self._reader.moments(f"{name}/", p)
        now = sample(p, KEPT)
        started = self.started.get(name)
        if started is None:
            self.started[name] = now.clone()
            self.scales[name] = max(float(now.std() if now.numel() > 1 else now.abs().mean()), SMALLEST)
            self._alike(name, p)
        elif len(started) == len(now):
            self._reader.rms(f"{name}/travel", now - started, self.scales[name])
            if name in self.equal:
                self._alike(name, p)

    def _alike(self, name: str, p: Tensor) -> None:
        """How alike all units are, in their weights and in their gradients, element by element: 1 where equal.

        Asked of every weight once, and again for as long as it is so.
        """
        if p.shape[0] < 2 or p.grad is None or p.grad.is_sparse:
            return
        for kind, x in (("units", p.detach()), ("gradients", p.grad.detach())):
            x = torch.view_as_real(x) if x.is_complex() else x
            rows = x.reshape(len(x), -1)[:256].float()
            largest = rows.abs().amax()
            apart = (rows - rows[:1]).abs().amax()
            alike = torch.where(largest == 0, 1.0, 1 - apart / largest)
            self._reader.add(f"{name}/{kind}_alike", alike)
            if kind == "units":
                self._reader.add(f"{name}/units_still", (rows == 0).all(1).float().mean())


def is_fresh(p: Tensor) -> bool:
    """Whether a matrix is spread as torch draws it: evenly up to 1 / sqrt(inputs or units), or normal with 1.

    What was brought to a spread of 1 by hand has it in every column alike, which chance does not.
    """
    x = sample(p, MOST)
    n = x.numel()
    if n < FEW or not p.is_floating_point():
        return False
    mean, std, end = float(x.mean()), float(x.std()), float(x.abs().max())
    chance = 4 / math.sqrt(n)
    if abs(mean) > chance * std:
        return False
    fan_in = p[0].numel()
    ends = {1 / math.sqrt(k) for k in (fan_in, len(p) / 3, len(p) / 4, len(p)) if k >= 1}
    even = any(0.95 * e < end <= 1.0001 * e and abs(std * math.sqrt(3) / e - 1) < chance for e in ends)
    return even or (abs(std - 1) < chance and 2 < end < 7 and not _standardised(p))


def _standardised(p: Tensor) -> bool:
    """Whether some columns, or rows, are as long as one another to a tenth of what chance leaves."""
    x = p.detach().reshape(len(p), -1)
    for lines in (x[:, :MOST_LINES].T.float(), x[:MOST_LINES].float()):
        count, n = lines.shape
        rms = lines.square().mean(1).sqrt()
        if count > 1 and n >= FEWEST and float(rms.std() / rms.mean()) < 0.1 / math.sqrt(2 * n):
            return True
    return False


def learning_rates(optimizers: Sequence[Optimizer | ByHand]) -> list[float]:
    """The largest learning rate of each optimizer's groups."""
    return [max((float(g.get("lr", 0.0)) for g in o.param_groups), default=0.0) for o in optimizers]


def held_by(optimizers: Sequence[Optimizer | ByHand]) -> set[int]:
    """Identities of the parameters that these optimizers hold."""
    return {id(p) for o in optimizers for group in o.param_groups for p in group["params"]}


def outside(every: list[tuple[str, Tensor]], optimizers: Sequence[Optimizer | ByHand]) -> list[str]:
    """Names of the parameters that have a gradient and that no optimizer holds."""
    held = held_by(optimizers)
    return [name for name, p in every if id(p) not in held and p.requires_grad and p.grad is not None]


def state_is_empty(optimizers: Sequence[Optimizer]) -> bool:
    """Whether no optimizer has stepped before: a resumed run is not a start."""
    return all(not optimizer.state for optimizer in optimizers)
