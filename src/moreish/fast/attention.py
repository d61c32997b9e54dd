"""Causal attention in one pass forward and one back, for the many tiny heads of a small Transformer.

All heads of all rows are one batch of products, M = B n_head, with the memory laid out for it. torch's softmax works
row by row and takes longer over rows of a few numbers than over all their products; with the rows side by side (the
asked-for positions first) it is an order of magnitude faster, both copies included.

y = P v with P = softmax(q k^T / sqrt(hs)), after the mask of a dropout D: y = (P D) v. `dx` is the gradient of the
loss with respect to x; the equations stand in `moreish.backprop.rules.attention`.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from moreish.fast.step import FusedStep
from moreish.models.transformer import CausalSelfAttention

SHORT = 24
"""Steps of time up to which a softmax over rows that lie side by side is the faster one."""


class Attention:
    """The attention of one block; `backward` is for the batch that was last read.

    causal_mask : (block_size, block_size), what is added to the scores: -inf where a position (row) must not look
    """

    def __init__(
        self, step: FusedStep, name: str, layer: CausalSelfAttention, causal_mask: Float[Tensor, "T T"]
    ) -> None:
        self.step, self.name, self.p, self.n_head, self.causal_mask = step, name, layer.p, layer.n_head, causal_mask
        self.buffers: _Buffers
        self.mask: Tensor | None = None  # (M, T, T): D

    def __call__(self, qkv: Float[Tensor, "N three_C"], steps: int) -> Float[Tensor, "N C"]:
        """What every position gets from those before it and itself, N = B T."""
        step, shape = self.step, (len(qkv) // steps, steps, self.n_head, qkv.shape[1])
        buf = self.buffers = step.cached((self.name, shape), lambda: _Buffers(step, self.name, *shape))
        buf.heads_by_row.copy_(qkv.view(buf.heads_by_row.shape))
        torch.baddbmm(self.causal_mask[:steps, :steps], buf.q, buf.k_transposed, alpha=buf.scale, out=buf.shares)
        if steps > SHORT:
            torch.softmax(buf.shares, 2, out=buf.shares)
        else:
            buf.positions_first.copy_(torch.softmax(buf.scratch.copy_(buf.positions_first), 0, out=buf.scratch))
        self.mask = self.step.mask(f"{self.name} shares", self.p, *buf.shares.shape)
        dropped = buf.shares if self.mask is None else torch.mul(buf.shares, self.mask, out=buf.dropped)
        torch.bmm(dropped, buf.v, out=buf.y)
        buf.out_by_row.copy_(buf.y_by_row)
        return buf.out

    def backward(self, dout: Float[Tensor, "N C"]) -> Float[Tensor, "N three_C"]:
        """The gradient at q, k and v side by side."""
        buf = self.buffers
        buf.dy_by_row.copy_(dout.view(buf.dy_by_row.shape))
        torch.bmm((buf.shares if self.mask is None else buf.dropped).mT, buf.dy, out=buf.dv)
        torch.bmm(buf.dy, buf.v_transposed, out=buf.dscores)
        if self.mask is not None:
            buf.dscores.mul_(self.mask)
        buf.dscores.mul_(buf.shares)
        torch.sum(buf.dscores, 2, keepdim=True, out=buf.row_sums)
        buf.dscores.addcmul_(buf.shares, buf.row_sums, value=-1)
        torch.baddbmm(buf.dq, buf.dscores, buf.k, beta=0, alpha=buf.scale, out=buf.dq)
        torch.baddbmm(buf.dk, buf.dscores_transposed, buf.q, beta=0, alpha=buf.scale, out=buf.dk)
        buf.dqkv_by_row.copy_(buf.dheads_by_row)
        return buf.dqkv


class _Buffers:
    """Where everything about batches of one shape lies; M = B n_head.

    `shares`, `dropped` and `heads` are the block's own, because they are needed on the way back; the rest serves one
    block after the other.
    """

    def __init__(self, step: FusedStep, name: str, rows: int, steps: int, n_head: int, width: int) -> None:
        m, c = rows * n_head, width // 3
        size = c // n_head
        by_row = (rows, n_head, steps, size)
        self.scale = size**-0.5
        heads, dheads = step.buffer(f"{name} heads", 3, m, steps, size), step.buffer("dheads", 3, m, steps, size)
        self.q, self.k, self.v = heads
        self.dq, self.dk, self.dv = dheads
        self.k_transposed, self.v_transposed = self.k.mT, self.v.mT
        self.heads_by_row, self.dheads_by_row = (a.view(3, *by_row).permute(1, 3, 0, 2, 4) for a in (heads, dheads))
        self.shares, self.dropped = (step.buffer(f"{name} {what}", m, steps, steps) for what in ("shares", "dropped"))
        self.positions_first = self.shares.permute(2, 0, 1)
        self.scratch = step.buffer("scores scratch", steps, m, steps)
        self.y, self.dy = step.buffer("y", m, steps, size), step.buffer("dy", m, steps, size)
        self.y_by_row, self.dy_by_row = (a.view(by_row).transpose(1, 2) for a in (self.y, self.dy))
        self.out = step.buffer(f"{name} out", rows * steps, c)
        self.out_by_row = self.out.view(self.y_by_row.shape)
        self.dscores, self.row_sums = step.buffer("dscores", m, steps, steps), step.buffer("row sums", m, steps, 1)
        self.dscores_transposed = self.dscores.mT
        self.dqkv = step.buffer("dqkv", rows * steps, width)
        self.dqkv_by_row = self.dqkv.view(self.dheads_by_row.shape)
