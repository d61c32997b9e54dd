"""Wrong gradients, written the way people get them wrong. None may pass, and the cause should be named."""

from types import SimpleNamespace

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tests.backprop.learners import support as s
from tests.backprop.learners.support import Cases, Draw, Loss, Through, regression

CASES = Cases(right=False)


# check: arithmetic and shape


@CASES.check(
    s.ADD,
    cause="what was broadcast is not summed",
    cause_keywords=[["sum", "broadcast"], ["shape"]],
)
def add_broadcast(dy):
    """A plus hands its gradient on, whatever the shapes."""
    return dy, dy


@CASES.check(
    s.MUL,
    cause="the gradient of the broadcast factor is not summed",
    cause_keywords=[["sum", "broadcast"], ["shape"]],
)
def mul_broadcast_not_summed(dy, x, other):
    """Right for equal shapes."""
    return dy * other, dy * x


@CASES.check(
    s.SUB,
    cause="the subtrahend's sign",
    cause_keywords=[["sign"], ["minus"], ["negative"]],
)
def sub_sign(dy, x, other):
    """Addition's backward copied."""
    return dy.sum_to_size(x.shape), dy.sum_to_size(other.shape)


@CASES.check(
    s.DIV,
    cause="the denominator must be squared",
    cause_keywords=[["squar"], ["other^2"], ["other**2"], ["1/other"], ["denominator"], ["divid"], ["power"]],
)
def div_no_square(dy, x, other):
    """-x / y in place of -x / y^2."""
    return (dy / other).sum_to_size(x.shape), (-dy * x / other).sum_to_size(other.shape)


@CASES.check(
    s.POW,
    cause="the factor n of n x^(n-1) is missing",
    cause_keywords=[["factor"], ["exponent"], ["0.333"], ["third"], ["too small"], ["halv"]],
)
def pow_no_factor(dy, x, exponent):
    """The exponent lowered, and not brought down."""
    return dy * x ** (exponent - 1)


@CASES.check(
    s.EXP,
    cause="the derivative of exp is its value, and dy alone came back",
    cause_keywords=[["local derivative"], ["handed on"], ["y", "missing"], ["value"], ["factor"], ["exp"]],
)
def exp_no_y(dy):
    """ "exp is its own derivative", so nothing changes."""
    return dy.clone()


@CASES.check(
    s.LOG,
    cause="log's derivative divides by x",
    cause_keywords=[["divid"], ["1/x"], ["1 / x"], ["multipl"], ["recip"], ["invers"], ["x stands"]],
)
def log_multiplied(dy, x):
    """dy * x."""
    return dy * x


@CASES.check(
    s.VAR,
    cause="the variance divides by n - 1",
    cause_keywords=[["n - 1"], ["n-1"], ["bessel"], ["n/(n"], ["unbiased"], ["correction"]],
)
def var_n(dy, x):
    """numpy's var divides by n, torch's does not."""
    return 2.0 / len(x) * (x - x.mean(0)) * dy


@CASES.check(
    s.VAR,
    cause="the factor 2 of the square",
    cause_keywords=[["halv"], ["half"], ["0.5"], ["twice"], ["factor"]],
)
def var_no_two(dy, x):
    """(x - mean) / (n - 1)."""
    return (x - x.mean(0)) / (len(x) - 1) * dy


@CASES.check(
    s.MEAN,
    given=True,
    cause="1/n of the mean",
    cause_keywords=[["1/n"], ["divi"], ["too large"], ["4 times"], ["mean"]],
)
def mean_no_n(dy, x):
    """A sum's backward."""
    return torch.ones_like(x) * dy


@CASES.check(
    s.CUMSUM,
    cause="the sum must run the other way",
    cause_keywords=[
        ["other way"],
        ["revers"],
        ["other end"],
        ["flip"],
        ["backward"],
        ["direction"],
        ["from the end"],
    ],
)
def cumsum_not_reversed(dy, dim):
    """cumsum's own gradient guessed to be cumsum."""
    return torch.cumsum(dy, dim)


@CASES.check(
    s.MAX,
    cause="only the place of the maximum receives a gradient",
    cause_keywords=[["maximum"], ["winner"], ["one place"], ["largest"], ["mask"], ["every place"]],
)
def max_all_places(dy, x):
    """Broadcast like a sum."""
    return dy * torch.ones_like(x)


@CASES.check(
    s.PERMUTE,
    given=True,
    cause="the permutation must be inverted",
    cause_keywords=[["invert"], ["inverse"], ["order"], ["back"], ["transpos"]],
)
def permute_not_inverted(dy, x, dims):
    """permute by the same order; for a cube no shape complains."""
    return dy.permute(2, 0, 1)


# check: activations


@CASES.check(
    s.TANH,
    cause="dy is ignored",
    cause_keywords=[["dy"], ["upstream"], ["incoming"], ["chain rule"]],
)
def tanh_ignored_dy(dy, y):
    """The local derivative, and no chain rule."""
    return 1 - y**2


class GeluWithoutPdf(torch.autograd.Function):
    """cdf(x) alone."""

    @staticmethod
    def forward(ctx, x):
        cdf = 0.5 * (1 + torch.erf(x / 2**0.5))
        ctx.save_for_backward(cdf)
        return x * cdf

    @staticmethod
    def backward(ctx, grad_output):
        return grad_output * ctx.saved_tensors[0]


CASES.check(
    s.GELU,
    id="gelu_no_pdf",
    cause="the term x pdf(x) is missing",
    cause_keywords=[["pdf"], ["density"], ["phi"], ["term"], ["product rule"], ["path"]],
)(GeluWithoutPdf)


@CASES.check(
    s.SILU,
    cause="the product rule's second term is missing",
    cause_keywords=[["term"], ["product rule"], ["sigmoid"]],
)
def silu_missing_term(dy, x):
    """sigmoid(x) alone."""
    return dy * torch.sigmoid(x)


@CASES.check(
    s.DROPOUT,
    given=False,
    cause="what was kept was scaled by 1/(1-p)",
    cause_keywords=[["scale"], ["1/(1"], ["1 - p"], ["keep"], ["kept"], ["times"], ["halv"]],
)
def dropout_no_scale(dy, mask):
    """dout[mask], without the scale of inverted dropout."""
    return dy * (mask != 0)


@CASES.check(
    s.SOFTMAX,
    cause="only the diagonal p (1 - p) of the Jacobian",
    cause_keywords=[["diagonal"], ["jacobian"], ["sum"], ["p (1 - p)"]],
)
def softmax_diagonal_only(dp, p):
    """The sigmoid's derivative, copied to softmax in a thousand notebooks."""
    return dp * p * (1 - p)


@CASES.check(
    s.SOFTMAX,
    given=True,
    cause="the sum runs over the batch, not over the classes",
    cause_keywords=[["dim"], ["axis"], ["axes"]],
)
def softmax_wrong_axis(dy, p):
    """sum(axis=0)."""
    return p * (dy - (dy * p).sum(0))


@CASES.check(
    s.LOG_SOFTMAX,
    cause="the sum of dy is not weighted with the softmax",
    cause_keywords=[["softmax"], ["exp(y)"], ["p", "missing"], ["weight"]],
)
def log_softmax_no_softmax(dy, y):
    """dy - dy.sum()."""
    return dy - dy.sum(-1, keepdim=True)


@CASES.check(
    s.LOGSUMEXP,
    given=True,
    cause="the derivative is the softmax, and dy alone was spread",
    cause_keywords=[["softmax"], ["local derivative"], ["exp"], ["handed on"]],
)
def logsumexp_no_softmax(dy, x):
    """A sum's backward."""
    return dy.unsqueeze(1).expand_as(x)


# check: losses


@CASES.check(
    s.CROSS_ENTROPY,
    cause="the one-hot of the targets is not subtracted",
    cause_keywords=[["one-hot"], ["onehot"], ["one hot"], ["target"]],
)
def ce_forgot_one_hot(dloss, logits):
    """softmax / n."""
    return F.softmax(logits, 1) / logits.shape[0] * dloss


@CASES.check(
    s.CROSS_ENTROPY,
    cause="the sign: one-hot minus softmax",
    cause_keywords=[["sign"], ["minus"], ["negative"], ["ascent"]],
)
def ce_sign(dloss, logits, targets):
    """y - p, as some books write the step and not the gradient."""
    return (F.one_hot(targets, logits.shape[1]) - F.softmax(logits, 1)) / len(logits) * dloss


@CASES.check(
    s.CROSS_ENTROPY,
    cause="dloss is ignored",
    cause_keywords=[["dloss"], ["dy"], ["upstream"], ["incoming"], ["chain rule"]],
)
class ce_ignored_dloss:
    """A loss layer whose backward takes the one that comes in for 1."""

    def forward(self, logits, targets):
        self.p, self.t = torch.softmax(logits, 1), targets
        return F.nll_loss(torch.log(self.p), targets)

    def backward(self, dout=1):
        dx = self.p.clone()
        dx[torch.arange(len(dx)), self.t] -= 1
        return dx / len(dx)


# check: normalisation


def _normalised(x, eps):
    mean, var = x.mean(0), x.var(0, unbiased=False)
    return (x - mean) / torch.sqrt(var + eps), torch.rsqrt(var + eps)


@CASES.check(
    s.BATCH_NORM,
    cause="dgamma needs xhat, and x was taken",
    cause_keywords=[["xhat"], ["normalis"], ["normaliz"], ["x stands"], ["raw"]],
)
def bn_dgamma_raw_x(dy, x, weight, eps):
    """(dout * x).sum(0)."""
    xhat, rstd = _normalised(x, eps)
    g = dy * weight
    return rstd * (g - g.mean(0) - xhat * (g * xhat).mean(0)), (dy * x).sum(0), dy.sum(0)


@CASES.check(
    s.BATCH_NORM,
    cause="gamma is not multiplied into dx",
    cause_keywords=[["gamma"], ["weight"], ["gain"]],
)
def bn_gamma_forgotten(dy, x, eps):
    """Starts at xhat as if y were xhat."""
    xhat, rstd = _normalised(x, eps)
    n = len(x)
    return rstd / n * (n * dy - dy.sum(0) - xhat * (dy * xhat).sum(0)), (dy * xhat).sum(0), dy.sum(0)


@CASES.check(
    s.BATCH_NORM,
    cause="the variance divides by n here, not by n - 1",
    cause_keywords=[["n - 1"], ["n-1"], ["variance"], ["bessel"]],
)
def bn_n_minus_1(dy, x, weight, eps):
    """The lecture's formula used for torch's BatchNorm."""
    xhat, rstd = _normalised(x, eps)
    n = len(x)
    dx = weight * rstd / n * (n * dy - dy.sum(0) - n / (n - 1) * xhat * (dy * xhat).sum(0))
    return dx, (dy * xhat).sum(0), dy.sum(0)


@CASES.check(
    s.BATCH_NORM,
    cause="the path through the variance is missing",
    cause_keywords=[["variance"]],
)
def bn_var_path(dy, x, weight, eps):
    """Differentiates the subtraction and takes the deviation for a constant."""
    xhat, rstd = _normalised(x, eps)
    g = dy * weight
    return rstd * (g - g.mean(0)), (dy * xhat).sum(0), dy.sum(0)


@CASES.check(
    s.LAYER_NORM,
    cause="the path through the variance is missing",
    cause_keywords=[["variance"]],
)
def ln_no_var(dy, x, weight, eps):
    """Only the centring goes back."""
    rstd = torch.rsqrt(x.var(-1, unbiased=False, keepdim=True) + eps)
    xhat = (x - x.mean(-1, keepdim=True)) * rstd
    g = dy * weight
    dx = (g - g.mean(-1, keepdim=True)) * rstd
    return dx, (dy * xhat).flatten(0, -2).sum(0), dy.flatten(0, -2).sum(0)


# check: products, tables, attention


@CASES.check(
    s.LINEAR,
    cause="dW has the shape of its transpose",
    cause_keywords=[["shape"], ["transpos"]],
)
def linear_dw_transposed(dy, x, weight):
    """x.T @ dout, where torch's weight is (out, in)."""
    return dy @ weight, x.T @ dy, dy.sum(0)


@CASES.check(
    s.MATMUL_BATCHED,
    given=True,
    cause="other served all batches: its gradient must be summed over them",
    cause_keywords=[["sum", "broadcast"], ["shape"], ["batch"]],
)
def matmul_batch_not_summed(dy, x, other):
    """Right for every batch, and not added up."""
    return dy @ other.mT, x.mT @ dy


@CASES.check(
    s.EMBEDDING,
    cause="a row looked up twice is overwritten instead of added to",
    cause_keywords=[["overwrit"], ["added"], ["accumul"]],
)
def embedding_overwrite(dy, idx, weight):
    """dW[idx] = dout."""
    dw = torch.zeros_like(weight)
    for row, grad in zip(idx.flatten(), dy.flatten(0, -2), strict=True):
        dw[row] = grad
    return dw


def _attention_weights(query, key, is_causal):
    scores = query @ key.transpose(-2, -1) / query.shape[-1] ** 0.5
    if is_causal:
        scores = scores.masked_fill(torch.ones(scores.shape[-2:]).tril() == 0, float("-inf"))
    return torch.softmax(scores, -1)


@CASES.check(
    s.CAUSAL_ATTENTION,
    given=True,
    cause="the causal mask is forgotten where the weights are recomputed",
    cause_keywords=[["mask"], ["causal"], ["future"]],
)
def attention_mask_forgotten(dy, query, key, value):
    """Recomputes the weights on the way back from q and k alone."""
    p = _attention_weights(query, key, False)
    dp = dy @ value.transpose(-2, -1)
    ds = p * (dp - (dp * p).sum(-1, keepdim=True)) * query.shape[-1] ** -0.5
    return ds @ key, ds.transpose(-2, -1) @ query, p.transpose(-2, -1) @ dy


@CASES.check(
    s.ATTENTION,
    cause="query and key are exchanged",
    cause_keywords=[
        ["exchang"],
        ["swap"],
        ["each other"],
        ["gradient of key"],
        ["gradient of query"],
        ["belongs to"],
    ],
)
def attention_qk_swapped(dy, query, key, value, is_causal=False):
    """dK, dQ, dV."""
    p = _attention_weights(query, key, is_causal)
    dp = dy @ value.transpose(-2, -1)
    ds = p * (dp - (dp * p).sum(-1, keepdim=True)) * query.shape[-1] ** -0.5
    return ds.transpose(-2, -1) @ query, ds @ key, p.transpose(-2, -1) @ dy


# check: convolution and pooling


@CASES.check(
    s.CONV1D,
    cause="the kernel must be flipped",
    cause_keywords=[["flip"], ["mirror"], ["revers"], ["turned"], ["rotat"]],
)
def conv_not_flipped(dy, x, weight):
    """A full correlation of dy with the kernel as it is."""
    k = weight.shape[-1]
    padded = F.pad(dy, (k - 1, k - 1))
    dx = torch.einsum("nolk,oik->nil", padded.unfold(2, k, 1), weight)
    return dx, torch.einsum("nol,nilk->oik", dy, x.unfold(2, k, 1)), dy.sum((0, 2))


@CASES.check(
    s.CONV2D,
    given=True,
    cause="dW is overwritten by every example of the batch instead of added to",
    cause_keywords=[["overwrit"], ["added"], ["accumul"], ["sum"], ["last example"], ["one example"], ["batch"]],
)
def conv2d_dw_overwritten(dy, x, weight):
    """dw = ... inside the loop over examples."""
    size = weight.shape[2:]
    dw = torch.zeros_like(weight)
    for image, up in zip(x, dy, strict=True):
        dw = (up.flatten(1) @ F.unfold(image[None], size)[0].T).view(weight.shape)
    dx = F.conv_transpose2d(dy, weight)
    return dx, dw, dy.sum((0, 2, 3))


@CASES.check(
    s.MAX_POOL,
    given=True,
    cause="the gradient goes to the maximum alone, not to all places in equal parts",
    cause_keywords=[["maximum"], ["winner"], ["largest"], ["mask"], ["average"], ["mean"], ["equal"]],
)
def max_pool_ties_average(dy, x):
    """Average pooling's backward."""
    return F.interpolate(dy, scale_factor=2, mode="nearest") / 4


@CASES.check(
    s.MAX_POOL_OVERLAPPING,
    given=True,
    cause="a place that wins in two windows must add both gradients",
    cause_keywords=[
        ["overwrit"],
        ["added"],
        ["accumul"],
        ["overlap"],
        ["two windows"],
        ["several windows"],
        ["twice"],
    ],
)
def max_pool_overlap_overwritten(dy, x):
    """= for += in the loop over windows."""
    dx = torch.zeros_like(x)
    _, winners = F.max_pool2d(x, 3, 2, return_indices=True)
    dx.flatten(2).scatter_(2, winners.flatten(2), dy.flatten(2))
    return dx


# check: recurrence


@CASES.check(
    s.RNN_TANH_CELL,
    cause="tanh's derivative is missing",
    cause_keywords=[["tanh"], ["local derivative"], ["1 - h"], ["h'^2"], ["activation"]],
)
def rnn_no_tanh(dh, x, h, w_ih, w_hh):
    """The cell taken for a linear layer."""
    return dh @ w_ih, dh @ w_hh, dh.T @ x, dh.T @ h, dh.sum(0), dh.sum(0)


@CASES.check(
    s.RNN_TANH_CELL,
    cause="1 - h'^2 needs the new state, and the old one was taken",
    cause_keywords=[["old"], ["new"], ["h_next"], ["h'"], ["next"], ["previous"], ["tanh"]],
)
def rnn_preactivation(dh, x, h, w_ih, w_hh):
    """(1 - h_prev**2)."""
    da = (1 - h**2) * dh
    return da @ w_ih, da @ w_hh, da.T @ x, da.T @ h, da.sum(0), da.sum(0)


@CASES.check(
    s.LSTM_CELL,
    cause="the gates of input and forget are exchanged",
    cause_keywords=[["gate"], ["exchang"], ["swap"], ["order"], ["i", "f"]],
)
def lstm_gates_swapped(dy, x, h, c, w_ih, w_hh, i, f, g, o, tanh_c):
    """Keras and torch order their gates differently; here f comes first."""
    dh, dc = dy
    dc = dc + dh * o * (1 - tanh_c**2)
    da = torch.cat([dc * c * f * (1 - f), dc * g * i * (1 - i), dc * i * (1 - g**2), dh * tanh_c * o * (1 - o)], 1)
    return da @ w_ih, da @ w_hh, dc * f, da.T @ x, da.T @ h, da.sum(0), da.sum(0)


# check: what is not a gradient at all


@CASES.check(
    s.TANH,
    cause="None came back",
    cause_keywords=[["none"], ["nothing came back"], ["no gradient"], ["return"]],
    refusal_ok=True,
)
def returns_none(dy, y):
    """The return is forgotten."""
    grad = dy * (1 - y**2)
    grad.mul_(1)


@CASES.check(
    s.SIGMOID,
    cause="a float came back",
    cause_keywords=[["float"], ["number"], ["not a tensor"]],
    refusal_ok=True,
)
def returns_float(dy, y):
    """The gradient of one number, from a notebook about one neuron."""
    return float((dy * y * (1 - y)).sum())


@CASES.check(
    s.RELU,
    cause="integers came back",
    cause_keywords=[["integer"], ["int64"], ["dtype"], ["long"], ["whole number"]],
    refusal_ok=True,
)
def returns_integer(dy, x):
    """The mask as numbers, times dy that was rounded on the way."""
    return (x > 0).long() * dy.long()


@CASES.check(
    s.LOGSUMEXP_LARGE,
    given=True,
    cause="exp overflows: nan comes back",
    cause_keywords=[["nan"], ["inf"], ["finite"], ["overflow"]],
    refusal_ok=True,
)
def nonfinite_logsumexp(dy, x):
    """Softmax without the maximum subtracted."""
    e = torch.exp(x)
    return e / e.sum(1, keepdim=True) * dy[:, None]


# compare_gradients


class AttentionFn(torch.autograd.Function):
    @staticmethod
    def forward(ctx, q, k, v):
        p = torch.softmax(q @ k.mT / q.shape[-1] ** 0.5, -1)
        ctx.save_for_backward(q, k, v, p)
        return p @ v

    @staticmethod
    def backward(ctx, grad_output):
        q, k, v, p = ctx.saved_tensors
        dp = grad_output @ v.mT
        ds = p * (dp - (dp * p).sum(-1, keepdim=True))
        return ds @ k, ds.mT @ q, p.mT @ grad_output


class Head(nn.Module):
    def __init__(self):
        super().__init__()
        self.q, self.k, self.v, self.out = (nn.Linear(4, 4, bias=False) for _ in range(4))

    def forward(self, x: Tensor) -> Tensor:
        return self.out(AttentionFn.apply(self.q(x), self.k(x), self.v(x)))


@CASES.module(
    cause="AttentionFn: the scale is missing on the way back",
    cause_keywords=[["attentionfn"], ["scale"], ["sqrt"]],
)
def attention_function_scale(draw: Draw) -> tuple[nn.Module, Loss]:
    """A head of attention of one's own."""
    module = Head()
    return module, regression(module, draw(2, 5, 4))


class AffineFn(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, weight, bias):
        ctx.save_for_backward(x, weight)
        return x @ weight.t() + bias

    @staticmethod
    def backward(ctx, grad_output):
        x, weight = ctx.saved_tensors
        return grad_output @ weight, grad_output.t() @ x, grad_output.mean(0)


@CASES.module(
    cause="AffineFn: the bias gets a sum, not a mean",
    cause_keywords=[["affinefn"], ["mean"], ["1/n"], ["divi"]],
)
def linear_function_bias_mean(draw: Draw) -> tuple[nn.Module, Loss]:
    """One gradient of three is wrong."""
    module = nn.Sequential(Through(AffineFn, torch.randn(6, 5) / 2, torch.zeros(6)), nn.Tanh(), nn.Linear(6, 3))
    return module, regression(module, draw(7, 5))


class MulConstant(torch.autograd.Function):
    @staticmethod
    def forward(ctx, tensor):
        ctx.constant = 5.0
        return tensor * ctx.constant

    @staticmethod
    def backward(ctx, grad_output):
        return grad_output


@CASES.module(
    cause="MulConstant: the constant is not multiplied in",
    cause_keywords=[["mulconstant"], ["constant"], ["5 times"], ["0.2"]],
)
def mul_constant_forgotten(draw: Draw) -> tuple[nn.Module, Loss]:
    """A handbook's first example of a Function had it so."""
    module = nn.Sequential(nn.Linear(5, 6), nn.Tanh(), Through(MulConstant), nn.Linear(6, 3))
    return module, regression(module, draw(7, 5))


class NumpyCosFn(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return torch.from_numpy(np.cos(x.detach().numpy()))

    @staticmethod
    def backward(ctx, grad_output):
        (x,) = ctx.saved_tensors
        return grad_output * torch.from_numpy(np.sin(x.detach().numpy()))


@CASES.module(
    cause="NumpyCosFn: the sign of cos' = -sin",
    cause_keywords=[["numpycosfn"], ["sign"]],
)
def numpy_function_sign(draw: Draw) -> tuple[nn.Module, Loss]:
    """numpy inside, so torch cannot help."""
    module = nn.Sequential(nn.Linear(4, 6), Through(NumpyCosFn), nn.Linear(6, 2))
    return module, regression(module, draw(7, 4))


class ReluFn(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.clamp(min=0)

    @staticmethod
    def backward(ctx, grad_output):
        (x,) = ctx.saved_tensors
        grad = grad_output.clone()
        grad[x > 0] = 0
        return grad


@CASES.module(
    cause="ReluFn: the mask is inverted",
    cause_keywords=[["relufn"], ["mask"]],
)
def relu_function_inverted(draw: Draw) -> tuple[nn.Module, Loss]:
    """grad[x > 0] = 0 where < was meant."""
    module = nn.Sequential(nn.Linear(5, 8), Through(ReluFn), nn.LayerNorm(8), nn.Linear(8, 3))
    return module, regression(module, draw(7, 5))


class GainFn(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, gain):
        ctx.save_for_backward(x, gain)
        return x * gain

    @staticmethod
    def backward(ctx, grad_output):
        _, gain = ctx.saved_tensors
        return grad_output * gain, (grad_output * gain).sum(0)


@CASES.module(
    cause="GainFn: the gain's gradient needs x, and gain was taken",
    cause_keywords=[["gainfn"], ["x", "gain"]],
)
def weight_only_wrong_function(draw: Draw) -> tuple[nn.Module, Loss]:
    """What goes on through the net is right, so one parameter alone is off."""
    module = nn.Sequential(nn.Linear(5, 6), Through(GainFn, torch.linspace(0.5, 1.5, 6)), nn.GELU(), nn.Linear(6, 3))
    return module, regression(module, draw(7, 5))


class ShrinkFn(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return 1e-4 * x.pow(2)

    @staticmethod
    def backward(ctx, grad_output):
        (x,) = ctx.saved_tensors
        return 1e-4 * grad_output * x


class Whisper(nn.Module):
    def __init__(self):
        super().__init__()
        self.quiet, self.loud = nn.Linear(4, 3), nn.Linear(4, 3)

    def forward(self, x: Tensor) -> Tensor:
        return 10 * self.loud(x) + ShrinkFn.apply(self.quiet(x))


@CASES.module(
    floor=1e-7,
    cause="ShrinkFn: the factor 2, in a gradient that is small beside the net's largest",
    cause_keywords=[["shrinkfn"], ["half"], ["halv"], ["0.5"]],
)
def small_gradient_function(draw: Draw) -> tuple[nn.Module, Loss]:
    """Wrong by half, and a hundred thousand times smaller than its neighbour."""
    module = Whisper()
    return module, regression(module, draw(7, 4))


def layer_norm_forward(x, normalized_shape, weight=None, bias=None, eps=1e-5):
    """Forward as it should be."""
    rstd = torch.rsqrt(x.var(-1, correction=0, keepdim=True) + eps)
    xhat = (x - x.mean(-1, keepdim=True)) * rstd
    return xhat * weight + bias, (xhat, rstd, weight)


def layer_norm_no_mean(dy, xhat, rstd, weight):
    """The centring forgotten on the way back."""
    g = dy * weight
    dims = tuple(range(dy.ndim - 1))
    return rstd * (g - xhat * (g * xhat).mean(-1, keepdim=True)), None, (dy * xhat).sum(dims), dy.sum(dims)


def _block(draw: Draw) -> tuple[nn.Module, Loss]:
    module = nn.Sequential(nn.Linear(5, 6), nn.LayerNorm(6), nn.Tanh(), nn.Linear(6, 3))
    return module, regression(module, draw(3, 4, 5))


CASES.rule(
    s.LAYER_NORM,
    _block,
    id="rule_swap_layer_norm_mean_missing",
    cause="LayerNorm's path through the mean is missing",
    cause_keywords=[["layer_norm", "mean"]],
)((layer_norm_forward, layer_norm_no_mean))


def linear_forward(x, weight, bias=None):
    """Forward as it should be."""
    y = x @ weight.T
    return (y if bias is None else y + bias), (x, weight)


def linear_backward_mean(dy, x, weight):
    """The bias averaged over all rows."""
    rows = dy.reshape(-1, dy.shape[-1])
    return dy @ weight, rows.T @ x.reshape(-1, x.shape[-1]), rows.mean(0)


CASES.rule(
    s.LINEAR_BATCHED,
    _block,
    id="rule_swap_linear_bias_mean",
    cause="the bias gets a sum, not a mean",
    cause_keywords=[["linear", "mean"], ["linear", "1/n"], ["linear", "divi"], ["linear", "times"]],
)((linear_forward, linear_backward_mean))


# compare_lecture


@CASES.lecture(
    cause="1/n of the mean",
    cause_keywords=[["1/n"], ["mean"], ["divi"], ["32 times"], ["too large"]],
)
def logprobs_no_mean(v: SimpleNamespace) -> dict[str, Tensor]:
    """-1 at the targets, and the next step built on it."""
    dlogprobs = torch.zeros_like(v.logprobs)
    dlogprobs[range(v.n), v.y] = -1.0
    return {"logprobs": dlogprobs, "probs": dlogprobs / v.probs}


@CASES.lecture(
    cause="the one of the one-hot is not divided by n",
    cause_keywords=[["one-hot"], ["onehot"], ["one hot"], ["target"]],
)
def logits_minus_one_after_divide(v: SimpleNamespace) -> dict[str, Tensor]:
    """Division and subtraction in the wrong order."""
    dlogits = F.softmax(v.logits, 1)
    dlogits /= v.n
    dlogits[range(v.n), v.y] -= 1
    return {"logits": dlogits}


def _to_probs(v: SimpleNamespace) -> tuple[Tensor, Tensor]:
    dlogprobs = torch.zeros_like(v.logprobs)
    dlogprobs[range(v.n), v.y] = -1.0 / v.n
    return dlogprobs, dlogprobs / v.probs


@CASES.lecture(
    cause="counts reaches the loss by counts_sum too",
    cause_keywords=[["counts_sum"], ["used twice"]],
)
def counts_one_path(v: SimpleNamespace) -> dict[str, Tensor]:
    """The first branch alone."""
    dlogprobs, dprobs = _to_probs(v)
    return {"logprobs": dlogprobs, "probs": dprobs, "counts": v.counts_sum_inv * dprobs}


@CASES.lecture(
    cause="counts_sum_inv was broadcast over the classes: sum",
    cause_keywords=[["sum"], ["shape"]],
)
def counts_sum_inv_not_summed(v: SimpleNamespace) -> dict[str, Tensor]:
    """counts * dprobs and no sum(1, keepdim=True)."""
    _, dprobs = _to_probs(v)
    return {"probs": dprobs, "counts_sum_inv": v.counts * dprobs}


@CASES.lecture(
    cause="exp's derivative, counts, is not multiplied in",
    cause_keywords=[["exp"], ["counts", "missing"], ["counts", "multipl"], ["local derivative"], ["handed on"]],
)
def norm_logits_no_exp(v: SimpleNamespace) -> dict[str, Tensor]:
    """dnorm_logits = dcounts."""
    _, dprobs = _to_probs(v)
    dcounts_sum = -(v.counts_sum**-2) * (v.counts * dprobs).sum(1, keepdim=True)
    dcounts = v.counts_sum_inv * dprobs + dcounts_sum
    return {"counts": dcounts, "norm_logits": dcounts}


def _to_h(v: SimpleNamespace) -> tuple[Tensor, Tensor]:
    dlogits = (v.probs - F.one_hot(v.y, 27)) / v.n
    return dlogits, dlogits @ v.W2.T


@CASES.lecture(
    cause="tanh's derivative needs h, and hpreact was squared",
    cause_keywords=[["h", "hpreact"], ["tanh"], ["value"], ["output"]],
)
def hpreact_of_x(v: SimpleNamespace) -> dict[str, Tensor]:
    """(1 - hpreact**2) * dh."""
    _, dh = _to_h(v)
    return {"h": dh, "hpreact": (1 - v.hpreact**2) * dh}


@CASES.lecture(
    cause="tanh's derivative is missing",
    cause_keywords=[["tanh"], ["1 - h"], ["local derivative"], ["handed on"]],
)
def hpreact_no_tanh(v: SimpleNamespace) -> dict[str, Tensor]:
    """dhpreact = dh."""
    _, dh = _to_h(v)
    return {"h": dh, "hpreact": dh.clone()}


@CASES.lecture(
    cause="the bias is summed over the batch, not averaged",
    cause_keywords=[["mean"], ["1/n"], ["divi"], ["too small"]],
)
def b2_mean(v: SimpleNamespace) -> dict[str, Tensor]:
    """dlogits.mean(0)."""
    dlogits, _ = _to_h(v)
    return {"logits": dlogits, "b2": dlogits.mean(0)}


@CASES.lecture(
    cause="right numbers, but keepdim is missing: (64,) for (1, 64)",
    cause_keywords=[
        ["keepdim"],
        ["squeeze"],
        ["numbers", "shape"],
        ["values", "shape"],
        ["only", "shape"],
        ["reshape"],
    ],
)
def bngain_not_keepdim(v: SimpleNamespace) -> dict[str, Tensor]:
    """sum(0), and then cmp complains about nothing since it broadcasts."""
    _, dh = _to_h(v)
    dhpreact = (1 - v.h**2) * dh
    return {"hpreact": dhpreact, "bngain": (v.bnraw * dhpreact).sum(0), "bnbias": dhpreact.sum(0)}


@CASES.lecture(
    cause="bngain is not multiplied in",
    cause_keywords=[["gain"], ["gamma"], ["weight"]],
)
def bnraw_no_gain(v: SimpleNamespace) -> dict[str, Tensor]:
    """dbnraw = dhpreact."""
    _, dh = _to_h(v)
    dhpreact = (1 - v.h**2) * dh
    return {"hpreact": dhpreact, "bnraw": dhpreact.clone()}


def _to_bnvar(v: SimpleNamespace) -> tuple[Tensor, Tensor]:
    _, dh = _to_h(v)
    dbnraw = v.bngain * (1 - v.h**2) * dh
    return dbnraw, -0.5 * (v.bnvar + 1e-5) ** -1.5 * (v.bndiff * dbnraw).sum(0, keepdim=True)


@CASES.lecture(
    cause="the lecture's variance divides by n - 1",
    cause_keywords=[["n - 1"], ["n-1"], ["bessel"], ["31"], ["n/(n"]],
)
def bndiff2_n(v: SimpleNamespace) -> dict[str, Tensor]:
    """1/n."""
    _, dbnvar = _to_bnvar(v)
    return {"bnvar": dbnvar, "bndiff2": torch.ones_like(v.bndiff2) * dbnvar / v.n}


@CASES.lecture(
    cause="hprebn reaches the loss by its mean too",
    cause_keywords=[["mean"], ["used twice"]],
)
def hprebn_no_mean_path(v: SimpleNamespace) -> dict[str, Tensor]:
    """dhprebn = dbndiff.clone(), and the second line is forgotten; the sum over the batch is not zero then."""
    dbnraw, dbnvar = _to_bnvar(v)
    dbndiff = v.bnvar_inv * dbnraw + 2 * v.bndiff * dbnvar / (v.n - 1)
    return {"bndiff": dbndiff, "hprebn": dbndiff.clone()}


@CASES.lecture(
    cause="dW1 is transposed",
    cause_keywords=[["transpos"], ["shape"]],
)
def W1_transposed(v: SimpleNamespace) -> dict[str, Tensor]:
    """dhprebn.T @ embcat."""
    dbnraw, dbnvar = _to_bnvar(v)
    dbndiff = v.bnvar_inv * dbnraw + 2 * v.bndiff * dbnvar / (v.n - 1)
    dhprebn = dbndiff - dbndiff.mean(0)
    return {"hprebn": dhprebn, "W1": dhprebn.T @ v.embcat}
