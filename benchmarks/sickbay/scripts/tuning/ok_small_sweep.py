"""A sweep over three sensible learning rates and two widths; the best is trained on."""
import itertools

import torch
from torch import nn

torch.manual_seed(0)
X = torch.rand(1000, 3) * 4 - 2
Y = torch.sin(X[:, :1] * X[:, 1:2]) + X[:, 2:]


def trial(lr, width, steps):
    torch.manual_seed(1)
    net = nn.Sequential(nn.Linear(3, width), nn.Tanh(), nn.Linear(width, width), nn.Tanh(), nn.Linear(width, 1))
    opt = torch.optim.Adam(net.parameters(), lr=lr)
    for _ in range(steps):
        i = torch.randint(0, 800, (64,))
        loss = nn.functional.mse_loss(net(X[i]), Y[i])
        opt.zero_grad()
        loss.backward()
        opt.step()
    with torch.no_grad():
        return nn.functional.mse_loss(net(X[800:]), Y[800:]).item()


results = {}
for lr, width in itertools.product([1e-3, 3e-3, 1e-2], [24, 48]):
    results[lr, width] = trial(lr, width, 250)
    print(lr, width, round(results[lr, width], 4))
best = min(results, key=results.get)
print("best", best)
print("final val_mse", trial(*best, 800))
