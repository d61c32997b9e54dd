"""The gradient of a Transformer language model, written out.

The nets are small and the batches short, so that autograd spends most of a step on going from one tiny operation to
the next. Here rows are (N, C) with N = B T throughout, the gradient of every matrix is one product that is written
where it stays, and GELU is spelled with a sigmoid. What one block leaves for the way back is kept small, and all else
is in memory that every block uses again. `dx` is the gradient of the loss with respect to x.
"""

import math
from typing import Literal

import torch
from jaxtyping import Float, Integer
from torch import Tensor, nn

from moreish.fast.attention import Attention
from moreish.fast.blocks import CompiledBlocks
from moreish.fast.passes import Passes
from moreish.fast.step import FusedStep
from moreish.models.transformer import Block, Transformer

SLOPE = 2 * math.sqrt(2 / math.pi)
CUBE = 0.044715 * SLOPE
ALL_THREE = [True, True, True]
norm_backward = torch.ops.aten.native_layer_norm_backward.default


class TransformerGradients(FusedStep[Transformer]):
    """Loss and gradients of a `moreish.models.transformer.Transformer`."""

    def __init__(
        self,
        model: Transformer,
        label_smoothing: float = 0.0,
        operand_dtype: torch.dtype | None = None,
        passes: Passes | Literal["auto"] | None = "auto",
    ) -> None:
        super().__init__(model, label_smoothing, operand_dtype, passes)
        grads, self._sums = _gradients(model)
        self._grads = list(grads.items())
        self._matrix = model.wte.weight if model.head is None else model.head.weight
        self._dmatrix, self._dwte, self._dwpe = (grads[p] for p in (self._matrix, model.wte.weight, model.wpe.weight))
        if self.passes is not None:
            self._compiled = CompiledBlocks(self, self.passes, grads)
            return
        size = model.wpe.num_embeddings
        causal_mask = model.wte.weight.new_full((size, size), -math.inf).triu_(1)
        self._blocks = [_Block(self, i, block, causal_mask, grads) for i, block in enumerate(model.blocks)]
        self._norm = _Norm(model.ln_f)

    @torch.no_grad()
    def __call__(
        self, idx: Integer[Tensor, "B T"], targets: Integer[Tensor, "B T"], weight: float
    ) -> Float[Tensor, ""]:
        """The mean loss in nats per token; `.grad` becomes the gradient of `weight` times it."""
        for p, grad in self._grads:
            p.grad = grad
        self.check(idx, targets)
        run = self._by_torch if self.passes is None else self._by_passes
        return run(idx.contiguous(), targets.reshape(-1), weight)

    def _by_passes(self, idx: Tensor, targets: Tensor, weight: float) -> Tensor:
        self._sums.zero_()
        y = self._compiled(idx)
        h = y if y.dtype == self.dtype else self.buffer("h", *y.shape).copy_(y)
        loss, dlogits = self.cross_entropy(self._matrix @ h.T, targets, weight)
        torch.mm(dlogits, h, out=self._dmatrix)
        dh = torch.mm(dlogits.T, self._matrix, out=self.buffer("dh", *h.shape))
        self._compiled.backward(idx, self.cast(dh, "dh"))
        return loss

    def _by_torch(self, idx: Tensor, targets: Tensor, weight: float) -> Tensor:
        x, mask = self._embed(idx)
        for block in self._blocks:
            x = block(x, idx.shape[1])
        loss, dx = self._head(x, targets, weight)
        for block in reversed(self._blocks):
            block.backward(dx)
        self._embed_backward(idx, dx if mask is None else dx.mul_(mask))
        return loss

    def _embed(self, idx: Tensor) -> tuple[Float[Tensor, "N C"], Tensor | None]:
        """Symbols and positions; the mask of the dropout."""
        model, (rows, steps) = self.model, idx.shape
        x = self.buffer("x", rows * steps, model.wte.weight.shape[1])
        torch.index_select(model.wte.weight, 0, idx.reshape(-1), out=x)
        x.view(rows, steps, -1).add_(model.wpe.weight[:steps])
        mask = self.mask("embedding", model.dropout.p, *x.shape)
        return (x if mask is None else x.mul_(mask)), mask

    def _embed_backward(self, idx: Tensor, dx: Float[Tensor, "N C"]) -> None:
        """A row picked twice is added twice; with tied matrices, to what came from the logits."""
        rows, steps = idx.shape
        if self._dwte is not self._dmatrix:
            self._dwte.zero_()
        self._dwte.index_add_(0, idx.reshape(-1), dx)
        torch.sum(dx.view(rows, steps, -1), 0, out=self._dwpe[:steps])
        self._dwpe[steps:] = 0

    def _head(self, x: Tensor, targets: Tensor, weight: float) -> tuple[Tensor, Tensor]:
        """Cross-entropy of the logits; the gradient with respect to x (N, C), and those of the last layers."""
        h = self._norm(x)
        loss, dlogits = self.cross_entropy(self._matrix @ h.T, targets, weight)
        torch.mm(dlogits, h, out=self._dmatrix)
        return loss, self._norm.backward(torch.mm(dlogits.T, self._matrix, out=self.buffer("dx", *x.shape)))


def _gradients(model: Transformer) -> tuple[dict[Tensor, Tensor], Tensor]:
    """Where the gradient of each parameter stays; those that passes add up are parts of one tensor, the second."""
    added = {p: p.numel() for p in model.parameters() if p.ndim < 2}
    added |= {table.weight: table.weight.numel() for table in (model.wte, model.wpe)}
    sums = model.wte.weight.new_zeros(sum(added.values()))
    parts = dict(zip(added, sums.split(list(added.values())), strict=True))
    return {p: parts[p].view(p.shape) if p in parts else torch.empty_like(p) for p in model.parameters()}, sums


class _Block:
    """x + attention(norm(x)), then x + MLP(norm(x)); what it keeps of the batch that it last read."""

    def __init__(
        self, step: FusedStep, i: int, block: Block, causal_mask: Tensor, grads: dict[Tensor, Tensor]
    ) -> None:
        attn = block.attn
        self.norm_1, self.norm_2 = _Norm(block.ln_1), _Norm(block.ln_2)
        self.qkv = _Linear(step, f"qkv{i}", attn.qkv, grads)
        self.attention = Attention(step, f"attention{i}", attn, causal_mask)
        self.proj_1 = _Linear(step, f"first proj{i}", attn.proj, grads)
        self.add_1 = _Add(step, f"first{i}", attn.dropout.p)
        self.fc = _Linear(step, f"fc{i}", block.fc, grads)
        self.gelu = _Gelu(step, i)
        self.proj_2 = _Linear(step, f"second proj{i}", block.proj, grads)
        self.add_2 = _Add(step, f"second{i}", block.dropout.p)

    def __call__(self, x: Float[Tensor, "N C"], steps: int) -> Float[Tensor, "N C"]:
        """The same shape."""
        x = self.add_1(x, self.proj_1(self.attention(self.qkv(self.norm_1(x)), steps)))
        return self.add_2(x, self.proj_2(self.gelu(self.fc(self.norm_2(x)))))

    def backward(self, dx: Float[Tensor, "N C"]) -> None:
        """dx goes from after the block to before it, in place."""
        du = self.proj_2.backward(self.add_2.backward(dx)).mul_(self.gelu.slope)
        dx.add_(self.norm_2.backward(self.fc.backward(du)))
        dqkv = self.attention.backward(self.proj_1.backward(self.add_1.backward(dx)))
        dx.add_(self.norm_1.backward(self.qkv.backward(dqkv)))


class _Linear:
    """y = x W^T + b."""

    def __init__(self, step: FusedStep, name: str, layer: nn.Linear, grads: dict[Tensor, Tensor]) -> None:
        self.step, self.weight, self.bias = step, layer.weight, layer.bias
        self.dweight, self.dbias = grads[layer.weight], grads[layer.bias]
        self.out, self.width = layer.weight.shape
        self.y_name, self.dx_name = f"y{self.out}", f"dx{self.width}"
        self.x_name, self.w_name = f"{name} x", f"{name} w"
        self.plain = step.operand_dtype == step.dtype
        self.x: Tensor  # the operands of the last product
        self.w: Tensor

    def __call__(self, x: Float[Tensor, "N in"]) -> Float[Tensor, "N out"]:
        """Rows may be as many as one likes."""
        y = self.step.buffer(self.y_name, len(x), self.out)
        if self.plain:
            self.x, self.w = x, self.weight
            return torch.addmm(self.bias, x, self.weight.T, out=y)
        self.x, self.w = self.step.cast(x, self.x_name), self.step.cast(self.weight, self.w_name)
        return self.step.product(self.x, self.w.T, y).add_(self.bias)

    def backward(self, dy: Float[Tensor, "N out"]) -> Float[Tensor, "N in"]:
        """Gradient with respect to x; those of matrix and bias go where they stay."""
        dx = self.step.buffer(self.dx_name, len(dy), self.width)
        torch.sum(dy, 0, out=self.dbias)
        if self.plain:
            torch.mm(dy.T, self.x, out=self.dweight)
            return torch.mm(dy, self.w, out=dx)
        operand = self.step.cast(dy, "dy")
        self.step.product(operand.T, self.x, self.dweight)
        return self.step.product(operand, self.w, dx)


class _Norm:
    """LayerNorm, with gain and bias."""

    def __init__(self, layer: nn.LayerNorm) -> None:
        self.shape, self.weight, self.bias, self.eps = layer.normalized_shape, layer.weight, layer.bias, layer.eps
        self.saved: tuple[Tensor, Tensor, Tensor]

    def __call__(self, x: Float[Tensor, "N C"]) -> Float[Tensor, "N C"]:
        """Each row by itself."""
        y, mean, rstd = torch.native_layer_norm(x, self.shape, self.weight, self.bias, self.eps)
        self.saved = x, mean, rstd
        return y

    def backward(self, dy: Float[Tensor, "N C"]) -> Float[Tensor, "N C"]:
        """Gradient with respect to x; those of gain and bias become `.grad`."""
        x, mean, rstd = self.saved
        dx, self.weight.grad, self.bias.grad = norm_backward(
            dy, x, self.shape, mean, rstd, self.weight, self.bias, ALL_THREE
        )
        return dx


class _Gelu:
    """y = x s with s = sigmoid(u), u = 2 sqrt(2/pi) (x + 0.044715 x^3), as 0.5 (1 + tanh v) = sigmoid(2v).

    And dy/dx = s + s (1 - s) x u' with x u' = 3 u - 2 SLOPE x right away, while all of it is in the cache.
    """

    def __init__(self, step: FusedStep, i: int) -> None:
        self.step, self.slope_name, self.y_name = step, f"slope{i}", f"gelu{i}"
        self.first = step.model.wte.weight.new_tensor(SLOPE)
        self.slope: Tensor

    def __call__(self, x: Float[Tensor, "N M"]) -> Float[Tensor, "N M"]:
        """Overwrites x."""
        rows, width = x.shape
        buffer = self.step.buffer
        u, gate, y = buffer("u", rows, width), buffer("gate", rows, width), buffer(self.y_name, rows, width)
        self.slope = buffer(self.slope_name, rows, width)
        torch.addcmul(self.first, x, x, value=CUBE, out=u).mul_(x)
        torch.sigmoid(u, out=gate)
        torch.mul(x, gate, out=y)
        u.sub_(x, alpha=2 / 3 * SLOPE)
        torch.addcmul(gate, gate, gate, value=-1, out=x)
        torch.addcmul(gate, x, u, value=3, out=self.slope)
        return y


class _Add:
    """x + what the dropout leaves of a branch."""

    def __init__(self, step: FusedStep, name: str, p: float) -> None:
        self.step, self.name, self.sum_name, self.p = step, name, f"{name} sum", p
        self.mask: Tensor | None = None

    def __call__(self, x: Float[Tensor, "N C"], branch: Float[Tensor, "N C"]) -> Float[Tensor, "N C"]:
        """The same shape."""
        self.mask = self.step.mask(self.name, self.p, *x.shape)
        out = self.step.buffer(self.sum_name, *x.shape)
        if self.mask is None:
            return torch.add(x, branch, out=out)
        return torch.addcmul(x, branch, self.mask, out=out)

    def backward(self, dx: Float[Tensor, "N C"]) -> Float[Tensor, "N C"]:
        """The gradient with respect to the branch; to x it is dx itself."""
        return dx if self.mask is None else torch.mul(dx, self.mask, out=self.step.buffer("da", *dx.shape))
