"""Notes of single calls: states that are cut off, probabilities that are normalised again, views that swap axes."""

import sys
import weakref
from collections.abc import Iterable

from torch import Tensor, nn

from moreish.doctor.frames.frame import Call
from moreish.doctor.frames.noted import Flat, Noted, Repeated, State, Swapped
from moreish.doctor.frames.operations import BETWEEN, SHAPED
from moreish.doctor.watch.arguments import Args
from moreish.doctor.watch.copies import Copies

MOST_STATES = 64  # calls of one forward that are asked for what they get of themselves
CUTS = {"detach", "detach_", "data"}


class Noting:
    """Fills the notes of one frame. What a copy of a model gave is followed through later calls."""

    def __init__(self, noted: Noted, copies: Copies, thorough: bool) -> None:
        self.noted, self.copies, self.thorough = noted, copies, thorough
        self._by_copy: dict[int, weakref.ref[Tensor]] = {}
        self._calls: dict[str, int] = {}
        self._asked = 0

    def copy_called(self, module: nn.Module, output: object) -> None:
        """A module of no watched model gave this; of interest where it is a copy of one."""
        model = self.copies.model_of(module)
        if model is not None and isinstance(output, Tensor):
            (self.noted.in_place if output.requires_grad else self.noted.copies).add(model)
            self._by_copy[id(output)] = weakref.ref(output)

    def pass_on(self, given: Iterable[Tensor], result: object) -> None:
        """What is made of a copy's output is so, too."""
        if self._by_copy and any(map(self.is_by_copy, given)):
            for part in result if isinstance(result, tuple | list) else (result,):
                if isinstance(part, Tensor):
                    self._by_copy[id(part)] = weakref.ref(part)

    def is_by_copy(self, x: Tensor) -> bool:
        """Whether a copy of a watched model made this, or what it was made of."""
        known = self._by_copy.get(id(x))
        return known is not None and known() is x

    def call(self, call: Call, tensors: list[Tensor], *, outside: bool) -> None:
        """Note a call of the network with gradients on."""
        again = call.op in ("softmax", "log_softmax", "logsumexp") and self.noted.normalised_again is None
        if again and tensors:
            source = next(call.behind(SHAPED), None)
            if source is not None and source.op == "softmax" and _is_distribution(tensors[0]):
                self.noted.normalised_again = source.layer
        if call.kind == "flat" and self.noted.flat is None:
            layer = next((c.layer for c in call.behind(BETWEEN) if c.layer), "")
            self.noted.flat = Flat(layer, call.op)
        if self.thorough and call.weights and call.kind in ("linear", "recurrent"):
            self._state(call)
        if outside and call.kind == "subtract":
            self.met(call.sources, tensors)

    def without_grad(self, weights: list[str]) -> None:
        """Weights work while gradients are off: perhaps because a checkpoint will run them again."""
        frame = sys._getframe(1) if weights and self.thorough else None
        while frame is not None:
            if frame.f_globals.get("__name__") == "torch.utils.checkpoint":
                self.noted.checkpointed.update(weights)
                return
            frame = frame.f_back

    def met(self, sources: tuple[Call, ...], tensors: list[Tensor]) -> None:
        """Outputs are compared with data."""
        if len(tensors) == 2 and len(sources) == 1:
            nearest = (sources[0], *sources[0].behind(SHAPED | {"select"}))
            self.noted.met.update(c.layer for c in nearest if c.layer)

    def _state(self, call: Call) -> None:
        """Whether a layer that is called again gets what it gave before, and by which ways."""
        name = call.weight
        self._calls[name] = self._calls.get(name, 0) + 1
        if self._calls[name] == 1 or self._asked >= MOST_STATES:
            return
        self._asked += 1
        if _reaches(call, name, through_cuts=False):
            self.noted.states.setdefault(name, State()).whole += 1
        elif _reaches(call, name, through_cuts=True):
            self.noted.states.setdefault(name, State()).cut += 1

    def viewed(self, layer: str, op: str, args: Args, result: object) -> None:
        """Note a view whose sizes are those of before in another order."""
        if self.noted.swapped is not None or op not in ("view", "reshape") or not self.thorough:
            return
        x = args[0] if args else None
        if isinstance(x, Tensor) and isinstance(result, Tensor) and _swaps(tuple(x.shape), tuple(result.shape)):
            self.noted.swapped = Swapped(layer, op, tuple(x.shape), tuple(result.shape))

    def close(self) -> None:
        """Let go of every tensor."""
        self._by_copy.clear()


def _reaches(call: Call, weight: str, *, through_cuts: bool) -> bool:
    waiting, seen = list(call.sources), set[int]()
    while waiting:
        source = waiting.pop()
        if id(source) in seen or (source.op in CUTS and not through_cuts):
            continue
        seen.add(id(source))
        if weight in source.weights:
            return True
        waiting.extend(source.sources)
    return False


def _swaps(before: tuple[int, ...], after: tuple[int, ...]) -> bool:
    """Whether sizes beyond the first were put into another order, those of 1 left out."""
    if len(before) != len(after) or len(before) < 3 or before == after or sorted(before) != sorted(after):
        return False
    return [n for n in before if n > 1] != [n for n in after if n > 1]


def _is_distribution(x: Tensor) -> bool:
    x = x.detach()
    if not x.is_floating_point() or not x.dim() or x.shape[-1] < 2 or float(x.amin()) < 0:
        return False
    return float((x.float().sum(-1) - 1).abs().amax()) < 1e-3


def repeated(prefix: str, root: nn.Module) -> Repeated | None:
    """A container in which one module with weights stands more than once."""
    for name, module in root.named_modules(prefix=prefix):
        if isinstance(module, nn.ModuleList | nn.ModuleDict | nn.Sequential):
            parts = [m for m in module._modules.values() if m is not None and any(True for _ in m.parameters())]
            if len(parts) > len({id(m) for m in parts}):
                return Repeated(name, len(parts))
    return None
