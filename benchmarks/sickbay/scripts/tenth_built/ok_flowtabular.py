"""RealNVP density on small-scale sensor readings."""
import torch
from torch import nn, distributions as D

torch.manual_seed(51)


def readings(n):
    a = torch.randn(n, 4)
    x = torch.stack([a[:, 0], a[:, 0] ** 2 * 0.5 + 0.2 * a[:, 1], torch.sin(2 * a[:, 0]) + 0.2 * a[:, 2], a[:, 3] * (0.3 + a[:, 0].abs())], 1)
    return x * 0.02


class Coupling(nn.Module):
    def __init__(self, mask):
        super().__init__()
        self.register_buffer("m", mask)
        self.net = nn.Sequential(nn.Linear(4, 48), nn.Tanh(), nn.Linear(48, 48), nn.Tanh(), nn.Linear(48, 8))
        nn.init.zeros_(self.net[-1].weight); nn.init.zeros_(self.net[-1].bias)

    def forward(self, x):
        s, t = self.net(x * self.m).chunk(2, 1)
        s = 2 * torch.tanh(s / 2) * (1 - self.m)
        return x * torch.exp(s) + t * (1 - self.m), s.sum(1)


class Flow(nn.Module):
    def __init__(self, k=6):
        super().__init__()
        base = torch.tensor([1., 1., 0., 0.])
        perms = [base, 1 - base, torch.tensor([1., 0., 1., 0.])]
        self.layers = nn.ModuleList(Coupling(perms[i % 3]) for i in range(k))
        self.log_scale = nn.Parameter(torch.full((4,), 3.0))

    def log_prob(self, x):
        z, ld = x * self.log_scale.exp(), self.log_scale.sum()
        for l in self.layers:
            z, d = l(z); ld = ld + d
        return D.Normal(0., 1.).log_prob(z).sum(1) + ld


train, val = readings(4000), readings(1000)
gauss = D.MultivariateNormal(train.mean(0), torch.cov(train.T))
print("gaussian baseline nll", round(-gauss.log_prob(val).mean().item(), 4))
flow = Flow()
opt = torch.optim.Adam(flow.parameters(), lr=2e-3)
for step in range(900):
    nll = -flow.log_prob(train[torch.randint(4000, (200,))]).mean()
    opt.zero_grad(); nll.backward()
    nn.utils.clip_grad_norm_(flow.parameters(), 5.0)
    opt.step()
    if step % 150 == 0:
        with torch.no_grad():
            print(f"step {step} train nll {nll.item():.4f} val nll {-flow.log_prob(val).mean().item():.4f}")
with torch.no_grad():
    gain = (flow.log_prob(val) - gauss.log_prob(val)).mean().item()
print(f"metric nats_over_gaussian {gain:.4f}")
