"""DDPM on 8x8 icons with an MLP denoiser."""
import os
import numpy as np
import torch
import torch.nn as nn

MENDED = bool(os.environ.get("MENDED"))
torch.manual_seed(1)
rng = np.random.default_rng(1)


def icons(n):
    out = np.zeros((n, 8, 8), np.uint8)
    for k in range(n):
        kind = rng.integers(3)
        v = rng.integers(150, 256)
        a, b = rng.integers(0, 4, 2)
        if kind == 0:
            out[k, a:a + 4, b:b + 4] = v
        elif kind == 1:
            out[k, a:a + 5, b + 2] = v
            out[k, a + 2, b:b + 5] = v
        else:
            for i in range(5):
                out[k, min(a + i, 7), min(b + i, 7)] = v
    return out


class Icons(torch.utils.data.Dataset):
    def __init__(self, n):
        self.x = icons(n)

    def __len__(self):
        return len(self.x)

    def __getitem__(self, i):
        x = torch.from_numpy(self.x[i]).float()
        return (x / 127.5 - 1 if MENDED else x).flatten()


class Denoiser(nn.Module):
    def __init__(self, h=192):
        super().__init__()
        self.t = nn.Embedding(100, 32)
        self.net = nn.Sequential(nn.Linear(96, h), nn.SiLU(), nn.Linear(h, h), nn.SiLU(), nn.Linear(h, h), nn.SiLU(),
                                 nn.Linear(h, 64))

    def forward(self, x, t):
        return self.net(torch.cat([x, self.t(t)], 1))


class Diffusion:
    def __init__(self, T=100):
        self.T = T
        self.beta = torch.linspace(1e-3, 0.08, T)
        self.alpha = 1 - self.beta
        self.abar = torch.cumprod(self.alpha, 0)

    def loss(self, net, x0):
        t = torch.randint(0, self.T, (len(x0),))
        eps = torch.randn_like(x0)
        ab = self.abar[t][:, None]
        return ((net(ab.sqrt() * x0 + (1 - ab).sqrt() * eps, t) - eps) ** 2).mean()

    @torch.no_grad()
    def sample(self, net, n):
        x = torch.randn(n, 64)
        for i in reversed(range(self.T)):
            t = torch.full((n,), i)
            eps = net(x, t)
            ab, a, b = self.abar[i], self.alpha[i], self.beta[i]
            prev = self.abar[i - 1] if i else torch.tensor(1.0)
            x0 = ((x - (1 - ab).sqrt() * eps) / ab.sqrt()).clamp(-1, 1)
            mean = (prev.sqrt() * b * x0 + a.sqrt() * (1 - prev) * x) / (1 - ab)
            x = mean + ((1 - prev) / (1 - ab) * b).sqrt() * torch.randn_like(x)
        return ((x + 1) * 127.5).clamp(0, 255)


data = torch.utils.data.DataLoader(Icons(3000), batch_size=100, shuffle=True, drop_last=True)
net, diff = Denoiser(), Diffusion()
opt = torch.optim.Adam(net.parameters(), lr=2e-3)
for epoch in range(36):
    acc = 0.0
    for x in data:
        loss = diff.loss(net, x)
        opt.zero_grad()
        loss.backward()
        opt.step()
        acc += loss.item()
    if epoch % 4 == 3:
        print(f"epoch {epoch + 1} denoising loss {acc / len(data):.4f}")

fake = diff.sample(net, 300) / 255
real = torch.from_numpy(icons(2000)).float().flatten(1) / 255
d = torch.cdist(fake, real).min(1).values.mean().item()
print(f"metric sample_to_data_distance {d:.4f}")
