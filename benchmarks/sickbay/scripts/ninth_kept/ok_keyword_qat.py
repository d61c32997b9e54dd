"""Keyword spotting with 3-bit weights in the forward pass (straight-through rounding)."""
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(10)


class Round(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x.round()

    @staticmethod
    def backward(ctx, g):
        return g


def quant(w, bits=3):
    s = w.detach().abs().max() / (2 ** (bits - 1) - 1)
    return Round.apply(w / s) * s


class QLinear(nn.Linear):
    def forward(self, x):
        return F.linear(x, quant(self.weight), self.bias)


proto = torch.randn(8, 60)


def clips(n):
    y = torch.randint(0, 8, (n,))
    return proto[y] + 1.8 * torch.randn(n, 60), y


net = nn.Sequential(QLinear(60, 64), nn.ReLU(), QLinear(64, 8))
opt = torch.optim.Adam(net.parameters(), lr=1e-3)
xt, yt = clips(4000)
xv, yv = clips(1000)
for ep in range(15):
    for i in torch.randperm(4000).split(80):
        loss = F.cross_entropy(net(xt[i]), yt[i])
        opt.zero_grad(); loss.backward(); opt.step()
    with torch.no_grad():
        acc = (net(xv).argmax(1) == yv).float().mean().item()
    print(f"epoch {ep} loss {loss.item():.4f} val_acc {acc:.4f} levels {len(quant(net[0].weight).detach().unique())}")
print("metric val_acc %.4f" % acc)
