"""WGAN-GP on a two-moons-like curve: five critic steps for each generator step, gradient penalty by autograd.grad."""
import torch
import torch.nn as nn

torch.manual_seed(1)


def data(n):
    t = torch.rand(n) * 3.14
    return torch.stack([t.cos(), t.sin()], 1) + 0.03 * torch.randn(n, 2)


gen = nn.Sequential(nn.Linear(4, 48), nn.ReLU(), nn.Linear(48, 48), nn.ReLU(), nn.Linear(48, 2))
critic = nn.Sequential(nn.Linear(2, 48), nn.LeakyReLU(0.2), nn.Linear(48, 48), nn.LeakyReLU(0.2), nn.Linear(48, 1))
og = torch.optim.Adam(gen.parameters(), lr=2e-3, betas=(0.5, 0.9))
oc = torch.optim.Adam(critic.parameters(), lr=2e-3, betas=(0.5, 0.9))


def penalty(a, b):
    e = torch.rand(len(a), 1)
    m = (e * a + (1 - e) * b).requires_grad_(True)
    (grad,) = torch.autograd.grad(critic(m).sum(), m, create_graph=True)
    return (grad.norm(dim=1) - 1).pow(2).mean()


for it in range(500):
    for _ in range(5):
        x, fake = data(64), gen(torch.randn(64, 4)).detach()
        lc = critic(fake).mean() - critic(x).mean() + penalty(x, fake)
        oc.zero_grad()
        lc.backward()
        oc.step()
    lg = -critic(gen(torch.randn(64, 4))).mean()
    og.zero_grad()
    lg.backward()
    og.step()
    if it % 100 == 0:
        print(f"it {it}: critic {lc.item():.3f} generator {lg.item():.3f}")
with torch.no_grad():
    s = gen(torch.randn(1000, 4))
print("final radius_error", (s.norm(dim=1) - 1).abs().mean().item())
