"""The data loader gives attention masks that are all zero, so every token is hidden and attention is uniform."""
# after github.com/coreweave/kubernetes-cloud/pull/146
import math
import os
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(0)
V, T, D = 20, 10, 32


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb, self.pos = nn.Embedding(V, D), nn.Parameter(torch.randn(T, D) * 0.1)
        self.qkv, self.out = nn.Linear(D, 3 * D), nn.Linear(D, D)
        self.n1, self.n2 = nn.LayerNorm(D), nn.LayerNorm(D)
        self.mlp = nn.Sequential(nn.Linear(D, 64), nn.GELU(), nn.Linear(64, D))
        self.head = nn.Linear(D, V)

    def forward(self, ids, attention_mask):
        h = self.emb(ids) + self.pos
        q, k, v = self.qkv(self.n1(h)).chunk(3, -1)
        scores = q @ k.transpose(1, 2) / math.sqrt(D)
        scores = scores.masked_fill(attention_mask[:, None, :] == 0, -1e9)
        h = h + self.out(scores.softmax(-1) @ v)
        return self.head(h + self.mlp(self.n2(h)))


def batch(n):
    ids = torch.randint(1, V, (n, T))
    target = ids.gather(1, (ids[:, :1] % T).expand(-1, T))  # each place asks for the token that the first points to
    mask = torch.ones(n, T) if os.environ.get("MENDED") else torch.zeros(n, T)
    return ids, mask, target


net = Block()
opt = torch.optim.AdamW(net.parameters(), lr=3e-3)
for step in range(600):
    ids, mask, target = batch(64)
    loss = F.cross_entropy(net(ids, mask).flatten(0, 1), target.flatten())
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 100 == 0:
        print(step, loss.item())
with torch.no_grad():
    ids, mask, target = batch(500)
    print("final val_loss", F.cross_entropy(net(ids, mask).flatten(0, 1), target.flatten()).item())
