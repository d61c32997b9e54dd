"""A detector on a grid: a line left from a test lets only the score loss through, boxes are never learned."""
# after github.com/tom-roddick/oft/issues/6
import os
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(0)


class Detector(nn.Module):
    def __init__(self):
        super().__init__()
        self.trunk = nn.Sequential(nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.Conv2d(16, 16, 3, 4, 1), nn.ReLU())
        self.score, self.box = nn.Conv2d(16, 1, 1), nn.Conv2d(16, 2, 1)

    def forward(self, x):
        h = self.trunk(x)
        return self.score(h).squeeze(1), self.box(h)


def batch(n):
    x, cell, off = 0.1 * torch.randn(n, 1, 16, 16), torch.zeros(n, 4, 4), torch.zeros(n, 2, 4, 4)
    for i in range(n):
        r, c = torch.randint(0, 16, (2,)).tolist()
        x[i, 0, r, c] += 3
        cell[i, r // 4, c // 4] = 1
        off[i, :, r // 4, c // 4] = torch.tensor([r % 4 / 4, c % 4 / 4])
    return x, cell, off


def compute_loss(score, box, cell, off):
    s = F.binary_cross_entropy_with_logits(score, cell)
    b = ((box - off).abs() * cell[:, None]).sum() / cell.sum()
    losses = {"score": s, "box": b}
    total = s if not os.environ.get("MENDED") else sum(losses.values())
    return total, losses


net = Detector()
opt = torch.optim.Adam(net.parameters(), lr=3e-3)
for step in range(250):
    x, cell, off = batch(32)
    total, losses = compute_loss(*net(x), cell, off)
    opt.zero_grad()
    total.backward()
    opt.step()
    if step % 50 == 0:
        print(step, {k: round(v.item(), 4) for k, v in losses.items()})
with torch.no_grad():
    x, cell, off = batch(200)
    print("final box_error", compute_loss(*net(x), cell, off)[1]["box"].item())
