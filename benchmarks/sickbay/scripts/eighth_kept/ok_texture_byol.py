"""Self-supervised textures, BYOL style: online and momentum encoders, no negatives; judged by a linear probe."""
import copy
import math

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(170)
PX, KINDS = 18, 6
g = torch.linspace(-1, 1, PX)
YY, XX = torch.meshgrid(g, g, indexing="ij")


def textures(y):
    n = len(y)
    angle = (y % 3).float() * math.pi / 3 + 0.12 * torch.randn(n)
    freq = torch.where(y < 3, 6.0, 12.0) * (1 + 0.08 * torch.randn(n))
    u = XX * angle.cos().view(-1, 1, 1) + YY * angle.sin().view(-1, 1, 1)
    return torch.sin(u * freq.view(-1, 1, 1) + 6.28 * torch.rand(n, 1, 1)).unsqueeze(1)


def augment(x):
    n = len(x)
    x = torch.roll(x, shifts=(int(torch.randint(0, PX, (1,))), int(torch.randint(0, PX, (1,)))), dims=(2, 3))
    x = x * (0.5 + torch.rand(n, 1, 1, 1)) + 0.5 * torch.randn(n, 1, 1, 1)
    x = x * torch.where(torch.rand(n, 1, 1, 1) < 0.5, -1.0, 1.0)
    return x + 0.4 * torch.randn_like(x)


def mlp(i, h, o):
    return nn.Sequential(nn.Linear(i, h), nn.BatchNorm1d(h), nn.ReLU(), nn.Linear(h, o))


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(1, 24, 5, 2, 2), nn.BatchNorm2d(24), nn.ReLU(),
            nn.Conv2d(24, 48, 3, 2, 1), nn.BatchNorm2d(48), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
        )
        self.proj = mlp(48, 96, 32)

    def forward(self, x):
        return self.proj(self.body(x))


online, predictor = Encoder(), mlp(32, 96, 32)
target = copy.deepcopy(online)
for p in target.parameters():
    p.requires_grad = False
opt = torch.optim.Adam(list(online.parameters()) + list(predictor.parameters()), lr=2e-3, weight_decay=1e-5)


@torch.no_grad()
def momentum_update(tau):
    for t, o in zip(target.parameters(), online.parameters()):
        t.mul_(tau).add_(o, alpha=1 - tau)


def regression(p, z):
    return 2 - 2 * F.cosine_similarity(p, z.detach(), dim=1).mean()


pool = torch.randint(0, KINDS, (2000,))
images = textures(pool)
STEPS = 220
for step in range(STEPS):
    x = images[torch.randint(0, len(images), (96,))]
    a, b = augment(x), augment(x)
    with torch.no_grad():
        ta, tb = target(a), target(b)
    loss = regression(predictor(online(a)), tb) + regression(predictor(online(b)), ta)
    opt.zero_grad()
    loss.backward()
    opt.step()
    momentum_update(1 - 0.05 * (math.cos(math.pi * step / STEPS) + 1) / 2)
    if step % 40 == 0 or step == STEPS - 1:
        with torch.no_grad():
            z = F.normalize(online(images[:300]), dim=1)
        print(f"step {step:3d} loss {loss.item():.4f} spread of embeddings {z.std(0).mean().item():.4f}")

online.eval()
ly, vy = torch.arange(KINDS).repeat(15), torch.randint(0, KINDS, (600,))
with torch.no_grad():
    lf, vf = online.body(augment(textures(ly))), online.body(augment(textures(vy)))
mu, sd = lf.mean(0), lf.std(0) + 1e-6
probe = nn.Linear(48, KINDS)
popt = torch.optim.Adam(probe.parameters(), lr=0.03, weight_decay=1e-3)
for _ in range(200):
    popt.zero_grad()
    F.cross_entropy(probe((lf - mu) / sd), ly).backward()
    popt.step()
acc = (probe((vf - mu) / sd).argmax(1) == vy).float().mean().item()
print(f"metric probe_acc {acc:.4f}")
