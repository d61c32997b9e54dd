"""The gradient of a GRU language model, written out.

Beside what `moreish.fast.recurrent` does for every such net, the memory is blank before the first symbol, so the
first step of time needs no product at all; the gradients of the weights are one product over all steps of time
instead of one a step; and everything a step of time touches lies side by side and fits the cache.

Layout is time first, (T, B, H). Equations and names are those of `moreish.models.gru`: gates r, z and candidate n,
h' = (1 - z) n + z h, and c = U h + b of the candidate before the reset gate. `dx` is the gradient of the loss with
respect to x.
"""

from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from moreish.fast.recurrent import RecurrentGradients, tanh_


@dataclass
class _Saved:
    """What one layer keeps of its forward pass."""

    h: Tensor  # (T + 1, B, H): the memory before the first step, then after each
    operand: Tensor  # the same, as an operand of products
    rz: Tensor  # (T, B, 2H)
    n: Tensor  # (T, B, H)
    c: Tensor  # (T, B, H)


class GRUGradients(RecurrentGradients):
    """Loss and gradients of a `moreish.models.gru.GRU`."""

    def forward(self, i: int, layer: Any, gates: Tensor, ids: Tensor | None) -> _Saved:
        """All steps of time; see `RecurrentGradients.forward`."""
        size = layer.hidden_size
        steps, rows = (gates if ids is None else ids).shape[:2]
        h, operand = self.memory(i, steps, rows, size)
        rz = self.buffer(f"rz{i}", steps, rows, 2 * size)
        n, c = (self.buffer(f"{name}{i}", steps, rows, size) for name in "nc")
        after = self.buffer("after", rows, 3 * size)
        u, b = self.cast(layer.weight_hh_l0, f"u{i}"), layer.bias_hh_l0
        a_rz, a_n = gates[..., : 2 * size] + b[: 2 * size], gates[..., 2 * size :].contiguous()
        for t in range(steps):
            if ids is None:
                rz[t], n[t] = a_rz[t], a_n[t]
            else:
                torch.index_select(a_rz, 0, ids[t], out=rz[t])
                torch.index_select(a_n, 0, ids[t], out=n[t])
            if t:
                self.product(operand[t], u.T, after)
                rz[t].add_(after[:, : 2 * size])
                torch.add(after[:, 2 * size :], b[2 * size :], out=c[t])
            else:
                c[0] = b[2 * size :]
            rz[t].sigmoid_()
            tanh_(n[t].addcmul_(rz[t, :, :size], c[t]))
            torch.lerp(n[t], h[t], rz[t, :, size:], out=h[t + 1])  # (1 - z) n + z h
            if operand is not h:
                operand[t + 1] = h[t + 1]
        return _Saved(h, operand, rz, n, c)

    def backward(self, i: int, layer: Any, saved: _Saved, dh_out: Float[Tensor, "T B H"]) -> Float[Tensor, "T B G"]:
        """Back through time.

        dn = dh (1 - z) (1 - n^2)     dc = dn r     dr = dc c (1 - r)     dz = dh z (1 - z) (h - n)
        dh before this step = dh z + [dr, dz, dc] U
        """
        h, rz, n, c = saved.h, saved.rz, saved.n, saved.c
        steps, rows, size = n.shape
        dn = self.buffer("dn", steps, rows, size)
        dgates = self.buffer("dgates", steps, rows, 3 * size)  # [dr, dz, dc]
        operand = (
            dgates if self.products == self.dtype else self.buffer("dgates cast", *dgates.shape, dtype=self.products)
        )
        kept, slope, dh = (self.buffer(name, rows, size) for name in ("kept", "slope", "dh"))
        u, one = self.cast(layer.weight_hh_l0, f"u{i}"), n.new_ones(())
        dh.zero_()
        for t in reversed(range(steps)):
            r, z = rz[t].split(size, 1)
            dr, dz, dc = dgates[t].split(size, 1)
            dh += dh_out[t]
            torch.mul(dh, z, out=kept)
            torch.addcmul(one, n[t], n[t], value=-1, out=slope)
            torch.mul(dh.sub_(kept), slope, out=dn[t])
            torch.mul(dn[t], r, out=dc)
            torch.addcmul(dc, dc, r, value=-1, out=dr).mul_(c[t])
            torch.addcmul(kept, kept, z, value=-1, out=dz).mul_(torch.sub(h[t], n[t], out=slope))
            if t:
                if operand is not dgates:
                    operand[t] = dgates[t]
                self.product(operand[t], u, dh)
                dh += kept
        inner = slice(1, steps)  # the blank memory before the first step adds nothing
        layer.weight_hh_l0.grad = self.weight_gradient(
            operand[inner].flatten(0, 1), saved.operand[inner].flatten(0, 1)
        )
        layer.bias_hh_l0.grad = dgates.flatten(0, 1).sum(0)
        dgates[..., 2 * size :] = dn  # outside the reset gate
        return dgates
