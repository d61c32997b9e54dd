"""An update: what one optimizer step did to every parameter, measured and not computed from the learning rate."""

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from moreish.doctor.frame import Frame
from moreish.doctor.measure import Reader, histogram, sample
from moreish.doctor.observe import Names

KEPT = 1 << 12  # elements of a weight that are remembered from the start, to see how far it has travelled
MOST = 1 << 18  # elements of a weight that are compared before and after a step
SMALLEST = 1e-30


def rms(x: Tensor) -> Tensor:
    """Root of the mean square, without a dimension."""
    return torch.linalg.vector_norm(x) / math.sqrt(max(x.numel(), 1))


class Updates:
    """Gradients before, weights before and after each step of an optimizer, by parameter name.

    Quantities, under "net.1.weight/...": std, rms, grad_mean, grad_std, grad_rms, grad_nonfinite; update_std,
    update_rms, `changed` (the largest change of an element); `travel`, rms distance from the first weights seen
    over their std; `units_alike` and `gradients_alike`, the smallest cosine between two units' rows.
    """

    def __init__(self, names: Names) -> None:
        self.names = names
        self.started: dict[str, Tensor] = {}
        self.scales: dict[str, Tensor] = {}
        self.first: dict[str, tuple[int, float]] = {}
        self._before: list[tuple[str, Tensor, Tensor]] = []
        self._reader = Reader()

    def known(self, optimizer: Optimizer) -> list[tuple[str, Tensor]]:
        """Parameters of the optimizer with their names; what no watched module owns is called `param K`."""
        every = [p for group in optimizer.param_groups for p in group["params"]]
        return [(self.names.parameters.get(id(p), f"param {k}"), p) for k, p in enumerate(every)]

    def before(self, optimizer: Optimizer, frame: Frame, pictures: bool) -> None:
        """Gradients and weights as they are when the step begins."""
        self._reader, self._before = Reader(), []
        none = frame.facts.setdefault("grad_none", set())
        for name, p in self.known(optimizer):
            if p.grad is None:
                if p.requires_grad:
                    none.add(name)
                continue
            self._gradient(name, p, p.grad)
            self._weight(name, p)
            if pictures and p.dim() > 1:
                frame.histograms[f"{name}/gradient"] = histogram(p.grad)
                frame.histograms[f"{name}/weight"] = histogram(p)
            self._before.append((name, p, sample(p, MOST).clone()))
            frame.facts.setdefault("shapes", {})[name] = tuple(p.shape)
        frame.values.update(self._reader.read())
        frame.values["grad_norm"] = self._norm(frame)
        frame.facts.setdefault("stepped", set()).update(name for name, _ in self.known(optimizer))

    def after(self, frame: Frame) -> None:
        """Weights when the step is done."""
        add = self._reader.add
        for name, p, before in self._before:
            change = sample(p, MOST) - before
            add(f"{name}/update_rms", rms(change))
            add(f"{name}/changed", change.abs().amax())
            if p.dim() > 1:
                add(f"{name}/update_std", change.std() if change.numel() > 1 else change.new_zeros(()))
        values = frame.values
        values.update(self._reader.read())
        for name, p, _ in self._before:
            if p.dim() > 1:
                std = max(values[f"{name}/std"], SMALLEST)
                values[f"{name}/update_ratio"] = math.log10(max(values[f"{name}/update_std"] / std, SMALLEST))
                values[f"{name}/grad_data"] = values[f"{name}/grad_std"] / std
        self._before = []

    def _norm(self, frame: Frame) -> float:
        """Norm of the gradient of all parameters seen in this frame."""
        known = {name: math.prod(shape) for name, shape in frame.facts.get("shapes", {}).items()}
        return math.sqrt(sum(n * frame.values.get(f"{name}/grad_rms", 0.0) ** 2 for name, n in known.items()))

    def _gradient(self, name: str, p: Tensor, grad: Tensor) -> None:
        if p.dim() > 1:
            self._reader.moments(f"{name}/grad_", grad)
        else:
            flat = sample(grad)
            self._reader.add(f"{name}/grad_rms", rms(flat))

    def _weight(self, name: str, p: Tensor) -> None:
        if p.dim() < 2:
            self._reader.add(f"{name}/rms", rms(sample(p)))
            return
        self._reader.moments(f"{name}/", p)
        now = sample(p, KEPT)
        if name not in self.started:
            self.started[name] = now.clone()
            self.scales[name] = (now.std() if len(now) > 1 else now.abs().mean()).clamp(min=SMALLEST)
            self._alike(name, p)
        elif len(self.started[name]) == len(now):
            self._reader.add(f"{name}/travel", rms(now - self.started[name]) / self.scales[name])

    def _alike(self, name: str, p: Tensor) -> None:
        """Smallest cosine between the first unit's row and another's, of the weights and of their gradients."""
        if p.shape[0] < 2 or p.grad is None or p.grad.is_sparse:
            return
        for kind, x in (("units", p.detach()), ("gradients", p.grad.detach())):
            rows = x.reshape(len(x), -1)[:256].float()
            if rows.shape[1] < 2:
                return
            largest = rows.norm(dim=1).argmax()
            alike = torch.cosine_similarity(rows, rows[largest][None], dim=1)
            still = rows.norm(dim=1) == 0
            self._reader.add(f"{name}/{kind}_alike", torch.where(still, 1.0, alike).amin())
            self._reader.add(f"{name}/{kind}_still", still.float().mean())


def learning_rates(optimizers: list[Optimizer]) -> list[float]:
    """The largest learning rate of each optimizer's groups."""
    return [max((float(g.get("lr", 0.0)) for g in o.param_groups), default=0.0) for o in optimizers]


def outside(names: Names, optimizers: list[Optimizer]) -> list[tuple[str, nn.Parameter]]:
    """Parameters that want a gradient and that no optimizer holds."""
    held = {id(p) for o in optimizers for group in o.param_groups for p in group["params"]}
    every: dict[int, tuple[str, nn.Parameter]] = {}
    for prefix, root in names.roots.items():
        for name, p in root.named_parameters(prefix=prefix):
            every.setdefault(id(p), (name, p))
    return [(name, p) for name, p in every.values() if p.requires_grad and id(p) not in held]


def state_is_empty(optimizers: list[Any]) -> bool:
    """Whether no optimizer has stepped before: a resumed run is not a start."""
    return all(not optimizer.state for optimizer in optimizers)
