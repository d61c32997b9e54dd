"""Rings are segmented by a small U-Net with a skip, BCE plus soft Dice, evaluated with IoU."""
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(0)
grid = torch.stack(torch.meshgrid(torch.arange(24.0), torch.arange(24.0), indexing="ij"))


def batch(n):
    c, r = 8 + 8 * torch.rand(n, 2, 1, 1), 4 + 3 * torch.rand(n, 1, 1)
    d = (grid[None] - c).square().sum(1).sqrt()
    m = ((d < r) & (d > r - 2)).float()[:, None]
    return m + 0.6 * torch.randn_like(m), m


class UNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Sequential(nn.Conv2d(1, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU())
        self.b = nn.Sequential(nn.Conv2d(8, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU())
        self.up = nn.ConvTranspose2d(16, 8, 2, 2)
        self.c = nn.Sequential(nn.Conv2d(16, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 1, 1))

    def forward(self, x):
        a = self.a(x)
        return self.c(torch.cat([a, self.up(self.b(F.max_pool2d(a, 2)))], 1))


net = UNet()
opt = torch.optim.AdamW(net.parameters(), lr=3e-3)
for epoch in range(4):
    net.train()
    for _ in range(30):
        x, m = batch(16)
        out = net(x)
        p = out.sigmoid()
        dice = 1 - (2 * (p * m).sum((1, 2, 3)) + 1) / (p.sum((1, 2, 3)) + m.sum((1, 2, 3)) + 1)
        loss = F.binary_cross_entropy_with_logits(out, m) + dice.mean()
        opt.zero_grad(set_to_none=True)
        loss.backward()
        opt.step()
    net.eval()
    with torch.no_grad():
        x, m = batch(64)
        p = net(x) > 0
        print(epoch, "iou", ((p & m.bool()).sum() / (p | m.bool()).sum()).item())
