"""Quantisation aware training, 3 bit weights and 4 bit activations."""
import torch
import torch.nn as nn
import torch.nn.functional as F


class RoundSTE(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x.round()

    @staticmethod
    def backward(ctx, g):
        return g


def fake_quant(x, bits, signed):
    hi = 2 ** (bits - 1) - 1 if signed else 2 ** bits - 1
    s = x.detach().abs().max().clamp(min=1e-6) / hi
    return RoundSTE.apply((x / s).clamp(-hi if signed else 0, hi)) * s


class QLinear(nn.Linear):
    def forward(self, x):
        return F.linear(x, fake_quant(self.weight, 3, True), self.bias)


class QNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b, self.c = QLinear(16, 96), QLinear(96, 96), QLinear(96, 6)

    def forward(self, x):
        x = fake_quant(F.relu(self.a(x)), 4, False)
        x = fake_quant(F.relu(self.b(x)), 4, False)
        return self.c(x)


torch.manual_seed(10)
A = torch.randn(16, 6)


def data(n):
    x = torch.randn(n, 16)
    return x, (x @ A + (x[:, :6] * x[:, 6:12]) * 2).argmax(1)


xv, yv = data(1500)
net = QNet()
opt = torch.optim.Adam(net.parameters(), lr=2e-3)
for i in range(801):
    x, y = data(128)
    loss = F.cross_entropy(net(x), y)
    opt.zero_grad(); loss.backward(); opt.step()
    if i % 100 == 0:
        with torch.no_grad():
            acc = (net(xv).argmax(1) == yv).float().mean().item()
        print(f"step {i} loss {loss.item():.4f} quantised val acc {acc:.4f}")
print("metric val_acc", round(acc, 4))
