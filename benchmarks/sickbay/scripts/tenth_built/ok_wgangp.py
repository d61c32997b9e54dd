"""WGAN-GP on a 2d grid of four blobs."""
import torch
import torch.nn as nn

torch.manual_seed(19)
LAMBDA, N_CRITIC, B, Z = 5.0, 4, 96, 4


def real(n):
    return torch.randint(0, 2, (n, 2)).float() * 2 - 1 + 0.1 * torch.randn(n, 2)


class MLP(nn.Sequential):
    def __init__(self, i, o, h=64):
        super().__init__(nn.Linear(i, h), nn.ReLU(), nn.Linear(h, h), nn.ReLU(), nn.Linear(h, o))


gen, critic = MLP(Z, 2), MLP(2, 1)
og = torch.optim.Adam(gen.parameters(), lr=2e-3, betas=(0.0, 0.9))
oc = torch.optim.Adam(critic.parameters(), lr=2e-3, betas=(0.0, 0.9))


def penalty(a, b):
    u = torch.rand(len(a), 1)
    m = (u * a + (1 - u) * b).requires_grad_(True)
    g, = torch.autograd.grad(critic(m).sum(), m, create_graph=True)
    return ((g.norm(dim=1) - 1) ** 2).mean()


@torch.no_grad()
def energy():
    a, b = gen(torch.randn(1000, Z)), real(1000)
    return (2 * torch.cdist(a, b).mean() - torch.cdist(a, a).mean() - torch.cdist(b, b).mean()).item()


print("start", round(energy(), 4))
for it in range(360):
    for _ in range(N_CRITIC):
        x = real(B)
        with torch.no_grad():
            fake = gen(torch.randn(B, Z))
        loss_c = critic(fake).mean() - critic(x).mean() + LAMBDA * penalty(x, fake)
        oc.zero_grad(); loss_c.backward(); oc.step()
    loss_g = -critic(gen(torch.randn(B, Z))).mean()
    og.zero_grad(); loss_g.backward(); og.step()
    if it % 75 == 0:
        print(f"it {it} critic {loss_c.item():.4f} gen {loss_g.item():.4f} energy {energy():.4f}")
print(f"metric energy_distance {energy():.4f}")
