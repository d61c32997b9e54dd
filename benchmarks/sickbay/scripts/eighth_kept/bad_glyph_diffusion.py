"""Denoising diffusion on 8x8 grey glyphs."""
import math
import os

import torch
import torch.nn as nn

MENDED = bool(os.environ.get("MENDED"))
torch.manual_seed(2)
FONT = {
    "L": ["10000000"] * 6 + ["11111100", "11111100"],
    "T": ["11111111", "11111111"] + ["00011000"] * 6,
    "X": ["11000011", "01100110", "00111100", "00011000", "00011000", "00111100", "01100110", "11000011"],
    "O": ["00111100", "01100110", "11000011", "11000011", "11000011", "11000011", "01100110", "00111100"],
    "H": ["11000011"] * 3 + ["11111111"] * 2 + ["11000011"] * 3,
    "Z": ["11111111", "00000110", "00001100", "00011000", "00110000", "01100000", "11000000", "11111111"],
}
PROTO = torch.tensor([[[float(c) for c in row] for row in g] for g in FONT.values()]).view(len(FONT), 64)


def pixels(n):
    ink = 200 + 40 * torch.rand(n, 1)
    img = PROTO[torch.randint(0, len(PROTO), (n,))] * ink + 10 * torch.rand(n, 64)
    return img.clamp(0, 255)


class Schedule:
    def __init__(self, steps=50):
        s = torch.linspace(0, 1, steps + 1)
        f = torch.cos((s + 0.008) / 1.008 * math.pi / 2) ** 2
        self.steps = steps
        self.beta = (1 - f[1:] / f[:-1]).clamp(max=0.99)
        self.abar = torch.cumprod(1 - self.beta, 0)

    def noise(self, x0, t, eps):
        a = self.abar[t].unsqueeze(1)
        return a.sqrt() * x0 + (1 - a).sqrt() * eps


class Denoiser(nn.Module):
    def __init__(self, width=192):
        super().__init__()
        self.time = nn.Sequential(nn.Linear(32, width), nn.SiLU(), nn.Linear(width, width))
        self.inp = nn.Linear(64, width)
        self.mid = nn.ModuleList([nn.Linear(width, width) for _ in range(2)])
        self.out = nn.Linear(width, 64)

    def forward(self, x, t):
        freq = torch.exp(-math.log(1000.0) * torch.arange(16) / 16)
        arg = t.float().unsqueeze(1) * freq
        emb = self.time(torch.cat([arg.sin(), arg.cos()], 1))
        h = self.inp(x)
        for layer in self.mid:
            h = h + layer(nn.functional.silu(h + emb))
        return self.out(nn.functional.silu(h))


sched, net = Schedule(), Denoiser()
opt = torch.optim.Adam(net.parameters(), lr=2e-3)
avg = None
for step in range(1250):
    x0 = pixels(96)
    x0 = x0 / 127.5 - 1 if MENDED else x0
    t = torch.randint(0, sched.steps, (96,))
    eps = torch.randn_like(x0)
    loss = ((net(sched.noise(x0, t, eps), t) - eps) ** 2).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step == 900:
        opt.param_groups[0]["lr"] *= 0.3
    avg = loss.item() if avg is None else 0.98 * avg + 0.02 * loss.item()
    if step % 250 == 249:
        print(f"step {step + 1} loss {avg:.4f}")


@torch.no_grad()
def sample(n):
    x = torch.randn(n, 64)
    for i in reversed(range(sched.steps)):
        t = torch.full((n,), i)
        beta, abar = sched.beta[i], sched.abar[i]
        mean = (x - beta / (1 - abar).sqrt() * net(x, t)) / (1 - beta).sqrt()
        x = mean + (beta.sqrt() * torch.randn_like(x) if i else 0)
    return x.clamp(-1, 1)


out = (sample(200) > 0).float()
dist = torch.cdist(out, PROTO, p=1).min(1).values
for r in out[0].view(8, 8).int().tolist():
    print("".join(" #"[v] for v in r))
print(f"metric readable {(dist <= 4).float().mean().item():.4f}")
