"""The gradient of a Transformer language model, written out.

The nets are small and the batches short, so that autograd spends most of a step on going from one tiny operation to
the next. Here rows are (N, C) with N = B T throughout, the gradient of every matrix is one product that is written
where it stays, and GELU is spelled with a sigmoid. What one block leaves for the way back is kept small, and all else
is in memory that every block uses again. `dx` is the gradient of the loss with respect to x.
"""

import math
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float, Integer
from torch import Tensor

from moreish.fast.attention import Attended, attend, attend_backward
from moreish.fast.step import FusedStep

SLOPE = 2 * math.sqrt(2 / math.pi)
CUBE = 0.044715 * SLOPE


@dataclass
class _Linear:
    """A product that was made: the layer, and its operands."""

    layer: Any
    x: Tensor  # (N, in)
    w: Tensor  # (out, in)


@dataclass
class _Norm:
    """A LayerNorm that was made."""

    layer: Any
    x: Tensor  # (N, C)
    mean: Tensor
    rstd: Tensor


@dataclass
class _Saved:
    """What one block keeps of its forward pass, in its order; masks are None where nothing is dropped."""

    norm_1: _Norm
    qkv: _Linear
    attended: Attended
    proj_1: _Linear
    mask_1: Tensor | None
    norm_2: _Norm
    fc: _Linear
    slope: Tensor  # (N, 4C): dGELU/dx
    proj_2: _Linear
    mask_2: Tensor | None


class TransformerGradients(FusedStep):
    """Loss and gradients of a `moreish.models.transformer.Transformer`."""

    def __init__(self, model: Any, label_smoothing: float = 0.0, products: torch.dtype | None = None) -> None:
        super().__init__(model, label_smoothing, products)
        size = model.block_size
        self._later = model.wte.weight.new_full((size, size), -math.inf).triu_(1)
        self._slope = self._later.new_tensor(SLOPE)
        self._grads = {p: torch.empty_like(p) for p in model.parameters()}

    @torch.no_grad()
    def __call__(
        self, idx: Integer[Tensor, "B T"], targets: Integer[Tensor, "B T"], weight: float
    ) -> Float[Tensor, ""]:
        """The mean loss in nats per token; `.grad` becomes the gradient of `weight` times it."""
        steps = idx.shape[1]
        x, mask = self._embed(idx)
        saved = []
        for i, block in enumerate(self.model.blocks):
            x, kept = self._block(i, block, x, steps)
            saved.append(kept)
        loss, dx = self._head(x, targets.reshape(-1), weight)
        for kept in reversed(saved):
            self._block_backward(kept, dx)
        self._embed_backward(idx, dx if mask is None else dx.mul_(mask))
        return loss

    def _embed(self, idx: Tensor) -> tuple[Float[Tensor, "N C"], Tensor | None]:
        """Symbols and positions; the mask of the dropout."""
        model, (rows, steps) = self.model, idx.shape
        x = self.room("x", rows * steps, model.wte.weight.shape[1])
        torch.index_select(model.wte.weight, 0, idx.reshape(-1), out=x)
        x.view(rows, steps, -1).add_(model.wpe.weight[:steps])
        mask = self.mask("embedding", model.dropout.p, *x.shape)
        return (x if mask is None else x.mul_(mask)), mask

    def _embed_backward(self, idx: Tensor, dx: Float[Tensor, "N C"]) -> None:
        """A row picked twice is added twice; with tied matrices, to what came from the logits."""
        model, (rows, steps) = self.model, idx.shape
        dwte = model.wte.weight.grad if model.head is None else self._grad(model.wte.weight).zero_()
        dwte.index_add_(0, idx.reshape(-1), dx)
        dwpe = self._grad(model.wpe.weight)
        torch.sum(dx.view(rows, steps, -1), 0, out=dwpe[:steps])
        dwpe[steps:] = 0

    def _block(self, i: int, block: Any, x: Float[Tensor, "N C"], steps: int) -> tuple[Tensor, _Saved]:
        """x + attention(norm(x)), then x + MLP(norm(x))."""
        attn = block.attn
        h, norm_1 = _norm(block.ln_1, x)
        qkv, made_qkv = self._linear(f"qkv{i}", attn.qkv, h)
        y, attended = attend(self, f"attention{i}", qkv, self._later[:steps, :steps], attn.n_head, attn.p)
        a, made_1 = self._linear(f"first proj{i}", attn.proj, y)
        x, mask_1 = self._add(f"first{i}", x, a, attn.dropout.p)
        h, norm_2 = _norm(block.ln_2, x)
        u, made_fc = self._linear(f"fc{i}", block.fc, h)
        y, slope = self._gelu(i, u)
        a, made_2 = self._linear(f"second proj{i}", block.proj, y)
        x, mask_2 = self._add(f"second{i}", x, a, block.dropout.p)
        return x, _Saved(norm_1, made_qkv, attended, made_1, mask_1, norm_2, made_fc, slope, made_2, mask_2)

    def _block_backward(self, saved: _Saved, dx: Float[Tensor, "N C"]) -> None:
        """dx goes from after the block to before it, in place."""
        da = dx if saved.mask_2 is None else torch.mul(dx, saved.mask_2, out=self.room("da", *dx.shape))
        du = self._linear_backward(saved.proj_2, da).mul_(saved.slope)
        dx.add_(_norm_backward(saved.norm_2, self._linear_backward(saved.fc, du)))
        da = dx if saved.mask_1 is None else torch.mul(dx, saved.mask_1, out=self.room("da", *dx.shape))
        dqkv = attend_backward(self, saved.attended, self._linear_backward(saved.proj_1, da))
        dx.add_(_norm_backward(saved.norm_1, self._linear_backward(saved.qkv, dqkv)))

    def _add(self, name: str, x: Tensor, branch: Tensor, p: float) -> tuple[Tensor, Tensor | None]:
        """x + what the dropout leaves of the branch, and its mask."""
        mask, out = self.mask(name, p, *x.shape), self.room(f"{name} sum", *x.shape)
        return (torch.add(x, branch, out=out) if mask is None else torch.addcmul(x, branch, mask, out=out)), mask

    def _linear(self, name: str, layer: Any, x: Float[Tensor, "N K"]) -> tuple[Float[Tensor, "N M"], _Linear]:
        made = _Linear(layer, self.low(x, f"{name} x"), self.low(layer.weight, f"{name} w"))
        y = self.room(f"y{len(layer.weight)}", len(x), len(layer.weight))
        if self.products == self.dtype:
            torch.addmm(layer.bias, made.x, made.w.T, out=y)
        else:
            self.product(made.x, made.w.T, y).add_(layer.bias)
        return y, made

    def _linear_backward(self, made: _Linear, dy: Float[Tensor, "N M"]) -> Float[Tensor, "N K"]:
        """Gradient with respect to x; those of matrix and bias go into `.grad`."""
        low = self.low(dy, "dy")
        self.product(low.T, made.x, self._grad(made.layer.weight))
        torch.sum(dy, 0, out=self._grad(made.layer.bias))
        return self.product(low, made.w, self.room(f"dx{made.w.shape[1]}", *made.x.shape))

    def _gelu(self, i: int, x: Float[Tensor, "N M"]) -> tuple[Float[Tensor, "N M"], Float[Tensor, "N M"]]:
        """y = x s with s = sigmoid(u), u = 2 sqrt(2/pi) (x + 0.044715 x^3), as 0.5 (1 + tanh v) = sigmoid(2v).

        And dy/dx = s + s (1 - s) x u' with x u' = 3 u - 2 SLOPE x right away, while all of it is in the cache;
        overwrites x.
        """
        u, gate = self.room("u", *x.shape), self.room("gate", *x.shape)
        y, slope = self.room(f"gelu{i}", *x.shape), self.room(f"slope{i}", *x.shape)
        torch.addcmul(self._slope, x, x, value=CUBE, out=u).mul_(x)
        torch.sigmoid(u, out=gate)
        torch.mul(x, gate, out=y)
        u.sub_(x, alpha=2 / 3 * SLOPE)
        torch.addcmul(gate, gate, gate, value=-1, out=x)
        return y, torch.addcmul(gate, x, u, value=3, out=slope)

    def _head(self, x: Tensor, targets: Tensor, weight: float) -> tuple[Tensor, Tensor]:
        """Cross-entropy of the logits; the gradient with respect to x (N, C), and those of the last layers."""
        model = self.model
        matrix = model.wte.weight if model.head is None else model.head.weight
        h, norm = _norm(model.ln_f, x)
        loss, dlogits = self.cross_entropy(h @ matrix.T, targets, weight)
        torch.mm(dlogits.T, h, out=self._grad(matrix))
        return loss, _norm_backward(norm, torch.mm(dlogits, matrix, out=self.room("dx", *x.shape)))

    def _grad(self, p: Tensor) -> Tensor:
        """`.grad` of p, in the memory that it always has here."""
        p.grad = self._grads[p]
        return p.grad


def _norm(layer: Any, x: Float[Tensor, "N C"]) -> tuple[Float[Tensor, "N C"], _Norm]:
    y, mean, rstd = torch.native_layer_norm(x, layer.normalized_shape, layer.weight, layer.bias, layer.eps)
    return y, _Norm(layer, x, mean, rstd)


def _norm_backward(made: _Norm, dy: Float[Tensor, "N C"]) -> Float[Tensor, "N C"]:
    """Gradient with respect to x; those of gain and bias become `.grad`."""
    layer = made.layer
    dx, layer.weight.grad, layer.bias.grad = torch.ops.aten.native_layer_norm_backward(
        dy, made.x, layer.normalized_shape, made.mean, made.rstd, layer.weight, layer.bias, [True, True, True]
    )
    return dx
