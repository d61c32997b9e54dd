"""Quantisation-aware training: weights rounded to four bits with a straight-through gradient."""
import torch
from torch import nn
import torch.nn.functional as F


def fake_quant(w, bits=4):
    s = w.detach().abs().max() / (2 ** (bits - 1) - 1)
    q = (w / s).round().clamp(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) * s
    return w + (q - w).detach()


class QLinear(nn.Linear):
    def forward(self, x):
        return F.linear(x, fake_quant(self.weight), self.bias)


torch.manual_seed(0)
net = nn.Sequential(QLinear(6, 64), nn.ReLU(), QLinear(64, 32), nn.ReLU(), QLinear(32, 3))
opt = torch.optim.Adam(net.parameters(), lr=2e-3)
X = torch.randn(1500, 6)
Y = (X[:, :3] * X[:, 3:]).argmax(1)
for epoch in range(15):
    for i in torch.randperm(1500).split(50):
        loss = F.cross_entropy(net(X[i]), Y[i])
        opt.zero_grad()
        loss.backward()
        opt.step()
    if epoch % 3 == 0:
        print(epoch, loss.item())
print("final loss", F.cross_entropy(net(X), Y).item())
