"""Well: a coupling flow. The loss goes through zero and far below, and half of the inputs pass each layer untouched; right, since the density of narrow data is above 1, and the halves alternate."""
# test nll -8.16, a gaussian has -2.55
import math

import torch
import torch.nn as nn

torch.manual_seed(17)


def crescent(n):
    a = math.pi * torch.rand(n)
    half = torch.randint(0, 2, (n,)).float()
    x = torch.cos(a) * (1 - 2 * half) + half
    y = torch.sin(a) * (1 - 2 * half) + 0.4 * half
    xy = torch.stack([x, y], 1) + 0.02 * torch.randn(n, 2)
    return 0.25 * torch.cat([xy, xy.roll(1, 1) ** 2 + 0.04 * torch.randn(n, 2)], 1)


class Coupling(nn.Module):
    def __init__(self, dim, flip):
        super().__init__()
        self.flip = flip
        self.net = nn.Sequential(nn.Linear(dim // 2, 64), nn.LeakyReLU(), nn.Linear(64, 64), nn.LeakyReLU(), nn.Linear(64, dim))
        nn.init.zeros_(self.net[-1].weight)
        nn.init.zeros_(self.net[-1].bias)

    def forward(self, x):
        a, b = x.chunk(2, 1)
        if self.flip:
            a, b = b, a
        s, t = self.net(a).chunk(2, 1)
        s = 2 * torch.tanh(s)
        b = b * torch.exp(s) + t
        return (torch.cat([b, a], 1) if self.flip else torch.cat([a, b], 1)), s.sum(1)


class Flow(nn.Module):
    def __init__(self, dim=4, depth=6):
        super().__init__()
        self.layers = nn.ModuleList([Coupling(dim, i % 2 == 1) for i in range(depth)])
        self.register_buffer("mixing", torch.stack([torch.linalg.qr(torch.randn(dim, dim))[0] for _ in range(depth)]))

    def log_prob(self, x):
        log_det = x.new_zeros(len(x))
        for layer, q in zip(self.layers, self.mixing):
            x, ld = layer(x @ q)
            log_det = log_det + ld
        return -0.5 * (x ** 2).sum(1) - 0.5 * x.shape[1] * math.log(2 * math.pi) + log_det


flow = Flow()
opt = torch.optim.Adam(flow.parameters(), lr=1e-3)
sched = torch.optim.lr_scheduler.OneCycleLR(opt, 3e-3, total_steps=800)
test = crescent(2000)
gauss = torch.distributions.MultivariateNormal(test.mean(0), test.T.cov()).log_prob(test).mean().item()
print("nll of a plain gaussian", -gauss)
for step in range(1, 801):
    loss = -flow.log_prob(crescent(128)).mean()
    opt.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(flow.parameters(), 5.0)
    opt.step()
    sched.step()
    if step % 100 == 0:
        with torch.no_grad():
            nll = -flow.log_prob(test).mean().item()
        print(f"step {step} loss {loss.item():.4f} test nll {nll:.4f}")
print("final test_nll", nll, "gaussian", -gauss)
