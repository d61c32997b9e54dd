"""The gradient of a GRU language model, written out.

Beside what `moreish.fast.recurrent` does for every such net, the memory is blank before the first symbol, so the
first step of time needs no product at all; the gradients of the weights are one product over all steps of time
instead of one a step; and everything a step of time touches lies side by side and fits the cache.

Layout is time first, (T, B, H). Equations and names are those of `moreish.models.gru`: gates r, z and candidate n,
h' = (1 - z) n + z h, and c = U h + b of the candidate before the reset gate. `dx` is the gradient of the loss with
respect to x.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from moreish.fast import cells
from moreish.fast.recurrent import RecurrentGradients, Saved, Weights, tanh_


@dataclass
class _Saved(Saved):
    """What one layer keeps of its forward pass."""

    rz: Tensor  # (T, B, 2H)
    n: Tensor  # (T, B, H)
    c: Tensor  # (T, B, H)


class GRUGradients(RecurrentGradients[_Saved]):
    """Loss and gradients of a `moreish.models.gru.GRU`."""

    cell = cells.GRU

    def forward(self, i: int, layer: Weights, gates: Tensor, ids: Tensor | None) -> _Saved:
        """All steps of time; see `RecurrentGradients.forward`."""
        size = layer.weight_hh.shape[1]
        steps, rows = (gates if ids is None else ids).shape[:2]
        h, operand = self.memory(i, steps, rows, size)
        rz = self.buffer(f"rz{i}", steps, rows, 2 * size)
        n, c = (self.buffer(f"{name}{i}", steps, rows, size) for name in "nc")
        recurrent = self.buffer("recurrent", rows, 3 * size)
        u, b = self.cast(layer.weight_hh, f"u{i}"), layer.bias_hh
        a_rz, a_n = gates[..., : 2 * size] + b[: 2 * size], gates[..., 2 * size :].contiguous()
        for t in range(steps):
            if ids is None:
                rz[t], n[t] = a_rz[t], a_n[t]
            else:
                torch.index_select(a_rz, 0, ids[t], out=rz[t])
                torch.index_select(a_n, 0, ids[t], out=n[t])
            if t or self.before is not None:
                self.product(operand[t], u.T, recurrent)
                rz[t].add_(recurrent[:, : 2 * size])
                torch.add(recurrent[:, 2 * size :], b[2 * size :], out=c[t])
            else:
                c[0] = b[2 * size :]
            rz[t].sigmoid_()
            tanh_(n[t].addcmul_(rz[t, :, :size], c[t]))
            torch.lerp(n[t], h[t], rz[t, :, size:], out=h[t + 1])  # (1 - z) n + z h
            if operand is not h:
                operand[t + 1] = h[t + 1]
        if self.keeps_memory:
            self.after = (h[-1].clone(),)
        return _Saved(h, operand, rz, n, c)

    def backward(
        self, i: int, layer: Weights, saved: _Saved, dh_out: Float[Tensor, "T B H"]
    ) -> Float[Tensor, "T B G"]:
        """Back through time.

        dn = dh (1 - z) (1 - n^2)     dc = dn r     dr = dc c (1 - r)     dz = dh z (1 - z) (h - n)
        dh before this step = dh z + [dr, dz, dc] U
        """
        h, rz, n, c = saved.h, saved.rz, saved.n, saved.c
        steps, rows, size = n.shape
        dn = self.buffer("dn", steps, rows, size)
        dgates = self.buffer("dgates", steps, rows, 3 * size)  # [dr, dz, dc]
        operand = self.operand_for(dgates, "dgates")
        dh_kept, slope, dh = (self.buffer(name, rows, size) for name in ("dh_kept", "slope", "dh"))
        u, one = self.cast(layer.weight_hh, f"u{i}"), n.new_ones(())
        dh.zero_()
        for t in reversed(range(steps)):
            r, z = rz[t].split(size, 1)
            dr, dz, dc = dgates[t].split(size, 1)
            dh += dh_out[t]
            torch.mul(dh, z, out=dh_kept)
            torch.addcmul(one, n[t], n[t], value=-1, out=slope)
            torch.mul(dh.sub_(dh_kept), slope, out=dn[t])
            torch.mul(dn[t], r, out=dc)
            torch.addcmul(dc, dc, r, value=-1, out=dr).mul_(c[t])
            torch.addcmul(dh_kept, dh_kept, z, value=-1, out=dz).mul_(torch.sub(h[t], n[t], out=slope))
            if t:
                if operand is not dgates:
                    operand[t] = dgates[t]
                self.product(operand[t], u, dh)
                dh += dh_kept
        self.recurrent_gradients(layer, dgates, operand, saved.operand)
        dgates[..., 2 * size :] = dn  # outside the reset gate
        return dgates
