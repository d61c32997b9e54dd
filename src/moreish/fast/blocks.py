"""A Transformer's blocks by compiled passes: torch makes the products, a pass does all that stands between two.

`kernels/blocks.hpp` and `kernels/attention.hpp` say what stands in each buffer. Rows are (N, C), N = B T. What goes
from block to block is the stream; a branch is added to it in the pass that norms it for the next branch.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from jaxtyping import Float, Integer
from torch import Tensor, nn

from moreish.fast.library import address
from moreish.fast.passes import Passes
from moreish.fast.plan import LARGEST_VECTOR
from moreish.models.transformer import Block, CausalSelfAttention

if TYPE_CHECKING:
    from moreish.fast.transformer import TransformerGradients


@dataclass(frozen=True)
class Parts:
    """What every part of the net needs; `grads` is where the gradient of each parameter stays."""

    step: "TransformerGradients"
    passes: Passes
    grads: dict[Tensor, Tensor]

    def grads_of(self, *parameters: Tensor | None) -> list[Tensor | None]:
        """None of none."""
        return [None if p is None else self.grads[p] for p in parameters]

    def operand(self, name: str, *shape: int) -> Tensor:
        """A buffer for an operand."""
        return self.step.buffer(name, *shape, dtype=self.step.operand_dtype)


class Product:
    """y = x W^T of operands; the bias belongs to the pass that reads it."""

    def __init__(self, parts: Parts, name: str, layer: nn.Linear) -> None:
        self.parts, self.name, self.weight, self.grad = parts, name, layer.weight, parts.grads[layer.weight]
        self.x: Tensor  # the operands of the last product
        self.w: Tensor

    def __call__(self, x: Float[Tensor, "N in"]) -> Float[Tensor, "N out"]:
        """Rows may be as many as one likes."""
        self.x, self.w = x, self.parts.step.cast(self.weight, f"{self.name} w")
        return torch.mm(x, self.w.T, out=self.parts.operand("product", len(x), len(self.w)))

    def backward(self, dy: Float[Tensor, "N out"]) -> Float[Tensor, "N in"]:
        """Gradient with respect to x; that of W goes where it stays."""
        self.parts.step.product(dy.T, self.x, self.grad)
        return torch.mm(dy, self.w, out=self.parts.operand("dproduct", *self.x.shape))


class AddNorm:
    """The stream with a branch added, which is a product's without its bias; the norm of it is an operand."""

    def __init__(
        self, parts: Parts, name: str, norm: nn.LayerNorm, bias: Tensor | None = None, p: float = 0.0
    ) -> None:
        self.parts, self.name, self.eps, self.p = parts, name, norm.eps, p
        self.bias, self.gain, self.shift = bias, norm.weight, norm.bias
        self.sums = parts.grads_of(norm.weight, norm.bias)
        self.dbias = None if bias is None else parts.grads[bias]
        self.forward_pass, self.backward_pass = (parts.passes[f"add_norm_{way}"] for way in ("forward", "backward"))
        self.stream: Tensor
        self.stats: Tensor
        self.mask: Tensor | None = None

    def __call__(
        self, x: Float[Tensor, "N C"], branch: Float[Tensor, "N C"] | None
    ) -> tuple[Float[Tensor, "N C"], Float[Tensor, "N C"]]:
        """The stream after it, and its norm."""
        step = self.parts.step
        self.stream = x if branch is None else step.buffer(f"{self.name} stream", *x.shape)
        self.mask = None if branch is None else step.mask(self.name, self.p, *x.shape)
        self.stats, y = step.buffer(f"{self.name} stats", len(x), 2), self.parts.operand(f"{self.name} y", *x.shape)
        before = (address(a) for a in (x, branch, self.bias, self.mask, self.stream, self.gain, self.shift))
        self.forward_pass(*x.shape, *before, self.eps, address(y), address(self.stats))
        return self.stream, y

    def backward(self, dy: Float[Tensor, "N C"], dx: Float[Tensor, "N C"]) -> Float[Tensor, "N C"]:
        """The gradient at the branch; dx, that at the stream, goes from after it to before it, in place."""
        dbranch = self.parts.operand("dbranch", *dx.shape)
        given = dy, self.stream, self.stats, self.gain, dx, *self.sums, self.mask
        to = (None, None) if self.bias is None else (dbranch, self.dbias)
        self.backward_pass(*dx.shape, *map(address, (*given, *to)))
        return dbranch


class Attention:
    """From the product that makes queries, keys and values to what every place gets."""

    def __init__(self, parts: Parts, name: str, layer: CausalSelfAttention) -> None:
        self.parts, self.name, self.p, self.n_head = parts, name, layer.p, layer.n_head
        self.bias, self.dbias = layer.qkv.bias, parts.grads[layer.qkv.bias]
        self.forward_pass, self.backward_pass = (
            parts.passes[f"causal_attention_{way}"] for way in ("forward", "backward")
        )
        self.sizes: tuple[int, int, int, int]
        self.kept: tuple[Tensor, Tensor, Tensor | None]  # qkv, shares, mask

    def __call__(self, product: Float[Tensor, "N three_C"], steps: int) -> Float[Tensor, "N C"]:
        """N = B T, T the steps."""
        step, (n, width) = self.parts.step, product.shape
        rows, c = n // steps, width // 3
        self.sizes = rows, steps, self.n_head, c // self.n_head
        shape = rows * self.n_head, steps, steps
        mask = step.mask(f"{self.name} shares", self.p, *shape)
        self.kept = step.buffer(f"{self.name} qkv", n, width), step.buffer(f"{self.name} shares", *shape), mask
        out = self.parts.operand(f"{self.name} out", n, c)
        self.forward_pass(*self.sizes, *map(address, (product, self.bias, *self.kept, out, self._scratch())))
        return out

    def backward(self, dout: Float[Tensor, "N C"]) -> Float[Tensor, "N three_C"]:
        """The gradient at the product."""
        dqkv = self.parts.operand("dqkv", *self.kept[0].shape)
        self.backward_pass(*self.sizes, *map(address, (dout, *self.kept, dqkv, self.dbias, self._scratch())))
        return dqkv

    def _scratch(self) -> Tensor:
        _, steps, _, size = self.sizes
        return self.parts.step.buffer("scratch", size + 2 * steps, steps + LARGEST_VECTOR)


class Gelu:
    """Of a product and its bias."""

    def __init__(self, parts: Parts, i: int, layer: nn.Linear) -> None:
        self.parts, self.i, self.bias, self.dbias = parts, i, layer.bias, parts.grads[layer.bias]
        self.forward_pass, self.backward_pass = (parts.passes[f"tanh_gelu_{way}"] for way in ("forward", "backward"))
        self.slopes: Tensor

    def __call__(self, product: Float[Tensor, "N M"]) -> Float[Tensor, "N M"]:
        """The same shape."""
        self.slopes = self.parts.step.buffer(f"slopes{self.i}", *product.shape)
        y = self.parts.operand(f"gelu{self.i}", *product.shape)
        self.forward_pass(*product.shape, *map(address, (product, self.bias, y, self.slopes)))
        return y

    def backward(self, dy: Float[Tensor, "N M"]) -> Float[Tensor, "N M"]:
        """The gradient at the product."""
        d = self.parts.operand("dgelu", *dy.shape)
        self.backward_pass(*dy.shape, *map(address, (dy, self.slopes, d, self.dbias)))
        return d


class CompiledBlock:
    """The two branches of a block, and the norm between them."""

    def __init__(self, parts: Parts, i: int, block: Block) -> None:
        attn = block.attn
        self.qkv, self.attention = Product(parts, f"qkv{i}", attn.qkv), Attention(parts, f"attention{i}", attn)
        self.proj_1, self.proj_2 = Product(parts, f"first{i}", attn.proj), Product(parts, f"second{i}", block.proj)
        self.norm = AddNorm(parts, f"first{i}", block.ln_2, attn.proj.bias, attn.dropout.p)
        self.fc, self.gelu = Product(parts, f"fc{i}", block.fc), Gelu(parts, i, block.fc)

    def __call__(self, x: Tensor, y: Tensor, steps: int) -> tuple[Float[Tensor, "N C"], Float[Tensor, "N C"]]:
        """From the stream and its first norm to the stream with the first branch, and the second branch."""
        x, y = self.norm(x, self.proj_1(self.attention(self.qkv(y), steps)))
        return x, self.proj_2(self.gelu(self.fc(y)))

    def backward(self, dbranch: Tensor, dx: Float[Tensor, "N C"]) -> Float[Tensor, "N C"]:
        """From the gradient at the second branch to that at the first norm; dx as in `AddNorm`."""
        dy = self.fc.backward(self.gelu.backward(self.proj_2.backward(dbranch)))
        dbranch = self.norm.backward(dy, dx)
        return self.qkv.backward(self.attention.backward(self.proj_1.backward(dbranch)))


class CompiledBlocks:
    """The net up to its logits; what it keeps of the batch that it last read."""

    def __init__(self, step: "TransformerGradients", passes: Passes, grads: dict[Tensor, Tensor]) -> None:
        self.step, self.model, self.passes = step, step.model, passes
        parts, blocks = Parts(step, passes, grads), list(self.model.blocks)
        self.blocks = [CompiledBlock(parts, i, block) for i, block in enumerate(blocks)]
        self.norms = [AddNorm(parts, "embedding", blocks[0].ln_1)]
        following = [*(block.ln_1 for block in blocks[1:]), self.model.ln_f]
        for i, (block, norm) in enumerate(zip(blocks, following, strict=True)):
            self.norms.append(AddNorm(parts, f"second{i}", norm, block.proj.bias, block.dropout.p))
        self.dwte, self.dwpe = grads[self.model.wte.weight], grads[self.model.wpe.weight]
        self.mask: Tensor | None = None

    def __call__(self, idx: Integer[Tensor, "B T"]) -> Float[Tensor, "N C"]:
        """What the logits are made of, an operand."""
        model, (rows, steps) = self.model, idx.shape
        width = model.wte.weight.shape[1]
        x = self.step.buffer("x", rows * steps, width)
        self.mask = self.step.mask("embedding", model.dropout.p, *x.shape)
        given = idx, model.wte.weight, model.wpe.weight, self.mask, x
        self.passes["embed_forward"](rows, steps, width, *map(address, given))
        branch = None
        for norm, block in zip(self.norms, self.blocks, strict=False):
            x, y = norm(x, branch)
            x, branch = block(x, y, steps)
        return self.norms[-1](x, branch)[1]

    def backward(self, idx: Integer[Tensor, "B T"], dy: Float[Tensor, "N C"]) -> None:
        """From the gradient at that operand to those of all parameters below."""
        dx = self.step.buffer("dstream", *dy.shape).zero_()
        for norm, block in zip(self.norms[:0:-1], self.blocks[::-1], strict=True):
            dy = block.backward(norm.backward(dy, dx), dx)
        self.norms[0].backward(dy, dx)
        given = idx, dx, self.mask, self.dwte, self.dwpe
        self.passes["embed_backward"](*idx.shape, dx.shape[1], *map(address, given))
