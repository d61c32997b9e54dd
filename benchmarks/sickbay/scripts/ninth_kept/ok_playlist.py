"""Song embeddings from playlists (skip-gram, negative samples, sparse updates)."""
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(7)
SONGS, GENRES, D = 2000, 20, 16
genre = torch.arange(SONGS) % GENRES
members = [(genre == g).nonzero().flatten() for g in range(GENRES)]


def pairs(n):
    a = torch.randint(0, SONGS, (n,))
    b = torch.empty(n, dtype=torch.long)
    for g in range(GENRES):
        m = genre[a] == g
        b[m] = members[g][torch.randint(0, len(members[g]), (int(m.sum()),))]
    off = torch.rand(n) < 0.1
    b[off] = torch.randint(0, SONGS, (int(off.sum()),))
    return a, b


inp = nn.Embedding(SONGS, D, sparse=True)
ctx = nn.Embedding(SONGS, D, sparse=True)
nn.init.normal_(inp.weight, std=0.1)
nn.init.zeros_(ctx.weight)
opt = torch.optim.SparseAdam(list(inp.parameters()) + list(ctx.parameters()), lr=0.02)


def purity():
    with torch.no_grad():
        e = F.normalize(inp.weight, dim=1)
        s = e @ e.T
        s.fill_diagonal_(-2)
        return (genre[s.topk(5, 1).indices] == genre[:, None]).float().mean().item()


for it in range(1, 1501):
    a, b = pairs(64)
    neg = torch.randint(0, SONGS, (64, 5))
    va = inp(a)
    pos = (va * ctx(b)).sum(1)
    ng = (ctx(neg) * va[:, None]).sum(2)
    loss = -(F.logsigmoid(pos) + F.logsigmoid(-ng).sum(1)).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
    if it % 150 == 0:
        print(f"it {it} loss {loss.item():.4f} genre purity@5 {purity():.3f}")
print("metric purity_at_5 %.4f" % purity())
