"""Denoising diffusion on 8x8 glyphs with a small noise-predicting network."""
import math
import os
import torch
import torch.nn as nn
import torch.nn.functional as F

MENDED = os.environ.get("MENDED") == "1"
torch.manual_seed(8)
T = 200
betas = torch.linspace(1e-4, 0.04, T)
alpha_bar = torch.cumprod(1 - betas, 0)


def make_glyphs(n):
    """bars and boxes, pixel values in [-1, 1]"""
    x = -torch.ones(n, 8, 8)
    for i in range(n):
        kind = torch.randint(0, 3, (1,)).item()
        p = torch.randint(1, 6, (1,)).item()
        if kind == 0:
            x[i, p:p + 2, :] = 1
        elif kind == 1:
            x[i, :, p:p + 2] = 1
        else:
            x[i, p:p + 2, 1:7] = 1
            x[i, 1:7, p:p + 2] = 1
    return x.flatten(1)


class Diffusion:
    def q_sample(self, x0, t, noise=None):
        if noise is None:
            noise = torch.randn_like(x0)
        ab = alpha_bar[t][:, None]
        return ab.sqrt() * x0 + (1 - ab).sqrt() * noise

    def loss(self, model, x0):
        t = torch.randint(0, T, (len(x0),))
        noise = torch.randn_like(x0)
        if MENDED:
            x_t = self.q_sample(x0, t, noise)
        else:
            x_t = self.q_sample(x0, t)
        return F.mse_loss(model(x_t, t), noise)

    @torch.no_grad()
    def sample(self, model, n):
        x = torch.randn(n, 64)
        for i in reversed(range(T)):
            t = torch.full((n,), i)
            eps = model(x, t)
            mean = (x - betas[i] / (1 - alpha_bar[i]).sqrt() * eps) / (1 - betas[i]).sqrt()
            x = mean + (betas[i].sqrt() * torch.randn_like(x) if i > 0 else 0)
        return x


class NoiseNet(nn.Module):
    def __init__(self, hidden=192):
        super().__init__()
        self.time = nn.Sequential(nn.Linear(32, hidden), nn.SiLU(), nn.Linear(hidden, hidden))
        self.inp = nn.Linear(64, hidden)
        self.mid = nn.ModuleList([nn.Sequential(nn.LayerNorm(hidden), nn.Linear(hidden, hidden), nn.SiLU(),
                                                nn.Linear(hidden, hidden)) for _ in range(3)])
        self.out = nn.Linear(hidden, 64)

    def forward(self, x, t):
        freq = torch.exp(-math.log(1000.0) * torch.arange(16) / 16)
        arg = t[:, None].float() * freq
        h = self.inp(x) + self.time(torch.cat([arg.sin(), arg.cos()], 1))
        for m in self.mid:
            h = h + m(h)
        return self.out(h)


data = make_glyphs(2000)
val = make_glyphs(500)
kinds = torch.unique(make_glyphs(2000), dim=0)
model, diffusion = NoiseNet(), Diffusion()
opt = torch.optim.AdamW(model.parameters(), lr=1e-3)
running = None
for step in range(1800):
    x0 = data[torch.randint(0, len(data), (64,))]
    loss = diffusion.loss(model, x0)
    opt.zero_grad()
    loss.backward()
    opt.step()
    running = loss.item() if running is None else 0.98 * running + 0.02 * loss.item()
    if step % 200 == 0:
        print(f"step {step} loss {running:.4f}")

model.eval()
samples = diffusion.sample(model, 300).clamp(-1, 1)
distance = torch.cdist(samples, kinds).min(1).values
print(f"generated glyphs: mean distance to the nearest true glyph {distance.mean():.3f}")
print(f"metric sample_distance {distance.mean().item():.4f}")
