"""A training hidden in a function that prints nothing at all."""
import torch
from torch import nn


def fit():
    torch.manual_seed(0)
    X = torch.randn(500, 4)
    Y = (X.prod(1) > 0).float()
    net = nn.Sequential(nn.Linear(4, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 1))
    opt = torch.optim.Adam(net.parameters(), lr=3e-3)
    loss_fn = nn.BCEWithLogitsLoss()
    for _ in range(40):
        for i in torch.randperm(500).split(25):
            loss = loss_fn(net(X[i])[:, 0], Y[i])
            opt.zero_grad()
            loss.backward()
            opt.step()
    return net, loss.item()


model, last = fit()
assert last < 0.3, last
