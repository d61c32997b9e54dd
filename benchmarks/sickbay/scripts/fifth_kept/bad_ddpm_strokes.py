"""DDPM on pen points of a drawing canvas (pixels 0 to 255): train the noise predictor, then sample."""
import math
import os
import torch
import torch.nn as nn

MENDED = os.environ.get("MENDED") == "1"
torch.manual_seed(12)
T = 200


def pen_points(n):
    a = math.pi * torch.rand(n)
    up = torch.rand(n) < 0.5
    x = torch.where(up, torch.cos(a), 1 - torch.cos(a))
    y = torch.where(up, torch.sin(a), 0.5 - torch.sin(a))
    pts = torch.stack([x - 0.5, y - 0.25], 1)
    return 127.5 + 72 * pts + 4 * torch.randn(n, 2)


b_t = torch.linspace(1e-4, 0.04, T + 1)
a_t = 1 - b_t
ab_t = torch.cumsum(a_t.log(), dim=0).exp()
ab_t[0] = 1


class NoiseModel(nn.Module):
    def __init__(self, width=128):
        super().__init__()
        self.freq = nn.Parameter(torch.exp(torch.linspace(0, 3, 16)), requires_grad=False)
        self.net = nn.Sequential(nn.Linear(2 + 32, width), nn.SiLU(), nn.Linear(width, width), nn.SiLU(),
                                 nn.Linear(width, width), nn.SiLU(), nn.Linear(width, 2))

    def forward(self, x, t):
        e = t[:, None] * self.freq
        return self.net(torch.cat([x, torch.sin(e), torch.cos(e)], 1))


def perturb_input(x, t, noise):
    return ab_t.sqrt()[t, None] * x + (1 - ab_t[t, None]).sqrt() * noise


@torch.no_grad()
def sample_ddpm(n):
    x = torch.randn(n, 2)
    for i in range(T, 0, -1):
        t = torch.full((n,), i / T)
        eps = model(x, t)
        mean = (x - eps * ((1 - a_t[i]) / (1 - ab_t[i]).sqrt())) / a_t[i].sqrt()
        x = mean + (b_t[i].sqrt() * torch.randn_like(x) if i > 1 else 0)
    return x


@torch.no_grad()
def distance_to_data(points, data):
    """Mean distance in pixels from a point to its nearest real one."""
    return torch.cdist(points, data).min(1).values.mean().item()


model = NoiseModel()
optim = torch.optim.Adam(model.parameters(), lr=2e-3)
n_epoch, batch = 36, 128
data = pen_points(20000)
if MENDED:
    data = data / 127.5 - 1
for ep in range(n_epoch):
    optim.param_groups[0]["lr"] = 2e-3 * (1 - ep / n_epoch)
    total, order = 0.0, torch.randperm(len(data))
    for i in range(0, len(data), batch):
        x = data[order[i:i + batch]]
        noise = torch.randn_like(x)
        t = torch.randint(1, T + 1, (len(x),))
        pred = model(perturb_input(x, t, noise), t / T)
        loss = nn.functional.mse_loss(pred, noise)
        optim.zero_grad()
        loss.backward()
        optim.step()
        total += loss.item()
    if ep % 4 == 3:
        print(f"epoch {ep + 1} mse {total / (len(data) / batch):.4f} lr {optim.param_groups[0]['lr']:.5f}")
samples = sample_ddpm(3000)
if MENDED:
    samples = (samples + 1) * 127.5
print(f"samples mean {samples.mean(0).tolist()} std {samples.std(0).tolist()} of data {distance_to_data(pen_points(3000), pen_points(4000)):.3f} distance {distance_to_data(samples, pen_points(4000)):.3f}")
