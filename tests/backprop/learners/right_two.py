"""Right gradients, written the way people write them. None may be accused."""

from types import SimpleNamespace

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from tests.backprop.learners import support as s
from tests.backprop.learners.support import Cases, Draw, Loss, Through, regression

CASES = Cases(right=True)


# check: activations


@CASES.check(s.TANH)
def tanh_from_y(dy, y):
    """Multiplied out: dy - dy y^2."""
    return dy - dy * y * y


class MyReLU(torch.autograd.Function):
    """PyTorch's own example of a Function."""

    @staticmethod
    def forward(ctx, input):
        ctx.save_for_backward(input)
        return input.clamp(min=0)

    @staticmethod
    def backward(ctx, grad_output):
        (input,) = ctx.saved_tensors
        grad_input = grad_output.clone()
        grad_input[input < 0] = 0
        return grad_input


CASES.check(s.RELU, id="relu_function_mask_clone")(MyReLU)


@CASES.check(s.ELU)
def elu_where(dy, x, alpha):
    """The derivative below zero is the value plus alpha."""
    y = torch.where(x > 0, x, alpha * torch.expm1(x))
    return torch.where(x > 0, dy, dy * (y + alpha))


@CASES.check(s.GELU)
def gelu_erf(dy, x):
    """cdf + x pdf, with the constants written out."""
    cdf = 0.5 * (1.0 + torch.erf(x / 1.4142135623730951))
    pdf = torch.exp(-0.5 * x.pow(2)) * 0.3989422804014327
    return dy * cdf + dy * x * pdf


@CASES.check(s.SOFTMAX)
def softmax_row_loop(dy, p):
    """numpy style: one row and one Jacobian at a time."""
    rows, ups = p.reshape(-1, p.shape[-1]), dy.reshape(-1, p.shape[-1])
    dx = torch.empty_like(rows)
    for i, (row, up) in enumerate(zip(rows, ups, strict=True)):
        column = row.reshape(-1, 1)
        dx[i] = (torch.diagflat(column) - column @ column.T) @ up
    return dx.reshape(p.shape)


@CASES.check(s.SOFTPLUS, rounding=1e-6)
def softplus_sigmoid(dy, x):
    """The derivative of softplus is the sigmoid, here by tanh."""
    return dy * 0.5 * (1 + torch.tanh(x / 2))


@CASES.check(s.SQRT, marked=False)
def sqrt_from_y(dy, y):
    """From the value: half over the root."""
    return 0.5 * dy / y


# check: losses


@CASES.check(s.CROSS_ENTROPY)
def cross_entropy_minus_one_in_place(dloss, logits, targets):
    """CS231n's softmax_loss."""
    shifted = logits - logits.max(dim=1, keepdim=True)[0]
    probs = torch.exp(shifted) / torch.exp(shifted).sum(dim=1, keepdim=True)
    N = logits.shape[0]
    dx = probs.clone()
    dx[torch.arange(N), targets] -= 1
    dx /= N
    return dx * dloss


def ce_forward(logits, targets):
    """By logsumexp and a product with one-hot rows."""
    onehot = torch.eye(logits.shape[1], dtype=logits.dtype)[targets]
    loss = (torch.logsumexp(logits, 1) - (logits * onehot).sum(1)).mean()
    return loss, (logits, onehot)


def ce_backward(dloss, logits, onehot):
    """exp(log softmax) minus the same one-hot rows."""
    return dloss / len(logits) * (torch.exp(torch.log_softmax(logits, 1)) - onehot)


CASES.check(s.CROSS_ENTROPY, id="cross_entropy_pair_one_hot")((ce_forward, ce_backward))


@CASES.check(s.SMOOTHED_CROSS_ENTROPY, given=True)
def cross_entropy_label_smoothing(dloss, logits, targets, label_smoothing):
    """Softmax minus a smoothed target distribution."""
    n, c = logits.shape
    soft = torch.full_like(logits, label_smoothing / c)
    soft.scatter_add_(1, targets.unsqueeze(1), torch.full((n, 1), 1 - label_smoothing, dtype=logits.dtype))
    return (logits.softmax(1) - soft) * (dloss / n)


def mse_forward(x, target):
    """np.mean((x - target)**2)."""
    diff = x - target
    return torch.mean(diff**2), (diff,)


def mse_backward(dloss, diff):
    """2/N of the difference, and its opposite for the target."""
    grad = diff * (2.0 / diff.numel()) * dloss
    return grad, -grad


CASES.check(s.MSE_LOSS, given=True, id="mse_loss_pair")((mse_forward, mse_backward))


# check: arithmetic and shape


@CASES.check(s.MEAN, given=True)
def mean_expand(dy, x, dim):
    """A mean backward is a broadcast divided by the number of terms."""
    return dy.expand(x.shape) / x.size(dim)


@CASES.check(s.MAX)
def max_scatter(dy, x):
    """argmax, one place, dy there."""
    flat = torch.zeros(x.numel(), dtype=x.dtype)
    flat[x.argmax()] = dy
    return flat.view_as(x)


@CASES.check(s.CAT)
def cat_narrow(dy, tensors, dim):
    """narrow with a running offset."""
    grads, start = [], 0
    for t in tensors:
        grads.append(dy.narrow(dim, start, t.shape[dim]))
        start += t.shape[dim]
    return tuple(grads)


@CASES.check(s.GETITEM)
def getitem_index_put(dy, x, index):
    """index_put_ with accumulate."""
    return torch.zeros_like(x).index_put_((index,), dy, accumulate=True)


# check: products and tables


def _linear_grads(grad_output, x, weight):
    return grad_output.mm(weight), grad_output.t().mm(x), grad_output.sum(0)


class LinearFunction(torch.autograd.Function):
    """The LinearFunction of "Extending PyTorch", with needs_input_grad."""

    @staticmethod
    def forward(ctx, x, weight, bias):
        ctx.save_for_backward(x, weight, bias)
        output = x.mm(weight.t())
        output += bias.unsqueeze(0).expand_as(output)
        return output

    @staticmethod
    def backward(ctx, grad_output):
        x, weight, _ = ctx.saved_tensors
        grad_input = grad_weight = grad_bias = None
        if ctx.needs_input_grad[0]:
            grad_input = grad_output.mm(weight)
        if ctx.needs_input_grad[1]:
            grad_weight = grad_output.t().mm(x)
        if ctx.needs_input_grad[2]:
            grad_bias = grad_output.sum(0)
        return grad_input, grad_weight, grad_bias


CASES.check(s.LINEAR, id="linear_function_docs")(LinearFunction)


@CASES.check(s.MATMUL_BATCHED)
def matmul_batched_unbroadcast(dy, x, other):
    """For any leading dimensions: transpose the last two, then sum what was broadcast."""
    dx = torch.matmul(dy, other.mT)
    dother = torch.matmul(x.mT, dy)
    while dx.ndim > x.ndim:
        dx = dx.sum(0)
    while dother.ndim > other.ndim:
        dother = dother.sum(0)
    return dx.sum_to_size(x.shape), dother.sum_to_size(other.shape)


@CASES.check(s.EMBEDDING)
def embedding_loop(dy, idx, weight):
    """The lecture's double loop."""
    dC = torch.zeros_like(weight)
    for k in range(idx.numel()):
        dC[idx.view(-1)[k]] += dy.reshape(-1, dy.shape[-1])[k]
    return {"weight": dC}


@CASES.check(s.EMBEDDING)
def embedding_scatter(dy, idx, weight):
    """scatter_add_ with the index expanded."""
    d = weight.shape[1]
    return torch.zeros_like(weight).scatter_add_(0, idx.reshape(-1, 1).expand(-1, d), dy.reshape(-1, d))


# check: normalisation


@CASES.check(s.LAYER_NORM)
def layer_norm_loop(dy, x, weight, eps):
    """One row at a time with its whole Jacobian: (I - 1/D - xhat xhatT / D) / std."""
    D = x.shape[-1]
    rows, ups = x.reshape(-1, D), dy.reshape(-1, D)
    dx, dgamma, dbeta = torch.zeros_like(rows), torch.zeros_like(weight), torch.zeros_like(weight)
    for i in range(len(rows)):
        std = torch.sqrt(rows[i].var(unbiased=False) + eps)
        xhat = (rows[i] - rows[i].mean()) / std
        jacobian = (torch.eye(D, dtype=x.dtype) - 1.0 / D - torch.outer(xhat, xhat) / D) / std
        dx[i] = jacobian @ (weight * ups[i])
        dgamma += ups[i] * xhat
        dbeta += ups[i]
    return dx.view_as(x), dgamma, dbeta


# check: attention


@CASES.check(s.ATTENTION, given=True)
def attention_unmasked_einsum(dout, query, key, value):
    """Attention without a mask, all in einsum."""
    scale = 1 / np.sqrt(query.shape[-1]).item()
    att = torch.softmax(torch.einsum("...qd,...kd->...qk", query, key) * scale, dim=-1)
    dvalue = torch.einsum("...qk,...qd->...kd", att, dout)
    datt = torch.einsum("...qd,...kd->...qk", dout, value)
    dscores = att * datt - att * torch.einsum("...qk,...qk->...q", att, datt).unsqueeze(-1)
    dquery = torch.einsum("...qk,...kd->...qd", dscores, key) * scale
    dkey = torch.einsum("...qk,...qd->...kd", dscores, query) * scale
    return dquery, dkey, dvalue


@CASES.check(s.CAUSAL_ATTENTION, given=True)
def attention_causal_recomputed(dy, query, key, value):
    """FlashAttention's backward: logsumexp kept, weights recomputed, D = rowsum(dO * O)."""
    scale = query.shape[-1] ** -0.5
    T = query.shape[-2]
    scores = query @ key.mT * scale
    scores = scores + torch.full((T, T), float("-inf"), dtype=scores.dtype).triu(1)
    p = torch.exp(scores - torch.logsumexp(scores, -1, keepdim=True))
    delta = (dy * (p @ value)).sum(-1, keepdim=True)
    ds = p * (dy @ value.mT - delta)
    return scale * (ds @ key), scale * (ds.mT @ query), p.mT @ dy


# check: convolution and pooling


@CASES.check(s.CONV2D_STRIDED, given=True)
def conv2d_naive_loops(dout, x, weight):
    """CS231n's conv_backward_naive, with stride 2 and padding 1."""
    stride, pad = 2, 1
    F_, _, HH, WW = weight.shape
    xp = F.pad(x, (pad, pad, pad, pad))
    dxp, dw, db = torch.zeros_like(xp), torch.zeros_like(weight), torch.zeros(F_, dtype=x.dtype)
    for n in range(dout.shape[0]):
        for f in range(F_):
            db[f] += dout[n, f].sum()
            for i in range(dout.shape[2]):
                for j in range(dout.shape[3]):
                    here = (n, slice(None), slice(i * stride, i * stride + HH), slice(j * stride, j * stride + WW))
                    dw[f] += xp[here] * dout[n, f, i, j]
                    dxp[here] += weight[f] * dout[n, f, i, j]
    return dxp[:, :, pad:-pad, pad:-pad], dw, db


@CASES.check(s.MAX_POOL_OVERLAPPING, given=True)
def max_pool_loops(dout, x):
    """max_pool_backward_naive with windows that overlap."""
    dx = torch.zeros_like(x)
    N, C, H, W = dout.shape
    for n in range(N):
        for c in range(C):
            for i in range(H):
                for j in range(W):
                    window = x[n, c, 2 * i : 2 * i + 3, 2 * j : 2 * j + 3]
                    mask = (window == window.max()).to(x.dtype)
                    dx[n, c, 2 * i : 2 * i + 3, 2 * j : 2 * j + 3] += mask * dout[n, c, i, j]
    return dx


@CASES.check(s.AVG_POOL, given=True)
def avg_pool_repeat(dy, x):
    """np.repeat in both directions, a quarter each."""
    return torch.kron(dy, torch.full((2, 2), 0.25, dtype=dy.dtype))


# check: recurrence


@CASES.check(s.RNN_TANH_CELL)
def rnn_tanh_cell(dh, x, h, w_ih, w_hh, h_next):
    """CS231n's rnn_step_backward with torch's weights."""
    da = (1 - h_next.pow(2)) * dh
    return da.mm(w_ih), da.mm(w_hh), da.t().mm(x), da.t().mm(h), da.sum(0), da.sum(0)


@CASES.check(s.GRU_CELL)
def gru_cell_classic(dy, x, hx, w_ih, w_hh, b_ih, b_hh):
    """Everything recomputed from the arguments, gate by gate, without the saved values."""
    H = hx.shape[1]
    gi, gh = x @ w_ih.T + b_ih, hx @ w_hh.T + b_hh
    r = torch.sigmoid(gi[:, :H] + gh[:, :H])
    z = torch.sigmoid(gi[:, H : 2 * H] + gh[:, H : 2 * H])
    n = torch.tanh(gi[:, 2 * H :] + r * gh[:, 2 * H :])
    dgi, dgh = torch.empty_like(gi), torch.empty_like(gh)
    dgi[:, 2 * H :] = dy * (1 - z) * (1 - n * n)
    dgh[:, 2 * H :] = dgi[:, 2 * H :] * r
    dgi[:, :H] = dgi[:, 2 * H :] * gh[:, 2 * H :] * r * (1 - r)
    dgi[:, H : 2 * H] = dy * (hx - n) * z * (1 - z)
    dgh[:, : 2 * H] = dgi[:, : 2 * H]
    return dgi @ w_ih, dgh @ w_hh + dy * z, dgi.T @ x, dgh.T @ hx, dgi.sum(0), dgh.sum(0)


# compare_gradients


class Mlp(nn.Module):
    def __init__(self, checkpointed: bool = False):
        super().__init__()
        self.inner = nn.Sequential(nn.Linear(5, 7), nn.Tanh(), nn.Linear(7, 6), nn.ReLU())
        self.outer = nn.Linear(6, 3)
        self.checkpointed = checkpointed

    def forward(self, x: Tensor) -> Tensor:
        h = checkpoint(self.inner, x, use_reentrant=False) if self.checkpointed else self.inner(x)
        return self.outer(h)


@CASES.module()
def checkpointed_mlp(draw: Draw) -> tuple[nn.Module, Loss]:
    """Activation checkpointing and nothing of one's own."""
    module = Mlp(checkpointed=True)
    return module, regression(module, draw(6, 5))


class TanhFunction(torch.autograd.Function):
    """The derivative from the saved value."""

    @staticmethod
    def forward(ctx, x):
        y = (torch.exp(2 * x) - 1) / (torch.exp(2 * x) + 1)
        ctx.save_for_backward(y)
        return y

    @staticmethod
    def backward(ctx, grad_output):
        (y,) = ctx.saved_tensors
        return grad_output * (1 - y) * (1 + y)


@CASES.module()
def mlp_tanh_function(draw: Draw) -> tuple[nn.Module, Loss]:
    """makemore's MLP with a tanh of one's own."""
    module = nn.Sequential(nn.Embedding(9, 4), nn.Flatten(), nn.Linear(12, 8), Through(TanhFunction), nn.Linear(8, 9))
    x, y = draw.integers(9, 11, 3), draw.integers(9, 11)
    return module, lambda: F.cross_entropy(module(x), y)


class GeluFunction(torch.autograd.Function):
    """GELU by the normal distribution of torch.distributions."""

    @staticmethod
    def forward(ctx, x):
        cdf = torch.special.ndtr(x)
        ctx.save_for_backward(x, cdf)
        return x * cdf

    @staticmethod
    def backward(ctx, grad_output):
        x, cdf = ctx.saved_tensors
        pdf = (-x.square() / 2).exp() / (2 * torch.pi) ** 0.5
        return grad_output * (cdf + x * pdf)


@CASES.module()
def dropout_gelu_function(draw: Draw) -> tuple[nn.Module, Loss]:
    """Dropout in front of a Function: both runs must draw the same mask."""
    module = nn.Sequential(nn.Linear(5, 9), nn.Dropout(0.3), Through(GeluFunction), nn.Linear(9, 3))
    return module, regression(module, draw(8, 5))


class RowsFunction(torch.autograd.Function):
    """An embedding with index_add_ on the way back."""

    @staticmethod
    def forward(ctx, table, idx):
        ctx.save_for_backward(idx)
        ctx.shape = table.shape
        return table.index_select(0, idx.flatten()).view(*idx.shape, -1)

    @staticmethod
    def backward(ctx, grad_output):
        (idx,) = ctx.saved_tensors
        grad = grad_output.new_zeros(ctx.shape)
        return grad.index_add_(0, idx.flatten(), grad_output.reshape(-1, ctx.shape[1])), None


class Bigrams(nn.Module):
    def __init__(self):
        super().__init__()
        self.table, self.head = nn.Parameter(torch.randn(8, 5)), nn.Linear(5, 8)

    def forward(self, idx: Tensor) -> Tensor:
        return self.head(F.layer_norm(RowsFunction.apply(self.table, idx), (5,)))


@CASES.module()
def embedding_function(draw: Draw) -> tuple[nn.Module, Loss]:
    """A table of one's own, rows looked up many times."""
    module = Bigrams()
    x, y = draw.integers(8, 4, 6), draw.integers(8, 24)
    return module, lambda: F.cross_entropy(module(x).view(24, 8), y)


class LinearNoBias(torch.autograd.Function):
    """The product of "Extending PyTorch", setup_context apart."""

    @staticmethod
    def forward(x, weight):
        return x @ weight.t()

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.save_for_backward(*inputs)

    @staticmethod
    def backward(ctx, grad_output):
        x, weight = ctx.saved_tensors
        return grad_output @ weight, grad_output.t() @ x


@CASES.module()
def linear_function_batchnorm_net(draw: Draw) -> tuple[nn.Module, Loss]:
    """A Function with a parameter in front of BatchNorm, running statistics and all."""
    module = nn.Sequential(
        Through(LinearNoBias, torch.randn(6, 5) / 2), nn.BatchNorm1d(6), nn.Tanh(), nn.Linear(6, 3, bias=False)
    )
    return module, regression(module, draw(10, 5))


class SinFunction(torch.autograd.Function):
    """Forward and backward in numpy, as in the tutorial on numpy extensions."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return torch.from_numpy(np.sin(x.detach().numpy()))

    @staticmethod
    def backward(ctx, grad_output):
        (x,) = ctx.saved_tensors
        return torch.from_numpy(grad_output.detach().numpy() * np.cos(x.detach().numpy()))


@CASES.module()
def numpy_function(draw: Draw) -> tuple[nn.Module, Loss]:
    """A periodic activation that torch cannot see into."""
    module = nn.Sequential(nn.Linear(4, 6), Through(SinFunction), nn.Linear(6, 2))
    return module, regression(module, draw(7, 4))


class TiedRnn(nn.Module):
    """A GRU over characters whose output layer is its embedding table."""

    def __init__(self):
        super().__init__()
        self.table, self.cell = nn.Embedding(7, 5), nn.GRUCell(5, 5)
        self.start = nn.Parameter(torch.zeros(1, 5))

    def forward(self, idx: Tensor) -> Tensor:
        h, outs = self.start.expand(len(idx), -1), []
        for t in range(idx.shape[1]):
            h = self.cell(self.table(idx[:, t]), h)
            outs.append(h)
        return torch.stack(outs, 1) @ self.table.weight.T


@CASES.module()
def tied_char_rnn(draw: Draw) -> tuple[nn.Module, Loss]:
    """A weight used twice, a cell used at every step, a start that is broadcast."""
    module = TiedRnn()
    x, y = draw.integers(7, 3, 4), draw.integers(7, 12)
    return module, lambda: F.cross_entropy(module(x).flatten(0, 1), y)


# compare_lecture


@CASES.lecture()
def karpathy_reference(v: SimpleNamespace) -> dict[str, Tensor]:
    """Exercise 1 as most notebooks solve it, all 26."""
    n = v.n
    dlogprobs = torch.zeros_like(v.logprobs)
    dlogprobs[range(n), v.y] = -1.0 / n
    dprobs = (1.0 / v.probs) * dlogprobs
    dcounts_sum_inv = (v.counts * dprobs).sum(1, keepdim=True)
    dcounts = v.counts_sum_inv * dprobs
    dcounts_sum = (-(v.counts_sum**-2)) * dcounts_sum_inv
    dcounts += torch.ones_like(v.counts) * dcounts_sum
    dnorm_logits = v.counts * dcounts
    dlogits = dnorm_logits.clone()
    dlogit_maxes = (-dnorm_logits).sum(1, keepdim=True)
    dlogits += F.one_hot(v.logits.max(1).indices, num_classes=v.logits.shape[1]) * dlogit_maxes
    dh = dlogits @ v.W2.T
    dW2 = v.h.T @ dlogits
    db2 = dlogits.sum(0)
    dhpreact = (1.0 - v.h**2) * dh
    dbngain = (v.bnraw * dhpreact).sum(0, keepdim=True)
    dbnraw = v.bngain * dhpreact
    dbnbias = dhpreact.sum(0, keepdim=True)
    dbndiff = v.bnvar_inv * dbnraw
    dbnvar_inv = (v.bndiff * dbnraw).sum(0, keepdim=True)
    dbnvar = (-0.5 * (v.bnvar + 1e-5) ** -1.5) * dbnvar_inv
    dbndiff2 = (1.0 / (n - 1)) * torch.ones_like(v.bndiff2) * dbnvar
    dbndiff += (2 * v.bndiff) * dbndiff2
    dhprebn = dbndiff.clone()
    dbnmeani = (-dbndiff).sum(0)
    dhprebn += 1.0 / n * (torch.ones_like(v.hprebn) * dbnmeani)
    dembcat = dhprebn @ v.W1.T
    dW1 = v.embcat.T @ dhprebn
    db1 = dhprebn.sum(0)
    demb = dembcat.view(v.emb.shape)
    dC = torch.zeros_like(v.C)
    for k in range(v.x.shape[0]):
        for j in range(v.x.shape[1]):
            dC[v.x[k, j]] += demb[k, j]
    return {
        "logprobs": dlogprobs,
        "probs": dprobs,
        "counts_sum_inv": dcounts_sum_inv,
        "counts_sum": dcounts_sum,
        "counts": dcounts,
        "norm_logits": dnorm_logits,
        "logit_maxes": dlogit_maxes,
        "logits": dlogits,
        "h": dh,
        "W2": dW2,
        "b2": db2,
        "hpreact": dhpreact,
        "bngain": dbngain,
        "bnbias": dbnbias,
        "bnraw": dbnraw,
        "bnvar_inv": dbnvar_inv,
        "bnvar": dbnvar,
        "bndiff2": dbndiff2,
        "bndiff": dbndiff,
        "bnmeani": dbnmeani.unsqueeze(0),
        "hprebn": dhprebn,
        "embcat": dembcat,
        "W1": dW1,
        "b1": db1,
        "emb": demb,
        "C": dC,
    }


@CASES.lecture()
def einsum_one_hot(v: SimpleNamespace) -> dict[str, Tensor]:
    """Every product an einsum, every selection a one-hot matrix; some names only."""
    Y = F.one_hot(v.y, 27).to(v.logits.dtype)
    dlogits = (torch.softmax(v.logits, 1) - Y) / v.n
    dhpreact = torch.einsum("bv,hv,bh->bh", dlogits, v.W2, 1 - v.h * v.h)
    dbnraw = torch.einsum("bh,oh->bh", dhpreact, v.bngain)
    centre = torch.eye(v.n, dtype=dlogits.dtype) - 1 / v.n
    dhprebn = centre @ (v.bnvar_inv * (dbnraw - v.bnraw * (dbnraw * v.bnraw).sum(0) / (v.n - 1)))
    X = F.one_hot(v.x, 27).to(dlogits.dtype)
    demb = torch.einsum("bh,eh->be", dhprebn, v.W1).view(v.emb.shape)
    return {
        "logits": dlogits,
        "W2": torch.einsum("bh,bv->hv", v.h, dlogits),
        "b2": torch.einsum("bv->v", dlogits),
        "bnraw": dbnraw,
        "hprebn": dhprebn,
        "W1": torch.einsum("be,bh->eh", v.embcat, dhprebn),
        "b1": torch.einsum("bh->h", dhprebn),
        "C": torch.einsum("btv,bte->ve", X, demb),
    }


@CASES.lecture()
def staged_other_order(v: SimpleNamespace) -> dict[str, Tensor]:
    """BatchNorm in another order: first the numerator, then the deviation; means in place of sums over n."""
    dlogits = v.probs.clone()
    dlogits.sub_(F.one_hot(v.y, 27)).div_(v.n)
    dh = torch.mm(dlogits, v.W2.t())
    dhpreact = dh - dh * v.h**2
    g = dhpreact * v.bngain
    dbndiff = g * v.bnvar_inv - v.bndiff * v.bnvar_inv**3 * (g * v.bndiff).sum(0) / (v.n - 1)
    dbnmeani = -dbndiff.sum(0, keepdim=True)
    dhprebn = dbndiff - dbndiff.mean(0)
    return {
        "h": dh,
        "hpreact": dhpreact,
        "bnvar": -0.5 * v.bnvar_inv**3 * (g * v.bndiff).sum(0, keepdim=True),
        "bndiff": dbndiff,
        "bnmeani": dbnmeani,
        "hprebn": dhprebn,
        "embcat": F.linear(dhprebn, v.W1),
        "W1": (dhprebn.T @ v.embcat).T,
    }
