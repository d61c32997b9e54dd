"""Self-supervised views of sensor signals (SimSiam), judged by a linear probe with few labels."""
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(26)
rng = np.random.default_rng(26)
C, T = 6, 48


def signals(n):
    y = rng.integers(0, C, n)
    t = np.arange(T)
    f = (0.25 + 0.14 * y)[:, None]
    ph = rng.uniform(0, 6.28, (n, 1))
    x = np.sin(f * t + ph) + 0.5 * np.sign(np.sin(f * t * 0.5 + ph)) * (y % 2)[:, None]
    x = x + 1.0 * rng.normal(size=x.shape)
    return torch.tensor(x, dtype=torch.float32), torch.tensor(y)


def augment(x):
    k = int(torch.randint(0, T, (1,)))
    x = torch.roll(x, k, 1) * (0.7 + 0.6 * torch.rand(len(x), 1)) + 0.3 * torch.randn_like(x)
    sign = torch.where(torch.rand(len(x), 1) < 0.5, 1.0, -1.0)
    return x * sign


class Enc(nn.Module):
    def __init__(self, d=64):
        super().__init__()
        self.conv = nn.Sequential(nn.Conv1d(1, 32, 9), nn.BatchNorm1d(32), nn.ReLU(),
                                  nn.Conv1d(32, 64, 7), nn.BatchNorm1d(64), nn.ReLU())
        self.proj = nn.Sequential(nn.Linear(64, d), nn.BatchNorm1d(d), nn.ReLU(), nn.Linear(d, d),
                                  nn.BatchNorm1d(d, affine=False))
        self.pred = nn.Sequential(nn.Linear(d, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, d))

    def feats(self, x):
        return self.conv(x[:, None]).mean(2)

    def forward(self, x):
        z = self.proj(self.feats(x))
        return z.detach(), self.pred(z)


def probe(enc):
    enc.eval()
    with torch.no_grad():
        a, b = enc.feats(few_x), enc.feats(val_x)
    mu, sd = a.mean(0), a.std(0) + 1e-5
    a, b = (a - mu) / sd, (b - mu) / sd
    lin = nn.Linear(64, C)
    o = torch.optim.Adam(lin.parameters(), 0.02, weight_decay=1e-3)
    for _ in range(150):
        l = F.cross_entropy(lin(a), few_y)
        o.zero_grad(); l.backward(); o.step()
    enc.train()
    with torch.no_grad():
        return (lin(b).argmax(1) == val_y).float().mean().item()


pool, _ = signals(2500)
few_x, few_y = signals(36)
val_x, val_y = signals(600)
enc = Enc()
opt = torch.optim.SGD(enc.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-4)
print("probe on the untrained encoder %.3f" % probe(enc))
for it in range(1, 301):
    x = pool[torch.randint(0, len(pool), (64,))]
    (z1, p1), (z2, p2) = enc(augment(x)), enc(augment(x))
    loss = -(F.cosine_similarity(p1, z2).mean() + F.cosine_similarity(p2, z1).mean()) / 2
    opt.zero_grad()
    loss.backward()
    opt.step()
    if it % 50 == 0:
        print("it %d loss %.4f std of z %.3f" % (it, loss.item(), F.normalize(z1, dim=1).std(0).mean().item()))
print("metric probe_acc %.4f" % probe(enc))
