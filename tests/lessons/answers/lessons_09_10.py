# === 9.1 right: as torch, n in the batch
class BatchNorm(BatchNorm):
    def __call__(self, x):
        return torch.nn.functional.batch_norm(x, self.running_mean, self.running_var, self.gain, self.bias, self.training, self.momentum, self.eps)
# === 9.1 right: lerp, rsqrt
class BatchNorm(BatchNorm):
    def __call__(self, x):
        m, v = (x.mean(0, keepdim=True), x.var(0, keepdim=True, unbiased=True)) if self.training else (self.running_mean, self.running_var)
        if self.training:
            self.running_mean = torch.lerp(self.running_mean, m.squeeze(0), self.momentum)
            self.running_var = torch.lerp(self.running_var, v.squeeze(0), self.momentum)
        return (x - m) * torch.rsqrt(v + self.eps) * self.gain + self.bias
# === 9.1 right: in place on its own numbers
class BatchNorm(BatchNorm):
    def __call__(self, x):
        mean, var = self.running_mean, self.running_var
        if self.training:
            mean = x.sum(0) / len(x)
            var = ((x - mean) ** 2).sum(0) / len(x)
            self.running_mean += self.momentum * (mean - self.running_mean)
            self.running_var += self.momentum * (var - self.running_var)
        return self.gain * ((x - mean) / (var + self.eps) ** 0.5) + self.bias
# === 9.1 wrong: never moves
class BatchNorm(BatchNorm):
    def __call__(self, x):
        m, v = (x.mean(0), x.var(0)) if self.training else (self.running_mean, self.running_var)
        return self.gain * (x - m) / (v + self.eps).sqrt() + self.bias
# === 9.1 wrong: used still
class BatchNorm(BatchNorm):
    def __call__(self, x):
        m, v = x.mean(0), x.var(0)
        if self.training:
            self.running_mean = 0.9 * self.running_mean + 0.1 * m
            self.running_var = 0.9 * self.running_var + 0.1 * v
        return self.gain * (x - m) / (v + self.eps).sqrt() + self.bias
# === 9.1 wrong: eps is missing
class BatchNorm(BatchNorm):
    def __call__(self, x):
        m, v = (x.mean(0), x.var(0)) if self.training else (self.running_mean, self.running_var)
        if self.training:
            self.running_mean = 0.9 * self.running_mean + 0.1 * m
            self.running_var = 0.9 * self.running_var + 0.1 * v
        return self.gain * (x - m) / v.sqrt() + self.bias
# === 9.1 wrong: nine tenths
class BatchNorm(BatchNorm):
    def __call__(self, x):
        m, v = (x.mean(0), x.var(0)) if self.training else (self.running_mean, self.running_var)
        if self.training:
            self.running_mean = 0.1 * self.running_mean + 0.9 * m
            self.running_var = 0.1 * self.running_var + 0.9 * v
        return self.gain * (x - m) / (v + self.eps).sqrt() + self.bias
# === 9.1 wrong: along the rows
class BatchNorm(BatchNorm):
    def __call__(self, x):
        m, v = x.mean(1, keepdim=True), x.var(1, keepdim=True)
        return self.gain * (x - m) / (v + self.eps).sqrt() + self.bias
# === 9.2 right: a diagonal
import torch
def fold(W, b, gain, bias, mean, var, eps):
    D = torch.diag(gain / torch.sqrt(var + eps))
    return W @ D, (b - mean) @ D + bias
# === 9.2 right: column by column
def fold(W, b, gain, bias, mean, var, eps):
    W2, b2 = W.clone(), b.clone()
    for j in range(len(b)):
        s = gain[j] / (var[j] + eps) ** 0.5
        W2[:, j] = W[:, j] * s
        b2[j] = b[j] * s - mean[j] * s + bias[j]
    return W2, b2
# === 9.2 right: by asking the layer
import torch
def fold(W, b, gain, bias, mean, var, eps):
    f = lambda x: gain * (x @ W + b - mean) / (var + eps).sqrt() + bias
    zero = torch.zeros(1, len(W), dtype=W.dtype)
    b2 = f(zero)[0]
    return f(torch.eye(len(W), dtype=W.dtype)) - b2, b2
# === 9.2 wrong: root is missing
def fold(W, b, gain, bias, mean, var, eps):
    s = gain / (var + eps)
    return W * s, (b - mean) * s + bias
# === 9.2 wrong: old b is forgotten
def fold(W, b, gain, bias, mean, var, eps):
    s = gain / (var + eps) ** 0.5
    return W * s, bias - mean * s
# === 9.2 wrong: mean is not taken off
def fold(W, b, gain, bias, mean, var, eps):
    s = gain / (var + eps) ** 0.5
    return W * s, b * s + bias
# === 9.2 wrong: gain is missing
def fold(W, b, gain, bias, mean, var, eps):
    s = 1 / (var + eps) ** 0.5
    return W * s, (b - mean) * s + bias
# === 10.1 right: by the expressions
import torch.nn.functional as F
ours = None
def backward(v, w, x, y):
    n, d = len(x), {}
    one = F.one_hot(y, 27).to(v["probs"])
    d["logprobs"] = -one / n
    d["probs"] = d["logprobs"] / v["probs"]
    d["counts_sum_inv"] = (d["probs"] * v["counts"]).sum(1, True)
    d["counts_sum"] = -d["counts_sum_inv"] * v["counts_sum_inv"] ** 2
    d["counts"] = d["probs"] * v["counts_sum_inv"] + d["counts_sum"]
    d["norm_logits"] = (v["probs"] - one) / n
    d["logit_maxes"] = -d["norm_logits"].sum(1, keepdim=True)
    d["logits"] = (v["probs"] - one) / n
    d["h"] = d["logits"].matmul(w.W2.t())
    d["W2"] = v["h"].t().matmul(d["logits"])
    d["b2"] = d["logits"].sum(0)
    dy = d["hpreact"] = d["h"] * (1 - v["h"].square())
    d["bngain"] = (dy * v["bnraw"]).sum(0, True)
    d["bnbias"] = dy.sum(0, True)
    d["bnraw"] = dy * w.bngain
    d["bnvar_inv"] = (d["bnraw"] * v["bndiff"]).sum(0, True)
    d["bnvar"] = d["bnvar_inv"] * -0.5 * v["bnvar_inv"] ** 3
    d["bndiff2"] = (d["bnvar"] / (n - 1)).expand(n, -1)
    d["bndiff"] = d["bnraw"] * v["bnvar_inv"] + d["bndiff2"] * 2 * v["bndiff"]
    d["bnmeani"] = -d["bndiff"].sum(0, True)
    d["hprebn"] = d["bndiff"] + d["bnmeani"].expand(n, -1) / n
    d["embcat"] = d["hprebn"] @ w.W1.t()
    d["W1"] = v["embcat"].t() @ d["hprebn"]
    d["b1"] = d["hprebn"].sum(0)
    d["emb"] = d["embcat"].reshape(n, 3, 10)
    d["C"] = F.one_hot(x.flatten(), 27).to(w.C).T @ d["emb"].reshape(-1, 10)
    return d
# === 10.1 right: in float64
import torch.nn.functional as F
def backward(v, w, x, y):
    v = {k: t.double() for k, t in v.items()}
    C, W1, b1, W2, b2, bngain, bnbias = (t.double() for t in w)
    n, d = len(x), {}
    d["logprobs"] = torch.zeros_like(v["logprobs"]).scatter_(1, y[:, None], -1 / n)
    d["probs"] = d["logprobs"] / v["probs"]
    d["counts_sum_inv"] = torch.einsum("nv,nv->n", v["counts"], d["probs"])[:, None]
    d["counts_sum"] = -d["counts_sum_inv"] / v["counts_sum"] ** 2
    d["counts"] = v["counts_sum_inv"] * d["probs"] + d["counts_sum"]
    d["norm_logits"] = d["counts"] * v["counts"]
    d["logit_maxes"] = -d["norm_logits"].sum(1)[:, None]
    d["logits"] = d["norm_logits"] + F.one_hot(v["logits"].argmax(1), 27) * d["logit_maxes"]
    d["h"], d["W2"], d["b2"] = d["logits"] @ W2.T, v["h"].T @ d["logits"], torch.ones(n).double() @ d["logits"]
    d["hpreact"] = d["h"] / torch.cosh(v["hpreact"]) ** 2
    d["bngain"] = torch.einsum("nh,nh->h", v["bnraw"], d["hpreact"])[None]
    d["bnbias"] = d["hpreact"].sum(0)[None]
    d["bnraw"] = bngain * d["hpreact"]
    d["bnvar_inv"] = (v["bndiff"] * d["bnraw"]).sum(0)[None]
    d["bnvar"] = -0.5 * (v["bnvar"] + 1e-5) ** -1.5 * d["bnvar_inv"]
    d["bndiff2"] = d["bnvar"].repeat(n, 1) / (n - 1)
    d["bndiff"] = 2 * v["bndiff"] * d["bndiff2"]
    d["bndiff"] += v["bnvar_inv"] * d["bnraw"]
    d["bnmeani"] = (-d["bndiff"]).sum(0)[None]
    d["hprebn"] = d["bndiff"].clone()
    d["hprebn"] += d["bnmeani"] / n
    d["embcat"], d["W1"], d["b1"] = d["hprebn"] @ W1.T, v["embcat"].T @ d["hprebn"], d["hprebn"].sum(0)
    d["emb"] = d["embcat"].unflatten(1, (3, 10))
    d["C"] = torch.zeros_like(C)
    for k in range(n):
        for j in range(3):
            d["C"][x[k, j]] += d["emb"][k, j]
    return d
# === 10.1 right: by autograd, one value at a time
def backward(v, w, x, y):
    from moreish.backprop.lecture import lecture_forward
    leaves = type(w)(*(t.clone().requires_grad_() for t in w))
    values = {**lecture_forward(leaves, x, y), **leaves._asdict()}
    loss = values.pop("loss")
    return dict(zip(values, torch.autograd.grad(loss, list(values.values()))))
# === 10.1 wrong: counts_sum
def backward(v, w, x, y):
    n, d = len(x), {}
    d["logprobs"] = torch.zeros_like(v["logprobs"])
    d["logprobs"][torch.arange(n), y] = -1.0 / n
    d["probs"] = d["logprobs"] / v["probs"]
    d["counts_sum_inv"] = (v["counts"] * d["probs"]).sum(1, keepdim=True)
    d["counts_sum"] = -(v["counts_sum"] ** -2) * d["counts_sum_inv"]
    d["counts"] = v["counts_sum_inv"] * d["probs"]
    return d
# === 10.1 wrong: 3 of 26 | counts_sum_inv
def backward(v, w, x, y):
    n, d = len(x), {}
    d["logprobs"] = torch.zeros_like(v["logprobs"])
    d["logprobs"][torch.arange(n), y] = -1.0 / n
    d["probs"] = d["logprobs"] / v["probs"]
    d["counts_sum_inv"] = v["counts"] * d["probs"]
    return d
# === 10.1 wrong: 1/n | factor | times
def backward(v, w, x, y):
    d = {"logprobs": torch.zeros_like(v["logprobs"])}
    d["logprobs"][torch.arange(len(x)), y] = -1.0
    return d
# === 10.2 right: one_hot
def dlogits(logits, y):
    return (logits.softmax(1) - torch.nn.functional.one_hot(y, logits.shape[1])) / logits.shape[0]
# === 10.2 right: scatter
def dlogits(logits, y):
    e = (logits - logits.amax(1, keepdim=True)).exp()
    p = e / e.sum(1, keepdim=True)
    return p.scatter_add(1, y[:, None], -torch.ones(len(y), 1).to(p)).div(len(y))
# === 10.2 right: row by row
def dlogits(logits, y):
    rows = []
    for row, t in zip(logits, y):
        p = torch.softmax(row, 0)
        p[t] = p[t] - 1
        rows.append(p / len(y))
    return torch.stack(rows)
# === 10.2 wrong: n | mean
def dlogits(logits, y):
    p = torch.softmax(logits, 1)
    p[torch.arange(len(y)), y] -= 1
    return p
# === 10.2 wrong: one-hot | onehot | everywhere | target
def dlogits(logits, y):
    return torch.softmax(logits, 1) / len(y)
# === 10.2 wrong: sign | -1 | opposite
def dlogits(logits, y):
    p = torch.softmax(logits, 1)
    p[torch.arange(len(y)), y] -= 1
    return -p / len(y)
# === 10.3 right: term by term
def dhprebn(dhpreact, bnraw, bnvar_inv, bngain):
    d = bngain * dhpreact
    return bnvar_inv * (d - d.mean(0) - bnraw * (d * bnraw).sum(0) / (len(d) - 1))
# === 10.3 right: the lecture's line
def dhprebn(dhpreact, bnraw, bnvar_inv, bngain):
    n = 32
    return bngain * bnvar_inv / n * (n * dhpreact - dhpreact.sum(0) - n / (n - 1) * bnraw * (dhpreact * bnraw).sum(0))
# === 10.3 right: by the steps
def dhprebn(dhpreact, bnraw, bnvar_inv, bngain):
    n = dhpreact.shape[0]
    draw = bngain * dhpreact
    bndiff = bnraw / bnvar_inv
    dvar = -0.5 * bnvar_inv**3 * (draw * bndiff).sum(0, keepdim=True)
    ddiff = draw * bnvar_inv + 2 * bndiff * dvar / (n - 1)
    return ddiff - ddiff.sum(0, keepdim=True) / n
# === 10.3 wrong: variance is missing
def dhprebn(dhpreact, bnraw, bnvar_inv, bngain):
    d = bngain * dhpreact
    return bnvar_inv * (d - d.mean(0))
# === 10.3 wrong: mean is missing | bnmeani is missing
def dhprebn(dhpreact, bnraw, bnvar_inv, bngain):
    d = bngain * dhpreact
    return bnvar_inv * (d - bnraw * (d * bnraw).sum(0) / (len(d) - 1))
# === 10.3 wrong: n = 32 | divided by n
def dhprebn(dhpreact, bnraw, bnvar_inv, bngain):
    d = bngain * dhpreact
    n = len(d)
    return bnvar_inv / n * (n * d - d.sum(0) - bnraw * (d * bnraw).sum(0))
# === 10.4 right: einsum
import torch
def linear_backward(dy, x, weight):
    return torch.einsum("no,oi->ni", dy, weight), torch.einsum("no,ni->oi", dy, x), torch.einsum("no->o", dy)
def tanh_backward(dy, y):
    return dy - dy * y.square()
# === 10.4 right: transposes
def linear_backward(dy, x, weight):
    return (weight.T @ dy.T).T, (x.T @ dy).T, dy.sum(dim=0)
def tanh_backward(dy, y):
    return (1 - y) * (1 + y) * dy
# === 10.4 right: row by row, a list
def linear_backward(dy, x, weight):
    dW = sum(d[:, None] * r[None] for d, r in zip(dy, x))
    return [dy.matmul(weight), dW, sum(dy.unbind())]
def tanh_backward(dy, y):
    return (dy * (1 - y * y),)
# === 10.4 wrong: weight
def linear_backward(dy, x, weight):
    return dy @ weight, (dy.T @ x) / len(x), dy.sum(0)
def tanh_backward(dy, y):
    return dy * (1 - y**2)
# === 10.4 wrong: mean | divided | factor
def linear_backward(dy, x, weight):
    return dy @ weight, dy.T @ x, dy.mean(0)
def tanh_backward(dy, y):
    return dy * (1 - y**2)
# === 10.4 wrong: square | 1 - y | factor
def linear_backward(dy, x, weight):
    return dy @ weight, dy.T @ x, dy.sum(0)
def tanh_backward(dy, y):
    return dy * (1 - y)
# === 10.5 right: mean of ones
import torch
def backward(dy, x):
    return dy * torch.full_like(x, 1 / x.numel()) * 2 * x
# === 10.5 right: added twice
def backward(dy, x):
    each = dy * x / x.nelement()
    return each + each
# === 10.5 right: flat
def backward(dy, x):
    return (2 * dy / len(x.flatten()) * x.flatten()).view(x.shape)
# === 10.5 wrong: 1/n of the mean
def backward(dy, x):
    return dy * 2 * x
# === 10.5 wrong: rows only
def backward(dy, x):
    return dy * 2 * x / len(x)
# === 10.5 wrong: 2 of the square
def backward(dy, x):
    return dy * x / x.numel()
# === 10.5 wrong: dy is left out
def backward(dy, x):
    return 2 * x / x.numel()
# === 10.6 right: through the variance
def backward(dy, x):
    dvar = dy / (2 * x.var().sqrt())
    return dvar * 2 * (x - x.mean()) / (x.numel() - 1)
# === 10.6 right: by the norm
def backward(dy, x):
    d = x - x.mean()
    return dy * d / (d.norm() * (x.numel() - 1) ** 0.5)
# === 10.6 right: xhat
def backward(dy, x):
    xhat = (x - x.mean()) / x.std()
    return xhat * dy / (x.nelement() - 1)
# === 10.6 wrong: n stands where n - 1
def backward(dy, x):
    return dy * (x - x.mean()) / (x.numel() * x.std())
# === 10.6 wrong: slope of the variance
def backward(dy, x):
    return dy * 2 * (x - x.mean()) / (x.numel() - 1)
# === 10.6 wrong: x - mean
def backward(dy, x):
    return dy * x / ((x.numel() - 1) * x.std())
# === 10.7 right: exp of a difference
def backward(dy, x):
    return dy.unsqueeze(1) * (x - x.logsumexp(1, keepdim=True)).exp()
# === 10.7 right: softmax of numpy's kind
def backward(dy, x):
    e = torch.exp(x - x.max(1, keepdim=True).values)
    return (dy * (e / e.sum(1, keepdim=True)).T).T
# === 10.7 right: diag
def backward(dy, x):
    return torch.diag(dy) @ x.softmax(-1)
# === 10.7 wrong: not divided by its sum
def backward(dy, x):
    return dy[:, None] * x.exp()
# === 10.7 wrong: columns
def backward(dy, x):
    return dy[:, None] * torch.softmax(x, 0)
# === 10.7 wrong: overflows
def backward(dy, x):
    return dy[:, None] * x.exp() / x.exp().sum(1, keepdim=True)
# === 10.7 wrong: dy is left out
def backward(dy, x):
    return torch.softmax(x, 1)
# === 10.8 right: grouped
def backward(dy, x):
    s = torch.sigmoid(x)
    return dy * s * (1 + x * (1 - s))
# === 10.8 right: by the value
def backward(dy, x):
    s = 1 / (1 + torch.exp(-x))
    y = x * s
    return dy * (y + s * (1 - y))
# === 10.8 right: exponentials
def backward(dy, x):
    e = torch.exp(-x)
    return dy * (1 + e + x * e) / (1 + e) ** 2
# === 10.8 wrong: missing
def backward(dy, x):
    return dy * torch.sigmoid(x)
# === 10.8 wrong: sigmoid | missing | term
def backward(dy, x):
    s = torch.sigmoid(x)
    return dy * x * s * (1 - s)
# === 10.8 wrong: not multiplied by dy
def backward(dy, x):
    s = torch.sigmoid(x)
    return s + x * s * (1 - s)
# === 9.1 right: moments by matrix products
class BatchNorm(BatchNorm):
    def __call__(self, x):
        if self.training:
            n = x.shape[0]
            ones = torch.full((1, n), 1.0 / n, dtype=x.dtype)
            m = (ones @ x).squeeze(0)
            v = ((ones @ (x * x)).squeeze(0) - m**2) * n / (n - 1)
            for name, value in (("running_mean", m), ("running_var", v)):
                old = getattr(self, name)
                setattr(self, name, old + self.momentum * (value.detach() - old))
        else:
            m, v = self.running_mean, self.running_var
        scale = self.gain * torch.rsqrt(v + self.eps)
        return x * scale + (self.bias - m * scale)
# === 9.1 right: torch's own function
class BatchNorm(BatchNorm):
    def __call__(self, x):
        return torch.nn.functional.batch_norm(
            x, self.running_mean, self.running_var, self.gain, self.bias, self.training, self.momentum, self.eps)
# === 9.1 wrong: gain
class BatchNorm(BatchNorm):
    def __call__(self, x):
        if self.training:
            m, v = x.mean(0), x.var(0)
            self.running_mean = 0.9 * self.running_mean + 0.1 * m
            self.running_var = 0.9 * self.running_var + 0.1 * v
        else:
            m, v = self.running_mean, self.running_var
        return (x - m) / (v + self.eps) ** 0.5
# === 9.1 wrong: standard deviations
class BatchNorm(BatchNorm):
    def __call__(self, x):
        if self.training:
            m, v = x.mean(0), x.std(0)
            self.running_mean = 0.9 * self.running_mean + 0.1 * m
            self.running_var = 0.9 * self.running_var + 0.1 * v
        else:
            m, v = self.running_mean, self.running_var
        return self.gain * (x - m) / (v + self.eps) + self.bias
# === 9.1 wrong: go on moving
class BatchNorm(BatchNorm):
    def __call__(self, x):
        if self.training:
            m, v = x.mean(0), x.var(0)
        else:
            m, v = self.running_mean, self.running_var
        self.running_mean = 0.9 * self.running_mean + 0.1 * x.mean(0)
        self.running_var = 0.9 * self.running_var + 0.1 * x.var(0)
        return self.gain * (x - m) / (v + self.eps) ** 0.5 + self.bias
# === 9.2 right: einsum, a bigger matrix
import torch
def fold(W, b, gain, bias, mean, var, eps):
    whole = torch.cat([W, (b - mean)[None]])
    whole = torch.einsum("iu,u->iu", whole, gain).div(torch.sqrt(var + eps))
    return whole[:-1], whole[-1] + bias
# === 9.2 wrong: eps
def fold(W, b, gain, bias, mean, var, eps):
    s = gain / var**0.5
    return W * s, (b - mean) * s + bias
# === 9.2 wrong: rows are scaled
def fold(W, b, gain, bias, mean, var, eps):
    s = gain / (var + eps) ** 0.5
    return W * s[:, None], (b - mean) * s + bias
# === 9.2 wrong: b | not multiplied | scaled
def fold(W, b, gain, bias, mean, var, eps):
    s = gain / (var + eps) ** 0.5
    return W * s, b - mean * s + bias
# === 10.3 right: a projection matrix
import torch
def dhprebn(dhpreact, bnraw, bnvar_inv, bngain):
    n, units = bnraw.shape
    out = torch.empty_like(bnraw)
    for u in range(units):
        r = bnraw[:, u : u + 1]
        J = torch.eye(n) - torch.ones(n, n) / n - r @ r.T / (n - 1)
        out[:, u] = J @ (dhpreact[:, u] * bngain.flatten()[u]) * bnvar_inv.flatten()[u]
    return out
# === 10.3 wrong: n - 1 = 31
def dhprebn(dhpreact, bnraw, bnvar_inv, bngain):
    n = len(bnraw)
    return bngain * bnvar_inv / n * (n * dhpreact - dhpreact.sum(0) - bnraw * (dhpreact * bnraw).sum(0))
# === 10.3 wrong: path through the mean is missing
def dhprebn(dhpreact, bnraw, bnvar_inv, bngain):
    return bngain * bnvar_inv * dhpreact
# === 10.3 wrong: along the rows
def dhprebn(dhpreact, bnraw, bnvar_inv, bngain):
    n = len(bnraw)
    return bngain * bnvar_inv / n * (n * dhpreact - dhpreact.sum(1, keepdim=True)
        - n / (n - 1) * bnraw * (dhpreact * bnraw).sum(1, keepdim=True))
# === 10.8 right: by tanh
def backward(dy, x):
    t = (x / 2).tanh()
    return dy * ((1 + t) / 2 + x / 4 * (1 - t).mul(1 + t))
# === 10.8 right: functional jvp
def backward(dy, x):
    return torch.func.vjp(torch.nn.functional.silu, x)[1](dy)[0]
# === 10.8 wrong: x is missing in the second turn
def backward(dy, x):
    s = torch.sigmoid(x)
    return dy * (s + s * (1 - s))
# === 10.8 wrong: sigmoid's own slope
def backward(dy, x):
    s = torch.sigmoid(x)
    return dy * s * (1 - s)
# === 10.8 wrong: second turn is turned
def backward(dy, x):
    s = torch.sigmoid(x)
    return dy * (s - x * s * (1 - s))
# === 10.8 wrong: it is the value
def backward(dy, x):
    s = torch.sigmoid(x)
    return dy * x * s
# === 10.2 right: Jacobian of the mean by forward mode
def dlogits(logits, y):
    f = lambda z: (torch.logsumexp(z, 1) - z[range(len(y)), y]).mean()
    return torch.func.jacrev(f)(logits)
# === 10.2 right: einsum with the softmax
def dlogits(logits, y):
    e = torch.exp(logits - logits.amax(1, keepdim=True))
    p = torch.einsum("nv,n->nv", e, 1 / e.sum(1))
    p.index_put_((torch.arange(len(y)), y), torch.tensor(-1.0, dtype=p.dtype), accumulate=True)
    return p.div_(y.shape[0])
# === 10.2 wrong: number of letters
def dlogits(logits, y):
    p = logits.softmax(1)
    p[torch.arange(len(y)), y] -= 1
    return p / logits.shape[1]
# === 10.2 wrong: targets of all rows
def dlogits(logits, y):
    p = logits.softmax(1)
    p[:, y] -= 1
    return p / len(y)
# === 10.4 right: outer products summed
import torch
def linear_backward(dy, x, weight):
    dx = sum(dy[:, o : o + 1] * weight[o] for o in range(len(weight)))
    dW = sum(torch.outer(g, row) for g, row in zip(dy, x))
    return dx, dW, torch.ones(len(dy), dtype=dy.dtype) @ dy
def tanh_backward(dy, y):
    return torch.addcmul(dy, dy * y, y, value=-1)
# === 10.5 right: a difference of energies
def backward(dy, x):
    import torch
    return torch.func.grad(lambda t: (t * t).sum() / t.nelement())(x) * dy
# === 10.5 right: a loop in place on a copy
def backward(dy, x):
    out = x.clone()
    flat = out.view(-1)
    for i in range(len(flat)):
        flat[i] *= 2 * float(dy) / len(flat)
    return out
# === 10.5 wrong: shape ()
def backward(dy, x):
    return dy * 2 * x.mean()
# === 10.6 right: Jacobian of centring
def backward(dy, x):
    import torch
    v = x.reshape(-1)
    n = v.numel()
    centre = torch.eye(n, dtype=v.dtype) - 1 / n
    c = centre @ v
    return (dy * (centre.T @ c) / ((n - 1) ** 0.5 * c.norm())).view_as(x)
# === 10.7 right: one over sums of differences
def backward(dy, x):
    out = torch.zeros_like(x)
    for j in range(x.shape[1]):
        out[:, j] = dy / (x - x[:, [j]]).exp().sum(1)
    return out
# === 10.7 right: einsum
def backward(dy, x):
    return torch.einsum("n,nm->nm", dy, torch.nn.functional.softmax(x, dim=-1))
# === 10.7 wrong: softmax itself is the slope
def backward(dy, x):
    p = torch.softmax(x, 1)
    return dy[:, None] * (p - 1)
# === 10.7 wrong: one number a row
def backward(dy, x):
    return dy[:, None] / x.exp().sum(1, keepdim=True)
# === 10.7 wrong: softmax's own slope
def backward(dy, x):
    p = torch.softmax(x, 1)
    return dy[:, None] * p * (1 - p)
