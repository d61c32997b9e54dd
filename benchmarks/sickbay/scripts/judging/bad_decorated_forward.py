"""A sequence summary net whose attention pooling still carries the no_grad decorator of its inference days."""
import os
import torch
import torch.nn as nn

torch.manual_seed(17)
V, T = 60, 16


def maybe_no_grad(fn):
    return fn if os.environ.get("MENDED") else torch.no_grad()(fn)


class AttentionPool(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.query = nn.Parameter(torch.randn(d))
        self.key = nn.Linear(d, d)

    @maybe_no_grad
    def forward(self, h):
        w = torch.softmax(self.key(h) @ self.query / h.size(-1) ** 0.5, dim=1)
        return (w.unsqueeze(-1) * h).sum(1)


class Classifier(nn.Module):
    def __init__(self, d=12):
        super().__init__()
        self.emb = nn.Embedding(V, d)
        self.pool = AttentionPool(d)
        self.mlp = nn.Sequential(nn.Linear(d, 32), nn.ReLU(), nn.Linear(32, V // 4))

    def forward(self, tokens):
        return self.mlp(self.pool(self.emb(tokens)))


def batch(n):
    t = torch.randint(15, V, (n, T))
    marked = torch.randint(0, T, (n,))
    t[torch.arange(n), marked] = torch.randint(0, 15, (n,))
    return t, t[torch.arange(n), marked]


net = Classifier()
opt = torch.optim.AdamW(net.parameters(), lr=3e-3, weight_decay=0.01)
for step in range(700):
    t, y = batch(64)
    loss = nn.functional.cross_entropy(net(t), y)
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 100 == 0:
        print(step, round(loss.item(), 4))
t, y = batch(1000)
print("final test_loss", nn.functional.cross_entropy(net(t), y).item())
