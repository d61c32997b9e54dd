"""Normalising flow (affine couplings) fitted by maximum likelihood; the loss goes below zero."""
import math
import torch
import torch.nn as nn

torch.manual_seed(40)
DIM = 4


def spirals(n):
    a = 3.0 * torch.rand(n).sqrt()
    sign = torch.where(torch.rand(n) < 0.5, 1.0, -1.0)
    p = torch.stack([sign * a * (2 * a).cos(), sign * a * (2 * a).sin()], 1) / 3 + 0.03 * torch.randn(n, 2)
    q = torch.stack([p[:, 0] ** 2 - p[:, 1], p.prod(1)], 1) + 0.02 * torch.randn(n, 2)
    return torch.cat([p, q], 1)


class Coupling(nn.Module):
    def __init__(self, flip, hidden=48):
        super().__init__()
        self.flip = flip
        self.net = nn.Sequential(nn.Linear(DIM // 2, hidden), nn.Tanh(), nn.Linear(hidden, hidden), nn.Tanh(),
                                 nn.Linear(hidden, DIM))
        nn.init.zeros_(self.net[-1].weight)
        nn.init.zeros_(self.net[-1].bias)

    def forward(self, x):
        a, b = x.chunk(2, 1)
        if self.flip:
            a, b = b, a
        s, t = self.net(a).chunk(2, 1)
        s = 2 * torch.tanh(s / 2)
        b = b * s.exp() + t
        return torch.cat([b, a] if self.flip else [a, b], 1), s.sum(1)


class ActNorm(nn.Module):
    def __init__(self):
        super().__init__()
        self.log_s, self.b = nn.Parameter(torch.zeros(DIM)), nn.Parameter(torch.zeros(DIM))
        self.ready = False

    def forward(self, x):
        if not self.ready:
            with torch.no_grad():
                self.b.copy_(-x.mean(0))
                self.log_s.copy_(-(x.std(0) + 1e-5).log())
            self.ready = True
        return (x + self.b) * self.log_s.exp(), self.log_s.sum()


class Flow(nn.Module):
    def __init__(self, blocks=8):
        super().__init__()
        layers = []
        for k in range(blocks):
            layers += [ActNorm(), Coupling(k % 2 == 1)]
        self.layers = nn.ModuleList(layers)

    def log_prob(self, x):
        total = torch.zeros(len(x))
        for layer in self.layers:
            x, ld = layer(x)
            total = total + ld
        return total - 0.5 * (x ** 2).sum(1) - 0.5 * DIM * math.log(2 * math.pi)


flow = Flow()
train, val = spirals(6000), spirals(1000)
gauss = torch.distributions.MultivariateNormal(train.mean(0), torch.cov(train.t()))
print(f"nll of one Gaussian {-gauss.log_prob(val).mean():.4f}")
with torch.no_grad():
    flow.log_prob(train)
opt = torch.optim.Adam(flow.parameters(), lr=2e-3)
sched = torch.optim.lr_scheduler.OneCycleLR(opt, max_lr=4e-3, total_steps=900)
for step in range(900):
    loss = -flow.log_prob(train[torch.randint(0, len(train), (128,))]).mean()
    opt.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(flow.parameters(), 2.0)
    opt.step()
    sched.step()
    if step % 100 == 0 or step == 899:
        with torch.no_grad():
            nll = -flow.log_prob(val).mean().item()
        print(f"step {step} nll {loss.item():.4f} val nll {nll:.4f}")

print(f"metric val_nll {nll:.4f}")
