"""Where the graph of a loss ends: what was cut on the way, and which parameters nobody owns."""

from collections.abc import Collection

from torch import Tensor, nn

from moreish.doctor.frames.frame import Cut, Unowned
from moreish.doctor.watch.arguments import Args, Kwargs, tensors_of
from moreish.doctor.watch.step_context import StepContext

MOST_CUTS = 256


def cut(context: StepContext, op: str, args: Args, kwargs: Kwargs, result: object) -> None:
    """Note an operation whose argument has a graph behind it and whose result has none."""
    source = next((t for t in tensors_of(args, kwargs) if t.requires_grad), None)
    still = isinstance(result, Tensor) and result.requires_grad and result.grad_fn is not None
    if source is None or still or not context.grad or len(context.frame.cuts) >= MOST_CUTS:
        return
    origin = context.origin(source)
    context.frame.cuts.append(Cut(op, origin.layer if origin is not None else "", len(context.frame.calls)))


class Strangers:
    """Parameters that are used inside a watched model's forward and that no watched model owns."""

    def __init__(self) -> None:
        self._seen: dict[int, tuple[nn.Parameter, str, str]] = {}

    def note(self, given: list[Tensor], known: dict[int, str], op: str, module: str) -> None:
        """Note those among the arguments of a call inside a module."""
        for t in given:
            if isinstance(t, nn.Parameter) and t.requires_grad and id(t) not in known:
                self._seen.setdefault(id(t), (t, op, module))

    def reached(self, held: Collection[int]) -> list[Unowned]:
        """Those that backward has reached and that no optimizer holds."""
        found = [(p, op, module) for key, (p, op, module) in self._seen.items() if key not in held]
        return [Unowned(op, module, tuple(p.shape)) for p, op, module in found if p.grad is not None]

    def forget(self) -> None:
        """Let go of them."""
        self._seen.clear()
