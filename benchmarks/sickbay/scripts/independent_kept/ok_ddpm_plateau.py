"""Looks broken because the loss jumps about and stops falling after the first few hundred steps; right, because the noise of a diffusion step can only be guessed in part, and the samples go on getting better."""
# distance of samples to the data 22.7 at the start, 0.12 at step 500, 0.017 at the end (loss 0.30 at both)
# after https://github.com/hpcaitech/Open-Sora/issues/286 and https://github.com/ermongroup/ddim/issues/33
import math

import torch
import torch.nn as nn

torch.manual_seed(2)
T = 80
betas = torch.linspace(1e-4, 0.13, T)
alphas = 1 - betas
alpha_bar = torch.cumprod(alphas, 0)
before = torch.cat([torch.ones(1), alpha_bar[:-1]])
sigma = (betas * (1 - before) / (1 - alpha_bar)).sqrt()


def two_moons(n):
    a = torch.rand(n) * math.pi
    up = (torch.rand(n) < 0.5).float()
    x = a.cos() + (1 - up) - 0.5
    y = a.sin() * (2 * up - 1) - up * 0.25 + (1 - up) * 0.25
    return torch.stack([x, y], 1) * 1.4 + 0.03 * torch.randn(n, 2)


class Denoiser(nn.Module):
    def __init__(self, width=128):
        super().__init__()
        self.register_buffer("freq", 2.0 ** torch.arange(6))
        self.register_buffer("place", 2.0 ** torch.arange(4))
        self.net = nn.Sequential(nn.Linear(30, width), nn.SiLU(), nn.Linear(width, width), nn.SiLU(),
                                 nn.Linear(width, width), nn.SiLU(), nn.Linear(width, 2))

    def forward(self, x, t):
        clock = t.float().unsqueeze(1) / T * self.freq * 1.5
        where = (x.unsqueeze(2) * self.place).flatten(1)
        return self.net(torch.cat([x, clock.sin(), clock.cos(), where.sin(), where.cos()], 1))


@torch.no_grad()
def sample(model, n):
    x = torch.randn(n, 2)
    for t in reversed(range(T)):
        eps = model(x, torch.full((n,), t))
        x = (x - betas[t] / (1 - alpha_bar[t]).sqrt() * eps) / alphas[t].sqrt()
        if t > 0:
            x = x + sigma[t] * torch.randn_like(x)
    return x


def distance_to_data(model, n=1500):
    return torch.cdist(sample(model, n), two_moons(6000)).min(1)[0].mean().item()


model = Denoiser()
opt = torch.optim.AdamW(model.parameters(), lr=2e-3)
sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, 3000)
for step in range(3000):
    x0 = two_moons(256)
    t = torch.randint(0, T, (len(x0),))
    noise = torch.randn_like(x0)
    ab = alpha_bar[t].unsqueeze(1)
    xt = ab.sqrt() * x0 + (1 - ab).sqrt() * noise
    loss = (model(xt, t) - noise).pow(2).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
    sched.step()
    if step % 500 == 0:
        print(f"step {step} loss {loss.item():.4f} distance of samples to the data {distance_to_data(model):.4f}")
print(f"final distance of samples to the data {distance_to_data(model):.4f}")
