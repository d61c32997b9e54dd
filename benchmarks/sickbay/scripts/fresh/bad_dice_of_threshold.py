"""Blobs are segmented by a Dice loss that is computed on the mask after the threshold, beside a weak edge loss."""
# after discuss.pytorch.org/t/71359 and posts on a Dice loss that stays the same
import os
import torch
import torch.nn as nn

torch.manual_seed(0)
grid = torch.stack(torch.meshgrid(torch.arange(16.0), torch.arange(16.0), indexing="ij"))


def batch(n):
    c, r = 4 + 8 * torch.rand(n, 2, 1, 1), 2 + 2 * torch.rand(n, 1, 1)
    m = ((grid[None] - c).square().sum(1) < r * r).float()
    return (m + 0.5 * torch.randn_like(m))[:, None], m


def dice(p, m):
    return 1 - ((2 * (p * m).sum((1, 2)) + 1) / (p.sum((1, 2)) + m.sum((1, 2)) + 1)).mean()


net = nn.Sequential(nn.Conv2d(1, 12, 5, padding=2), nn.ReLU(), nn.Conv2d(12, 1, 5, padding=2))
opt = torch.optim.Adam(net.parameters(), lr=3e-3)
for step in range(200):
    x, m = batch(24)
    p = torch.sigmoid(net(x).squeeze(1))
    if not os.environ.get("MENDED"):
        p = (p > 0.5).float().requires_grad_()
    loss = dice(p, m)
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 40 == 0:
        print(step, loss.item())
with torch.no_grad():
    x, m = batch(300)
    print("final dice_loss", dice((net(x).squeeze(1) > 0).float(), m).item())
