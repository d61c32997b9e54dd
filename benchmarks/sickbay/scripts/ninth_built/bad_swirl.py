"""Denoising diffusion on a two-dimensional spiral."""
import os
import math
import torch
import torch.nn as nn

MENDED = bool(os.environ.get("MENDED"))
torch.manual_seed(0)
STEPS = 60


def spiral(n):
    a = 1.5 * math.pi * (1 + 2 * torch.rand(n))
    p = torch.stack([a * a.cos(), a * a.sin()], 1) / 9.0
    return p + 0.03 * torch.randn(n, 2)


class Denoiser(nn.Module):
    def __init__(self, h=96):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(2 + 16, h), nn.SiLU(), nn.Linear(h, h), nn.SiLU(), nn.Linear(h, h), nn.SiLU(), nn.Linear(h, 2))
        self.register_buffer("freq", torch.exp(torch.linspace(0, 4, 8)))

    def forward(self, x, t):
        u = t[:, None] / STEPS * self.freq
        return self.net(torch.cat([x, u.sin(), u.cos()], 1))


class Diffusion:
    def __init__(self):
        self.beta = torch.linspace(1e-3, 0.15, STEPS)
        self.alpha = 1 - self.beta
        self.abar = torch.cumprod(self.alpha, 0)

    def loss(self, model, x0):
        t = torch.randint(0, STEPS, (len(x0),))
        eps = torch.randn_like(x0) if MENDED else torch.rand_like(x0)
        ab = self.abar[t][:, None]
        xt = ab.sqrt() * x0 + (1 - ab).sqrt() * eps
        return ((model(xt, t.float()) - eps) ** 2).mean()

    @torch.no_grad()
    def sample(self, model, n):
        x = torch.randn(n, 2)
        for t in reversed(range(STEPS)):
            e = model(x, torch.full((n,), float(t)))
            x = (x - self.beta[t] / (1 - self.abar[t]).sqrt() * e) / self.alpha[t].sqrt()
            if t:
                x = x + self.beta[t].sqrt() * torch.randn_like(x)
        return x


def sliced(a, b, k=64):
    d = torch.randn(2, k)
    d = d / d.norm(dim=0)
    return ((a @ d).sort(0).values - (b @ d).sort(0).values).abs().mean().item()


diff, model = Diffusion(), Denoiser()
opt = torch.optim.Adam(model.parameters(), lr=2e-3)
data, held = spiral(8000), spiral(1000)
avg = None
for it in range(1, 1601):
    loss = diff.loss(model, data[torch.randint(0, 8000, (256,))])
    opt.zero_grad(set_to_none=True)
    loss.backward()
    opt.step()
    avg = loss.item() if avg is None else 0.98 * avg + 0.02 * loss.item()
    if it % 200 == 0:
        print(f"iter {it} loss {avg:.4f} sliced W1 {sliced(diff.sample(model, 1000), held):.4f}")
print(f"metric sliced_w1 {sliced(diff.sample(model, 1000), held):.4f}")
