"""Quantisation-aware training: 4-bit weights and activations with a rounding that passes gradients through."""
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(10)


class RoundSTE(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x.round()

    @staticmethod
    def backward(ctx, g):
        return g


class QLinear(nn.Linear):
    def __init__(self, i, o, bits=4):
        super().__init__(i, o)
        self.q = 2 ** (bits - 1) - 1
        self.act_scale = nn.Parameter(torch.tensor(2.0))

    def forward(self, x):
        s = self.weight.detach().abs().max() / self.q
        w = RoundSTE.apply(self.weight / s).clamp(-self.q, self.q) * s
        a = self.act_scale.abs() / self.q
        x = RoundSTE.apply((x / a).clamp(-self.q, self.q)) * a
        return F.linear(x, w, self.bias)


g = torch.Generator().manual_seed(10)
W = torch.randn(16, 10, generator=g)


def data(n):
    x = torch.randn(n, 16, generator=g)
    y = (torch.sin(x @ W / 5) * torch.tensor([1.2, 1, .8, 1, 1, 1.1, .9, 1, 1, 1])).view(n, 5, 2).sum(2).argmax(1)
    return x, y


xt, yt = data(6000)
xv, yv = data(1000)
net = nn.Sequential(QLinear(16, 128), nn.ReLU(), QLinear(128, 128), nn.ReLU(), QLinear(128, 5))
opt = torch.optim.Adam(net.parameters(), lr=2e-3)
sched = torch.optim.lr_scheduler.LinearLR(opt, 1.0, 0.05, total_iters=1200)
for it in range(1, 1201):
    i = torch.randint(0, len(xt), (96,))
    loss = F.cross_entropy(net(xt[i]), yt[i])
    opt.zero_grad()
    loss.backward()
    opt.step()
    sched.step()
    if it % 150 == 0:
        with torch.no_grad():
            acc = (net(xv).argmax(1) == yv).float().mean().item()
        print(f"it {it} loss {loss.item():.3f} int4 val acc {acc:.3f}")
print(f"metric val_acc {acc:.4f}")
