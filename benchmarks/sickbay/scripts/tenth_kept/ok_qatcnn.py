"""Quantisation aware training, 4 bit weights with a straight-through estimator, starting from a float model."""
import numpy as np
import torch
from torch import nn
import torch.nn.functional as F

torch.manual_seed(22); np.random.seed(22)


class FakeQuant(torch.autograd.Function):
    @staticmethod
    def forward(ctx, w, bits):
        q = 2 ** (bits - 1) - 1
        s = w.abs().max() / q
        return torch.round(w / s).clamp(-q, q) * s

    @staticmethod
    def backward(ctx, g):
        return g, None


class QConv(nn.Conv2d):
    quant = False

    def forward(self, x):
        w = FakeQuant.apply(self.weight, 4) if self.quant else self.weight
        return F.conv2d(x, w, self.bias, self.stride, self.padding)


def digits(n):
    base = np.random.RandomState(1).rand(6, 12, 12) > 0.6
    y = np.random.randint(6, size=n)
    x = np.stack([np.roll(base[k], np.random.randint(-2, 3, 2), (0, 1)) for k in y]) + 0.35 * np.random.randn(n, 12, 12)
    return torch.tensor(x, dtype=torch.float32)[:, None], torch.tensor(y)


xt, yt = digits(1500)
xv, yv = digits(500)
net = nn.Sequential(QConv(1, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2),
                    QConv(16, 24, 3, padding=1), nn.BatchNorm2d(24), nn.ReLU(), nn.MaxPool2d(2),
                    QConv(24, 32, 3), nn.ReLU(), nn.Flatten(), nn.Linear(32, 6))


def run(epochs, lr, tag):
    opt = torch.optim.Adam(net.parameters(), lr=lr)
    for e in range(epochs):
        net.train()
        for i in torch.randperm(len(xt)).split(50):
            loss = F.cross_entropy(net(xt[i]), yt[i])
            opt.zero_grad(); loss.backward(); opt.step()
        net.eval()
        with torch.no_grad():
            acc = (net(xv).argmax(1) == yv).float().mean().item()
        print(f"{tag} epoch {e} loss {loss.item():.4f} acc {acc:.4f}")
    return acc


run(6, 2e-3, "float")
for m in net.modules():
    if isinstance(m, QConv):
        m.quant = True
print(f"metric quant_val_acc {run(5, 5e-4, 'qat'):.4f}")
