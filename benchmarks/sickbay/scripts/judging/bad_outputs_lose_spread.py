"""Semi-supervised training with the supervised term lost in a refactoring: only consistency remains."""
import os
import torch
from torch import nn
import torch.nn.functional as F

torch.manual_seed(3)
mu = torch.randn(4, 10) * 1.2
y = torch.randint(0, 4, (1200,))
x = mu[y] + torch.randn(1200, 10)


def augment(x):
    return x + 0.5 * torch.randn_like(x)


def consistency(model, x):
    p, q = model(augment(x)).softmax(1), model(augment(x)).softmax(1)
    return (p - q).pow(2).sum(1).mean()


model = nn.Sequential(nn.Linear(10, 48), nn.ReLU(), nn.Linear(48, 4))
opt = torch.optim.Adam(model.parameters(), lr=5e-3)
for epoch in range(15):
    for i in torch.randperm(1000).split(50):
        loss = consistency(model, x[i])
        if os.environ.get("MENDED"):
            loss = loss + F.cross_entropy(model(x[i]), y[i])
        opt.zero_grad()
        loss.backward()
        opt.step()
    print("epoch", epoch, "loss", loss.item())
with torch.no_grad():
    out = model(x[1000:])
print("final val_ce", F.cross_entropy(out, y[1000:]).item(), "classes used", out.argmax(1).unique().numel())
