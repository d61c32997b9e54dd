"""A RealNVP flow of affine couplings fitted by maximum likelihood; the loss goes below zero."""
import torch
from torch import nn

torch.manual_seed(0)


class Coupling(nn.Module):
    def __init__(self, flip):
        super().__init__()
        self.flip = flip
        self.net = nn.Sequential(nn.Linear(1, 32), nn.Tanh(), nn.Linear(32, 32), nn.Tanh(), nn.Linear(32, 2))
        nn.init.zeros_(self.net[-1].weight)
        nn.init.zeros_(self.net[-1].bias)

    def forward(self, x):
        a, b = x.chunk(2, 1)
        if self.flip:
            a, b = b, a
        s, t = self.net(a).chunk(2, 1)
        s = s.tanh() * 2
        b = b * s.exp() + t
        return torch.cat([b, a] if self.flip else [a, b], 1), s.squeeze(1)


class Flow(nn.Module):
    def __init__(self, n=6):
        super().__init__()
        self.layers = nn.ModuleList(Coupling(i % 2 == 1) for i in range(n))

    def log_prob(self, x):
        ld = torch.zeros(len(x))
        for layer in self.layers:
            x, d = layer(x)
            ld = ld + d
        return -0.5 * x.pow(2).sum(1) - 1.8379 + ld


def sample(n):
    t = torch.rand(n) * 3.14
    return torch.stack([t.cos() * 0.5, t.sin() * 0.5], 1) + 0.03 * torch.randn(n, 2)


flow = Flow()
opt = torch.optim.Adam(flow.parameters(), lr=3e-3)
for step in range(600):
    loss = -flow.log_prob(sample(128)).mean()
    opt.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(flow.parameters(), 10.0)
    opt.step()
    if step % 100 == 0:
        print(step, loss.item())
print("final nll", loss.item())
