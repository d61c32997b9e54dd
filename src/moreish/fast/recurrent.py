"""What the fused steps of recurrent nets have in common: everything but the cell.

With few symbols, embedding and input matrix are one table of V rows, `wte @ W_ih.T + b`; reading a symbol is
picking a row, and the gradient flows back into V rows before it meets either matrix.
"""

from abc import abstractmethod
from typing import Any

import torch
from jaxtyping import Float, Integer
from torch import Tensor

from moreish.fast.step import FusedStep


class RecurrentGradients(FusedStep):
    """The step of a recurrent net, but for its cell.

    model : has `wte`, `layers` (each with torch's names of its parameters), `dropout` and `head`
    """

    @abstractmethod
    def forward(self, i: int, layer: Any, gates: Tensor, ids: Tensor | None) -> Any:
        """Layer i over all steps of time; what it keeps has the memories `h` (T + 1, B, H).

        gates : the input's share of the gates, bias_ih included: (V, G) to be picked from by ids (T, B), or
            (T, B, G) where ids is None
        """

    @abstractmethod
    def backward(self, i: int, layer: Any, saved: Any, dh_out: Float[Tensor, "T B H"]) -> Float[Tensor, "T B G"]:
        """Gradient at the input's share of the gates; those of the recurrent matrix and bias go into `.grad`."""

    @torch.no_grad()
    def __call__(
        self, idx: Integer[Tensor, "B T"], targets: Integer[Tensor, "B T"], weight: float
    ) -> Float[Tensor, ""]:
        """The mean loss in nats per token; `.grad` becomes the gradient of `weight` times it."""
        ids, model = idx.T.contiguous(), self.model
        saved, masks, outputs = [], [], []
        for i, layer in enumerate(model.layers):
            if i == 0:
                gates = torch.addmm(layer.bias_ih_l0, model.wte.weight, layer.weight_ih_l0.T)
                saved.append(self.forward(i, layer, gates, ids))
            else:
                x = self.cast(outputs[-1], f"x{i}").flatten(0, 1)
                gates = self.buffer("gates", len(x), layer.weight_ih_l0.shape[0])
                self.product(x, self.cast(layer.weight_ih_l0, f"w{i}").T, gates)
                gates.add_(layer.bias_ih_l0)
                saved.append(self.forward(i, layer, gates.view(*ids.shape, -1), None))
            h = saved[-1].h[1:]
            masks.append(self.mask(str(i), model.dropout.p, *h.shape))
            outputs.append(h if masks[-1] is None else torch.mul(h, masks[-1], out=self.buffer(f"out{i}", *h.shape)))
        loss, dx = self._head(outputs[-1].flatten(0, 1), targets.T.reshape(-1), weight)
        for i in reversed(range(len(saved))):
            dx = dx.view(*ids.shape, -1)
            layer, mask = model.layers[i], masks[i]
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
        if self.products == self.dtype:
            return h, h
        return h, self.buffer(f"h{i} cast", steps + 1, rows, size, dtype=self.products)

    def weight_gradient(self, dy: Float[Tensor, "N G"], x: Float[Tensor, "N K"]) -> Float[Tensor, "G K"]:
        """Of W in y = x W^T, from operands."""
        return (dy.T @ x).to(self.dtype)

    def _head(self, x: Tensor, targets: Tensor, weight: float) -> tuple[Tensor, Tensor]:
        """Cross-entropy of the logits; the gradient with respect to x (N, H), and those of the last matrix."""
        head = self.model.head
        loss, dlogits = self.cross_entropy(torch.addmm(head.bias, x, head.weight.T), targets, weight)
        head.weight.grad = dlogits.T @ x
        head.bias.grad = dlogits.sum(0)
        return loss, torch.mm(dlogits, head.weight, out=self.buffer("dx", *x.shape))

    def _table_gradients(self, layer: Any, dgates: Float[Tensor, "N G"], ids: Integer[Tensor, " N"]) -> None:
        """Into V rows first (a row picked twice is added twice), then into embedding and input matrix."""
        wte = self.model.wte.weight
        dtable = wte.new_zeros(len(wte), dgates.shape[1]).index_add_(0, ids, dgates)
        layer.weight_ih_l0.grad = dtable.T @ wte
        layer.bias_ih_l0.grad = dtable.sum(0)
        wte.grad = dtable @ layer.weight_ih_l0

    def _input_gradients(
        self, i: int, layer: Any, dgates: Float[Tensor, "N G"], x: Float[Tensor, "N H"]
    ) -> Float[Tensor, "N H"]:
        """Gradient with respect to the layer's input; those of its input matrix and bias go into `.grad`."""
        operand = self.cast(dgates, "dgates")
        layer.weight_ih_l0.grad = self.weight_gradient(operand, self.cast(x, f"x{i}"))
        layer.bias_ih_l0.grad = dgates.sum(0)
        dx = self.buffer("dx", *x.shape)
        self.product(operand, self.cast(layer.weight_ih_l0, f"w{i}"), dx)
        return dx


def tanh_(x: Tensor) -> Tensor:
    """tanh(x) = 2 sigmoid(2x) - 1, in place: torch's sigmoid is an order of magnitude faster than its tanh."""
    return x.mul_(2).sigmoid_().mul_(2).sub_(1)
