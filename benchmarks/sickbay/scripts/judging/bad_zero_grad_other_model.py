"""A regression net copied for safety; the loop clears the gradients of the copy."""
import copy
import os
import torch
import torch.nn as nn

torch.manual_seed(23)
X = torch.randn(600, 5)
Y = torch.sin(X[:, :1] * 2) + X[:, 1:2] * X[:, 2:3]
net = nn.Sequential(nn.Linear(5, 48), nn.Tanh(), nn.Linear(48, 1))
backup = copy.deepcopy(net)
optim = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9)


def run_epoch():
    total = 0
    for i in range(0, 600, 50):
        (net if os.environ.get("MENDED") else backup).zero_grad()
        loss = ((net(X[i : i + 50]) - Y[i : i + 50]) ** 2).mean()
        loss.backward()
        optim.step()
        total += loss.item()
    return total / 12


for epoch in range(40):
    v = run_epoch()
    if epoch % 8 == 0:
        print("epoch %d mse %.4f" % (epoch, v))
print("final mse", v)
