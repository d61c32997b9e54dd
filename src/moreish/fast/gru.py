"""The whole gradient of a GRU language model, written out: no graph is recorded, nothing is computed twice.

What makes it faster than autograd on a processor:

- With few symbols, embedding and input matrix are one table of V rows, `wte @ W_ih.T + b`; reading a symbol is
  picking a row, and the gradient flows back into V rows before it meets either matrix.
- The memory is blank before the first symbol, so the first step of time needs no product at all.
- The gradients of the weights are one product over all steps of time instead of one a step.
- Everything a step of time touches lies side by side and fits the cache.

Layout is time first, (T, B, H). Equations and names are those of `moreish.models.gru`: gates r, z and candidate n,
h' = (1 - z) n + z h, and c = U h + b of the candidate before the reset gate. `dx` is the gradient of the loss with
respect to x.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Integer
from torch import Tensor

from moreish.models.gru import GRU


@dataclass
class _Saved:
    """What one layer keeps of its forward pass."""

    h: Tensor  # (T + 1, B, H): the memory before the first step, then after each
    rz: Tensor  # (T, B, 2H)
    n: Tensor  # (T, B, H)
    c: Tensor  # (T, B, H)
    mask: Tensor | None = None  # (T, B, H), dropout on the way up


@dataclass
class _GateGradients:
    """Gradients at the inputs of the gates; the candidate's once outside (dn) and once inside (dc) the reset gate."""

    drz: Tensor  # (T, B, 2H)
    dn: Tensor  # (T, B, H)
    dc: Tensor  # (T, B, H)


class GRUGradients:
    """Loss and gradients of a GRU on a batch of sequences: `(idx, targets, weight) -> loss`, which fills `.grad`."""

    def __init__(self, model: GRU, label_smoothing: float = 0.0) -> None:
        self.model, self.label_smoothing = model, label_smoothing

    @torch.no_grad()
    def __call__(
        self, idx: Integer[Tensor, "B T"], targets: Integer[Tensor, "B T"], weight: float
    ) -> Float[Tensor, ""]:
        """The mean loss in nats per token; `.grad` becomes the gradient of `weight` times it."""
        ids = idx.T.contiguous()  # (T, B)
        saved: list[_Saved] = []
        outputs: list[Tensor] = []
        for layer in self.model.layers:
            saved.append(self._forward(layer, outputs[-1] if outputs else None, ids))
            h, mask = saved[-1].h[1:], saved[-1].mask
            outputs.append(h if mask is None else h * mask)
        loss, dx = self._head(outputs[-1].flatten(0, 1), targets.T.reshape(-1), weight)
        for i in reversed(range(len(saved))):
            dx = dx.view_as(outputs[i])
            mask = saved[i].mask
            gradients = _backward(self.model.layers[i], saved[i], dx if mask is None else dx.mul_(mask))
            if i:
                dx = _input_gradients(self.model.layers[i], gradients, outputs[i - 1].flatten(0, 1))
            else:
                self._table_gradients(gradients, ids.flatten())
        return loss

    def _forward(self, layer: Any, x: Tensor | None, ids: Tensor) -> _Saved:
        """One layer over all steps of time; the first reads ids, another the output x (T, B, H) of the one below."""
        size, (steps, rows) = layer.hidden_size, ids.shape
        w, u = layer.weight_ih_l0, layer.weight_hh_l0
        b_rz = layer.bias_ih_l0[: 2 * size] + layer.bias_hh_l0[: 2 * size]
        b_n, b_c = layer.bias_ih_l0[2 * size :], layer.bias_hh_l0[2 * size :]
        rz, n, c = (u.new_empty(steps, rows, width) for width in (2 * size, size, size))
        h = u.new_empty(steps + 1, rows, size)
        h[0] = 0
        source = self.model.wte.weight if x is None else x.flatten(0, 1)
        a_rz = torch.addmm(b_rz, source, w[: 2 * size].T)  # (V, 2H) or (T B, 2H)
        a_n = torch.addmm(b_n, source, w[2 * size :].T)
        u_rz, u_n = u[: 2 * size].T, u[2 * size :].T
        for t in range(steps):
            at = ids[t] if x is None else torch.arange(t * rows, (t + 1) * rows, device=ids.device)
            torch.index_select(a_rz, 0, at, out=rz[t])
            torch.index_select(a_n, 0, at, out=n[t])
            if t:
                rz[t].addmm_(h[t], u_rz)
                torch.addmm(b_c, h[t], u_n, out=c[t])
            else:
                c[0] = b_c
            rz[t].sigmoid_()
            _tanh_(n[t].addcmul_(rz[t, :, :size], c[t]))
            torch.lerp(n[t], h[t], rz[t, :, size:], out=h[t + 1])  # (1 - z) n + z h
        return _Saved(h, rz, n, c, self._mask(h[1:]))

    def _mask(self, h: Tensor) -> Tensor | None:
        """The dropout mask with its factor 1 / (1 - p); None where nothing is dropped.

        One draw from torch's stream seeds a faster generator, of which every 64 bits decide over four units; p is
        rounded to a multiple of 2**-16.
        """
        p = round(self.model.dropout.p * 65536)
        if p == 0 or not self.model.training:
            return None
        chance = np.random.SFC64(int(torch.randint(2**62, ()).item()))
        bits = chance.random_raw(-(-h.numel() // 4)).view(np.uint16)[: h.numel()]
        kept = torch.from_numpy(bits >= p).to(h.device).view(h.shape)
        return kept.to(h.dtype).mul_(65536 / (65536 - p))

    def _head(self, x: Tensor, targets: Tensor, weight: float) -> tuple[Tensor, Tensor]:
        """Cross-entropy of the logits; the gradient with respect to x (N, H), and those of the last matrix."""
        head, n, smooth = self.model.head, len(x), self.label_smoothing
        logprobs = torch.addmm(head.bias, x, head.weight.T).log_softmax(1)  # (N, V)
        picked = logprobs.gather(1, targets[:, None])
        loss = -(1 - smooth) * picked.mean() - smooth * logprobs.mean()
        dlogits = logprobs.exp_()  # (softmax - wanted distribution) / n
        if smooth:
            dlogits -= smooth / dlogits.shape[1]
        dlogits.scatter_add_(1, targets[:, None], dlogits.new_full((n, 1), smooth - 1))
        dlogits *= weight / n
        head.weight.grad = dlogits.T @ x
        head.bias.grad = dlogits.sum(0)
        return loss, dlogits @ head.weight

    def _table_gradients(self, gradients: _GateGradients, ids: Integer[Tensor, " N"]) -> None:
        """Into V rows first (a row picked twice is added twice), then into embedding and input matrix."""
        layer, wte = self.model.layers[0], self.model.wte.weight
        size = layer.hidden_size
        dtable = wte.new_zeros(len(wte), 3 * size)
        dtable[:, : 2 * size].index_add_(0, ids, gradients.drz.flatten(0, 1))
        dtable[:, 2 * size :].index_add_(0, ids, gradients.dn.flatten(0, 1))
        layer.weight_ih_l0.grad = dtable.T @ wte
        layer.bias_ih_l0.grad = dtable.sum(0)
        wte.grad = dtable @ layer.weight_ih_l0


def _tanh_(x: Tensor) -> Tensor:
    """tanh(x) = 2 sigmoid(2x) - 1, in place: torch's sigmoid is an order of magnitude faster than its tanh."""
    return x.mul_(2).sigmoid_().mul_(2).sub_(1)


def _backward(layer: Any, saved: _Saved, dh_out: Float[Tensor, "T B H"]) -> _GateGradients:
    """Back through time; the gradients of the recurrent matrix and bias go into `.grad`.

    dn = dh (1 - z) (1 - n^2)     dc = dn r     dr = dc c (1 - r)     dz = dh z (1 - z) (h - n)
    dh before this step = dh z + [dr, dz] U_rz + dc U_n
    """
    h, rz, n, c = saved.h, saved.rz, saved.n, saved.c
    steps, _, size = n.shape
    made = _GateGradients(torch.empty_like(rz), torch.empty_like(n), torch.empty_like(n))
    u = layer.weight_hh_l0
    dh, one = torch.zeros_like(n[0]), n.new_ones(())
    kept, slope = torch.empty_like(dh), torch.empty_like(dh)
    for t in reversed(range(steps)):
        r, z = rz[t, :, :size], rz[t, :, size:]
        dr, dz = made.drz[t, :, :size], made.drz[t, :, size:]
        dh += dh_out[t]
        torch.mul(dh, z, out=kept)
        torch.addcmul(one, n[t], n[t], value=-1, out=slope)
        torch.mul(dh.sub_(kept), slope, out=made.dn[t])
        torch.mul(made.dn[t], r, out=made.dc[t])
        torch.addcmul(made.dc[t], made.dc[t], r, value=-1, out=dr).mul_(c[t])
        torch.addcmul(kept, kept, z, value=-1, out=dz).mul_(torch.sub(h[t], n[t], out=slope))
        if t:
            torch.addmm(kept, made.drz[t], u[: 2 * size], out=dh)
            dh.addmm_(made.dc[t], u[2 * size :])
    before = h[1:-1].flatten(0, 1).T  # the blank memory before the first step adds nothing
    drz, dc = made.drz.flatten(0, 1), made.dc.flatten(0, 1)
    rows = n.shape[1]
    u.grad = torch.empty_like(u)
    u.grad[: 2 * size] = (before @ drz[rows:]).T
    u.grad[2 * size :] = (before @ dc[rows:]).T
    layer.bias_hh_l0.grad = torch.cat([drz.sum(0), dc.sum(0)])
    return made


def _input_gradients(layer: Any, made: _GateGradients, x: Float[Tensor, "N H"]) -> Float[Tensor, "N H"]:
    """Gradient with respect to the layer's input; those of its input matrix and bias go into `.grad`."""
    drz, dn = made.drz.flatten(0, 1), made.dn.flatten(0, 1)
    layer.weight_ih_l0.grad = torch.cat([drz.T @ x, dn.T @ x])
    layer.bias_ih_l0.grad = torch.cat([drz.sum(0), dn.sum(0)])
    w, size = layer.weight_ih_l0, layer.hidden_size
    return (drz @ w[: 2 * size]).addmm_(dn, w[2 * size :])
