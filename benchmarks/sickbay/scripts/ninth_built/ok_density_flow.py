"""Affine coupling density model of narrow sensor readings (values concentrated, nats go below zero)."""
import math
import torch
import torch.nn as nn

torch.manual_seed(15)


def readings(n):
    a = torch.randn(n) * 0.1
    b = 4 * a ** 2 + 0.01 * torch.randn(n)
    c = 0.5 * a.sin() + 0.02 * torch.randn(n)
    d = torch.randn(n) * 0.05
    return torch.stack([a, b, c, d], 1)


class Coupling(nn.Module):
    def __init__(self, flip):
        super().__init__()
        self.flip = flip
        self.net = nn.Sequential(nn.Linear(2, 48), nn.Tanh(), nn.Linear(48, 48), nn.Tanh(), nn.Linear(48, 4))
        nn.init.zeros_(self.net[-1].weight); nn.init.zeros_(self.net[-1].bias)

    def forward(self, x):
        a, b = x.chunk(2, 1)
        if self.flip:
            a, b = b, a
        s, t = self.net(a * 5).chunk(2, 1)
        s = 4 * torch.tanh(s / 4)
        b = b * s.exp() + t
        return torch.cat([b, a] if self.flip else [a, b], 1), s.sum(1)


class Flow(nn.Module):
    def __init__(self, k=6):
        super().__init__()
        self.blocks = nn.ModuleList([Coupling(i % 2 == 1) for i in range(k)])
        self.register_buffer("perm", torch.tensor([2, 0, 3, 1]))

    def nll(self, x):
        ld = 0
        for b in self.blocks:
            x, l = b(x)
            ld = ld + l
            x = x[:, self.perm]
        return (0.5 * (x ** 2).sum(1) + 2 * math.log(2 * math.pi) - ld).mean()


flow = Flow()
opt = torch.optim.Adam(flow.parameters(), lr=1e-3)
train, val = readings(5000), readings(1000)
for it in range(1, 1201):
    loss = flow.nll(train[torch.randint(0, 5000, (128,))])
    opt.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(flow.parameters(), 5.0)
    opt.step()
    if it % 120 == 0:
        with torch.no_grad():
            v = flow.nll(val).item()
        print(f"it {it} nll {loss.item():.3f} val nll {v:.3f}")
print("metric val_nll %.4f" % v)
