# DDPM on a 2d spiral. eps-loss is nice and low, samples look wrong.
import os, math
import torch, torch.nn as nn

MENDED = bool(os.environ.get("MENDED"))
torch.manual_seed(21)
T = 100
betas = torch.linspace(1e-4, 0.08, T)
alphas = 1 - betas
abar = torch.cumprod(alphas, 0)
noise_like = torch.randn_like if MENDED else torch.rand_like


def spiral(n):
    t = torch.sqrt(torch.rand(n)) * 3 * math.pi
    x = torch.stack([t * torch.cos(t), t * torch.sin(t)], 1) / 4 + 0.03 * torch.randn(n, 2)
    return x


class Net(nn.Module):
    def __init__(s, h=128):
        super().__init__()
        s.emb = nn.Embedding(T, 32)
        s.f = nn.Sequential(nn.Linear(34, h), nn.SiLU(), nn.Linear(h, h), nn.SiLU(), nn.Linear(h, h), nn.SiLU(), nn.Linear(h, 2))

    def forward(s, x, t):
        return s.f(torch.cat([x, s.emb(t)], 1))


def q_sample(x0, t, eps):
    a = abar[t][:, None]
    return a.sqrt() * x0 + (1 - a).sqrt() * eps


@torch.no_grad()
def sample(net, n):
    x = torch.randn(n, 2)
    for i in reversed(range(T)):
        t = torch.full((n,), i)
        e = net(x, t)
        x = (x - betas[i] / (1 - abar[i]).sqrt() * e) / alphas[i].sqrt()
        if i > 0:
            x = x + betas[i].sqrt() * torch.randn_like(x)
    return x


net = Net()
opt = torch.optim.Adam(net.parameters(), lr=2e-3)
sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, 1500)
avg = None
for it in range(1500):
    x0 = spiral(128)
    t = torch.randint(0, T, (128,))
    eps = noise_like(x0)
    loss = ((net(q_sample(x0, t, eps), t) - eps) ** 2).mean()
    opt.zero_grad(); loss.backward(); opt.step(); sched.step()
    avg = loss.item() if avg is None else 0.99 * avg + 0.01 * loss.item()
    if it % 250 == 0:
        print("iter", it, "loss", round(avg, 4))

gen, ref = sample(net, 1000), spiral(1000)
ed = 2 * torch.cdist(gen, ref).mean() - torch.cdist(gen, gen).mean() - torch.cdist(ref, ref).mean()
print("metric energy_distance", round(ed.item(), 4))
