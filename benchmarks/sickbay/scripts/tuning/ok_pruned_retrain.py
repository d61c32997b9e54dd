"""Magnitude pruning of eighty percent with torch.nn.utils.prune, then more training with the masks."""
import torch
from torch import nn
from torch.nn.utils import prune

torch.manual_seed(0)
X = torch.randn(1500, 16)
Y = X[:, :5].argmax(1)
net = nn.Sequential(nn.Linear(16, 96), nn.ReLU(), nn.Linear(96, 96), nn.ReLU(), nn.Linear(96, 5))


def epochs(n, lr):
    opt = torch.optim.Adam(net.parameters(), lr=lr)
    for _ in range(n):
        for i in torch.randperm(1200).split(50):
            loss = nn.functional.cross_entropy(net(X[i]), Y[i])
            opt.zero_grad()
            loss.backward()
            opt.step()
    print("loss", loss.item())


epochs(8, 2e-3)
for k in (0, 2):
    prune.l1_unstructured(net[k], "weight", amount=0.8)
epochs(8, 1e-3)
print("final val_loss", nn.functional.cross_entropy(net(X[1200:]), Y[1200:]).item())
