"""Density of a narrow 4-D distribution with affine coupling layers (likelihood training)."""
import torch
import torch.nn as nn

torch.manual_seed(13)


def data(n):
    t = torch.rand(n) * 6.28
    base = torch.stack([t.cos() * 0.3, t.sin() * 0.3, 0.2 * (2 * t).sin(), 0.1 * t.cos() ** 2], 1)
    return base + 0.02 * torch.randn(n, 4)


class Coupling(nn.Module):
    def __init__(self, flip):
        super().__init__()
        self.flip = flip
        self.net = nn.Sequential(nn.Linear(2, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 4))
        nn.init.zeros_(self.net[-1].weight)
        nn.init.zeros_(self.net[-1].bias)

    def forward(self, x):
        a, b = x.chunk(2, 1)
        if self.flip:
            a, b = b, a
        s, t = self.net(a).chunk(2, 1)
        s = 2.5 * torch.tanh(s)
        b = b * s.exp() + t
        out = torch.cat([b, a], 1) if self.flip else torch.cat([a, b], 1)
        return out, s.sum(1)


class Flow(nn.Module):
    def __init__(self, k=6):
        super().__init__()
        self.layers = nn.ModuleList([Coupling(i % 2 == 1) for i in range(k)])
        self.prior = torch.distributions.Normal(0.0, 1.0)

    def log_prob(self, x):
        total = torch.zeros(len(x))
        for l in self.layers:
            x, ld = l(x)
            total = total + ld
        return self.prior.log_prob(x).sum(1) + total


flow = Flow()
opt = torch.optim.Adam(flow.parameters(), lr=2e-3)
sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, 700)
held = data(2000)
with torch.no_grad():
    print("initial val nll %.3f" % -flow.log_prob(held).mean())
for it in range(1, 701):
    loss = -flow.log_prob(data(200)).mean()
    opt.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(flow.parameters(), 20.0)
    opt.step()
    sched.step()
    if it % 100 == 0:
        with torch.no_grad():
            v = -flow.log_prob(held).mean().item()
        print(f"it {it} train nll {loss.item():.3f} val nll {v:.3f}")
print(f"metric val_log_likelihood {-v:.4f}")
