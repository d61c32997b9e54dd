"""One step of the recurrent cells: RNN (tanh, ReLU), GRU, LSTM. Over time, torch adds up what the steps return."""

import torch
from jaxtyping import Float
from torch import Tensor

from moreish.backprop.rules import EVERY, Needs, kept_for

Rows = Float[Tensor, "B C"]
State = Float[Tensor, "B H"]
Weights = Float[Tensor, "G C"]
Recurrent = Float[Tensor, "G H"]
Bias = Float[Tensor, "G"] | None


def _affine(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    return x @ weight.T if bias is None else x @ weight.T + bias


def _rnn_forward(x, h, w_ih, w_hh, b_ih, b_hh, nonlinearity):
    h_next = nonlinearity(_affine(x, w_ih, b_ih) + _affine(h, w_hh, b_hh))
    return h_next, (x, h, w_ih, w_hh, h_next)


def _rnn_backward(dpre, x, h, w_ih, w_hh, needs):
    """Back from x W_ih^T + b_ih + h W_hh^T + b_hh: two linear layers, and their sum hands dpre to both."""
    dx = dpre @ w_ih if needs[0] else None
    dh = dpre @ w_hh if needs[1] else None
    dw_ih = dpre.T @ x if needs[2] else None
    dw_hh = dpre.T @ h if needs[3] else None
    db = dpre.sum(0) if needs[4] or needs[5] else None
    return dx, dh, dw_ih, dw_hh, db, db


def rnn_tanh_cell_forward(x: Rows, hx: State, w_ih: Weights, w_hh: Recurrent, b_ih: Bias = None, b_hh: Bias = None):
    """h' = tanh(x W_ih^T + b_ih + h W_hh^T + b_hh)."""
    return _rnn_forward(x, hx, w_ih, w_hh, b_ih, b_hh, torch.tanh)


@kept_for(x=(2,), h=(3,), w_ih=(0,), w_hh=(1,))
def rnn_tanh_cell_backward(dh_next, x, h, w_ih, w_hh, h_next, needs: Needs = EVERY):
    """tanh first, 1 - h'^2, then two linear layers.

    dh = dpre W_hh, once for each step back in time: where W_hh shrinks, T steps shrink T times, and it vanishes.
    """
    return _rnn_backward(dh_next * (1 - h_next**2), x, h, w_ih, w_hh, needs)


def rnn_relu_cell_forward(x: Rows, hx: State, w_ih: Weights, w_hh: Recurrent, b_ih: Bias = None, b_hh: Bias = None):
    """h' = max(0, x W_ih^T + b_ih + h W_hh^T + b_hh)."""
    return _rnn_forward(x, hx, w_ih, w_hh, b_ih, b_hh, lambda pre: pre.clamp(min=0))


@kept_for(x=(2,), h=(3,), w_ih=(0,), w_hh=(1,))
def rnn_relu_cell_backward(dh_next, x, h, w_ih, w_hh, h_next, needs: Needs = EVERY):
    """As the tanh cell, with the slope of ReLU: 1 where h' > 0, else 0."""
    return _rnn_backward(torch.where(h_next <= 0, 0.0, dh_next), x, h, w_ih, w_hh, needs)


def gru_cell_forward(x: Rows, hx: State, w_ih: Weights, w_hh: Recurrent, b_ih: Bias = None, b_hh: Bias = None):
    """Reset r, update z, candidate n, stacked in this order in the weights (G = 3H):

        r = sigmoid(x W_ir^T + b_ir + h W_hr^T + b_hr)
        z = sigmoid(x W_iz^T + b_iz + h W_hz^T + b_hz)
        n = tanh(x W_in^T + b_in + r * (h W_hn^T + b_hn))
        h' = (1 - z) n + z h

    Cho et al. 2014, https://arxiv.org/abs/1406.1078, with the reset after the product, as torch has it.
    """
    xr, xz, xn = _affine(x, w_ih, b_ih).chunk(3, 1)
    hr, hz, hn = _affine(hx, w_hh, b_hh).chunk(3, 1)
    r, z = torch.sigmoid(xr + hr), torch.sigmoid(xz + hz)
    n = torch.tanh(xn + r * hn)
    return (1 - z) * n + z * hx, (x, hx, w_ih, w_hh, r, z, n, hn)


@kept_for(x=(2,), w_ih=(0,), w_hh=(1,))
def gru_cell_backward(dh_next, x, h, w_ih, w_hh, r, z, n, hn, needs: Needs = EVERY):
    """From h' = (1-z) n + z h:  dn = (1-z) dh',  dz = (h - n) dh',  and straight to h: z dh'.

    Then each gate's slope: dn_pre = (1 - n^2) dn, dz_pre = z (1-z) dz, and r multiplies hn inside n:
    dr_pre = r (1-r) dn_pre hn. On x's side the three preactivations are dr_pre, dz_pre, dn_pre; on h's side the
    last is r dn_pre, because hn passes the reset gate. h is used twice, in h' and in the gates: its gradients add.
    """
    dn_pre = (1 - n**2) * (1 - z) * dh_next
    dz_pre = z * (1 - z) * (h - n) * dh_next
    dr_pre = r * (1 - r) * dn_pre * hn
    dgates_x = torch.cat([dr_pre, dz_pre, dn_pre], 1)
    dgates_h = torch.cat([dr_pre, dz_pre, r * dn_pre], 1)
    dx = dgates_x @ w_ih if needs[0] else None
    dh = z * dh_next + dgates_h @ w_hh if needs[1] else None
    dw_ih = dgates_x.T @ x if needs[2] else None
    return dx, dh, dw_ih, dgates_h.T @ h, dgates_x.sum(0), dgates_h.sum(0)


def lstm_cell_forward(
    x: Rows,
    hx: tuple[State, State] | list[State],
    w_ih: Weights,
    w_hh: Recurrent,
    b_ih: Bias = None,
    b_hh: Bias = None,
):
    """Input i, forget f, candidate g, output o, stacked in this order in the weights (G = 4H), from x and h:

        i, f, o = sigmoid(...), g = tanh(...)
        c' = f c + i g
        h' = o tanh(c')

    Hochreiter and Schmidhuber 1997; the forget gate is Gers et al. 2000.
    """
    h, c = hx
    i, f, g, o = (_affine(x, w_ih, b_ih) + _affine(h, w_hh, b_hh)).chunk(4, 1)
    i, f, g, o = torch.sigmoid(i), torch.sigmoid(f), torch.tanh(g), torch.sigmoid(o)
    c_next = f * c + i * g
    tanh_c = torch.tanh(c_next)
    return (o * tanh_c, c_next), (x, h, c, w_ih, w_hh, i, f, g, o, tanh_c)


@kept_for(x=(2,), h=(3,), w_ih=(0,), w_hh=(1,))
def lstm_cell_backward(dy, x, h, c, w_ih, w_hh, i, f, g, o, tanh_c, needs: Needs = EVERY):
    """c' is used twice, as a result and in h', so its gradients add: dc' = dc'(given) + o (1 - tanh(c')^2) dh'.

    From c' = f c + i g:  df = c dc',  di = g dc',  dg = i dc',  dc = f dc'. The way back along c is a product of
    forget gates only, without a weight matrix or a tanh: where f is near 1 the gradient survives many steps.
    Each gate then has its slope, i (1-i) and 1 - g^2, and the four stand in one linear layer.
    """
    dh_next, dc_next = dy
    dc_next = dc_next + o * (1 - tanh_c**2) * dh_next
    di = i * (1 - i) * g * dc_next
    df = f * (1 - f) * c * dc_next
    dg = (1 - g**2) * i * dc_next
    do = o * (1 - o) * tanh_c * dh_next
    dgates = torch.cat([di, df, dg, do], 1)
    dx, dh, dw_ih, dw_hh, db_ih, db_hh = _rnn_backward(dgates, x, h, w_ih, w_hh, needs)
    return dx, (dh, f * dc_next), dw_ih, dw_hh, db_ih, db_hh
