"""A metric learner with positive pairs only: the distance falls to nothing because all points fall together."""
import os
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(0)
centres = torch.randn(10, 16)


def positive_pairs(n):
    c = torch.randint(0, 10, (n,))
    return centres[c] + 0.5 * torch.randn(n, 16), centres[c] + 0.5 * torch.randn(n, 16), c


net = nn.Sequential(nn.Linear(16, 64), nn.ReLU(), nn.Linear(64, 8))
opt = torch.optim.Adam(net.parameters(), lr=2e-3)
for step in range(500):
    a, b, _ = positive_pairs(64)
    za, zb = net(a), net(b)
    loss = (za - zb).pow(2).sum(1).mean()
    if os.environ.get("MENDED"):
        d = torch.cdist(za, zb) + 10 * torch.eye(64)
        loss = loss + F.relu(2 - d).pow(2).sum(1).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 100 == 0:
        print(step, loss.item())
with torch.no_grad():
    a, b, c = positive_pairs(400)
    za, zb = net(a), net(b)
    near = torch.cdist(za, zb).argmin(1)
print("final wrong_neighbours", (c[near] != c).float().mean().item(), "spread", za.std(0).mean().item())
