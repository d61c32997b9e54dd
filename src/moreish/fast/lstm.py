"""The gradient of an LSTM language model, written out: the twin of `moreish.fast.gru`.

Names are those of `moreish.models.lstm`: gates i, f, o and candidate g, c' = f c + i g, h' = o tanh(c').
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

    c: Tensor  # (T + 1, B, H): the memory
    tanh_c: Tensor  # (T, B, H)
    gates: Tensor  # (T, B, 4H): i, f, g, o


class LSTMGradients(RecurrentGradients[_Saved]):
    """Loss and gradients of a `moreish.models.lstm.LSTM`."""

    cell = cells.LSTM

    def forward(self, i: int, layer: Weights, gates: Tensor, ids: Tensor | None) -> _Saved:
        """All steps of time; see `RecurrentGradients.forward`."""
        size = layer.weight_hh.shape[1]
        steps, rows = (gates if ids is None else ids).shape[:2]
        h, operand = self.memory(i, steps, rows, size)
        c = self.buffer(f"c{i}", steps + 1, rows, size)
        c[0] = 0 if self.before is None else self.before[1]
        tanh_c = self.buffer(f"tanh c{i}", steps, rows, size)
        cell_gates = self.buffer(f"gates{i}", steps, rows, 4 * size)
        recurrent = self.buffer("recurrent", rows, 4 * size)
        u, a = self.cast(layer.weight_hh, f"u{i}"), gates + layer.bias_hh
        for t in range(steps):
            if ids is None:
                cell_gates[t] = a[t]
            else:
                torch.index_select(a, 0, ids[t], out=cell_gates[t])
            if t or self.before is not None:
                self.product(operand[t], u.T, recurrent)
                cell_gates[t].add_(recurrent)
            i_t, f, g, o = cell_gates[t].split(size, 1)
            g.mul_(2)
            cell_gates[t].sigmoid_()
            g.mul_(2).sub_(1)  # tanh(x) = 2 sigmoid(2x) - 1
            torch.mul(f, c[t], out=c[t + 1]).addcmul_(i_t, g)
            tanh_(tanh_c[t].copy_(c[t + 1]))
            torch.mul(o, tanh_c[t], out=h[t + 1])
            if operand is not h:
                operand[t + 1] = h[t + 1]
        if self.keeps_memory:
            self.after = h[-1].clone(), c[-1].clone()
        return _Saved(h, operand, c, tanh_c, cell_gates)

    def backward(
        self, i: int, layer: Weights, saved: _Saved, dh_out: Float[Tensor, "T B H"]
    ) -> Float[Tensor, "T B G"]:
        """Back through time.

        do = dh tanh(c') o (1 - o)     dc' += dh o (1 - tanh(c')^2)
        di = dc' g i (1 - i)     df = dc' c f (1 - f)     dg = dc' i (1 - g^2)     dc = dc' f
        dh before this step = [di, df, dg, do] U
        """
        c, tanh_c = saved.c, saved.tanh_c
        steps, rows, size = tanh_c.shape
        dgates = self.buffer("dgates", steps, rows, 4 * size)
        operand = self.operand_for(dgates, "dgates")
        dh, dc, slope = (self.buffer(name, rows, size) for name in ("dh", "dc", "slope"))
        u, one = self.cast(layer.weight_hh, f"u{i}"), c.new_ones(())
        dh.zero_()
        dc.zero_()
        for t in reversed(range(steps)):
            i_t, f, g, o = saved.gates[t].split(size, 1)
            di, df, dg, do = dgates[t].split(size, 1)
            dh += dh_out[t]
            torch.addcmul(one, tanh_c[t], tanh_c[t], value=-1, out=slope)
            dc.addcmul_(dh.mul_(o), slope)
            torch.addcmul(dh, dh, o, value=-1, out=do).mul_(tanh_c[t])
            torch.mul(dc, i_t, out=dg)
            torch.addcmul(dg, dg, i_t, value=-1, out=di).mul_(g)
            dg.mul_(torch.addcmul(one, g, g, value=-1, out=slope))
            dc.mul_(f)
            torch.addcmul(dc, dc, f, value=-1, out=df).mul_(c[t])
            if t or self.before is not None:
                if operand is not dgates:
                    operand[t] = dgates[t]
                self.product(operand[t], u, dh)
        self.recurrent_gradients(layer, dgates, operand, saved.operand)
        return dgates
