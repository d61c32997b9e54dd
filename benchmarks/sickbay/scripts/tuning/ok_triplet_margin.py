"""Triplet margin loss: more and more triplets are solved and give no gradient."""
import torch
from torch import nn

torch.manual_seed(0)
mu = torch.randn(12, 16)


def triplets(n):
    a = torch.randint(0, 12, (n,))
    b = (a + torch.randint(1, 12, (n,))) % 12
    return tuple(mu[c] + 1.0 * torch.randn(n, 16) for c in (a, a, b))


net = nn.Sequential(nn.Linear(16, 48), nn.ReLU(), nn.Linear(48, 6))
loss_fn = nn.TripletMarginLoss(margin=1.0)
opt = torch.optim.Adam(net.parameters(), lr=2e-3)
for step in range(600):
    a, p, n = triplets(64)
    loss = loss_fn(net(a), net(p), net(n))
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 120 == 0:
        print(step, loss.item())
print("final loss", loss.item())
