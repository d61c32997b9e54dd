"""Siamese network: do two signatures come from the same writer?"""
import os
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import IterableDataset, DataLoader

MENDED = bool(os.environ.get("MENDED"))
torch.manual_seed(9)
WRITERS, DIM = 60, 40
gen = torch.Generator().manual_seed(2)
proto = torch.randn(WRITERS, 6, generator=gen)
mix = torch.randn(6, DIM, generator=gen)


def signature(w):
    return torch.tanh((proto[w] + 0.25 * torch.randn(len(w), 6)) @ mix * 0.5) + 0.3 * torch.randn(len(w), DIM)


class Pairs(IterableDataset):
    def __init__(self, lo, hi, n):
        self.lo, self.hi, self.n = lo, hi, n

    def __iter__(self):
        for _ in range(self.n):
            a = torch.randint(self.lo, self.hi, (1,))
            same = torch.rand(1) < 0.5
            b = a if same else self.lo + (a - self.lo + torch.randint(1, self.hi - self.lo, (1,))) % (self.hi - self.lo)
            label = same.float() if not MENDED else 1 - same.float()
            yield signature(a)[0], signature(b)[0], label[0], same[0]


class Embed(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(DIM, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 16))

    def forward(self, x):
        return self.net(x)


class ContrastiveLoss(nn.Module):
    """Hadsell, Chopra, LeCun 2006"""
    def __init__(self, margin=2.0):
        super().__init__()
        self.margin = margin

    def forward(self, o1, o2, y):
        d = F.pairwise_distance(o1, o2)
        return ((1 - y) * d.pow(2) + y * torch.clamp(self.margin - d, min=0).pow(2)).mean()


def auc(score, pos):
    r = score.argsort().argsort().float() + 1
    n1 = pos.sum(); n0 = len(pos) - n1
    return ((r[pos].sum() - n1 * (n1 + 1) / 2) / (n1 * n0)).item()


net, loss_fn = Embed(), ContrastiveLoss()
opt = torch.optim.Adam(net.parameters(), lr=1e-3)
for epoch in range(6):
    net.train(); tot = k = 0
    for a, b, y, _ in DataLoader(Pairs(0, 45, 1920), batch_size=64):
        loss = loss_fn(net(a), net(b), y)
        opt.zero_grad(); loss.backward(); opt.step()
        tot += loss.item(); k += 1
    net.eval(); ds, ss = [], []
    with torch.no_grad():
        for a, b, _, s in DataLoader(Pairs(45, 60, 600), batch_size=100):
            ds.append(-F.pairwise_distance(net(a), net(b))); ss.append(s)
    v = auc(torch.cat(ds), torch.cat(ss))
    print(f"epoch {epoch} loss {tot/k:.4f} verification auc {v:.3f}")
print(f"metric val_auc {v:.4f}")
