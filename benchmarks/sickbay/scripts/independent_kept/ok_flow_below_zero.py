"""Looks broken because the loss goes far below zero and keeps falling; right, because the negative log density of a peaked distribution is negative."""
# held-out nll -11.1, best Gaussian -5.1
# after https://github.com/vislearn/FrEIA/issues/16 and https://github.com/bayesiains/nflows/issues/76
import math

import torch
import torch.nn as nn

torch.manual_seed(0)
DIM = 6
mix = torch.linalg.qr(torch.randn(DIM, DIM))[0]


def detector_events(n):
    """Six sensors that nearly all follow two hidden variables."""
    a, b = torch.randn(n), torch.rand(n) * 2 - 1
    x = torch.stack([a, a ** 2 / 2 - 0.5, torch.sin(2 * b), b, a * b, (a - b) / 2], 1)
    return 0.3 * x @ mix + 0.01 * torch.randn(n, DIM)


class Coupling(nn.Module):
    def __init__(self, flip, hidden=64):
        super().__init__()
        self.flip = flip
        self.net = nn.Sequential(nn.Linear(DIM // 2, hidden), nn.SiLU(), nn.Linear(hidden, hidden), nn.SiLU(), nn.Linear(hidden, DIM))
        nn.init.zeros_(self.net[-1].weight)
        nn.init.zeros_(self.net[-1].bias)

    def forward(self, x):
        x1, x2 = x.chunk(2, 1)
        if self.flip:
            x1, x2 = x2, x1
        s, t = self.net(x1).chunk(2, 1)
        s = 2.0 * torch.tanh(s / 2.0)
        y2 = x2 * s.exp() + t
        out = torch.cat([y2, x1] if self.flip else [x1, y2], 1)
        return out, s.sum(1)


class RealNVP(nn.Module):
    def __init__(self, n_layers=6):
        super().__init__()
        self.layers = nn.ModuleList([Coupling(i % 2 == 1) for i in range(n_layers)])
        self.log_scale = nn.Parameter(torch.zeros(DIM))
        for i in range(n_layers):
            self.register_buffer(f"rot{i}", torch.linalg.qr(torch.randn(DIM, DIM))[0])

    def log_prob(self, x):
        log_det = self.log_scale.sum().expand(len(x))
        x = x * self.log_scale.exp()
        for i, layer in enumerate(self.layers):
            x, ld = layer(x @ getattr(self, f"rot{i}"))
            log_det = log_det + ld
        return log_det - 0.5 * x.pow(2).sum(1) - 0.5 * DIM * math.log(2 * math.pi)


flow = RealNVP()
opt = torch.optim.Adam(flow.parameters(), lr=1e-3)
sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, 2000)
for step in range(2000):
    loss = -flow.log_prob(detector_events(128)).mean()
    opt.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(flow.parameters(), 5.0)
    opt.step()
    sched.step()
    if step % 250 == 0:
        print(f"step {step} loss {loss.item():.3f}")

with torch.no_grad():
    x = detector_events(5000)
    held_out = -flow.log_prob(x).mean().item()
    gauss = torch.distributions.MultivariateNormal(x.mean(0), torch.cov(x.t()))
    print(f"held-out nll {held_out:.3f}, best Gaussian {-gauss.log_prob(x).mean().item():.3f}")
