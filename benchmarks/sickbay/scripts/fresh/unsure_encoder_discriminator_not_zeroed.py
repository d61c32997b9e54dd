"""An encoder with an adversary: the optimizer of the adversary never clears its gradients."""
# after github.com/Hsintien-Ng/idinvert_pytorch-reproduced/issues/1
import os
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(0)
G = nn.Sequential(nn.Linear(4, 32), nn.ReLU(), nn.Linear(32, 2))
D = nn.Sequential(nn.Linear(2, 32), nn.LeakyReLU(0.2), nn.Linear(32, 1))
og, od = torch.optim.Adam(G.parameters(), lr=1e-3), torch.optim.SGD(D.parameters(), lr=0.02)


def real(n):
    a = torch.rand(n) * 6.283
    return torch.stack([a.cos(), a.sin()], 1) * 2 + 0.1 * torch.randn(n, 2)


for step in range(500):
    fake = G(torch.randn(64, 4))
    if os.environ.get("MENDED"):
        od.zero_grad()
    r, f = D(real(64)), D(fake.detach())
    d = F.binary_cross_entropy_with_logits(r, torch.ones_like(r)) + F.binary_cross_entropy_with_logits(
        f, torch.zeros_like(f)
    )
    d.backward()
    od.step()
    s = D(fake)
    g = F.binary_cross_entropy_with_logits(s, torch.ones_like(s))
    og.zero_grad()
    gg = torch.autograd.grad(g, list(G.parameters()))
    for p, v in zip(G.parameters(), gg, strict=True):
        p.grad = v
    og.step()
    if step % 100 == 0:
        print(step, "d", round(d.item(), 3), "g", round(g.item(), 3))
with torch.no_grad():
    print("final radius_error", (G(torch.randn(1000, 4)).norm(dim=1) - 2).abs().mean().item())
