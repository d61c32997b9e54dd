"""The layers of a GRU or an LSTM by compiled passes: a step of time is a product and one pass over all else.

`kernels/recurrent.hpp` says what stands in each buffer. The gradient at the input's share of the gates is added up
where it belongs, so that with few symbols it never stands anywhere else.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import torch
from jaxtyping import Float, Integer
from torch import Tensor

from moreish.fast.library import address
from moreish.fast.passes import Passes

if TYPE_CHECKING:
    from moreish.fast.recurrent import RecurrentGradients, Weights


FEW_ROWS = 16  # of a product, up to which it takes half the time by panels: torch lays the matrix out for each anew


class Kept(NamedTuple):
    """A buffer that a cell keeps for the way back: (T + more, B, width H)."""

    width: int
    more: int = 0


@dataclass(frozen=True)
class Cell:
    """What the passes of a cell have for themselves.

    kept : the three buffers, in the order of the pass; with a memory c, that is the first
    """

    name: str
    gates: int
    kept: tuple[Kept, Kept, Kept]


GRU = Cell("gru", 3, (Kept(2), Kept(1), Kept(1)))  # [r, z], n, c
LSTM = Cell("lstm", 4, (Kept(1, more=1), Kept(1), Kept(4)))  # c, tanh c, [i, f, g, o]


@dataclass
class Layer:
    """What one layer keeps of its forward pass.

    h : (T + 1, B, H), the memory before the first step and after each; `operand` the same as an operand of products
    out : (T, B, H), the memory after each step times `mask`
    u : (G, H), the recurrent matrix as an operand
    """

    h: Tensor
    operand: Tensor
    out: Tensor
    mask: Tensor | None
    u: Tensor
    kept: list[Tensor]


class CompiledCells:
    """The layers of one step, forward in their order and backward against it."""

    def __init__(self, step: "RecurrentGradients", cell: Cell, passes: Passes) -> None:
        self.step, self.cell, self.passes = step, cell, passes
        self.forward_pass, self.backward_pass = passes[f"{cell.name}_forward"], passes[f"{cell.name}_backward"]

    def forward(
        self,
        i: int,
        layer: "Weights",
        gates: Tensor,
        ids: Integer[Tensor, "T B"] | None,
        mask: Float[Tensor, "T B H"] | None,
        steps: int,
    ) -> Layer:
        """Layer i over all steps of time; `gates` and `ids` as in `RecurrentGradients.forward`, gates (T B, G)."""
        step, cell, size = self.step, self.cell, layer.weight_hh.shape[1]
        rows = (gates if ids is None else ids).numel() // (steps * (cell.gates * size if ids is None else 1))
        h, operand = step.memory(i, steps, rows, size)
        kept = [step.buffer(f"kept{i}{k}", steps + b.more, rows, b.width * size) for k, b in enumerate(cell.kept)]
        if cell is LSTM:
            kept[0][0] = 0 if step.before is None else step.before[1]
        out = h[1:] if mask is None else step.buffer(f"out{i}", steps, rows, size)
        product = step.buffer("recurrent", rows, cell.gates * size, dtype=step.operand_dtype).zero_()
        u = step.cast(layer.weight_hh, f"u{i}")
        by_u = self._factor(u.T, rows, "panels")
        buffers = [address(x) for x in (ids, gates, product, layer.bias_hh.detach(), h, operand, mask, out, *kept)]
        for t in range(steps):
            if t or step.before is not None:
                by_u(operand[t], product)
            self.forward_pass(t, rows, size, *buffers)
        if step.keeps_memory:
            step.after = (h[-1].clone(), kept[0][-1].clone()) if cell is LSTM else (h[-1].clone(),)
        return Layer(h, operand, out, mask, u, kept)

    def backward(
        self,
        layer: "Weights",
        saved: Layer,
        dout: Float[Tensor, "T B H"],
        ids: Integer[Tensor, "T B"] | None,
        dinput: Float[Tensor, "rows G"],
    ) -> None:
        """From the gradient at `out` to that at the input's share of the gates; those of U and both biases."""
        step, cell, (steps, rows, size) = self.step, self.cell, saved.out.shape
        low = step.operand_dtype
        dgates = step.buffer("dgates", steps, rows, cell.gates * size, dtype=low)
        dproduct = step.buffer("dproduct", rows, size, dtype=low).zero_()
        carried, dcandidate = (
            step.buffer(name, *shape).zero_() for name, shape in (("carried", (rows, size)), ("dc", (size,)))
        )
        dinput.zero_()
        by_u = self._factor(saved.u, rows, "panels")
        buffers = [
            address(x)
            for x in (
                ids, dout, saved.mask, dproduct, carried, saved.h, *saved.kept, dgates, dinput, dcandidate
            )
        ]  # fmt: skip
        for t in reversed(range(steps)):
            self.backward_pass(t, rows, size, *buffers)
            if t:
                by_u(dgates[t], dproduct)
        first = 1 if step.before is None else 0  # a blank memory adds nothing to the matrix
        step.weight_gradient(layer.weight_hh, dgates[first:].flatten(0, 1), saved.operand[first:-1].flatten(0, 1))
        layer.bias_ih.grad = dinput.sum(0)
        layer.bias_hh.grad = layer.bias_ih.grad.clone()
        if cell is GRU:
            layer.bias_hh.grad[2 * size :] = dcandidate

    def _factor(self, b: Float[Tensor, "K N"], rows: int, name: str) -> Callable[[Tensor, Tensor], object]:
        """`(a, out)`: the product out (rows, N) = a (rows, K) b, of which there will be many."""
        if rows > FEW_ROWS or self.step.operand_dtype != self.step.dtype:
            return lambda a, out: torch.mm(a, b, out=out)
        (depth, n), multiply = b.shape, self.passes["by_panels"]
        panels = self.step.buffer(name, self.passes["panel_numbers"](depth, n))
        self.passes["lay_out"](depth, n, b.data_ptr(), *b.stride(), address(panels))
        return lambda a, out: multiply(rows, depth, n, address(a), address(panels), address(out))
