"""Matrix factorisation with pairwise ranking, sparse gradients and the hardest of eight sampled negatives."""
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(35)
rng = np.random.default_rng(35)
U, I, K = 300, 400, 6
pu, qi = rng.normal(size=(U, K)), rng.normal(size=(I, K))
aff = pu @ qi.T + 0.3 * rng.normal(size=(U, I))
liked = np.argsort(-aff, 1)[:, :24]
train, test = np.zeros((U, 20), int), np.zeros((U, 4), int)
for u in range(U):
    p = rng.permutation(liked[u])
    train[u], test[u] = p[:20], p[20:]
seen = torch.zeros(U, I, dtype=torch.bool)
seen[torch.arange(U)[:, None], torch.from_numpy(train)] = True
users = torch.arange(U).repeat_interleave(20)
items = torch.from_numpy(train.reshape(-1))

ue, ie = nn.Embedding(U, 24, sparse=True), nn.Embedding(I, 24, sparse=True)
for e in (ue, ie):
    nn.init.normal_(e.weight, std=0.1)
opt = torch.optim.SparseAdam([*ue.parameters(), *ie.parameters()], lr=8e-3)


def hit_rate(k=20):
    with torch.no_grad():
        s = ue.weight @ ie.weight.t()
    s[seen] = -1e9
    top = s.topk(k, 1).indices
    return (top[:, :, None] == torch.from_numpy(test)[:, None, :]).any(1).float().mean().item()


print("hit rate before %.3f" % hit_rate())
for epoch in range(12):
    perm, tot = torch.randperm(len(users)), 0.0
    parts = perm.split(128)
    for b in parts:
        u, pos = users[b], items[b]
        with torch.no_grad():
            cand = torch.randint(0, I, (len(b), 8))
            sc = torch.einsum("bd,bkd->bk", ue(u), ie(cand)).masked_fill(seen[u[:, None], cand], -1e9)
            neg = cand.gather(1, sc.argmax(1, keepdim=True)).squeeze(1)
        x = ue(u)
        loss = F.softplus((x * ie(neg)).sum(1) - (x * ie(pos)).sum(1)).mean()
        opt.zero_grad()
        loss.backward()
        opt.step()
        tot += loss.item()
    if epoch % 3 == 2:
        print(f"epoch {epoch + 1} bpr loss {tot / len(parts):.4f} test hit@20 {hit_rate():.3f}")
print(f"metric test_recall_at_20 {hit_rate():.4f}")
