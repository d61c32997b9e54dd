"""Wrong gradients, written the way people get them wrong. None may pass, and the cause should be named."""

from types import SimpleNamespace

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from tests.backprop.learners import support as s
from tests.backprop.learners.support import Cases, Draw, Loss, Through, regression

CASES = Cases(right=False)


# check: arithmetic


@CASES.check(
    s.MUL,
    cause="x and other are exchanged: each factor's gradient is dy times the other factor",
    cause_keywords=[["exchang"], ["swap"], ["other factor"], ["mixed up"], ["each other"]],
)
def mul_swapped(dy, x, other):
    """A first autograd engine: self.grad += self.data * out.grad."""
    return (dy * x).sum_to_size(x.shape), (dy * other).sum_to_size(other.shape)


@CASES.check(
    s.DIV,
    cause="the sign of the denominator's gradient",
    cause_keywords=[["sign"], ["minus"], ["negative"]],
)
def div_sign(dy, x, other):
    """The quotient rule without its minus."""
    return (dy / other).sum_to_size(x.shape), (dy * x / other**2).sum_to_size(other.shape)


@CASES.check(
    s.POW,
    given=True,
    cause="the exponent was not lowered by one: n x^n in place of n x^(n-1)",
    cause_keywords=[["exponent"], ["power"], ["n - 1"], ["lower"], ["times x"], ["factor x"]],
)
def pow_exponent(dy, x, exponent):
    """Half of the power rule."""
    return dy * exponent * x**exponent


@CASES.check(
    s.SQUARE,
    cause="the factor 2",
    cause_keywords=[["half"], ["halv"], ["0.5"], ["twice"], ["factor"]],
)
def square_no_two(dy, x):
    """d(x^2) = x dx."""
    return dy * x


@CASES.check(
    s.SQRT,
    cause="1/(2 sqrt(x)): the root itself belongs in the denominator, not x",
    cause_keywords=[["sqrt"], ["root"], ["value"], ["output"], ["y"], ["x", "place"]],
)
def sqrt_of_x(dy, x):
    """Forgets the root."""
    return dy / (2 * x)


@CASES.check(
    s.CAT,
    given=True,
    cause="the pieces come back in the wrong order",
    cause_keywords=[["order"], ["swap"], ["revers"], ["exchang"], ["another"], ["belongs to"]],
)
def cat_order(dy, tensors, dim):
    """Pops the pieces from a stack."""
    pieces = list(dy.split([t.shape[dim] for t in tensors], dim))
    return tuple(reversed(pieces))


@CASES.check(
    s.GETITEM,
    given=True,
    cause="a row that was picked twice is overwritten instead of added to",
    cause_keywords=[["overwrit"], ["added"], ["accumul"], ["picked twice"], ["more than once"]],
)
def getitem_overwritten(dy, x, index):
    """dx[index] += dy adds once for a row that stands twice in index, in numpy and in torch alike."""
    dx = torch.zeros_like(x)
    dx[index] += dy
    return dx


# check: activations and losses


@CASES.check(
    s.TANH,
    cause="1 - y^2 needs the output y, and x was squared",
    cause_keywords=[["x", "y"], ["input"], ["output"], ["value"]],
)
def tanh_x_for_y(dy, x):
    """The formula is remembered, what it is a formula of is not."""
    return dy * (1 - x**2)


@CASES.check(
    s.TANH,
    cause="x was changed in place",
    cause_keywords=[["in place"], ["in-place"], ["chang"], ["overwrit"], ["modif"], ["writ"]],
    refusal_ok=True,
)
def changes_x_in_place(dy, x):
    """Saves memory by writing the derivative into the input; the number is right, the input is gone."""
    x.copy_(1 - torch.tanh(x) ** 2)
    return dy * x


@CASES.check(
    s.TANH,
    cause="two gradients for one argument",
    cause_keywords=[
        ["2 gradients"],
        ["extra"],
        ["too many"],
        ["gradients came back"],
        ["more gradients"],
        ["two grad"],
    ],
    refusal_ok=True,
)
def returns_extra(dy, y):
    """The layer used to have a bias."""
    return dy * (1 - y**2), dy.sum(0), dy


@CASES.check(
    s.TANH,
    cause="a numpy array came back",
    cause_keywords=[["numpy"], ["array"], ["not a tensor"]],
    refusal_ok=True,
)
def returns_numpy(dy, y):
    """An old numpy layer, and a wrong one."""
    return dy.detach().numpy() * (1 - y.detach().numpy())


@CASES.check(
    s.SIGMOID,
    cause="the factor 1 - y is missing",
    cause_keywords=[["1 - y"], ["(1 - y)"], ["1-y"], ["missing"], ["factor"], ["forgotten"]],
)
def sigmoid_forgot_one_minus(dy, y):
    """Questions on numpy networks: delta * output."""
    return dy * y


@CASES.check(
    s.RELU,
    cause="the mask is where x was positive, not where dy is",
    cause_keywords=[["mask"], ["x > 0"], ["positive"]],
)
def relu_mask_from_dy(dy, x):
    """Deconvnet's rule in place of the derivative."""
    return torch.clamp(dy, min=0)


@CASES.check(
    s.RELU,
    cause="the mask is forgotten",
    cause_keywords=[
        ["mask"],
        ["x > 0"],
        ["positive"],
        ["negative"],
        ["not pass"],
        ["local derivative"],
        ["handed on"],
    ],
)
class relu_no_mask:
    """A layer that keeps no cache hands dout on."""

    def forward(self, x):
        return torch.maximum(x, torch.zeros_like(x))

    def backward(self, dout):
        return dout


@CASES.check(
    s.LEAKY_RELU,
    cause="the slope stands on the wrong side of zero",
    cause_keywords=[["slope"], ["side"], ["swap"], ["exchang"], ["mask"]],
)
def leaky_relu_sides_swapped(dy, x, negative_slope):
    """torch.where with its two branches exchanged."""
    return torch.where(x > 0, negative_slope * dy, dy)


@CASES.check(
    s.SOFTPLUS,
    cause="the derivative is sigmoid(x), not sigmoid(-x)",
    cause_keywords=[["sign"], ["sigmoid"], ["-x"], ["1 -"]],
)
def softplus_wrong_side(dy, x):
    """The sign lost while simplifying exp(x) / (1 + exp(x))."""
    return dy / (1 + torch.exp(x))


@CASES.check(
    s.LOG_SOFTMAX,
    cause="the sum over the classes is missing: dy itself stands where dy's sum belongs",
    cause_keywords=[["sum"]],
)
def log_softmax_no_sum(dy, y):
    """dy - softmax * dy."""
    return dy - torch.exp(y) * dy


@CASES.check(
    s.NLL_LOSS,
    cause="the sign",
    cause_keywords=[["sign"], ["minus"], ["negative"]],
)
def nll_sign(dloss, x, targets):
    """Likelihood, not negative likelihood."""
    dx = torch.zeros_like(x)
    dx[torch.arange(len(x)), targets] = 1.0 / len(x)
    return dx * dloss


@CASES.check(
    s.CROSS_ENTROPY,
    cause="the loss is a mean over the batch: 1/n is missing",
    cause_keywords=[["mean"], ["1/n"], ["divid"], ["batch"], ["times"]],
)
def ce_forgot_mean(dloss, logits, targets):
    """The most common one on the web: probs[range(n), y] -= 1 and no division."""
    probs = F.softmax(logits, 1)
    probs[range(len(logits)), targets] -= 1
    return probs * dloss


@CASES.check(
    s.CROSS_ENTROPY,
    cause="the softmax runs over the batch, not over the classes",
    cause_keywords=[["dim"], ["axis"], ["axes"], ["over the batch"], ["columns"]],
)
def ce_softmax_dim0(dloss, logits, targets):
    """np.sum(np.exp(x), axis=0), copied from a tutorial that has examples in columns."""
    e = torch.exp(logits)
    return (e / e.sum(0) - F.one_hot(targets, logits.shape[1])) / len(logits) * dloss


@CASES.check(
    s.SMOOTHED_CROSS_ENTROPY,
    given=True,
    cause="label smoothing is ignored",
    cause_keywords=[["smoothing"], ["smooth"]],
)
def ce_label_smoothing_ignored(dloss, logits, targets):
    """Turns smoothing on in the loss and keeps the old gradient."""
    return (F.softmax(logits, 1) - F.one_hot(targets, logits.shape[1])) / len(logits) * dloss


@CASES.check(
    s.MSE_LOSS,
    given=True,
    cause="the loss is a mean: 1/n is missing",
    cause_keywords=[["mean"], ["1/n"], ["divid"], ["times"], ["number of elements"]],
)
def mse_no_mean(grad_output, input, target):
    """2 (prediction - target), as on paper for one example."""
    grad = 2.0 * (input - target) * grad_output
    return grad, -grad


# check: normalisation


def _normalised(x, eps):
    var, mean = torch.var_mean(x, 0, correction=0)
    rstd = 1 / torch.sqrt(var + eps)
    return (x - mean) * rstd, rstd


@CASES.check(
    s.BATCH_NORM,
    cause="dgamma is a sum over the batch, not a mean",
    cause_keywords=[["mean"], ["1/n"], ["divid"], ["times"]],
)
def bn_dgamma_mean(dy, x, weight, eps):
    """Averages the parameters' gradients because the loss is an average."""
    xhat, rstd = _normalised(x, eps)
    g = dy * weight
    dx = rstd * (g - g.mean(0) - xhat * (g * xhat).mean(0))
    return dx, (dy * xhat).mean(0), dy.sum(0)


@CASES.check(
    s.BATCH_NORM,
    cause="the gradients of gamma and beta are exchanged",
    cause_keywords=[["swap"], ["exchang"], ["each other"], ["order"], ["gradient of bias"], ["gradient of weight"]],
)
def bn_gamma_beta_swapped(dy, x, weight, eps):
    """return dx, dbeta, dgamma."""
    xhat, rstd = _normalised(x, eps)
    g = dy * weight
    dx = rstd * (g - g.mean(0) - xhat * (g * xhat).mean(0))
    return dx, dy.sum(0), (dy * xhat).sum(0)


@CASES.check(
    s.BATCH_NORM,
    cause="the path through the mean is missing",
    cause_keywords=[["mean"]],
)
def bn_mean_path(dy, x, weight, eps):
    """Differentiates the division and forgets the subtraction."""
    xhat, rstd = _normalised(x, eps)
    g = dy * weight
    return rstd * (g - xhat * (g * xhat).mean(0)), (dy * xhat).sum(0), dy.sum(0)


@CASES.check(
    s.BATCH_NORM,
    cause="divided by the variance, not by the standard deviation",
    cause_keywords=[["rstd"], ["deviation"], ["squared"], ["variance", "place"], ["1/std"], ["root"]],
)
def bn_rstd_squared(dy, x, weight, eps):
    """np.sqrt forgotten on the way back."""
    var, mean = torch.var_mean(x, 0, correction=0)
    xhat = (x - mean) / torch.sqrt(var + eps)
    g = dy * weight
    return (g - g.mean(0) - xhat * (g * xhat).mean(0)) / (var + eps), (dy * xhat).sum(0), dy.sum(0)


@CASES.check(
    s.LAYER_NORM,
    cause="the means run over the batch, and over the features they belong",
    cause_keywords=[["axis"], ["axes"], ["dim"], ["batch"]],
)
def ln_batch_axis(dy, x, weight, eps):
    """BatchNorm's backward copied into LayerNorm with axis=0 left in."""
    var, mean = torch.var_mean(x, -1, correction=0, keepdim=True)
    xhat = (x - mean) / torch.sqrt(var + eps)
    g = dy * weight
    dx = (g - g.mean(0) - xhat * (g * xhat).mean(0)) / torch.sqrt(var + eps)
    return dx, (dy * xhat).flatten(0, -2).sum(0), dy.flatten(0, -2).sum(0)


@CASES.check(
    s.LAYER_NORM,
    cause="dbeta is not summed over the rows",
    cause_keywords=[["sum"], ["shape"]],
)
def ln_dbeta_not_summed(dy, x, weight, eps):
    """out = ... + beta, so dbeta = dout."""
    var, mean = torch.var_mean(x, -1, correction=0, keepdim=True)
    xhat = (x - mean) / torch.sqrt(var + eps)
    g = dy * weight
    dx = (g - g.mean(-1, keepdim=True) - xhat * (g * xhat).mean(-1, keepdim=True)) / torch.sqrt(var + eps)
    return dx, (dy * xhat).flatten(0, -2).sum(0), dy


@CASES.check(
    s.LAYER_NORM,
    cause="dx is not multiplied with gamma",
    cause_keywords=[["gamma"], ["weight"], ["gain"]],
)
def ln_gamma_forgotten(dy, x, eps):
    """Starts from dxhat = dout."""
    var, mean = torch.var_mean(x, -1, correction=0, keepdim=True)
    rstd = torch.rsqrt(var + eps)
    xhat = (x - mean) * rstd
    dx = rstd * (dy - dy.mean(-1, keepdim=True) - xhat * (dy * xhat).mean(-1, keepdim=True))
    return dx, (dy * xhat).flatten(0, -2).sum(0), dy.flatten(0, -2).sum(0)


# check: products, tables, attention


@CASES.check(
    s.LINEAR_SQUARE,
    given=True,
    cause="the weight is transposed in dx",
    cause_keywords=[["transpos"]],
)
def linear_dx_transposed(dy, x, weight):
    """dout @ W.T from a course in which W is (in, out); square, so nothing complains."""
    return dy @ weight.T, dy.T @ x, dy.sum(0)


@CASES.check(
    s.LINEAR,
    cause="the bias gets a sum over the rows, not a mean",
    cause_keywords=[["mean"], ["1/n"], ["divid"], ["times"]],
)
def linear_bias_mean(dy, x, weight):
    """db = dout.mean(0)."""
    return dy @ weight, dy.T @ x, dy.mean(0)


@CASES.check(
    s.LINEAR,
    cause="the shape of db: keepdim leaves a row of one",
    cause_keywords=[
        ["keepdim"],
        ["squeeze"],
        ["numbers", "shape"],
        ["values", "right", "shape"],
        ["only", "shape"],
        ["reshape"],
    ],
)
def linear_bias_keepdim(dy, x, weight):
    """np.sum(dout, axis=0, keepdims=True), right numbers in a wrong shape."""
    return dy @ weight, dy.T @ x, dy.sum(0, keepdim=True)


@CASES.check(
    s.MATMUL_SQUARE,
    given=True,
    cause="x is not transposed in the gradient of other",
    cause_keywords=[["transpos"]],
)
def matmul_other_transposed(dy, x, other):
    """dW = X @ dout with square matrices."""
    return dy @ other.T, x @ dy


class MatMulFunction(torch.autograd.Function):
    """An extension of autograd, as in its tutorial, whose results come back in the wrong order."""

    @staticmethod
    def forward(ctx, x, other):
        ctx.save_for_backward(x, other)
        return x @ other

    @staticmethod
    def backward(ctx, grad_output):
        x, other = ctx.saved_tensors
        return x.T @ grad_output, grad_output @ other.T


CASES.check(
    s.MATMUL_SQUARE,
    given=True,
    id="function_order_swapped",
    cause="the two gradients are in each other's place",
    cause_keywords=[["swap"], ["exchang"], ["order"], ["each other"], ["gradient of other"], ["gradient of x"]],
)(MatMulFunction)


@CASES.check(
    s.EMBEDDING_PADDED,
    given=True,
    cause="the padding row gets a gradient and must not",
    cause_keywords=[["padding"]],
)
def embedding_padding_ignored(dy, idx, weight):
    """Adds rows for the padding index too."""
    return torch.zeros_like(weight).index_add_(0, idx.flatten(), dy.flatten(0, -2))


def _attention_weights(query, key, is_causal):
    scores = query @ key.transpose(-2, -1) / query.shape[-1] ** 0.5
    if is_causal:
        scores = scores.masked_fill(torch.ones(scores.shape[-2:]).tril() == 0, float("-inf"))
    return torch.softmax(scores, -1)


@CASES.check(
    s.ATTENTION,
    cause="the scale 1/sqrt(d) is missing on the way back",
    cause_keywords=[["scale"], ["sqrt"], ["root"]],
)
def attention_scale_forgotten(dy, query, key, value, is_causal=False):
    """The scores are divided on the way forward; back, the division is forgotten."""
    p = _attention_weights(query, key, is_causal)
    dp = dy @ value.transpose(-2, -1)
    ds = p * (dp - (dp * p).sum(-1, keepdim=True))
    return ds @ key, ds.transpose(-2, -1) @ query, p.transpose(-2, -1) @ dy


@CASES.check(
    s.ATTENTION,
    cause="the softmax's backward is skipped",
    cause_keywords=[["softmax"], ["jacobian"]],
)
def attention_no_softmax_jacobian(dy, query, key, value, is_causal=False):
    """Multiplies with the weights and goes on, as if softmax were elementwise and its own derivative."""
    p = _attention_weights(query, key, is_causal)
    scale = query.shape[-1] ** -0.5
    ds = p * (dy @ value.transpose(-2, -1)) * scale
    return ds @ key, ds.transpose(-2, -1) @ query, p.transpose(-2, -1) @ dy


@CASES.check(
    s.ATTENTION,
    cause="the weights are not transposed in the gradient of value",
    cause_keywords=[["transpos"], ["pt"], ["p^t"]],
)
def attention_dv_not_transposed(dy, query, key, value, is_causal=False):
    """att @ dout; the matrix is square when a sequence attends to itself."""
    p = _attention_weights(query, key, is_causal)
    scale = query.shape[-1] ** -0.5
    dp = dy @ value.transpose(-2, -1)
    ds = p * (dp - (dp * p).sum(-1, keepdim=True)) * scale
    return ds @ key, ds.transpose(-2, -1) @ query, p @ dy


# check: convolution and pooling


@CASES.check(
    s.CONV1D,
    cause="the bias is summed over the batch only, not over the positions",
    cause_keywords=[["sum"], ["shape"]],
)
def conv_bias_one_axis(dy, x, weight):
    """db = dout.sum(0), copied from the linear layer."""
    k = weight.shape[-1]
    dx = torch.zeros_like(x)
    for j in range(k):
        dx[:, :, j : j + dy.shape[-1]] += torch.einsum("nol,oi->nil", dy, weight[:, :, j])
    return dx, torch.einsum("nol,nilk->oik", dy, x.unfold(2, k, 1)), dy.sum(0)


@CASES.check(
    s.CONV2D_STRIDED,
    given=True,
    cause="the stride is ignored on the way back",
    cause_keywords=[["stride"]],
)
def conv_stride_padding_ignored(dy, x, weight):
    """CS231n's naive loops with i in place of i * stride."""
    padded = F.pad(x, (1, 1, 1, 1))
    dpadded, dw = torch.zeros_like(padded), torch.zeros_like(weight)
    kh, kw = weight.shape[2:]
    for n in range(len(x)):
        for i in range(dy.shape[2]):
            for j in range(dy.shape[3]):
                for f in range(len(weight)):
                    dw[f] += dy[n, f, i, j] * padded[n, :, i : i + kh, j : j + kw]
                    dpadded[n, :, i : i + kh, j : j + kw] += dy[n, f, i, j] * weight[f]
    return dpadded[:, :, 1:-1, 1:-1], dw, dy.sum((0, 2, 3))


@CASES.check(
    s.AVG_POOL,
    given=True,
    cause="each of the four places gets a quarter",
    cause_keywords=[["4 times"], ["divid"], ["mean"], ["average"], ["area"], ["1/n"], ["quarter"]],
)
def avg_pool_no_area(dy, x):
    """Spreads dout over the window and forgets to divide by its size."""
    return dy.repeat_interleave(2, 2).repeat_interleave(2, 3)


# check: recurrence


@CASES.check(
    s.LSTM_CELL,
    cause="the gradient that comes in by the cell state is dropped",
    cause_keywords=[["dc"], ["cell"], ["c"], ["second"]],
)
def lstm_dc_path_missing(dy, x, h, c, w_ih, w_hh, i, f, g, o, tanh_c):
    """dc starts from dh alone: fine for the last step, wrong for every other."""
    dh, _ = dy
    dc = dh * o * (1 - tanh_c**2)
    da = torch.cat([dc * g * i * (1 - i), dc * c * f * (1 - f), dc * i * (1 - g**2), dh * tanh_c * o * (1 - o)], 1)
    return da @ w_ih, da @ w_hh, dc * f, da.T @ x, da.T @ h, da.sum(0), da.sum(0)


@CASES.check(
    s.LSTM_CELL,
    cause="the forget gate's sigmoid is not differentiated: f in place of f (1 - f)",
    cause_keywords=[["sigmoid"], ["forget"], ["1 - f"]],
)
def lstm_forget_sigmoid(dy, x, h, c, w_ih, w_hh, i, f, g, o, tanh_c):
    """A numpy notebook calls sigmoid(f) * df without derivative=True for one gate of four."""
    dh, dc = dy
    dc = dc + dh * o * (1 - tanh_c**2)
    da = torch.cat([dc * g * i * (1 - i), dc * c * f, dc * i * (1 - g**2), dh * tanh_c * o * (1 - o)], 1)
    return da @ w_ih, da @ w_hh, dc * f, da.T @ x, da.T @ h, da.sum(0), da.sum(0)


@CASES.check(
    s.LSTM_CELL,
    cause="the candidate is a tanh: 1 - g^2, not g (1 - g)",
    cause_keywords=[["tanh"], ["1 - g"], ["g^2"], ["g**2"], ["candidate"]],
)
def lstm_tanh_g(dy, x, h, c, w_ih, w_hh, i, f, g, o, tanh_c):
    """All four gates treated as sigmoids."""
    dh, dc = dy
    dc = dc + dh * o * (1 - tanh_c**2)
    da = torch.cat([dc * g * i * (1 - i), dc * c * f * (1 - f), dc * i * g * (1 - g), dh * tanh_c * o * (1 - o)], 1)
    return da @ w_ih, da @ w_hh, dc * f, da.T @ x, da.T @ h, da.sum(0), da.sum(0)


def _gru(x, h, w_ih, w_hh, dr, dz, din, dhn, dh):
    da, db = torch.cat([dr, dz, din], 1), torch.cat([dr, dz, dhn], 1)
    return da @ w_ih, dh + db @ w_hh, da.T @ x, db.T @ h, da.sum(0), db.sum(0)


@CASES.check(
    s.GRU_CELL,
    cause="the path through the reset gate is missing",
    cause_keywords=[["reset"], ["r"]],
)
def gru_reset_path(dy, x, h, w_ih, w_hh, r, z, n, hn):
    """Takes r for a constant."""
    dn = dy * (1 - z) * (1 - n**2)
    dz = dy * (h - n) * z * (1 - z)
    return _gru(x, h, w_ih, w_hh, torch.zeros_like(dz), dz, dn, dn * r, dy * z)


@CASES.check(
    s.GRU_CELL,
    cause="z and 1 - z are exchanged",
    cause_keywords=[["z"], ["update gate"], ["swap"], ["exchang"]],
)
def gru_z_swapped(dy, x, h, w_ih, w_hh, r, z, n, hn):
    """The paper's h' = (1 - z) h + z n, and torch has it the other way round."""
    dn = dy * z * (1 - n**2)
    dz = dy * (n - h) * z * (1 - z)
    dr = dn * hn * r * (1 - r)
    return _gru(x, h, w_ih, w_hh, dr, dz, dn, dn * r, dy * (1 - z))


# compare_gradients


class TanhFn(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        y = torch.tanh(x)
        ctx.save_for_backward(y)
        return y

    @staticmethod
    def backward(ctx, grad_output):
        (y,) = ctx.saved_tensors
        return 1 - y**2


@CASES.module(
    cause="TanhFn ignores grad_output",
    cause_keywords=[["tanhfn"], ["dy"], ["grad_output"], ["upstream"], ["incoming"]],
)
def tanh_function_no_grad_output(draw: Draw) -> tuple[nn.Module, Loss]:
    """The local derivative without the chain rule."""
    module = nn.Sequential(nn.Linear(5, 6), Through(TanhFn), nn.Linear(6, 3))
    return module, regression(module, draw(7, 5))


class SoftmaxLossFn(torch.autograd.Function):
    @staticmethod
    def forward(ctx, logits, targets):
        logp = torch.log_softmax(logits, 1)
        ctx.save_for_backward(logp, targets)
        return F.nll_loss(logp, targets)

    @staticmethod
    def backward(ctx, grad_output):
        logp, targets = ctx.saved_tensors
        grad = logp.exp()
        grad[torch.arange(len(targets)), targets] -= 1
        return grad * grad_output, None


@CASES.module(
    cause="SoftmaxLossFn: 1/n of the mean is missing",
    cause_keywords=[["softmaxlossfn"], ["1/n"], ["mean"], ["divid"]],
)
def softmax_ce_function_sum(draw: Draw) -> tuple[nn.Module, Loss]:
    """A fused loss that means on the way forward and sums on the way back."""
    module = nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 4))
    x, y = draw(9, 6), draw.integers(4, 9)
    return module, lambda: SoftmaxLossFn.apply(module(x), y)


class LayerNormFn(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, gamma, beta):
        mean = x.mean(-1, keepdim=True)
        rstd = (x.var(-1, unbiased=False, keepdim=True) + 1e-5).rsqrt()
        ctx.save_for_backward((x - mean) * rstd, rstd, gamma)
        return (x - mean) * rstd * gamma + beta

    @staticmethod
    def backward(ctx, grad_output):
        xhat, rstd, gamma = ctx.saved_tensors
        g = grad_output * gamma
        return rstd * (g - g.mean(-1, keepdim=True)), (grad_output * xhat).sum(0), grad_output.sum(0)


@CASES.module(
    cause="LayerNormFn: the path through the variance is missing",
    cause_keywords=[["layernormfn"], ["variance"]],
)
def layer_norm_function_no_var(draw: Draw) -> tuple[nn.Module, Loss]:
    """Takes the deviation for a constant."""
    norm = Through(LayerNormFn, torch.linspace(0.5, 1.5, 6), torch.linspace(-0.2, 0.3, 6))
    module = nn.Sequential(nn.Linear(5, 6), norm, nn.Tanh(), nn.Linear(6, 3))
    return module, regression(module, draw(7, 5))


class SwishFn(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * torch.sigmoid(x)

    @staticmethod
    def backward(ctx, grad_output):
        (x,) = ctx.saved_tensors
        sigmoid = torch.sigmoid(x)
        return grad_output * x * sigmoid * (1 - sigmoid)


@CASES.module(
    cause="SwishFn: the product rule's other term is missing",
    cause_keywords=[["swishfn"], ["product rule"]],
)
def swish_missing_term(draw: Draw) -> tuple[nn.Module, Loss]:
    """x times sigmoid's derivative, and sigmoid itself forgotten."""
    module = nn.Sequential(nn.Linear(5, 7), nn.BatchNorm1d(7), Through(SwishFn), nn.Linear(7, 4))
    return module, regression(module, draw(12, 5))


class BatchNormFn(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, gamma, beta):
        rstd = (x.var(0, unbiased=False) + 1e-5).rsqrt()
        xhat = (x - x.mean(0)) * rstd
        ctx.save_for_backward(xhat, rstd, gamma)
        return gamma * xhat + beta

    @staticmethod
    def backward(ctx, grad_output):
        xhat, rstd, gamma = ctx.saved_tensors
        return grad_output * gamma * rstd, (grad_output * xhat).sum(0), grad_output.sum(0)


@CASES.module(
    cause="BatchNormFn: mean and variance depend on x",
    cause_keywords=[["batchnormfn"], ["variance"], ["mean"]],
)
def batch_norm_function_constants(draw: Draw) -> tuple[nn.Module, Loss]:
    """Evaluation's backward in training; a library for encrypted learning had it so."""
    norm = Through(BatchNormFn, torch.linspace(0.5, 1.5, 6), torch.linspace(-0.2, 0.3, 6))
    module = nn.Sequential(nn.Linear(5, 6), norm, nn.Tanh(), nn.Linear(6, 3))
    return module, regression(module, draw(8, 5))


class LookUpFn(torch.autograd.Function):
    @staticmethod
    def forward(ctx, table, idx):
        ctx.save_for_backward(idx)
        ctx.rows = table.shape[0]
        return table[idx]

    @staticmethod
    def backward(ctx, grad_output):
        (idx,) = ctx.saved_tensors
        grad = grad_output.new_zeros(ctx.rows, grad_output.shape[-1])
        grad[idx] = grad_output
        return grad, None


class LookUpNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.table = nn.Parameter(torch.randn(7, 4))
        self.head = nn.Linear(12, 7)

    def forward(self, idx: Tensor) -> Tensor:
        return self.head(torch.tanh(LookUpFn.apply(self.table, idx).flatten(1)))


@CASES.module(
    cause="LookUpFn: a row looked up twice is overwritten, not added to",
    cause_keywords=[["lookupfn"], ["overwrit"], ["added"], ["accumul"]],
)
def embedding_function_overwrite(draw: Draw) -> tuple[nn.Module, Loss]:
    """grad[idx] = grad_output."""
    module = LookUpNet()
    x, y = draw.integers(7, 10, 3), draw.integers(7, 10)
    return module, lambda: F.cross_entropy(module(x), y)


class RMSNormFn(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, gain):
        rms = (x.pow(2).mean(-1, keepdim=True) + 1e-6).sqrt()
        ctx.save_for_backward(x, rms, gain)
        return x / rms * gain

    @staticmethod
    def backward(ctx, grad_output):
        x, rms, gain = ctx.saved_tensors
        return grad_output * gain / rms, (grad_output * x / rms).sum((0, 1))


@CASES.module(
    cause="RMSNormFn: the path through the root mean square is missing",
    cause_keywords=[["rmsnormfn"], ["rms"], ["mean square"]],
)
def rms_norm_function(draw: Draw) -> tuple[nn.Module, Loss]:
    """A Llama block's norm with its denominator taken for a constant."""
    module = nn.Sequential(
        nn.Linear(5, 6), Through(RMSNormFn, torch.linspace(0.5, 1.5, 6)), nn.SiLU(), nn.Linear(6, 3)
    )
    return module, regression(module, draw(3, 4, 5))


class CubeFn(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x**3

    @staticmethod
    def backward(ctx, grad_output):
        (x,) = ctx.saved_tensors
        return grad_output * 3 * x


class Checkpointed(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = nn.Sequential(nn.Linear(5, 6), Through(CubeFn))
        self.outer = nn.Linear(6, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.outer(checkpoint(self.inner, x, use_reentrant=False))


@CASES.module(
    cause="CubeFn: 3 x^2, not 3 x",
    cause_keywords=[["cubefn"], ["checkpoint"]],
    refusal_ok=True,
)
def wrong_function_checkpointed(draw: Draw) -> tuple[nn.Module, Loss]:
    """A wrong Function inside activation checkpointing."""
    module = Checkpointed()
    return module, regression(module, draw(7, 5))


def batch_norm_forward(x, running_mean, running_var, weight=None, bias=None, training=False, momentum=0.1, eps=1e-5):
    """Forward as it should be."""
    var, mean = torch.var_mean(x, 0, correction=0)
    xhat = (x - mean) / torch.sqrt(var + eps)
    return xhat * weight + bias, (xhat, var + eps, weight)


def batch_norm_n_minus_1(dy, xhat, var, weight):
    """The lecture's clubbed expression, whose variance divides by n - 1, used for torch's, which divides by n."""
    n = len(dy)
    dx = weight / var.sqrt() / n * (n * dy - dy.sum(0) - n / (n - 1) * xhat * (dy * xhat).sum(0))
    return dx, None, None, (dy * xhat).sum(0), dy.sum(0)


def _wide_batch(draw: Draw) -> tuple[nn.Module, Loss]:
    module = nn.Sequential(nn.Linear(5, 4), nn.BatchNorm1d(4), nn.Linear(4, 3))
    x = draw(300, 5)
    return module, lambda: (module(x) ** 3).mean() + 10 * module[2].bias.sum()


CASES.rule(
    s.batch_norm(300, 4),
    _wide_batch,
    id="rule_swap_batch_norm_300",
    least=1e-4,
    cause="n for n - 1 in a batch of three hundred",
    cause_keywords=[["n - 1"], ["n-1"], ["299"], ["variance"]],
)((batch_norm_forward, batch_norm_n_minus_1))


# compare_lecture


@CASES.lecture(
    cause="the one-hot of the targets is not subtracted",
    cause_keywords=[["one-hot"], ["onehot"], ["one hot"], ["targets"]],
)
def logits_forgot_one_hot(v: SimpleNamespace) -> dict[str, Tensor]:
    """dlogits = F.softmax(logits, 1) / n."""
    return {"logits": F.softmax(v.logits, 1) / v.n}


@CASES.lecture(
    cause="one is subtracted everywhere, and at the targets only it belongs",
    cause_keywords=[["one-hot"], ["onehot"], ["everywhere"], ["target"], ["every"]],
)
def logits_minus_one_everywhere(v: SimpleNamespace) -> dict[str, Tensor]:
    """dlogits -= 1 where dlogits[range(n), Yb] -= 1 was meant."""
    dlogits = F.softmax(v.logits, 1)
    dlogits -= 1
    dlogits /= v.n
    return {"logits": dlogits}


@CASES.lecture(
    cause="the sign",
    cause_keywords=[["sign"], ["minus"], ["negative"]],
)
def logprobs_sign(v: SimpleNamespace) -> dict[str, Tensor]:
    """1/n in place of -1/n."""
    dlogprobs = torch.zeros_like(v.logprobs)
    dlogprobs[range(v.n), v.y] = 1.0 / v.n
    return {"logprobs": dlogprobs}


@CASES.lecture(
    cause="log's derivative is 1/probs: divide, do not multiply",
    cause_keywords=[["1/probs"], ["divid"], ["multipl"], ["1 / probs"], ["invers"], ["recip"]],
)
def dprobs_multiplied(v: SimpleNamespace) -> dict[str, Tensor]:
    """probs * dlogprobs."""
    dlogprobs = torch.zeros_like(v.logprobs)
    dlogprobs[range(v.n), v.y] = -1.0 / v.n
    return {"logprobs": dlogprobs, "probs": v.probs * dlogprobs}


@CASES.lecture(
    cause="the sign of -1/counts_sum^2",
    cause_keywords=[["sign"], ["minus"], ["negative"]],
)
def counts_sum_sign(v: SimpleNamespace) -> dict[str, Tensor]:
    """The derivative of 1/x without its minus, and counts built on it."""
    dlogprobs = torch.zeros_like(v.logprobs)
    dlogprobs[range(v.n), v.y] = -1.0 / v.n
    dprobs = dlogprobs / v.probs
    dcounts_sum_inv = (v.counts * dprobs).sum(1, keepdim=True)
    dcounts_sum = v.counts_sum**-2 * dcounts_sum_inv
    return {"probs": dprobs, "counts_sum": dcounts_sum, "counts": v.counts_sum_inv * dprobs + dcounts_sum}


def _to_hpreact(v: SimpleNamespace) -> tuple[Tensor, Tensor]:
    dlogits = (v.probs - F.one_hot(v.y, 27)) / v.n
    return dlogits, (1 - v.h**2) * (dlogits @ v.W2.T)


@CASES.lecture(
    cause="b2 is summed over the classes, and over the batch it belongs",
    cause_keywords=[["shape"], ["axis"], ["dim"]],
)
def b2_sum_axis(v: SimpleNamespace) -> dict[str, Tensor]:
    """db2 = dlogits.sum(1)."""
    dlogits, _ = _to_hpreact(v)
    return {"logits": dlogits, "W2": v.h.T @ dlogits, "b2": dlogits.sum(1)}


@CASES.lecture(
    cause="gain and bias are exchanged",
    cause_keywords=[["swap"], ["exchang"], ["each other"], ["gradient of bn"]],
)
def bngain_bnbias_swapped(v: SimpleNamespace) -> dict[str, Tensor]:
    """Two lines with the same shapes."""
    _, dhpreact = _to_hpreact(v)
    return {"bngain": dhpreact.sum(0, keepdim=True), "bnbias": (v.bnraw * dhpreact).sum(0, keepdim=True)}


@CASES.lecture(
    cause="the derivative of x^-0.5 is -0.5 x^-1.5",
    cause_keywords=[["power"], ["exponent"], ["bnvar_inv"], ["1.5"], ["rstd"], ["deviation"], ["variance"]],
)
def bnvar_exponent(v: SimpleNamespace) -> dict[str, Tensor]:
    """-0.5 * (bnvar + 1e-5)**-0.5."""
    _, dhpreact = _to_hpreact(v)
    dbnvar_inv = (v.bndiff * v.bngain * dhpreact).sum(0, keepdim=True)
    return {"bnvar_inv": dbnvar_inv, "bnvar": -0.5 * (v.bnvar + 1e-5) ** -0.5 * dbnvar_inv}


def _bndiff(v: SimpleNamespace) -> tuple[Tensor, Tensor, Tensor]:
    _, dhpreact = _to_hpreact(v)
    dbnraw = v.bngain * dhpreact
    dbnvar = -0.5 * (v.bnvar + 1e-5) ** -1.5 * (v.bndiff * dbnraw).sum(0, keepdim=True)
    dbndiff2 = 1 / (v.n - 1) * torch.ones_like(v.bndiff2) * dbnvar
    return dbnraw, dbndiff2, v.bnvar_inv * dbnraw + 2 * v.bndiff * dbndiff2


@CASES.lecture(
    cause="bndiff reaches the loss by bndiff2 too",
    cause_keywords=[["bndiff2"], ["used twice"]],
)
def bndiff_one_path(v: SimpleNamespace) -> dict[str, Tensor]:
    """dbndiff overwritten, not added to."""
    dbnraw, dbndiff2, _ = _bndiff(v)
    return {"bndiff2": dbndiff2, "bndiff": v.bnvar_inv * dbnraw}


@CASES.lecture(
    cause="the factor 2 of the square on the path through bndiff2",
    cause_keywords=[["0.5"], ["half"], ["halv"], ["factor"], ["twice"]],
)
def bndiff_no_two(v: SimpleNamespace) -> dict[str, Tensor]:
    """bndiff * dbndiff2."""
    dbnraw, dbndiff2, _ = _bndiff(v)
    return {"bndiff2": dbndiff2, "bndiff": v.bnvar_inv * dbnraw + v.bndiff * dbndiff2}


@CASES.lecture(
    cause="the sign in front of the subtracted mean",
    cause_keywords=[["sign"], ["minus"], ["negative"]],
)
def bnmeani_sign(v: SimpleNamespace) -> dict[str, Tensor]:
    """dbnmeani = +dbnraw-path.sum(0), and hprebn from it."""
    dbnraw, _, dbndiff = _bndiff(v)
    dbnmeani = (v.bnvar_inv * dbnraw).sum(0, keepdim=True)
    return {"bndiff": dbndiff, "bnmeani": dbnmeani, "hprebn": dbndiff + 1.0 / v.n * dbnmeani}


def _clubbed(v: SimpleNamespace, bessel: float, power: int) -> Tensor:
    _, dhpreact = _to_hpreact(v)
    n, d = v.n, dhpreact
    return v.bngain * v.bnvar_inv**power / n * (n * d - d.sum(0) - bessel * v.bnraw * (d * v.bnraw).sum(0))


@CASES.lecture(
    cause="the lecture's variance divides by n - 1",
    cause_keywords=[["n - 1"], ["n-1"], ["bessel"], ["variance"], ["bnvar"], ["31"]],
)
def hprebn_clubbed_n(v: SimpleNamespace) -> dict[str, Tensor]:
    """The formula of the paper, without n/(n-1)."""
    return {"hprebn": _clubbed(v, 1.0, 1)}


@CASES.lecture(
    cause="bnvar_inv is squared",
    cause_keywords=[["squared"], ["rstd"], ["bnvar_inv"], ["deviation"], ["1/std"]],
)
def hprebn_var_inv_squared(v: SimpleNamespace) -> dict[str, Tensor]:
    """The inverse of the root taken for the root of the inverse's root, once too often."""
    return {"hprebn": _clubbed(v, v.n / (v.n - 1), 2)}


@CASES.lecture(
    cause="a row that was looked up twice is overwritten instead of added to",
    cause_keywords=[["overwrit"], ["added"], ["accumul"]],
)
def C_overwritten(v: SimpleNamespace) -> dict[str, Tensor]:
    """dC[Xb] = demb in place of the loop with +=."""
    dhprebn = _clubbed(v, v.n / (v.n - 1), 1)
    dC = torch.zeros_like(v.C)
    dC[v.x] = (dhprebn @ v.W1.T).view(v.emb.shape)
    return {"hprebn": dhprebn, "C": dC}
