"""Causal attention in one pass forward and one back, for the many tiny heads of a small Transformer.

All heads of all rows are one batch of products, M = B n_head, with the memory laid out for it. torch's softmax works
row by row and takes longer over rows of a few numbers than over all their products; with the rows side by side (the
asked-for positions first) it is an order of magnitude faster, both copies included.

y = P v with P = softmax(q k^T / sqrt(hs)), after the mask of a dropout D: y = (P D) v. `dx` is the gradient of the
loss with respect to x; the equations stand in `moreish.backprop.rules.attention`.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from moreish.fast.step import FusedStep

SHORT = 24
"""Steps of time up to which a softmax over rows that lie side by side is the faster one."""


@dataclass
class Attended:
    """What a pass keeps for the way back."""

    qkv: Tensor  # (3, M, T, hs)
    shares: Tensor  # (M, T, T): P
    mask: Tensor | None  # (M, T, T): D
    kept: Tensor  # (M, T, T): P D


def attend(
    step: FusedStep, name: str, qkv: Float[Tensor, "N three_C"], later: Float[Tensor, "T T"], n_head: int, p: float
) -> tuple[Float[Tensor, "N C"], Attended]:
    """What every position gets from those before it and itself, N = B T.

    later : what is added to the scores: -inf where a position (row) must not look, otherwise 0
    p : share of P left out
    """
    steps = len(later)
    rows, size = len(qkv) // steps, qkv.shape[1] // 3 // n_head
    m = rows * n_head
    heads = step.room(f"{name} heads", 3, m, steps, size)
    heads.view(3, rows, n_head, steps, size).copy_(qkv.view(rows, steps, 3, n_head, size).permute(2, 0, 3, 1, 4))
    q, k, v = heads
    shares = step.room(f"{name} shares", m, steps, steps)
    _softmax_(step, torch.baddbmm(later, q, k.mT, alpha=size**-0.5, out=shares))
    mask = step.mask(f"{name} shares", p, m, steps, steps)
    kept = shares if mask is None else torch.mul(shares, mask, out=step.room(f"{name} kept", *shares.shape))
    y = torch.bmm(kept, v, out=step.room("y", m, steps, size))
    out = step.room(f"{name} out", len(qkv), n_head * size)
    out.view(rows, steps, n_head, size).copy_(y.view(rows, n_head, steps, size).transpose(1, 2))
    return out, Attended(heads, shares, mask, kept)


def _softmax_(step: FusedStep, scores: Float[Tensor, "M T T"]) -> None:
    """Over the last dimension, in place."""
    if scores.shape[2] > SHORT:
        torch.softmax(scores, 2, out=scores)
        return
    turned = scores.permute(2, 0, 1)
    aside = step.room("scores aside", *turned.shape).copy_(turned)
    turned.copy_(torch.softmax(aside, 0, out=aside))


def attend_backward(step: FusedStep, saved: Attended, dout: Float[Tensor, "N C"]) -> Float[Tensor, "N three_C"]:
    """The gradient at q, k and v side by side."""
    q, k, v = saved.qkv
    m, steps, size = q.shape
    n_head = dout.shape[1] // size
    rows, scale = m // n_head, size**-0.5
    dy = step.room("dy", m, steps, size)
    dy.view(rows, n_head, steps, size).copy_(dout.view(rows, steps, n_head, size).transpose(1, 2))
    dheads = step.room("dheads", 3, m, steps, size)
    dq, dk, dv = dheads
    torch.bmm(saved.kept.mT, dy, out=dv)
    dscores = torch.bmm(dy, v.mT, out=step.room("dscores", m, steps, steps))
    if saved.mask is not None:
        dscores.mul_(saved.mask)
    lost = torch.sum(dscores.mul_(saved.shares), 2, keepdim=True, out=step.room("lost", m, steps, 1))
    dscores.addcmul_(saved.shares, lost, value=-1)
    torch.baddbmm(dq, dscores, k, beta=0, alpha=scale, out=dq)
    torch.baddbmm(dk, dscores.mT, q, beta=0, alpha=scale, out=dk)
    dqkv = step.room("dqkv", len(dout), 3 * dout.shape[1])
    dqkv.view(rows, steps, 3, n_head, size).permute(2, 0, 3, 1, 4).copy_(dheads.view(3, rows, n_head, steps, size))
    return dqkv
