"""Pairs of rows whose distance goes into a loss: which are drawn together, and how far apart their inputs are."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.utils.hooks import RemovableHandle

from moreish.doctor.frames.frame import Call
from moreish.doctor.frames.noted import Moments, Pulled
from moreish.doctor.watch.arguments import Args

FEWEST = 8  # rows
SIMILAR, APART = {"cosine_similarity"}, {"pairwise_distance"}


class Pairs:
    """Of one frame. The inputs are kept until it is closed."""

    def __init__(self) -> None:
        self.pulled: Pulled | None = None
        self._inputs: list[Tensor] = []
        self._handles: list[RemovableHandle] = []

    def given(self, inputs: Args) -> None:
        """A model is called: with both rows of each pair, or with one of them now and the other one next."""
        tensors = [t for t in inputs if isinstance(t, Tensor) and is_plain(t)]
        rows = [t.detach() for t in tensors if t.is_floating_point() and t.dim() > 1]
        self._inputs = [*self._inputs, *rows][-2:]

    def called(self, op: str, kind: str, result: Tensor, source: Call | None) -> None:
        """A number for each pair may be its distance, or how alike it is: its gradient says where it is drawn."""
        alike = op in SIMILAR
        if not (alike or op in APART or (kind == "reduce" and source is not None and _is_difference(source))):
            return
        if result.dim() != 1 or len(result) < FEWEST or not result.requires_grad or len(self._inputs) < 2:
            return
        one, other = self._inputs
        if one.shape != other.shape or one.device != other.device or len(one) != len(result):
            return
        apart = (one - other).flatten(1).float().norm(dim=1)
        if bool(apart.any()) and bool(apart.isfinite().all()):
            self._handles.append(result.register_hook(self._with(apart, -1.0 if alike else 1.0)))

    def close(self) -> None:
        """Let go of everything."""
        for handle in self._handles:
            handle.remove()
        self._inputs, self._handles = [], []

    def _with(self, apart: Tensor, sign: float) -> Callable[[Tensor], None]:
        def drawn(gradient: Tensor) -> None:
            to = sign * gradient.detach()
            if to.shape == apart.shape:
                new = Pulled(_moments(apart[to > 0]), _moments(apart[to < 0]))
                self.pulled = new if self.pulled is None else self.pulled.plus(new)

        return drawn


def is_plain(x: Tensor) -> bool:
    """Whether a tensor holds its numbers side by side: it is not sparse, nested, quantised or without any."""
    return x.layout == torch.strided and not x.is_nested and not x.is_quantized and not x.is_meta


def _moments(x: Tensor) -> Moments:
    x = x.cpu().double()
    return Moments(len(x), float(x.sum()), float(x.square().sum())) if len(x) else Moments(0, 0.0, 0.0)


def _is_difference(call: Call) -> bool:
    """Whether this is what two calls of networks gave, less one another, squared perhaps."""
    if call.kind == "pointwise" and len(call.sources) == 1:
        call = call.sources[0]
    return call.kind == "subtract" and len(call.sources) == 2
