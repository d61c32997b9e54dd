"""Heteroscedastic regression with MC dropout."""
import math
import torch
import torch.nn as nn

torch.manual_seed(14)


def data(n):
    x = torch.rand(n, 1) * 6 - 3
    s = .02 + .08 * (x > 0).float()
    return x, .5 * torch.sin(2 * x) + s * torch.randn(n, 1)


net = nn.Sequential(nn.Linear(1, 96), nn.ReLU(), nn.Dropout(.03), nn.Linear(96, 96), nn.ReLU(), nn.Dropout(.03), nn.Linear(96, 2))
opt = torch.optim.Adam(net.parameters(), lr=2e-3, weight_decay=1e-5)
xv, yv = data(500)


def nll(x, y):
    mu, logs = net(x).chunk(2, 1)
    return (logs + .5 * ((y - mu) / logs.exp()) ** 2 + .5 * math.log(2 * math.pi)).mean()


def mc(x, y, t=20):
    net.train()
    with torch.no_grad():
        outs = torch.stack([net(x) for _ in range(t)])
        mu, var = outs[..., 0], (2 * outs[..., 1]).exp()
        logp = -.5 * ((y.T - mu) ** 2 / var + var.log() + math.log(2 * math.pi))
        return -(logp.logsumexp(0) - math.log(t)).mean().item()


for i in range(1201):
    x, y = data(128)
    loss = nll(x, y)
    opt.zero_grad(); loss.backward()
    nn.utils.clip_grad_norm_(net.parameters(), 1.)
    opt.step()
    if i % 200 == 0:
        v = mc(xv, yv)
        print(f"step {i} train nll {loss.item():.4f} mc val nll {v:.4f}")
print("metric mc_val_nll", round(v, 4))
