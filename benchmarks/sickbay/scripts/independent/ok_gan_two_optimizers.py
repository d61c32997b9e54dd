"""Well: a GAN with two optimizers; both losses hover near ln 2 and 2 ln 2 and never go down, while the samples become right."""
# neighbour of a generator cut off by detach: here only the discriminator's turn detaches
import torch
from torch import nn

torch.manual_seed(70)
G = nn.Sequential(nn.Linear(6, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 2))
D = nn.Sequential(nn.Linear(2, 64), nn.LeakyReLU(0.2), nn.Linear(64, 64), nn.LeakyReLU(0.2), nn.Linear(64, 1))
og = torch.optim.Adam(G.parameters(), lr=4e-4, betas=(0.5, 0.9))
od = torch.optim.Adam(D.parameters(), lr=8e-4, betas=(0.5, 0.9))
bce = nn.functional.binary_cross_entropy_with_logits


def real(n):
    a = 3.1416 * torch.rand(n)
    return torch.stack([1.5 * a.cos() - 1, 1.5 * a.sin() + 1], 1) + 0.15 * torch.randn(n, 2)


for step in range(1500):
    x, fake = real(64), G(torch.randn(64, 6))
    dr, df = D(x), D(fake.detach())
    loss_d = bce(dr, torch.ones_like(dr)) + bce(df, torch.zeros_like(df))
    od.zero_grad()
    loss_d.backward()
    od.step()
    for p in D.parameters():
        p.requires_grad_(False)
    out = D(fake)
    loss_g = bce(out, torch.ones_like(out))
    og.zero_grad()
    loss_g.backward()
    og.step()
    for p in D.parameters():
        p.requires_grad_(True)
    if step % 250 == 0:
        print(step, "D", round(loss_d.item(), 3), "G", round(loss_g.item(), 3))
with torch.no_grad():
    f, r = G(torch.randn(3000, 6)), real(3000)
    print("final distance_of_means", (f.mean(0) - r.mean(0)).norm().item(), "stds", f.std(0).tolist(), r.std(0).tolist())
