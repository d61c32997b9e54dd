"""Training is stopped at half-way, saved with the optimizer, loaded into new objects and carried on."""
import os
import tempfile

import torch
from torch import nn

torch.manual_seed(0)
X = torch.rand(800, 3) * 2 - 1
Y = torch.sin(3 * X[:, :1]) + X[:, 1:2] * X[:, 2:]


def build():
    net = nn.Sequential(nn.Linear(3, 48), nn.ReLU(), nn.Linear(48, 1))
    return net, torch.optim.Adam(net.parameters(), lr=3e-3)


def train(net, opt, epochs, start=0):
    for epoch in range(start, start + epochs):
        for i in torch.randperm(800).split(40):
            loss = nn.functional.mse_loss(net(X[i]), Y[i])
            opt.zero_grad()
            loss.backward()
            opt.step()
    print("epoch", epoch, "loss", loss.item())
    return loss.item()


with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "ckpt.pt")
    net, opt = build()
    train(net, opt, 12)
    torch.save({"model": net.state_dict(), "optimizer": opt.state_dict(), "epoch": 12}, path)
    net, opt = build()
    ckpt = torch.load(path)
    net.load_state_dict(ckpt["model"])
    opt.load_state_dict(ckpt["optimizer"])
    print("final loss", train(net, opt, 12, start=ckpt["epoch"]))
