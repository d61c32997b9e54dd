"""Faces by an angular classifier whose cosines go into cross-entropy without a scale: they can differ by at most 2."""
# after github.com/clcarwin/sphereface_pytorch/issues/44
import os
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(0)
C = 40
mu = torch.randn(C, 32)
y = torch.randint(0, C, (3000,))
x = mu[y] + 0.7 * torch.randn(3000, 32)


class Faces(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(32, 96), nn.PReLU(), nn.Linear(96, 32))
        self.weight = nn.Parameter(torch.randn(C, 32))
        self.s = 16.0 if os.environ.get("MENDED") else 1.0

    def forward(self, x):
        return self.s * F.normalize(self.net(x)) @ F.normalize(self.weight).T


net = Faces()
opt = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
for epoch in range(10):
    for i in torch.randperm(2400).split(60):
        loss = F.cross_entropy(net(x[i]), y[i])
        opt.zero_grad()
        loss.backward()
        opt.step()
    print(epoch, loss.item())
with torch.no_grad():
    print("final val_loss", F.cross_entropy(net(x[2400:]), y[2400:]).item())
