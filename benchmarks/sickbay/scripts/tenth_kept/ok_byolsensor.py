"""BYOL on unlabelled accelerometer windows: no negatives, momentum target, then a linear readout."""
import copy
import math
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(27)
L, K = 40, 5


def windows(n):
    y = torch.randint(K, (n,))
    t = torch.arange(L)
    f = (0.03 + 0.04 * y.float())[:, None]
    ph = torch.rand(n, 1) * 2 * math.pi
    x = torch.sin(2 * math.pi * f * t + ph) + 0.5 * torch.sin(4 * math.pi * f * t + 2 * ph)
    drift = torch.cumsum(torch.randn(n, L), 1) * 0.25
    return (0.4 + torch.rand(n, 1)) * x + drift + 0.4 * torch.randn(n, L), y


def augment(x):
    s = torch.randint(0, L, (len(x), 1))
    x = x.gather(1, (torch.arange(L)[None] + s) % L)
    return x * (0.7 + 0.6 * torch.rand(len(x), 1)) + 0.2 * torch.randn_like(x)


def head(i, o):
    return nn.Sequential(nn.Linear(i, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Linear(64, o))


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.enc = nn.Sequential(nn.Conv1d(1, 16, 7, 2, 3), nn.ReLU(), nn.Conv1d(16, 32, 5, 2, 2), nn.ReLU(),
                                 nn.AdaptiveAvgPool1d(2), nn.Flatten())
        self.proj = head(64, 32)

    def forward(self, x):
        return self.proj(self.enc(x[:, None]))


online, pred = Net(), head(32, 32)
target = copy.deepcopy(online)
for p in target.parameters():
    p.requires_grad = False
opt = torch.optim.Adam([*online.parameters(), *pred.parameters()], lr=2e-3, weight_decay=1e-5)


def reg(p, z):
    return 2 - 2 * F.cosine_similarity(p, z.detach(), dim=1).mean()


xu, _ = windows(3000)
xt, yt = windows(40)
xv, yv = windows(600)


def readout():
    with torch.no_grad():
        a, b = online.enc(xt[:, None]), online.enc(xv[:, None])
    lin = nn.Linear(64, K)
    o = torch.optim.LBFGS(lin.parameters(), max_iter=40)

    def c():
        o.zero_grad(); l = F.cross_entropy(lin((a - a.mean(0)) / (a.std(0) + 1e-4)), yt) + 1e-3 * lin.weight.pow(2).sum(); l.backward(); return l
    o.step(c)
    return (lin((b - a.mean(0)) / (a.std(0) + 1e-4)).argmax(1) == yv).float().mean().item()


print("untrained readout", round(readout(), 4))
for step in range(400):
    x = xu[torch.randint(len(xu), (128,))]
    v1, v2 = augment(x), augment(x)
    with torch.no_grad():
        t1, t2 = target(v1), target(v2)
    loss = 0.5 * (reg(pred(online(v1)), t2) + reg(pred(online(v2)), t1))
    opt.zero_grad(); loss.backward(); opt.step()
    with torch.no_grad():
        for a, b in zip(target.parameters(), online.parameters()):
            a.mul_(0.98).add_(b, alpha=0.02)
    if step % 100 == 0:
        print(f"step {step} byol loss {loss.item():.4f}")
print(f"metric readout_acc {readout():.4f}")
