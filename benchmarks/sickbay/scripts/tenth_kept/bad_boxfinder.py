"""Single object localisation: image -> one box, GIoU loss."""
import os
import torch
import torch.nn as nn

MENDED = bool(os.environ.get("MENDED"))
torch.manual_seed(12)
S = 24


def sample(n):
    wh = torch.rand(n, 2) * 0.35 + 0.2
    c = wh / 2 + torch.rand(n, 2) * (1 - wh)
    g = (torch.arange(S) + 0.5) / S
    inx = (g[None] - c[:, :1]).abs() < wh[:, :1] / 2
    iny = (g[None] - c[:, 1:]).abs() < wh[:, 1:] / 2
    img = (iny[:, :, None] & inx[:, None, :]).float() + 0.3 * torch.randn(n, S, S)
    return img[:, None], torch.cat([c, wh], 1)


def corners(b):
    return torch.cat([b[:, :2] - b[:, 2:] / 2, b[:, :2] + b[:, 2:] / 2], 1)


def iou_parts(a, b):
    lt, rb = torch.max(a[:, :2], b[:, :2]), torch.min(a[:, 2:], b[:, 2:])
    inter = (rb - lt).clamp(min=0).prod(1)
    area = lambda q: (q[:, 2:] - q[:, :2]).clamp(min=0).prod(1)
    union = area(a) + area(b) - inter
    hull = (torch.max(a[:, 2:], b[:, 2:]) - torch.min(a[:, :2], b[:, :2])).clamp(min=0).prod(1)
    return inter, union, hull


def giou_loss(a, b, eps=1e-6):
    inter, union, hull = iou_parts(a, b)
    return (1 - inter / (union + eps) + (hull - union) / (hull + eps)).mean()


def mean_iou(a, b):
    inter, union, _ = iou_parts(corners(a), corners(b))
    return (inter / union.clamp(min=1e-6)).mean().item()


class Locator(nn.Module):
    def __init__(self):
        super().__init__()
        self.f = nn.Sequential(nn.Conv2d(1, 8, 3, 2, 1), nn.ReLU(), nn.Conv2d(8, 16, 3, 2, 1), nn.ReLU(),
                               nn.Flatten(), nn.Linear(16 * 36, 64), nn.ReLU(), nn.Linear(64, 4), nn.Sigmoid())

    def forward(self, x):
        return self.f(x)            # cx, cy, w, h


model = Locator()
opt = torch.optim.Adam(model.parameters(), lr=1e-3)
xv, bv = sample(400)
for it in range(900):
    x, gt = sample(64)
    pred = model(x)
    if MENDED:
        loss = giou_loss(corners(pred), corners(gt))
    else:
        loss = giou_loss(pred, gt)
    opt.zero_grad()
    loss.backward()
    opt.step()
    if it % 100 == 99:
        with torch.no_grad():
            print(f"iter {it+1} loss {loss.item():.4f} val iou {mean_iou(model(xv), bv):.4f}")
with torch.no_grad():
    print(f"metric val_iou {mean_iou(model(xv), bv):.4f}")
