"""A key lookup task with an own block around nn.MultiheadAttention, batch_first forgotten."""
# after github.com/om-ai-lab/OmDet/issues/19
import os
import torch
from torch import nn
import torch.nn.functional as F

torch.manual_seed(6)
K, N = 6, 8


class Lookup(nn.Module):
    def __init__(self, d=32):
        super().__init__()
        self.key, self.val = nn.Embedding(K, d), nn.Embedding(N, d)
        self.query = nn.Embedding(K, d)
        self.attn = nn.MultiheadAttention(d, 2, batch_first="MENDED" in os.environ)
        self.norm = nn.LayerNorm(d)
        self.mlp = nn.Sequential(nn.Linear(d, 64), nn.ReLU(), nn.Linear(64, N))

    def forward(self, keys, vals, q):
        mem = self.key(keys) + self.val(vals)
        h = torch.cat([self.query(q)[:, None], mem], 1)
        a, _ = self.attn(h, h, h, need_weights=False)
        return self.mlp(self.norm(h + a)[:, 0])


def batch(n):
    keys = torch.stack([torch.randperm(K) for _ in range(n)])
    vals = torch.randint(0, N, (n, K))
    q = torch.randint(0, K, (n,))
    return keys, vals, q, vals[keys == q[:, None]]


net = Lookup()
opt = torch.optim.AdamW(net.parameters(), lr=4e-3)
for it in range(700):
    k, v, q, y = batch(48)
    loss = F.cross_entropy(net(k, v, q), y)
    opt.zero_grad()
    loss.backward()
    opt.step()
    if it % 100 == 0:
        print(it, round(loss.item(), 3))
k, v, q, y = batch(480)
with torch.no_grad():
    print("final test_loss", F.cross_entropy(net(k, v, q), y).item())
