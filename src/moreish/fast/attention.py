"""Causal attention in one pass forward and one back, for the many tiny heads of a small Transformer.

All heads of all rows are one batch of products, M = B n_head, with the memory laid out for it. torch's softmax works
row by row and takes longer over rows of a few numbers than over all their products; with the rows side by side (the
asked-for positions first) it is an order of magnitude faster, both copies included.

y = P v with P = softmax(q k^T / sqrt(hs)), after the mask of a dropout D: y = (P D) v. `dx` is the gradient of the
loss with respect to x; the equations stand in `moreish.backprop.rules.attention`.
"""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from moreish.fast.step import FusedStep

SHORT = 24
"""Steps of time up to which a softmax over rows that lie side by side is the faster one."""


class Attention:
    """The attention of one block; `backward` is for the batch that was last read.

    layer : a `moreish.models.transformer.CausalSelfAttention`
    later : (block_size, block_size), what is added to the scores: -inf where a position (row) must not look
    """

    def __init__(self, step: FusedStep, name: str, layer: Any, later: Float[Tensor, "T T"]) -> None:
        self.step, self.name, self.p, self.n_head, self.later = step, name, layer.p, layer.n_head, later
        self.buffers: _Buffers
        self.mask: Tensor | None = None  # (M, T, T): D

    def __call__(self, qkv: Float[Tensor, "N three_C"], steps: int) -> Float[Tensor, "N C"]:
        """What every position gets from those before it and itself, N = B T."""
        step, shape = self.step, (len(qkv) // steps, steps, self.n_head, qkv.shape[1])
        at = self.buffers = step.cached((self.name, shape), lambda: _Buffers(step, self.name, *shape))
        at.heads_by_row.copy_(qkv.view(at.heads_by_row.shape))
        torch.baddbmm(self.later[:steps, :steps], at.q, at.k_turned, alpha=at.scale, out=at.shares)
        if steps > SHORT:
            torch.softmax(at.shares, 2, out=at.shares)
        else:
            at.turned.copy_(torch.softmax(at.aside.copy_(at.turned), 0, out=at.aside))
        self.mask = self.step.mask(f"{self.name} shares", self.p, *at.shares.shape)
        kept = at.shares if self.mask is None else torch.mul(at.shares, self.mask, out=at.kept)
        torch.bmm(kept, at.v, out=at.y)
        at.out_by_row.copy_(at.y_by_row)
        return at.out

    def backward(self, dout: Float[Tensor, "N C"]) -> Float[Tensor, "N three_C"]:
        """The gradient at q, k and v side by side."""
        at = self.buffers
        at.dy_by_row.copy_(dout.view(at.dy_by_row.shape))
        torch.bmm((at.shares if self.mask is None else at.kept).mT, at.dy, out=at.dv)
        torch.bmm(at.dy, at.v_turned, out=at.dscores)
        if self.mask is not None:
            at.dscores.mul_(self.mask)
        at.dscores.mul_(at.shares)
        torch.sum(at.dscores, 2, keepdim=True, out=at.lost)
        at.dscores.addcmul_(at.shares, at.lost, value=-1)
        torch.baddbmm(at.dq, at.dscores, at.k, beta=0, alpha=at.scale, out=at.dq)
        torch.baddbmm(at.dk, at.dscores_turned, at.q, beta=0, alpha=at.scale, out=at.dk)
        at.dqkv_by_row.copy_(at.dheads_by_row)
        return at.dqkv


class _Buffers:
    """Where everything about batches of one shape lies; M = B n_head.

    `shares`, `kept` and `heads` are the block's own, because they are needed on the way back; the rest serves one
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
        self.k_turned, self.v_turned = self.k.mT, self.v.mT
        self.heads_by_row, self.dheads_by_row = (a.view(3, *by_row).permute(1, 3, 0, 2, 4) for a in (heads, dheads))
        self.shares, self.kept = (step.buffer(f"{name} {what}", m, steps, steps) for what in ("shares", "kept"))
        self.turned = self.shares.permute(2, 0, 1)
        self.aside = step.buffer("scores aside", steps, m, steps)
        self.y, self.dy = step.buffer("y", m, steps, size), step.buffer("dy", m, steps, size)
        self.y_by_row, self.dy_by_row = (a.view(by_row).transpose(1, 2) for a in (self.y, self.dy))
        self.out = step.buffer(f"{name} out", rows * steps, c)
        self.out_by_row = self.out.view(self.y_by_row.shape)
        self.dscores, self.lost = step.buffer("dscores", m, steps, steps), step.buffer("lost", m, steps, 1)
        self.dscores_turned = self.dscores.mT
        self.dqkv = step.buffer("dqkv", rows * steps, width)
        self.dqkv_by_row = self.dqkv.view(self.dheads_by_row.shape)
