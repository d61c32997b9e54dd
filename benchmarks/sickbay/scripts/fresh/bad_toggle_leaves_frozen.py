"""Two optimizers in turn: the critic is frozen for the generator's step, and nobody thaws it afterwards."""
# after github.com/Lightning-AI/pytorch-lightning/pull/5771 (toggle_optimizer without untoggle)
import os
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(0)
G = nn.Sequential(nn.Linear(4, 48), nn.ReLU(), nn.Linear(48, 2))
D = nn.Sequential(nn.Linear(2, 48), nn.LeakyReLU(0.2), nn.Linear(48, 1))
og, od = torch.optim.Adam(G.parameters(), lr=1e-3), torch.optim.Adam(D.parameters(), lr=1e-3)


def toggle(model, flag):
    for p in model.parameters():
        p.requires_grad_(flag)


def real(n):
    return torch.randn(n, 2) * 0.3 + torch.tensor([2.0, -1.0])


for step in range(700):
    toggle(D, step == 0 or bool(os.environ.get("MENDED")))
    r, f = D(real(64)), D(G(torch.randn(64, 4)).detach())
    d = F.softplus(-r).mean() + F.softplus(f).mean()
    if d.requires_grad:
        od.zero_grad()
        d.backward()
        od.step()
    toggle(D, False)
    g = F.softplus(-D(G(torch.randn(64, 4)))).mean()
    og.zero_grad()
    g.backward()
    og.step()
    if step % 100 == 0:
        print(step, round(d.item(), 3), round(g.item(), 3))
with torch.no_grad():
    print("final distance", (G(torch.randn(1000, 4)).mean(0) - torch.tensor([2.0, -1.0])).norm().item())
