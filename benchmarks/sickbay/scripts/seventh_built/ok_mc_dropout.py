"""Uncertainty of a load forecast: 40 stochastic passes at test time, heteroscedastic Gaussian loss."""
import numpy as np
import torch
from torch import nn

torch.manual_seed(29)
rng = np.random.default_rng(29)


def load(n):
    x = rng.uniform(-2, 2, (n, 3))
    noise = 0.1 + 0.35 * (x[:, 0] > 0)
    y = np.sin(2 * x[:, 0]) * 2 + x[:, 1] * np.abs(x[:, 2]) + noise * rng.normal(size=n)
    return torch.tensor(x, dtype=torch.float32), torch.tensor(y, dtype=torch.float32)


class Forecast(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(3, 128), nn.ReLU(), nn.Dropout(0.05), nn.Linear(128, 128), nn.ReLU(),
                                  nn.Dropout(0.05))
        self.mean, self.logvar = nn.Linear(128, 1), nn.Linear(128, 1)

    def forward(self, x):
        h = self.body(x)
        return self.mean(h).squeeze(1), self.logvar(h).squeeze(1).clamp(-7, 4)


def enable_dropout(m):
    m.eval()
    for s in m.modules():
        if isinstance(s, nn.Dropout):
            s.train()


xt, yt = load(3000)
xv, yv = load(800)
net = Forecast()
opt = torch.optim.Adam(net.parameters(), lr=2e-3)
for epoch in range(25):
    net.train()
    tot = 0
    for i in torch.randperm(3000).split(100):
        m, lv = net(xt[i])
        loss = 0.5 * (lv + (yt[i] - m) ** 2 / lv.exp()).mean()
        opt.zero_grad()
        loss.backward()
        opt.step()
        tot += loss.item() / 30
    if epoch % 4 == 0:
        print("epoch", epoch, "nll %.4f" % tot)

enable_dropout(net)
with torch.no_grad():
    passes = [net(xv) for _ in range(40)]
mean = torch.stack([m for m, _ in passes]).mean(0)
var = torch.stack([m for m, _ in passes]).var(0) + torch.stack([v.exp() for _, v in passes]).mean(0)
inside = ((yv - mean).abs() < 1.64 * var.sqrt()).float().mean().item()
r2 = (1 - ((yv - mean) ** 2).mean() / yv.var()).item()
print("90%% interval covers %.3f" % inside)
print("metric val_r2 %.4f" % r2)
