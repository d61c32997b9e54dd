"""Right gradients, written the way people write them. None may be accused."""

import math
from types import SimpleNamespace

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tests.backprop.learners import support as s
from tests.backprop.learners.support import Cases, Draw, Loss, regression

CASES = Cases(right=True)


def unbroadcast(grad: Tensor, shape: torch.Size) -> Tensor:
    """The helper of every numpy autograd: sum what was broadcast."""
    while grad.ndim > len(shape):
        grad = grad.sum(0)
    for axis, size in enumerate(shape):
        if size == 1:
            grad = grad.sum(axis, keepdim=True)
    return grad


# check: arithmetic


@CASES.check(s.ADD)
def add_unbroadcast(dy, x, other):
    """A tiny autograd engine's __add__."""
    return unbroadcast(dy, x.shape), unbroadcast(dy, other.shape)


@CASES.check(s.MUL, marked=False)
def mul_sum_to_size(dy, x, other):
    """As PyTorch does it: sum_to_size."""
    return (dy * other).sum_to_size(x.shape), (dy * x).sum_to_size(other.shape)


@CASES.check(s.DIV)
def div_other_algebra(dy, x, other):
    """The quotient as x times a reciprocal; the reciprocal's derivative is minus its square."""
    inv = 1.0 / other
    return unbroadcast(dy * inv, x.shape), unbroadcast(-(inv * inv) * (dy * x), other.shape)


@CASES.check(s.POW, given=True)
def pow_log_form(dy, x, y, exponent):
    """Written through the value: d(x^n) = n x^n / x."""
    return exponent * y / x * dy


@CASES.check(s.SQUARE)
class square_class:
    """A layer of a tutorial: forward keeps x, backward doubles it by adding twice."""

    def forward(self, x):
        self.x = x
        return x * x

    def backward(self, dout):
        return self.x * dout + self.x * dout


@CASES.check(s.VAR)
def var_two_over_n(dy, x):
    """Bessel's correction along the rows."""
    n = x.shape[0]
    return (x - x.mean(0)) * (2.0 / (n - 1)) * dy


@CASES.check(s.CUMSUM)
def cumsum_flip(dy, dim):
    """Everything behind a place receives from it: add from the other end."""
    return torch.flip(torch.cumsum(torch.flip(dy, [dim]), dim), [dim])


# check: activations


@CASES.check(s.SIGMOID)
class sigmoid_class_recomputed:
    """Does not keep the output; recomputes it from x with exp."""

    def forward(self, x):
        self.x = x
        return 1 / (1 + torch.exp(-x))

    def backward(self, dout):
        e = torch.exp(-self.x)
        return dout * e / (1 + e) ** 2


@CASES.check(s.LEAKY_RELU)
def leaky_relu_where(dy, x, negative_slope):
    """torch.where with a vector of ones."""
    return dy * torch.where(x > 0, torch.ones_like(x), torch.full_like(x, negative_slope))


@CASES.check(s.SILU, rounding=1e-6)
def silu_float32_inside(dy, x):
    """A kernel that computes in float32 and casts back, as the fused ones do."""
    x32 = x.float()
    sig = torch.sigmoid(x32)
    return (dy.float() * (sig * (1 + x32 * (1 - sig)))).to(x.dtype)


@CASES.check(s.SOFTMAX)
def softmax_jacobian_einsum(dp, p):
    """The whole Jacobian diag(p) - p pT of every row."""
    jacobian = torch.diag_embed(p) - torch.einsum("...i,...j->...ij", p, p)
    return torch.einsum("...i,...ij->...j", dp, jacobian)


@CASES.check(s.SOFTMAX, rounding=1e-6)
def softmax_float32_inside(dy, x):
    """Half of all kernels: softmax in float32 whatever comes in."""
    p = torch.softmax(x.float(), -1)
    g = dy.float()
    return p * g - p * (p * g).sum(-1, keepdim=True)


@CASES.check(s.LOG_SOFTMAX)
def log_softmax_exp(dy, y):
    """dy minus the softmax times the row's sum, summed by a product with ones."""
    ones = torch.ones(dy.shape[-1], 1, dtype=dy.dtype)
    return dy - torch.exp(y) * (dy @ ones)


@CASES.check(s.LOGSUMEXP, given=True)
def logsumexp_softmax(dy, x, y):
    """The derivative of logsumexp is the softmax."""
    return torch.exp(x - y.unsqueeze(1)) * dy.unsqueeze(1)


@CASES.check(s.NLL_LOSS)
def nll_scatter(dloss, x, targets):
    """One scatter of -1/n."""
    return torch.zeros_like(x).scatter_(1, targets[:, None], -1.0 / len(x)) * dloss


@CASES.check(s.DROPOUT, given=False)
def dropout_mask(dy, mask):
    """Inverted dropout: the mask has the scale in it already."""
    return mask * dy


# check: normalisation


@CASES.check(s.BATCH_NORM)
def batch_norm_one_liner(dy, x, weight, eps):
    """CS231n's batchnorm_backward_alt in one line."""
    n = x.shape[0]
    mu, var = x.mean(0), x.var(0, unbiased=False)
    xhat = (x - mu) / torch.sqrt(var + eps)
    dx = weight / (n * torch.sqrt(var + eps)) * (n * dy - dy.sum(0) - xhat * (dy * xhat).sum(0))
    return dx, (dy * xhat).sum(0), dy.sum(0)


@CASES.check(s.BATCH_NORM)
def batch_norm_staged(dy, x, weight, eps):
    """Kratzert's computation graph, nine nodes walked backward."""
    N, D = x.shape
    xmu = x - 1.0 / N * torch.sum(x, 0)
    var = 1.0 / N * torch.sum(xmu**2, 0)
    sqrtvar = torch.sqrt(var + eps)
    ivar = 1.0 / sqrtvar
    xhat = xmu * ivar
    dbeta = torch.sum(dy, 0)
    dgamma = torch.sum(dy * xhat, 0)
    dxhat = dy * weight
    divar = torch.sum(dxhat * xmu, 0)
    dxmu1 = dxhat * ivar
    dsqrtvar = -1.0 / (sqrtvar**2) * divar
    dvar = 0.5 * 1.0 / torch.sqrt(var + eps) * dsqrtvar
    dsq = 1.0 / N * torch.ones((N, D), dtype=dy.dtype) * dvar
    dxmu2 = 2 * xmu * dsq
    dx1 = dxmu1 + dxmu2
    dmu = -1 * torch.sum(dxmu1 + dxmu2, 0)
    dx2 = 1.0 / N * torch.ones((N, D), dtype=dy.dtype) * dmu
    return dx1 + dx2, dgamma, dbeta


@CASES.check(s.BATCH_NORM)
class batch_norm_class_cache:
    """A layer with a cache; backward divides by the standard deviation in place of multiplying by its inverse."""

    def forward(self, x, weight, bias, eps):
        mu, std = x.mean(0), torch.sqrt(x.var(0, correction=0) + eps)
        self.cache = ((x - mu) / std, std, weight)
        return weight * self.cache[0] + bias

    def backward(self, dout):
        z, std, gamma = self.cache
        dz = gamma * dout
        dx = (dz - dz.mean(0) - z * (dz * z).mean(0)) / std
        return {"x": dx, "weight": torch.einsum("nd,nd->d", dout, z), "bias": torch.einsum("nd->d", dout)}


@CASES.check(s.BATCH_NORM_NCL, given=True)
def batch_norm_ncl(dy, x, weight, eps):
    """Channels of a sequence: moved to the end, flattened, done as for two dimensions, moved back."""
    rows, dout = (t.permute(0, 2, 1).reshape(-1, x.shape[1]) for t in (x, dy))
    xc = rows - rows.mean(0)
    ivar = 1 / torch.sqrt((xc**2).mean(0) + eps)
    xhat = xc * ivar
    dxhat = dout * weight
    drows = ivar * (dxhat - dxhat.mean(0) - xhat * (dxhat * xhat).mean(0))
    dx = drows.view(x.shape[0], x.shape[2], x.shape[1]).permute(0, 2, 1)
    return dx, (dout * xhat).sum(0), dout.sum(0)


@CASES.check(s.LAYER_NORM)
def layer_norm_llmc(dout, x, weight, eps):
    """llm.c's layernorm_backward: two means a row, then the row's gradient, everything accumulated with +=."""
    dx, dweight, dbias = torch.zeros_like(x), torch.zeros_like(weight), torch.zeros_like(weight)
    rows, drows, douts = (t.reshape(-1, x.shape[-1]) for t in (x, dx, dout))
    for b in range(len(rows)):
        mean = rows[b].mean()
        rstd = 1 / torch.sqrt(((rows[b] - mean) ** 2).mean() + eps)
        norm = (rows[b] - mean) * rstd
        dnorm = weight * douts[b]
        dnorm_mean, dnorm_norm_mean = dnorm.mean(), (dnorm * norm).mean()
        dbias += douts[b]
        dweight += norm * douts[b]
        drows[b] += (dnorm - dnorm_mean - norm * dnorm_norm_mean) * rstd
    return drows.view(x.shape), dweight, dbias


# check: products, tables, convolutions


@CASES.check(s.LINEAR_BATCHED)
def linear_einsum(dy, x, weight):
    """einsum for any number of leading dimensions."""
    return (
        torch.einsum("...o,oi->...i", dy, weight),
        torch.einsum("...o,...i->oi", dy, x),
        torch.einsum("...o->o", dy),
    )


@CASES.check(s.LINEAR)
def linear_outer_loop(dy, x, weight):
    """One row at a time, with outer products, as on paper."""
    dx, dw, db = torch.empty_like(x), torch.zeros_like(weight), torch.zeros(len(weight), dtype=x.dtype)
    for i in range(len(x)):
        dx[i] = weight.T.mv(dy[i])
        dw += torch.outer(dy[i], x[i])
        db += dy[i]
    return dx, dw, db


@CASES.check(s.EMBEDDING)
def embedding_one_hot(dy, idx, weight):
    """A look-up is a product with one-hot rows, so its gradient is one too."""
    one_hot = F.one_hot(idx.reshape(-1), len(weight)).to(dy.dtype)
    return one_hot.T @ dy.reshape(-1, dy.shape[-1])


@CASES.check(s.CONV1D)
def conv1d_unfold(dy, x, weight):
    """Windows by unfold on the way to the weight, shifted additions on the way to x."""
    k = weight.shape[-1]
    windows = x.unfold(2, k, 1)  # (N, I, L, K)
    dw = torch.einsum("nol,nilk->oik", dy, windows)
    dx = torch.zeros_like(x)
    for j in range(k):
        dx[:, :, j : j + dy.shape[-1]] += torch.einsum("nol,oi->nil", dy, weight[:, :, j])
    return dx, dw, dy.sum((0, 2))


@CASES.check(s.CONV2D)
def conv2d_im2col(dy, x, weight):
    """im2col and col2im."""
    n, o = dy.shape[:2]
    size = weight.shape[2:]
    cols = F.unfold(x, size)  # (N, IKK, L)
    dcols = dy.reshape(n, o, -1)
    dw = (dcols @ cols.transpose(1, 2)).sum(0).view(weight.shape)
    dx = F.fold(weight.view(o, -1).T @ dcols, x.shape[2:], size)
    return dx, dw, dcols.sum(dim=(0, 2))


# check: recurrence


@CASES.check(s.LSTM_CELL)
def lstm_cell_classic(dy, x, h, c, w_ih, w_hh, i, f, g, o, tanh_c):
    """A numpy LSTM's step, with the gates' gradients stacked for one product."""
    dh_next, dc_next = dy
    do = dh_next * tanh_c
    dc = dc_next + dh_next * o * (1 - tanh_c**2)
    di, df, dg = dc * g, dc * c, dc * i
    da = torch.hstack([di * i * (1 - i), df * f * (1 - f), dg * (1 - g**2), do * o * (1 - o)])
    return da @ w_ih, da @ w_hh, f * dc, da.T @ x, da.T @ h, da.sum(0), da.sum(0)


# compare_gradients


class SoftmaxCrossEntropy(torch.autograd.Function):
    """Loss and gradient in one, the gradient kept from the way forward."""

    @staticmethod
    def forward(ctx, logits, targets):
        p = torch.softmax(logits, 1)
        n = len(logits)
        grad = p.clone()
        grad[torch.arange(n), targets] -= 1
        ctx.save_for_backward(grad / n)
        return -torch.log(p[torch.arange(n), targets]).mean()

    @staticmethod
    def backward(ctx, grad_output):
        (grad,) = ctx.saved_tensors
        return grad * grad_output, None


@CASES.module()
def softmax_ce_function(draw: Draw) -> tuple[nn.Module, Loss]:
    """A custom loss at the end of an ordinary classifier."""
    module = nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 4))
    x, y = draw(9, 6), draw.integers(4, 9)
    return module, lambda: SoftmaxCrossEntropy.apply(module(x), y)


class LayerNormFunction(torch.autograd.Function):
    """LayerNorm over the last dimension, with ctx holding the mean and the inverse deviation."""

    @staticmethod
    def forward(ctx, x, gamma, beta, eps):
        mean = x.mean(-1, keepdim=True)
        rstd = torch.rsqrt(x.var(-1, unbiased=False, keepdim=True) + eps)
        ctx.save_for_backward(x, mean, rstd, gamma)
        return (x - mean) * rstd * gamma + beta

    @staticmethod
    def backward(ctx, grad_output):
        x, mean, rstd, gamma = ctx.saved_tensors
        xhat = (x - mean) * rstd
        dims = tuple(range(x.ndim - 1))
        g = grad_output * gamma
        grad_x = rstd * (g - g.mean(-1, keepdim=True) - xhat * (g * xhat).mean(-1, keepdim=True))
        return grad_x, (grad_output * xhat).sum(dims), grad_output.sum(dims), None


class MyLayerNorm(nn.Module):
    def __init__(self, dim: int):
        super().__init__()
        self.gamma = nn.Parameter(torch.linspace(0.5, 1.5, dim))
        self.beta = nn.Parameter(torch.linspace(-0.3, 0.2, dim))

    def forward(self, x: Tensor) -> Tensor:
        return LayerNormFunction.apply(x, self.gamma, self.beta, 1e-5)


@CASES.module()
def layer_norm_function(draw: Draw) -> tuple[nn.Module, Loss]:
    """A LayerNorm of one's own between two linear layers, on (B, T, C)."""
    module = nn.Sequential(nn.Linear(5, 6), MyLayerNorm(6), nn.GELU(), nn.Linear(6, 3))
    return module, regression(module, draw(4, 3, 5))


class MemoryEfficientSwish(torch.autograd.Function):
    """EfficientNet's: keeps x alone and recomputes the sigmoid."""

    @staticmethod
    def forward(ctx, i):
        ctx.save_for_backward(i)
        return i * torch.sigmoid(i)

    @staticmethod
    def backward(ctx, grad_output):
        i = ctx.saved_tensors[0]
        sigmoid_i = torch.sigmoid(i)
        return grad_output * (sigmoid_i * (1 + i * (1 - sigmoid_i)))


class Swish(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return MemoryEfficientSwish.apply(x)


@CASES.module()
def swish_function(draw: Draw) -> tuple[nn.Module, Loss]:
    """The activation, twice in one net, behind BatchNorm."""
    module = nn.Sequential(nn.Linear(5, 7), nn.BatchNorm1d(7), Swish(), nn.Linear(7, 4), Swish())
    return module, regression(module, draw(12, 5))


class SplitGates(torch.autograd.Function):
    """Two outputs from one tensor, as gated units have them."""

    @staticmethod
    def forward(ctx, x):
        a, b = x.chunk(2, -1)
        gate = torch.sigmoid(b)
        ctx.save_for_backward(gate)
        return a.clone(), gate

    @staticmethod
    def backward(ctx, grad_a, grad_gate):
        (gate,) = ctx.saved_tensors
        return torch.cat([grad_a, grad_gate * gate * (1 - gate)], -1)


class GatedUnit(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner, self.outer = nn.Linear(5, 8), nn.Linear(4, 3)

    def forward(self, x: Tensor) -> Tensor:
        a, gate = SplitGates.apply(self.inner(x))
        return self.outer(a * gate)


@CASES.module()
def two_output_function(draw: Draw) -> tuple[nn.Module, Loss]:
    """A Function with two outputs, both used."""
    module = GatedUnit()
    return module, regression(module, draw(6, 5))


class MyConv1d(torch.autograd.Function):
    """A convolution whose gradients come from torch.nn.grad's formulas written out."""

    @staticmethod
    def forward(ctx, x, weight):
        ctx.save_for_backward(x, weight)
        return torch.einsum("nilk,oik->nol", x.unfold(2, weight.shape[2], 1), weight)

    @staticmethod
    def backward(ctx, grad_out):
        x, weight = ctx.saved_tensors
        k = weight.shape[2]
        padded = F.pad(grad_out, (k - 1, k - 1))
        grad_x = torch.einsum("nolk,oik->nil", padded.unfold(2, k, 1), weight.flip(2))
        return grad_x, torch.einsum("nol,nilk->oik", grad_out, x.unfold(2, k, 1))


class ConvNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Conv1d(2, 3, 3, padding=1)
        self.kernel = nn.Parameter(torch.randn(4, 3, 3) / 3)
        self.head = nn.Linear(4, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(MyConv1d.apply(torch.tanh(self.first(x)), self.kernel).mean(2))


@CASES.module()
def conv_function_net(draw: Draw) -> tuple[nn.Module, Loss]:
    """torch's convolution, then one's own."""
    module = ConvNet()
    return module, regression(module, draw(5, 2, 8))


class Block(nn.Module):
    """A Transformer block written out, with a causal mask by masked_fill."""

    def __init__(self, dim: int = 8, heads: int = 2):
        super().__init__()
        self.heads = heads
        self.ln1, self.ln2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.qkv, self.proj = nn.Linear(dim, 3 * dim, bias=False), nn.Linear(dim, dim)
        self.up, self.down = nn.Linear(dim, 2 * dim), nn.Linear(2 * dim, dim)
        self.register_buffer("tril", torch.tril(torch.ones(16, 16)))

    def forward(self, x: Tensor) -> Tensor:
        B, T, C = x.shape
        q, k, v = (t.view(B, T, self.heads, -1).transpose(1, 2) for t in self.qkv(self.ln1(x)).split(C, 2))
        att = (q @ k.transpose(-2, -1)) * (1.0 / math.sqrt(k.size(-1)))
        att = F.softmax(att.masked_fill(self.tril[:T, :T] == 0, float("-inf")), dim=-1)
        x = x + self.proj((att @ v).transpose(1, 2).contiguous().view(B, T, C))
        return x + self.down(F.gelu(self.up(self.ln2(x))))


@CASES.module()
def attention_block_plain(draw: Draw) -> tuple[nn.Module, Loss]:
    """Nothing of one's own: torch's operations only."""
    module = Block()
    return module, regression(module, draw(2, 5, 8))


def transposed_layer_norm_forward(x, normalized_shape, weight=None, bias=None, eps=1e-5):
    """CS231n's hint: LayerNorm is BatchNorm of the transposed."""
    columns = x.reshape(-1, x.shape[-1]).T
    centred = columns - columns.mean(0)
    std = torch.sqrt((centred**2).mean(0) + eps)
    xhat = centred / std
    return (xhat.T * weight + bias).view(x.shape), (xhat, std, weight, x.shape)


def transposed_layer_norm_backward(dy, xhat, std, weight, shape):
    """The same, backward: sums run over axis 0 of the transposed."""
    rows = dy.reshape(-1, shape[-1])
    dxhat = (rows * weight).T
    n = len(dxhat)
    dcolumns = (n * dxhat - dxhat.sum(0) - xhat * (dxhat * xhat).sum(0)) / (n * std)
    return dcolumns.T.view(shape), None, (rows * xhat.T).sum(0), rows.sum(0)


def _normed(draw: Draw) -> tuple[nn.Module, Loss]:
    module = nn.Sequential(nn.Linear(5, 6), nn.LayerNorm(6), nn.Tanh(), nn.Linear(6, 3))
    return module, regression(module, draw(7, 5))


CASES.rule(s.LAYER_NORM, _normed, id="rule_swap_layer_norm_transposed")(
    (transposed_layer_norm_forward, transposed_layer_norm_backward)
)


# compare_lecture


@CASES.lecture()
def clubbed_expressions(v: SimpleNamespace) -> dict[str, Tensor]:
    """Exercises 2 and 3: cross-entropy and BatchNorm in one expression each, then the rest of the network."""
    n = v.n
    dlogits = F.softmax(v.logits, 1)
    dlogits[range(n), v.y] -= 1
    dlogits /= n
    dh = dlogits @ v.W2.T
    dhpreact = (1.0 - v.h**2) * dh
    dbngain = (v.bnraw * dhpreact).sum(0, keepdim=True)
    dbnbias = dhpreact.sum(0, keepdim=True)
    dhprebn = (
        v.bngain
        * v.bnvar_inv
        / n
        * (n * dhpreact - dhpreact.sum(0) - n / (n - 1) * v.bnraw * (dhpreact * v.bnraw).sum(0))
    )
    dembcat = dhprebn @ v.W1.T
    demb = dembcat.view(v.emb.shape)
    dC = torch.zeros_like(v.C)
    for k in range(v.x.shape[0]):
        for j in range(v.x.shape[1]):
            dC[v.x[k, j]] += demb[k, j]
    return {
        "logits": dlogits,
        "h": dh,
        "W2": v.h.T @ dlogits,
        "b2": dlogits.sum(0),
        "hpreact": dhpreact,
        "bngain": dbngain,
        "bnbias": dbnbias,
        "hprebn": dhprebn,
        "embcat": dembcat,
        "W1": v.embcat.T @ dhprebn,
        "b1": dhprebn.sum(0),
        "emb": demb,
        "C": dC,
    }


@CASES.lecture(rounding=1e-4)
def float32_answers(v: SimpleNamespace) -> dict[str, Tensor]:
    """A notebook in float32, whatever the weights that are judged have: right up to float32's rounding."""
    n = v.n
    probs, h = v.probs.float(), v.h.float()
    dlogits = (probs - F.one_hot(v.y, 27)) / n
    dhpreact = (1 - h**2) * (dlogits @ v.W2.float().T)
    bnraw = v.bnraw.float()
    return {
        "logits": dlogits,
        "W2": h.T @ dlogits,
        "b2": dlogits.sum(0),
        "hpreact": dhpreact,
        "bngain": (bnraw * dhpreact).sum(0, keepdim=True),
        "bnbias": dhpreact.sum(0, keepdim=True),
    }


@CASES.lecture()
def fused_autograd(v: SimpleNamespace) -> dict[str, Tensor]:
    """What autograd gives through torch's own batch_norm, linear and cross_entropy, not the lecture's steps."""
    C, W1, b1, W2, b2, gain, bias = (
        t.detach().clone().requires_grad_() for t in (v.C, v.W1, v.b1, v.W2, v.b2, v.bngain, v.bnbias)
    )
    hprebn = F.linear(F.embedding(v.x, C).flatten(1), W1.T, b1)
    std, mean = torch.std_mean(hprebn, 0)
    normed = (hprebn - mean) / torch.sqrt(std**2 + 1e-5)
    loss = F.cross_entropy(F.linear(torch.tanh(normed * gain + bias), W2.T, b2), v.y)
    loss.backward()
    return {
        "C": C.grad,
        "W1": W1.grad,
        "b1": b1.grad,
        "W2": W2.grad,
        "b2": b2.grad,
        "bngain": gain.grad,
        "bnbias": bias.grad,
    }


@CASES.lecture()
def logit_maxes_zero(v: SimpleNamespace) -> dict[str, Tensor]:
    """Who knows that shifting all logits changes nothing writes zeros for logit_maxes."""
    dlogprobs = torch.zeros_like(v.logprobs)
    dlogprobs[range(v.n), v.y] = -1.0 / v.n
    dprobs = dlogprobs / v.probs
    dcounts_sum_inv = (v.counts * dprobs).sum(1, keepdim=True)
    dcounts_sum = -dcounts_sum_inv / v.counts_sum**2
    dcounts = v.counts_sum_inv * dprobs
    dcounts += dcounts_sum
    dnorm_logits = dcounts * v.counts
    return {
        "logprobs": dlogprobs,
        "probs": dprobs,
        "counts_sum_inv": dcounts_sum_inv,
        "counts_sum": dcounts_sum,
        "counts": dcounts,
        "norm_logits": dnorm_logits,
        "logit_maxes": torch.zeros_like(v.logit_maxes),
        "logits": dnorm_logits.clone(),
    }
