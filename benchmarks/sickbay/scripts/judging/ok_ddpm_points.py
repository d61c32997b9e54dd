"""A denoising diffusion model for points on a spiral, time embedded by sines, EMA weights used for sampling."""
import copy
import math

import torch
from torch import nn

torch.manual_seed(0)
STEPS = 50
betas = torch.linspace(1e-4, 0.2, STEPS)
abar = (1 - betas).cumprod(0)


def spiral(n):
    t = torch.rand(n) * 3 * math.pi + 1
    return torch.stack([t * t.cos(), t * t.sin()], 1) / 7


class Eps(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("freq", torch.exp(torch.linspace(0, 4, 8)))
        self.net = nn.Sequential(nn.Linear(18, 96), nn.SiLU(), nn.Linear(96, 96), nn.SiLU(), nn.Linear(96, 2))

    def forward(self, x, t):
        a = (t[:, None].float() / STEPS) * self.freq
        return self.net(torch.cat([x, a.sin(), a.cos()], 1))


model = Eps()
ema = copy.deepcopy(model).requires_grad_(False)
opt = torch.optim.AdamW(model.parameters(), lr=2e-3)
for it in range(1000):
    x, t = spiral(128), torch.randint(0, STEPS, (128,))
    noise = torch.randn_like(x)
    xt = abar[t, None].sqrt() * x + (1 - abar[t, None]).sqrt() * noise
    loss = (model(xt, t) - noise).pow(2).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
    with torch.no_grad():
        for p, q in zip(ema.parameters(), model.parameters(), strict=True):
            p.lerp_(q, 0.01)
    if it % 200 == 0:
        print(it, loss.item())
print("final loss", loss.item())
