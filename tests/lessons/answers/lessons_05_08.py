# === 5.1 right: index_select
def logits(W, x):
    return W.index_select(0, x)
# === 5.1 right: an embedding
def logits(W, x):
    return F.embedding(x, W)
# === 5.1 right: row by row
import torch
def logits(W, x):
    return torch.stack([W[i] for i in x.tolist()])
# === 5.1 wrong: index W instead
import torch
def logits(W, x):
    return torch.eye(len(W))[x] @ W
# === 5.1 wrong: lost its way back
def logits(W, x):
    return W.detach()[x]
# === 5.1 wrong: shape
def logits(W, x):
    return W.T[:, x]
# === 5.1 wrong: is right
def logits(W, x):
    return W[x - 1]
# === 5.2 right: logsumexp
def cross_entropy(logits, y):
    return (torch.logsumexp(logits, 1) - logits.gather(1, y[:, None]).squeeze(1)).mean()
# === 5.2 right: row by row
def cross_entropy(logits, y):
    total = 0
    for row, t in zip(logits, y):
        shifted = row - row.max()
        total = total + shifted.exp().sum().log() - shifted[t]
    return total / len(y)
# === 5.2 right: log_softmax
def cross_entropy(logits, y):
    return -torch.log_softmax(logits, dim=-1)[range(len(y)), y].mean()
# === 5.2 wrong: take off the largest
def cross_entropy(logits, y):
    return (logits.exp().sum(1).log() - logits[torch.arange(len(y)), y]).mean()
# === 5.2 wrong: far apart
def cross_entropy(logits, y):
    p = (logits - logits.max(1, keepdim=True).values).softmax(1)
    return -(p[torch.arange(len(y)), y] + 1e-12).log().mean() if len(y) else 0
# === 5.2 wrong: sum over the rows
def cross_entropy(logits, y):
    return -torch.log_softmax(logits, 1)[torch.arange(len(y)), y].sum()
# === 5.2 wrong: columns
def cross_entropy(logits, y):
    return -torch.log_softmax(logits, 0)[torch.arange(len(y)), y].mean()
# === 5.2 wrong: way back
def cross_entropy(logits, y):
    return torch.tensor((torch.logsumexp(logits, 1) - logits[torch.arange(len(y)), y]).mean().item(), dtype=torch.float64)
# === 5.3 right: pow and numel
def loss(W, x, y, strength):
    return F.cross_entropy(W[x], y) + strength * W.pow(2).sum() / W.numel()
# === 5.3 right: norm squared
def loss(W, x, y, strength):
    return strength * W.norm() ** 2 / (W.shape[0] * W.shape[1]) + F.nll_loss(F.log_softmax(W[x], 1), y)
# === 5.3 right: mse with zeros
import torch
def loss(W, x, y, strength):
    return F.cross_entropy(F.one_hot(x, len(W)).to(W) @ W, y) + strength * F.mse_loss(W, torch.zeros_like(W))
# === 5.3 wrong: sum of the squares
def loss(W, x, y, strength):
    return F.cross_entropy(W[x], y) + strength * (W**2).sum()
# === 5.3 wrong: rewarded
def loss(W, x, y, strength):
    return F.cross_entropy(W[x], y) - strength * (W**2).mean()
# === 5.3 wrong: square is missing
def loss(W, x, y, strength):
    return F.cross_entropy(W[x], y) + strength * W.mean()
# === 6.1 right: slices of a padded word
def windows(words, block):
    x, y = [], []
    for w in words:
        ids = [0] * block + [letters.index(c) for c in w] + [0]
        for t in range(block, len(ids)):
            x.append(ids[t - block : t])
            y.append(ids[t])
    return x, y
# === 6.1 right: a deque, tensors
import torch
from collections import deque
def windows(words, block):
    x, y = [], []
    for w in words:
        seen = deque([0] * block, maxlen=block)
        for c in [ord(ch) - 96 for ch in w] + [0]:
            x.append(list(seen))
            y.append(c)
            seen.append(c)
    return torch.tensor(x), torch.tensor(y)
# === 6.1 right: comprehensions and tuples
def windows(words, block):
    texts = ["." * block + w + "." for w in words]
    x = [tuple(letters.index(c) for c in t[i : i + block]) for t in texts for i in range(len(t) - block)]
    return x, [letters.index(t[i + block]) for t in texts for i in range(len(t) - block)]
# === 6.1 wrong: word before
def windows(words, block):
    x, y, context = [], [], [0] * block
    for w in words:
        for c in w + ".":
            t = letters.index(c)
            x.append(context)
            y.append(t)
            context = context[1:] + [t]
    return x, y
# === 6.1 wrong: own target
def windows(words, block):
    x, y = [], []
    for w in words:
        context = [0] * block
        for c in w + ".":
            t = letters.index(c)
            context = context[1:] + [t]
            x.append(context)
            y.append(t)
    return x, y
# === 6.1 wrong: ends are missing
def windows(words, block):
    x, y = [], []
    for w in words:
        context = [0] * block
        for c in w:
            t = letters.index(c)
            x.append(context)
            y.append(t)
            context = context[1:] + [t]
    return x, y
# === 6.1 wrong: way round
def windows(words, block):
    x, y = [], []
    for w in words:
        context = [0] * block
        for c in w + ".":
            t = letters.index(c)
            x.append(context)
            y.append(t)
            context = [t] + context[:-1]
    return x, y
# === 6.2 right: another optimizer
SETTINGS = {"model": {"block_size": 3}, "train": {"steps": 400, "lr": 3e-3}}
# === 6.2 right: plain descent
SETTINGS = {"model": {"block_size": 3, "n_hidden": 100}, "train": {"steps": 400, "optimizer": "sgd", "lr": 0.5, "batch_size": 64, "clip": 0}}
# === 6.2 right: with BatchNorm
SETTINGS = {"model": {"block_size": 4, "batch_norm": True}, "train": {"steps": 400, "lr": 5e-3, "schedule": "cosine"}}
# === 6.2 wrong: too high
SETTINGS = {"model": {}, "train": {"steps": 100, "optimizer": "sgd", "lr": 100.0, "clip": 0}}
# === 6.2 wrong: too low | too few
SETTINGS = {"model": {}, "train": {"steps": 20, "optimizer": "sgd", "lr": 0.001}}
# === 6.2 wrong: too small
SETTINGS = {"model": {"n_embd": 1, "n_hidden": 1, "block_size": 1}, "train": {"steps": 300, "lr": 0.003}}
# === 6.2 wrong: n_hiden
SETTINGS = {"model": {"n_hiden": 100}, "train": {}}
# === 7.1 right: logspace
import math
def rates(low, high, n):
    return torch.logspace(math.log10(low), math.log10(high), n)
# === 7.1 right: by a factor
def rates(low, high, n):
    factor = (high / low) ** (1 / (n - 1))
    return [low * factor**i for i in range(n)]
# === 7.1 right: numpy
import numpy as np
def rates(low, high, n):
    return np.geomspace(low, high, n)
# === 7.1 wrong: these are the exponents
import math
def rates(low, high, n):
    return torch.linspace(math.log10(low), math.log10(high), n)
# === 7.1 wrong: last one is missing
def rates(low, high, n):
    return [low * (high / low) ** (i / n) for i in range(n)]
# === 7.1 wrong: fall
def rates(low, high, n):
    return [high * (low / high) ** (i / (n - 1)) for i in range(n)]
# === 8.1 right: uniform numbers
def initialise(vocab, n_embd, block, hidden, g):
    a = (3 / (block * n_embd)) ** 0.5
    W1 = (torch.rand((block * n_embd, hidden), generator=g) * 2 - 1) * a * 1.2
    W2 = (torch.rand((hidden, vocab), generator=g) - 0.5) * 0.02
    return torch.randn((vocab, n_embd), generator=g), W1, torch.zeros(hidden), W2, torch.zeros(vocab)
# === 8.1 right: torch's own initialisers
from torch import nn
def initialise(vocab, n_embd, block, hidden, g):
    W1 = nn.init.xavier_normal_(torch.empty(block * n_embd, hidden), gain=5 / 3, generator=g)
    W2 = nn.init.normal_(torch.empty(hidden, vocab), std=0.02, generator=g)
    return [nn.init.normal_(torch.empty(vocab, n_embd), generator=g), W1, torch.zeros(hidden), W2, torch.zeros(vocab)]
# === 8.1 right: the lecture's numbers
def initialise(vocab, n_embd, block, hidden, g):
    C = torch.randn((vocab, n_embd), generator=g)
    W1 = torch.randn((n_embd * block, hidden), generator=g) * 0.2
    b1 = torch.randn(hidden, generator=g) * 0.01
    W2 = torch.randn((hidden, vocab), generator=g) * 0.01
    return C, W1, b1, W2, torch.randn(vocab, generator=g) * 0
# === 8.1 wrong: W1 is too large
def initialise(vocab, n_embd, block, hidden, g):
    C, W1, b1, W2, b2 = (torch.randn(s, generator=g) for s in ((vocab, n_embd), (block * n_embd, hidden), (hidden,), (hidden, vocab), (vocab,)))
    return C, W1, b1, W2 * 0.01, b2 * 0
# === 8.1 wrong: first loss
def initialise(vocab, n_embd, block, hidden, g):
    C, W1, b1, W2, b2 = (torch.randn(s, generator=g) for s in ((vocab, n_embd), (block * n_embd, hidden), (hidden,), (hidden, vocab), (vocab,)))
    return C, W1 * 0.2, b1 * 0.01, W2, b2 * 0
# === 8.1 wrong: alike
def initialise(vocab, n_embd, block, hidden, g):
    C, W1, b1, W2, b2 = (torch.randn(s, generator=g) for s in ((vocab, n_embd), (block * n_embd, hidden), (hidden,), (hidden, vocab), (vocab,)))
    return C, W1 * 0, b1 * 0, W2 * 0.01, b2 * 0
# === 8.2 right: numbers
TRAINS = {"C": 0, "W1": 0, "b1": 0, "W2": 0, "b2": 1}
# === 8.2 right: tried
C, W1, b1, W2, b2 = ps = [__import__("torch").zeros(s, requires_grad=True) for s in ((27, 10), (30, 9), (9,), (9, 27), (27,))]
import torch
import torch.nn.functional as F
for _ in range(3):
    h = torch.tanh(C[torch.randint(27, (4, 3))].view(4, -1) @ W1 + b1)
    for p, g in zip(ps, torch.autograd.grad(F.cross_entropy(h @ W2 + b2, torch.tensor([1, 2, 3, 3])), ps)):
        p.data -= g
TRAINS = {n: bool(p.abs().sum() > 0) for n, p in zip(("C", "W1", "b1", "W2", "b2"), ps)}
# === 8.2 right: a dict made otherwise
TRAINS = dict.fromkeys(["C", "W1", "b1", "W2"], False) | {"b2": True}
# === 8.2 wrong: tanh(0) = 0
TRAINS = {"C": False, "W1": False, "b1": False, "W2": True, "b2": True}
# === 8.2 wrong: b2 does train
TRAINS = {"C": False, "W1": False, "b1": False, "W2": False, "b2": False}
# === 8.2 wrong: b1 does not
TRAINS = {"C": False, "W1": False, "b1": True, "W2": False, "b2": True}
# === 8.3 right: torch's own
from torch import nn
def weights(fan_in, fan_out, g):
    return nn.init.kaiming_normal_(torch.empty(fan_out, fan_in), nonlinearity="tanh", generator=g).T
# === 8.3 right: uniform
def weights(fan_in, fan_out, g):
    return (torch.rand((fan_in, fan_out), generator=g) * 2 - 1) * (5 / 3) * (3 / fan_in) ** 0.5
# === 8.3 right: measured and made so
def weights(fan_in, fan_out, g):
    W = torch.randn(fan_in, fan_out, generator=g)
    return 1.6 * W / W.norm(dim=0)
# === 8.3 wrong: gain above 1
def weights(fan_in, fan_out, g):
    return torch.randn((fan_in, fan_out), generator=g) / fan_in**0.5
# === 8.3 wrong: divided by fan_in
def weights(fan_in, fan_out, g):
    return torch.randn((fan_in, fan_out), generator=g) * (5 / 3) / fan_in
# === 8.3 wrong: too large
def weights(fan_in, fan_out, g):
    return torch.randn((fan_in, fan_out), generator=g)
# === 8.3 wrong: fan_out
def weights(fan_in, fan_out, g):
    return torch.randn((fan_in, fan_out), generator=g) * (5 / 3) / fan_out**0.5
# === 5.1 right: gather
def logits(W, x):
    return W.gather(0, x.unsqueeze(1).repeat(1, W.shape[1]))
# === 5.1 right: unique rows, then put back
def logits(W, x):
    rows, back = x.unique(return_inverse=True)
    return torch.stack([W.narrow(0, int(i), 1).squeeze(0) for i in rows])[back]
import torch
# === 5.1 wrong: column
def logits(W, x):
    return W[:, x % W.shape[1]].T
# === 5.1 wrong: summed over dimension 0
def logits(W, x):
    return W[x].sum(0)
# === 6.1 right: one long text, cut at dots, numpy arrays
import numpy as np
def windows(words, block):
    pad = np.zeros(block, int)
    long = np.concatenate([np.r_[pad, [ord(c) - 96 for c in w], 0].astype(int) for w in words])
    starts = np.cumsum([0] + [len(w) + 1 + block for w in words])[:-1]
    at = np.concatenate([s + np.arange(len(w) + 1) for s, w in zip(starts, words)])
    return long[at[:, None] + np.arange(block)], long[at + block]
# === 6.1 right: strings translated at last
def windows(words, block):
    pairs = [(("." * block + w)[i:][:block], (w + ".")[i]) for w in words for i in range(len(w) + 1)]
    return [list(map(letters.index, a)) for a, _ in pairs], [letters.index(b) for _, b in pairs]
# === 6.1 wrong: all rows are the same list
def windows(words, block):
    x, y = [], []
    for word in words:
        context = [0] * block
        for letter in word + ".":
            target = letters.index(letter)
            x.append(context)
            y.append(target)
            context.pop(0)
            context.append(target)
    return x, y
# === 6.1 wrong: letters.index
def windows(words, block):
    x, y = [], []
    for word in words:
        context = "." * block
        for letter in word + ".":
            x.append(context)
            y.append(letter)
            context = context[1:] + letter
    return x, y
# === 6.1 wrong: ends too early
def windows(words, block):
    x, y = [], []
    for word in words:
        context = [0] * block
        for letter in word + ".":
            target = letters.index(letter)
            x.append(context)
            y.append(target)
            context = context[1:] + [target]
        return x, y
# === 6.1 wrong: block
def windows(words, block):
    x, y = [], []
    for word in words:
        context = [0] * 3
        for letter in word + ".":
            target = letters.index(letter)
            x.append(context)
            y.append(target)
            context = context[1:] + [target]
    return x, y
# === 8.1 right: nothing at last
def initialise(vocab, n_embd, block, hidden, g):
    f = block * n_embd
    C = torch.empty(vocab, n_embd).normal_(generator=g)
    W1 = torch.empty(f, hidden).uniform_(-1, 1, generator=g).mul_((3 / f) ** 0.5)
    return C, W1, torch.zeros(hidden), torch.zeros(hidden, vocab), torch.zeros(vocab)
# === 8.1 right: orthogonal
def initialise(vocab, n_embd, block, hidden, g):
    C = torch.randn(vocab, n_embd, generator=g)
    q, _ = torch.linalg.qr(torch.randn(hidden, hidden, generator=g))
    W1 = q[: block * n_embd] * (hidden / (block * n_embd)) ** 0.5
    return [C, W1, 0 * W1[0], torch.randn(hidden, vocab, generator=g) / hidden, torch.zeros(vocab)]
# === 8.1 wrong: W1 is too small
def initialise(vocab, n_embd, block, hidden, g):
    C = torch.randn((vocab, n_embd), generator=g)
    W1 = torch.randn((block * n_embd, hidden), generator=g) * 0.01
    b1 = torch.zeros(hidden)
    W2 = torch.randn((hidden, vocab), generator=g) * 0.01
    b2 = torch.zeros(vocab)
    return C, W1, b1, W2, b2
# === 8.1 wrong: generator=g
def initialise(vocab, n_embd, block, hidden, g):
    C = torch.randn((vocab, n_embd))
    W1 = torch.randn((block * n_embd, hidden)) * (5 / 3) / (block * n_embd) ** 0.5
    b1 = torch.zeros(hidden)
    W2 = torch.randn((hidden, vocab)) * 0.01
    b2 = torch.zeros(vocab)
    return C, W1, b1, W2, b2
# === 8.1 wrong: (30, 100)
def initialise(vocab, n_embd, block, hidden, g):
    C = torch.randn((vocab, n_embd), generator=g)
    W1 = torch.randn((n_embd, hidden), generator=g) * (5 / 3) / n_embd ** 0.5
    return C, W1, torch.zeros(hidden), torch.randn((hidden, vocab), generator=g) * 0.01, torch.zeros(vocab)
# === 8.2 right: written by name from a set
TRAINS = dict(zip("C W1 b1 W2 b2".split(), map("b2".__eq__, "C W1 b1 W2 b2".split())))
# === 8.2 wrong: C does not train
TRAINS = {"C": True, "W1": True, "b1": True, "W2": True, "b2": True}
# === 8.2 wrong: True or False
TRAINS = {"C": "no", "W1": "no", "b1": "no", "W2": "no", "b2": "yes"}
# === 8.3 right: orthogonal columns, gained
def weights(fan_in, fan_out, g):
    n = max(fan_in, fan_out)
    q, r = torch.linalg.qr(torch.randn((n, n), generator=g))
    return q[:fan_in, :fan_out] * (n / fan_in) ** 0.5 * 5 / 3
# === 8.3 right: signs
def weights(fan_in, fan_out, g):
    signs = torch.randint(2, (fan_out, fan_in), generator=g).mul(2).sub(1.0).T
    return signs.mul((25 / 9 / fan_in) ** 0.5)
# === 8.3 wrong: Xavier
def weights(fan_in, fan_out, g):
    return torch.randn((fan_in, fan_out), generator=g) * (2 / (fan_in + fan_out)) ** 0.5
# === 8.3 wrong: too small
def weights(fan_in, fan_out, g):
    return torch.randn((fan_in, fan_out), generator=g) * 0.01
# === 8.3 wrong: shape
def weights(fan_in, fan_out, g):
    return torch.randn((fan_out, fan_in), generator=g) * (5 / 3) / fan_in**0.5
# === 8.3 wrong: centred
def weights(fan_in, fan_out, g):
    return torch.rand((fan_in, fan_out), generator=g) * (5 / 3) / fan_in**0.5
# === 5.2 right: a difference of every pair
def cross_entropy(logits, y):
    right = logits.gather(1, y.view(-1, 1))
    return torch.logsumexp(logits - right, dim=1).sum() / y.numel()
# === 5.2 right: softplus chain
def cross_entropy(logits, y):
    total = logits[:, 0]
    for c in logits.T[1:]:
        total = torch.logaddexp(total, c)
    picked = torch.einsum("nc,nc->n", logits, torch.eye(logits.shape[1], dtype=logits.dtype)[y])
    return torch.mean(total - picked)
# === 5.2 wrong: largest of each row, not of all
def cross_entropy(logits, y):
    counts = (logits - logits.max()).exp()
    p = counts / counts.sum(1, keepdim=True)
    return -p[torch.arange(len(y)), y].log().mean()
# === 5.2 wrong: targets of all rows
def cross_entropy(logits, y):
    logits = logits - logits.max(1, keepdim=True).values
    logp = logits - logits.exp().sum(1, keepdim=True).log()
    return -logp[:, y].mean()
# === 5.2 wrong: far apart
def cross_entropy(logits, y):
    logits = logits - logits.max(1, keepdim=True).values
    counts = logits.exp()
    p = counts / counts.sum(1, keepdim=True)
    return -(p[torch.arange(len(y)), y] + 1e-8).log().mean()
# === 5.3 right: einsum
import torch
def loss(W, x, y, strength):
    nll = torch.logsumexp(W[x], 1) - W[x, y]
    return torch.einsum("n->", nll) / len(x) + torch.einsum("ij,ij->", W, W).mul(strength).div(W.shape[0] * W.shape[1])
# === 5.3 wrong: multiplies the loss
def loss(W, x, y, strength):
    return F.cross_entropy(W[x], y) * (1 + strength * (W**2).mean())
# === 5.3 wrong: square of the mean
def loss(W, x, y, strength):
    return F.cross_entropy(W[x], y) + strength * W.mean() ** 2
# === 5.3 wrong: half of the mean
def loss(W, x, y, strength):
    return F.cross_entropy(W[x], y) + strength / 2 * (W**2).mean()
# === 7.1 right: geometric means, by exp of natural logs
import math
def rates(low, high, n):
    return [math.exp(math.log(low) * (1 - i / (n - 1)) + math.log(high) * i / (n - 1)) for i in range(n)]
# === 7.1 right: cumulative product
def rates(low, high, n):
    f = torch.full((n,), (high / low) ** (1 / (n - 1)), dtype=torch.float64)
    f[0] = low
    return f.cumprod(0)
# === 7.1 wrong: taken for exponents
def rates(low, high, n):
    return 10 ** torch.linspace(low, high, n)
# === 7.1 wrong: natural exponents
def rates(low, high, n):
    import math
    return 10 ** torch.linspace(math.log(low), math.log(high), n)
# === 7.1 wrong: one rate too many
def rates(low, high, n):
    import math
    return torch.logspace(math.log10(low), math.log10(high), n + 1)
