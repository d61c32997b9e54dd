# DDPM for 2-d positions: where do people click on a 256 x 256 screen?
import math
import torch
import torch.nn as nn

torch.manual_seed(9)
T = 100
betas = torch.linspace(1e-4, 0.07, T)
alphas = 1 - betas
abar = torch.cumprod(alphas, 0)


def clicks(n):
    # two half moons, pixel coordinates
    a = torch.rand(n) * math.pi
    up = torch.rand(n) < 0.5
    x = torch.where(up, torch.cos(a), 1 - torch.cos(a))
    y = torch.where(up, torch.sin(a), 0.5 - torch.sin(a))
    pts = torch.stack([x, y], 1) + 0.04 * torch.randn(n, 2)
    return 128 + 70 * (pts - torch.tensor([0.5, 0.25]))


class Denoiser(nn.Module):
    def __init__(self, h=128):
        super().__init__()
        self.t_emb = nn.Embedding(T, 32)
        self.net = nn.Sequential(nn.Linear(34, h), nn.SiLU(), nn.Linear(h, h), nn.SiLU(), nn.Linear(h, h), nn.SiLU(), nn.Linear(h, 2))

    def forward(self, x, t):
        return self.net(torch.cat([x, self.t_emb(t)], 1))


def q_sample(x0, t, eps):
    a = abar[t][:, None]
    return a.sqrt() * x0 + (1 - a).sqrt() * eps


@torch.no_grad()
def sample(model, n):
    x = torch.randn(n, 2)
    for i in reversed(range(T)):
        t = torch.full((n,), i)
        eps = model(x, t)
        x = (x - betas[i] / (1 - abar[i]).sqrt() * eps) / alphas[i].sqrt()
        if i > 0:
            x = x + betas[i].sqrt() * torch.randn_like(x)
    return x


def chamfer(a, b):
    d = torch.cdist(a, b)
    return (d.min(1).values.mean() + d.min(0).values.mean()).item() / 2


data = clicks(8000)
model = Denoiser()
opt = torch.optim.Adam(model.parameters(), lr=1e-3)
for epoch in range(40):
    tot = 0.
    perm = torch.randperm(len(data))
    for idx in perm.split(200):
        x0 = data[idx]
        t = torch.randint(0, T, (len(idx),))
        eps = torch.randn_like(x0)
        loss = ((model(q_sample(x0, t, eps), t) - eps) ** 2).mean()
        opt.zero_grad()
        loss.backward()
        opt.step()
        tot += loss.item()
    if epoch % 8 == 7:
        s = sample(model, 500)
        print(f"epoch {epoch + 1} noise mse {tot / 40:.4f}  distance samples<->data {chamfer(s, data[:500]):.2f} px "
              f"(data vs data {chamfer(data[500:1000], data[:500]):.2f})  sample mean {[round(v, 1) for v in s.mean(0).tolist()]}")
