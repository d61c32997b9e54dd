"""What the fused steps of recurrent nets have in common: everything but the cell.

With few symbols, embedding and input matrix are one table of V rows, `wte @ W_ih.T + b`; reading a symbol is
picking a row, and the gradient flows back into V rows before it meets either matrix.
"""

from abc import abstractmethod
from dataclasses import dataclass
from functools import partial
from typing import ClassVar, Generic, Literal, NamedTuple, TypeVar

import torch
from jaxtyping import Float, Integer
from torch import Tensor, nn

from moreish.fast.cells import Cell, CompiledCells, Layer
from moreish.fast.passes import Passes
from moreish.fast.step import FusedStep
from moreish.models.recurrent import Recurrent


class Weights(NamedTuple):
    """The parameters of one layer, G = 3 H for a GRU and 4 H for an LSTM."""

    weight_ih: nn.Parameter  # (G, C)
    weight_hh: nn.Parameter  # (G, H)
    bias_ih: nn.Parameter  # (G,)
    bias_hh: nn.Parameter  # (G,)


@dataclass
class Saved:
    """What one layer keeps of its forward pass."""

    h: Tensor  # (T + 1, B, H): what it gave before the first step, then after each
    operand: Tensor  # the same, as an operand of products


S = TypeVar("S", bound=Saved)


class RecurrentGradients(FusedStep[Recurrent], Generic[S]):
    """The step of a recurrent net of torch's layers, but for its cell.

    before : the memories, each (B, H), that a net of one layer goes on from, h first, or None for blank ones; no
        gradient flows back into them
    after : those after the last step, in memory of their own
    """

    cell: ClassVar[Cell]
    before: tuple[Tensor, ...] | None = None
    after: tuple[Tensor, ...] | None = None
    keeps_memory = False  # whether `after` is wanted

    def __init__(
        self,
        model: Recurrent,
        label_smoothing: float = 0.0,
        operand_dtype: torch.dtype | None = None,
        passes: Passes | Literal["auto"] | None = "auto",
    ) -> None:
        super().__init__(model, label_smoothing, operand_dtype, passes)
        self.layers = [Weights(*layer.all_weights[0]) for layer in model.layers]
        self._compiled = None if self.passes is None else CompiledCells(self, self.cell, self.passes)

    @abstractmethod
    def forward(self, i: int, layer: Weights, gates: Tensor, ids: Tensor | None) -> S:
        """Layer i over all steps of time, by torch.

        gates : the input's share of the gates, bias_ih included: (V, G) to be picked from by ids (T, B), or
            (T, B, G) where ids is None
        """

    @abstractmethod
    def backward(self, i: int, layer: Weights, saved: S, dh_out: Float[Tensor, "T B H"]) -> Float[Tensor, "T B G"]:
        """Gradient at the input's share of the gates; those of the recurrent matrix and bias go into `.grad`."""

    @torch.no_grad()
    def __call__(
        self, idx: Integer[Tensor, "B T"], targets: Integer[Tensor, "B T"], weight: float
    ) -> Float[Tensor, ""]:
        """The mean loss in nats per token; `.grad` becomes the gradient of `weight` times it."""
        self.check(idx, targets)
        ids, targets = idx.T.contiguous(), targets.T.reshape(-1)
        run = self._by_torch if self._compiled is None else partial(self._by_passes, self._compiled)
        return run(ids, targets, weight)

    def _by_passes(self, cells: CompiledCells, ids: Tensor, targets: Tensor, weight: float) -> Tensor:
        saved: list[Layer] = []
        for i, layer in enumerate(self.layers):
            gates = self._gates(i, layer, saved[-1].out.flatten(0, 1)) if saved else self._table(layer)
            mask = self.mask(str(i), self.model.dropout.p, *ids.shape, layer.weight_hh.shape[1])
            saved.append(cells.forward(i, layer, gates, None if saved else ids, mask, len(ids)))
        loss, dx = self._head(saved[-1].out.flatten(0, 1), targets, weight)
        for i in reversed(range(len(saved))):
            layer, dout = self.layers[i], self.cast(dx, "dout").view(saved[i].out.shape)
            rows = ids.numel() if i else len(self.model.wte.weight)
            dinput = self.buffer("dinput" if i else "dtable", rows, layer.weight_ih.shape[0])
            cells.backward(layer, saved[i], dout, None if i else ids, dinput)
            if i:
                dx = self._input_gradients(i, layer, dinput, saved[i - 1].out.flatten(0, 1))
            else:
                self._table_gradients(layer, dinput)
        return loss

    def _by_torch(self, ids: Tensor, targets: Tensor, weight: float) -> Tensor:
        saved, masks, outputs = [], [], []
        for i, layer in enumerate(self.layers):
            if i == 0:
                saved.append(self.forward(i, layer, self._table(layer), ids))
            else:
                gates = self._gates(i, layer, outputs[-1].flatten(0, 1))
                saved.append(self.forward(i, layer, gates.view(*ids.shape, -1), None))
            h = saved[-1].h[1:]
            masks.append(self.mask(str(i), self.model.dropout.p, *h.shape))
            outputs.append(h if masks[-1] is None else torch.mul(h, masks[-1], out=self.buffer(f"out{i}", *h.shape)))
        loss, dx = self._head(outputs[-1].flatten(0, 1), targets, weight)
        for i in reversed(range(len(saved))):
            dx = dx.view(*ids.shape, -1)
            layer, mask = self.layers[i], masks[i]
            dgates = self.backward(i, layer, saved[i], dx if mask is None else dx.mul_(mask)).flatten(0, 1)
            if i:
                layer.bias_ih.grad = dgates.sum(0)
                dx = self._input_gradients(i, layer, dgates, outputs[i - 1].flatten(0, 1))
            else:
                wte = self.model.wte.weight  # a row picked twice is added twice
                dtable = wte.new_zeros(len(wte), dgates.shape[1]).index_add_(0, ids.flatten(), dgates)
                layer.bias_ih.grad = dtable.sum(0)
                self._table_gradients(layer, dtable)
        return loss

    def memory(self, i: int, steps: int, rows: int, size: int) -> tuple[Tensor, Tensor]:
        """Buffers for the memories (T + 1, B, H) of layer i, the first one set, and them as operands."""
        h = self.buffer(f"h{i}", steps + 1, rows, size)
        h[0] = 0 if self.before is None else self.before[0]
        operand = self.operand_for(h, f"h{i}")
        if operand is not h:
            operand[0] = h[0]
        return h, operand

    def weight_gradient(self, weight: Tensor, dy: Float[Tensor, "N G"], x: Float[Tensor, "N K"]) -> None:
        """Of W in y = x W^T, from operands."""
        grad = self.buffer(f"gradient {self._numbers[weight]}", *weight.shape)
        weight.grad = self.product(dy.T, x, grad)

    def recurrent_gradients(
        self,
        layer: Weights,
        dgates: Float[Tensor, "T B G"],
        operand: Float[Tensor, "T B G"],
        h: Tensor,
    ) -> None:
        """Of the recurrent matrix and bias; `operand` is dgates and h the memories, both as operands.

        A blank memory before the first step adds nothing to the matrix.
        """
        inner = slice(1 if self.before is None else 0, len(dgates))
        self.weight_gradient(layer.weight_hh, operand[inner].flatten(0, 1), h[inner].flatten(0, 1))
        layer.bias_hh.grad = dgates.flatten(0, 1).sum(0)

    def _table(self, layer: Weights) -> Float[Tensor, "V G"]:
        """The input's share of the gates for every symbol."""
        return torch.addmm(layer.bias_ih, self.model.wte.weight, layer.weight_ih.T)

    def _gates(self, i: int, layer: Weights, x: Float[Tensor, "N H"]) -> Float[Tensor, "N G"]:
        """The same at every place, from what the layer below gives."""
        gates = self.buffer("gates", len(x), layer.weight_ih.shape[0])
        product = self.product(self.cast(x, f"x{i}"), self.cast(layer.weight_ih, f"w{i}").T, gates)
        return product.add_(layer.bias_ih)

    def _head(self, x: Tensor, targets: Tensor, weight: float) -> tuple[Tensor, Tensor]:
        """Cross-entropy of the logits; the gradient with respect to x (N, H), and those of the last matrix."""
        head = self.model.head
        loss, dlogits = self.cross_entropy(torch.addmm(head.bias[:, None], head.weight, x.T), targets, weight)
        head.weight.grad = dlogits @ x
        head.bias.grad = dlogits.sum(1)
        if self.passes is None:
            return loss, torch.mm(dlogits.T, head.weight, out=self.buffer("dx", *x.shape))
        dx = self.buffer("dx operand", *x.shape, dtype=self.operand_dtype)
        return loss, torch.mm(self.cast(dlogits, "dlogits").T, self.cast(head.weight, "head"), out=dx)

    def _table_gradients(self, layer: Weights, dtable: Float[Tensor, "V G"]) -> None:
        """From the table's rows into embedding and input matrix."""
        wte = self.model.wte.weight
        layer.weight_ih.grad = dtable.T @ wte
        wte.grad = dtable @ layer.weight_ih

    def _input_gradients(
        self, i: int, layer: Weights, dgates: Float[Tensor, "N G"], x: Float[Tensor, "N H"]
    ) -> Float[Tensor, "N H"]:
        """Gradient with respect to the layer's input; that of its input matrix goes into `.grad`."""
        operand = self.cast(dgates, "dinput")
        self.weight_gradient(layer.weight_ih, operand, self.cast(x, f"x{i}"))
        return self.product(operand, self.cast(layer.weight_ih, f"w{i}"), self.buffer("dx", *x.shape))


def tanh_(x: Tensor) -> Tensor:
    """tanh(x) = 2 sigmoid(2x) - 1, in place: torch's sigmoid is an order of magnitude faster than its tanh."""
    return x.mul_(2).sigmoid_().mul_(2).sub_(1)
