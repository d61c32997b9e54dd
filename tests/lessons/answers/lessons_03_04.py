# === 3.1 right: by rows
import torch
def probabilities(N, k):
    return torch.stack([(row + k) / (row + k).sum() for row in N])
# === 3.1 right: transposed
def probabilities(N, k):
    M = (N + k).double()
    return (M.T / M.sum(1)).T
# === 3.1 right: None for a dimension, in place on a copy
def probabilities(N, k):
    P = (N + k).double().clone()
    P /= P.sum(dim=1)[:, None]
    return P
# === 3.1 wrong: the columns sum to 1
def probabilities(N, k):
    N = N + k
    return N / N.sum(0, keepdim=True)
# === 3.1 wrong: not to the sums
def probabilities(N, k):
    return (N + k) / N.sum(1, keepdim=True)
# === 3.1 wrong: k is missing
def probabilities(N, k):
    return N / N.sum(1, keepdim=True)
# === 3.1 wrong: sum of all
def probabilities(N, k):
    N = N + k
    return N / N.sum()
# === 3.2 right: a Counter
from collections import Counter
def trigram(words, k):
    c = Counter()
    for w in words:
        s = [0, 0] + [ord(x) - 96 for x in w] + [0]
        c.update(zip(s[:-2], s[1:-1], s[2:]))
    P = torch.full((27, 27, 27), float(k), dtype=torch.float64)
    for (i, j, l), n in c.items():
        P[i, j, l] += n
    return P / P.sum(-1, keepdim=True)
# === 3.2 right: index_put_
def trigram(words, k):
    rows = []
    for w in words:
        a, b = 0, 0
        for ch in w + ".":
            c = letters.index(ch)
            rows.append((a, b, c))
            a, b = b, c
    i = torch.tensor(rows).T
    N = torch.zeros(27, 27, 27).index_put_(tuple(i), torch.ones(i.shape[1]), accumulate=True) + k
    return torch.nn.functional.normalize(N, p=1, dim=2)
# === 3.2 right: flat bins
def trigram(words, k):
    flat = []
    for w in words:
        s = [letters.index(ch) for ch in ".." + w + "."]
        flat += [s[t] * 729 + s[t + 1] * 27 + s[t + 2] for t in range(len(s) - 2)]
    N = torch.bincount(torch.tensor(flat), minlength=27**3).view(27, 27, 27) + k
    return (N / N.sum(2).unsqueeze(2)).tolist()
# === 3.2 wrong: two dots
def trigram(words, k):
    N = torch.zeros(27, 27, 27)
    for w in words:
        s = [letters.index(ch) for ch in "." + w + "."]
        for a, b, c in zip(s, s[1:], s[2:]):
            N[a, b, c] += 1
    return (N + k) / (N + k).sum(2, keepdim=True)
# === 3.2 wrong: end of a name
def trigram(words, k):
    N = torch.zeros(27, 27, 27)
    for w in words:
        s = [letters.index(ch) for ch in ".." + w]
        for a, b, c in zip(s, s[1:], s[2:]):
            N[a, b, c] += 1
    return (N + k) / (N + k).sum(2, keepdim=True)
# === 3.2 wrong: wrong letter
def trigram(words, k):
    N = torch.zeros(27, 27, 27)
    for w in words:
        s = [letters.index(ch) for ch in ".." + w + "."]
        for a, b, c in zip(s, s[1:], s[2:]):
            N[a, b, c] += 1
    return (N + k) / (N + k).sum(1, keepdim=True)
# === 3.2 wrong: counts
def trigram(words, k):
    N = torch.zeros(27, 27, 27)
    for w in words:
        s = [letters.index(ch) for ch in ".." + w + "."]
        for a, b, c in zip(s, s[1:], s[2:]):
            N[a, b, c] += 1
    return N + k
# === 3.3 right: sample and sets of places
def split(words, seed):
    r = random.Random(seed)
    w = r.sample(list(words), len(words))
    n = len(w)
    return w[: n * 8 // 10], w[n * 8 // 10 : n * 9 // 10], w[n * 9 // 10 :]
def tune(train, dev, test, strengths, fit, loss):
    scored = [(loss(fit(train, s), dev), s) for s in strengths]
    best = min(scored)[1]
    return best, loss(fit(train, best), test)
# === 3.3 right: numpy's generator
import numpy as np
def split(words, seed):
    order = np.random.default_rng(seed).permutation(len(words))
    a, b = int(0.8 * len(words)), int(0.9 * len(words))
    return tuple([words[i] for i in part] for part in (order[:a], order[a:b], order[b:]))
def tune(train, dev, test, strengths, fit, loss):
    best, lowest, kept = None, float("inf"), None
    for s in strengths:
        m = fit(train, s)
        l = loss(m, dev)
        if l < lowest:
            best, lowest, kept = s, l, m
    return best, loss(kept, test)
# === 3.3 right: sorted by a random key
def split(words, seed):
    r = random.Random(f"split {seed}")
    keyed = sorted(words, key=lambda w: (r.random(), w))
    tenth = len(words) // 10
    return keyed[: -2 * tenth], keyed[-2 * tenth : -tenth], keyed[-tenth:]
def tune(train, dev, test, strengths, fit, loss):
    losses = {s: loss(fit(train, s), dev) for s in strengths}
    s = sorted(losses, key=losses.get)[0]
    return [s, loss(fit(train, s), test)]
# === 3.3 wrong: without being shuffled
def split(words, seed):
    a, b = round(0.8 * len(words)), round(0.9 * len(words))
    return words[:a], words[a:b], words[b:]
# === 3.3 wrong: random's own generator
def split(words, seed):
    random.seed(seed)
    words = list(words)
    random.shuffle(words)
    a, b = round(0.8 * len(words)), round(0.9 * len(words))
    return words[:a], words[a:b], words[b:]
# === 3.3 wrong: chosen on train
def split(words, seed):
    words = random.Random(seed).sample(words, len(words))
    return words[:800], words[800:900], words[900:]
def tune(train, dev, test, strengths, fit, loss):
    best = min(strengths, key=lambda s: loss(fit(train, s), train))
    return best, loss(fit(train, best), test)
# === 3.3 wrong: test is looked at
def split(words, seed):
    words = random.Random(seed).sample(words, len(words))
    return words[:800], words[800:900], words[900:]
def tune(train, dev, test, strengths, fit, loss):
    best = min(strengths, key=lambda s: loss(fit(train, s), test))
    return best, loss(fit(train, best), test)
# === 3.3 wrong: fit on train only
def split(words, seed):
    words = random.Random(seed).sample(words, len(words))
    return words[:800], words[800:900], words[900:]
def tune(train, dev, test, strengths, fit, loss):
    best = min(strengths, key=lambda s: loss(fit(train, s), dev))
    return best, loss(fit(train + dev, best), test)
# === 4.1 right: a generator
def nll(words, P):
    logs = [math.log(float(P[letters.index(a)][letters.index(b)])) for w in words for a, b in zip("." + w, w + ".")]
    return -sum(logs) / len(logs)
# === 4.1 right: by indexing
import torch
def nll(words, P):
    s = [letters.index(c) for w in words for c in "." + w] + [0]
    s = torch.tensor(s)
    return -P[s[:-1], s[1:]].log().mean()
# === 4.1 right: by counts
def nll(words, P):
    N = torch.zeros(27, 27, dtype=P.dtype)
    for w in words:
        ids = [0] + [ord(c) - 96 for c in w] + [0]
        for i in range(len(ids) - 1):
            N[ids[i], ids[i + 1]] += 1
    return float(-(N * torch.log(P)).sum() / N.sum())
import torch
# === 4.1 wrong: sum
def nll(words, P):
    return -sum(math.log(P[letters.index(a), letters.index(b)]) for w in words for a, b in zip("." + w, w + "."))
# === 4.1 wrong: end of a word
def nll(words, P):
    logs = [math.log(P[letters.index(a), letters.index(b)]) for w in words for a, b in zip("." + w, w)]
    return -sum(logs) / len(logs)
# === 4.1 wrong: sign
def nll(words, P):
    logs = [math.log(P[letters.index(a), letters.index(b)]) for w in words for a, b in zip("." + w, w + ".")]
    return sum(logs) / len(logs)
# === 4.1 wrong: each word
def nll(words, P):
    logs = [math.log(P[letters.index(a), letters.index(b)]) for w in words for a, b in zip("." + w, w + ".")]
    return -sum(logs) / len(words)
# === 3.2 right: sparse tensor, mean of one-hots
def trigram(words, k):
    seqs = [[0, 0] + [ord(c) - 96 for c in w] + [0] for w in words]
    t = torch.tensor([s[i : i + 3] for s in seqs for i in range(len(s) - 2)]).T
    N = torch.sparse_coo_tensor(t, torch.ones(t.shape[1]), (27, 27, 27)).coalesce().to_dense()
    N += k
    N /= torch.einsum("abc->ab", N)[..., None]
    return N
# === 3.2 right: a plain list of lists
def trigram(words, k):
    table = [[[k] * 27 for _ in range(27)] for _ in range(27)]
    for word in words:
        a = b = 0
        for letter in [*word, "."]:
            c = letters.find(letter)
            table[a][b][c] += 1
            a, b = b, c
    return [[[n / sum(row) for n in row] for row in plane] for plane in table]
# === 3.2 wrong: not to the sums below
def trigram(words, k):
    N = torch.zeros(27, 27, 27)
    for w in words:
        ids = [0, 0] + [letters.index(c) for c in w] + [0]
        for a, b, c in zip(ids, ids[1:], ids[2:]):
            N[a, b, c] += 1
    return (N + k) / N.sum(2, keepdim=True)
# === 3.2 wrong: 27 counts
def trigram(words, k):
    N = torch.zeros(27, 27, 27)
    for w in words:
        ids = [0, 0] + [letters.index(c) for c in w] + [0]
        for a, b, c in zip(ids, ids[1:], ids[2:]):
            N[a, b, c] += 1
    return (N + k) / (N.sum(2, keepdim=True) + k)
# === 3.2 wrong: how often does not count
def trigram(words, k):
    N = torch.zeros(27, 27, 27)
    for w in words:
        ids = [0, 0] + [letters.index(c) for c in w] + [0]
        for a, b, c in zip(ids, ids[1:], ids[2:]):
            N[a, b, c] = 1
    return (N + k) / (N + k).sum(2, keepdim=True)
# === 3.2 wrong: another order
def trigram(words, k):
    N = torch.zeros(27, 27, 27)
    for w in words:
        ids = [0, 0] + [letters.index(c) for c in w] + [0]
        for a, b, c in zip(ids, ids[1:], ids[2:]):
            N[b, a, c] += 1
    return (N + k) / (N + k).sum(2, keepdim=True)
# === 3.1 right: einsum and reciprocal
import torch
def probabilities(N, k):
    M = torch.add(N, torch.full_like(N, 1.0, dtype=torch.float64), alpha=k)
    return torch.einsum("ab,a->ab", M, torch.einsum("ab->a", M).reciprocal())
# === 3.1 right: a loop over rows that divides in place
def probabilities(N, k):
    out = N.double().clone()
    out += k
    for row in out:
        row /= row.sum()
    return out
# === 3.1 wrong: k is not used
def probabilities(N, k):
    N = N + 1
    return N / N.sum(1, keepdim=True)
# === 3.1 wrong: softmax is for logits
def probabilities(N, k):
    return (N + k).float().softmax(1)
# === 3.3 right: permutation in torch, min with a key
import torch
def split(words, seed):
    order = torch.randperm(len(words), generator=torch.Generator().manual_seed(seed))
    n = len(words)
    a, b = n * 8 // 10, n * 9 // 10
    pick = lambda ids: [words[int(i)] for i in ids]
    return pick(order[:a]), pick(order[a:b]), pick(order[b:])
def tune(train, dev, test, strengths, fit, loss):
    models = {s: fit(train, s) for s in strengths}
    best = sorted(models, key=lambda s: loss(models[s], dev))[0]
    return best, loss(models[best], test)
# === 3.3 wrong: another one's
def split(words, seed):
    words = list(words)
    random.Random(seed).shuffle(words)
    n = len(words)
    return words[: n * 8 // 10], words[n * 8 // 10 : n * 9 // 10], words[n * 9 // 10 :]
def tune(train, dev, test, strengths, fit, loss):
    best, lowest = None, 1e9
    for s in strengths:
        l = loss(fit(train, s), dev)
        if l < lowest:
            best, lowest = s, l
    return best, lowest
# === 3.3 wrong: fitted last
def split(words, seed):
    words = list(words)
    random.Random(seed).shuffle(words)
    n = len(words)
    return words[: n * 8 // 10], words[n * 8 // 10 : n * 9 // 10], words[n * 9 // 10 :]
def tune(train, dev, test, strengths, fit, loss):
    best, lowest = None, 1e9
    for s in strengths:
        model = fit(train, s)
        l = loss(model, dev)
        if l < lowest:
            best, lowest = s, l
    return best, loss(model, test)
# === 4.1 right: einsum over counts
import torch
def nll(words, P):
    N = torch.zeros_like(P)
    for w in words:
        for a, b in zip([0] + [ord(c) - 96 for c in w], [ord(c) - 96 for c in w] + [0]):
            N[a, b] += 1
    return -torch.einsum("ab,ab->", N, P.log()) / N.sum()
# === 4.1 wrong: row and column are exchanged
def nll(words, P):
    t = n = 0
    for w in words:
        for a, b in zip("." + w, w + "."):
            t -= math.log(P[letters.index(b), letters.index(a)]); n += 1
    return t / n
# === 4.1 wrong: logarithm is missing
def nll(words, P):
    t = n = 0
    for w in words:
        for a, b in zip("." + w, w + "."):
            t += P[letters.index(a), letters.index(b)]; n += 1
    return -t / n
