"""What the fused steps of recurrent nets have in common: everything but the cell.

With few symbols, embedding and input matrix are one table of V rows, `wte @ W_ih.T + b`; reading a symbol is
picking a row, and the gradient flows back into V rows before it meets either matrix.
"""

from abc import abstractmethod
from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeVar

import torch
from jaxtyping import Float, Integer
from torch import Tensor, nn

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
    """The step of a recurrent net of torch's layers, but for its cell."""

    def __init__(
        self, model: Recurrent, label_smoothing: float = 0.0, operand_dtype: torch.dtype | None = None
    ) -> None:
        super().__init__(model, label_smoothing, operand_dtype)
        self.layers = [Weights(*layer.all_weights[0]) for layer in model.layers]

    @abstractmethod
    def forward(self, i: int, layer: Weights, gates: Tensor, ids: Tensor | None) -> S:
        """Layer i over all steps of time.

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
        ids, model = idx.T.contiguous(), self.model
        saved, masks, outputs = [], [], []
        for i, layer in enumerate(self.layers):
            if i == 0:
                gates = torch.addmm(layer.bias_ih, model.wte.weight, layer.weight_ih.T)
                saved.append(self.forward(i, layer, gates, ids))
            else:
                x = self.cast(outputs[-1], f"x{i}").flatten(0, 1)
                gates = self.buffer("gates", len(x), layer.weight_ih.shape[0])
                self.product(x, self.cast(layer.weight_ih, f"w{i}").T, gates)
                gates.add_(layer.bias_ih)
                saved.append(self.forward(i, layer, gates.view(*ids.shape, -1), None))
            h = saved[-1].h[1:]
            masks.append(self.mask(str(i), model.dropout.p, *h.shape))
            outputs.append(h if masks[-1] is None else torch.mul(h, masks[-1], out=self.buffer(f"out{i}", *h.shape)))
        loss, dx = self._head(outputs[-1].flatten(0, 1), targets.T.reshape(-1), weight)
        for i in reversed(range(len(saved))):
            dx = dx.view(*ids.shape, -1)
            layer, mask = self.layers[i], masks[i]
            dgates = self.backward(i, layer, saved[i], dx if mask is None else dx.mul_(mask)).flatten(0, 1)
            if i:
                dx = self._input_gradients(i, layer, dgates, outputs[i - 1].flatten(0, 1))
            else:
                self._table_gradients(layer, dgates, ids.flatten())
        return loss

    def memory(self, i: int, steps: int, rows: int, size: int) -> tuple[Tensor, Tensor]:
        """Buffers for the memories (T + 1, B, H) of layer i, blank before the first step, and them as operands."""
        h = self.buffer(f"h{i}", steps + 1, rows, size)
        h[0] = 0
        return h, self.operand_for(h, f"h{i}")

    def weight_gradient(self, dy: Float[Tensor, "N G"], x: Float[Tensor, "N K"]) -> Float[Tensor, "G K"]:
        """Of W in y = x W^T, from operands."""
        return (dy.T @ x).to(self.dtype)

    def recurrent_gradients(
        self,
        layer: Weights,
        dgates: Float[Tensor, "T B G"],
        operand: Float[Tensor, "T B G"],
        h: Tensor,
        blank: bool = True,
    ) -> None:
        """Of the recurrent matrix and bias; `operand` is dgates and h the memories, both as operands.

        A blank memory before the first step adds nothing to the matrix.
        """
        inner = slice(1 if blank else 0, len(dgates))
        layer.weight_hh.grad = self.weight_gradient(operand[inner].flatten(0, 1), h[inner].flatten(0, 1))
        layer.bias_hh.grad = dgates.flatten(0, 1).sum(0)

    def _head(self, x: Tensor, targets: Tensor, weight: float) -> tuple[Tensor, Tensor]:
        """Cross-entropy of the logits; the gradient with respect to x (N, H), and those of the last matrix."""
        head = self.model.head
        loss, dlogits = self.cross_entropy(torch.addmm(head.bias, x, head.weight.T), targets, weight)
        head.weight.grad = dlogits.T @ x
        head.bias.grad = dlogits.sum(0)
        return loss, torch.mm(dlogits, head.weight, out=self.buffer("dx", *x.shape))

    def _table_gradients(self, layer: Weights, dgates: Float[Tensor, "N G"], ids: Integer[Tensor, " N"]) -> None:
        """Into V rows first (a row picked twice is added twice), then into embedding and input matrix."""
        wte = self.model.wte.weight
        dtable = wte.new_zeros(len(wte), dgates.shape[1]).index_add_(0, ids, dgates)
        layer.weight_ih.grad = dtable.T @ wte
        layer.bias_ih.grad = dtable.sum(0)
        wte.grad = dtable @ layer.weight_ih

    def _input_gradients(
        self, i: int, layer: Weights, dgates: Float[Tensor, "N G"], x: Float[Tensor, "N H"]
    ) -> Float[Tensor, "N H"]:
        """Gradient with respect to the layer's input; those of its input matrix and bias go into `.grad`."""
        operand = self.cast(dgates, "dgates")
        layer.weight_ih.grad = self.weight_gradient(operand, self.cast(x, f"x{i}"))
        layer.bias_ih.grad = dgates.sum(0)
        dx = self.buffer("dx", *x.shape)
        self.product(operand, self.cast(layer.weight_ih, f"w{i}"), dx)
        return dx


def tanh_(x: Tensor) -> Tensor:
    """tanh(x) = 2 sigmoid(2x) - 1, in place: torch's sigmoid is an order of magnitude faster than its tanh."""
    return x.mul_(2).sigmoid_().mul_(2).sub_(1)
