"""Single object localisation with a GIoU loss. Boxes are normalised (cx, cy, w, h)."""
import os
import torch
import torch.nn as nn

MENDED = bool(os.environ.get("MENDED"))
torch.manual_seed(23)


def scenes(n):
    wh = torch.rand(n, 2) * .3 + .2
    c = wh / 2 + torch.rand(n, 2) * (1 - wh)
    g = (torch.arange(24) + .5) / 24
    inx = (g[None] - c[:, :1]).abs() < wh[:, :1] / 2
    iny = (g[None] - c[:, 1:]).abs() < wh[:, 1:] / 2
    img = (iny[:, :, None] & inx[:, None, :]).float() + .3 * torch.randn(n, 24, 24)
    return img[:, None], torch.cat([c, wh], 1)


def cxcywh_to_xyxy(b):
    return torch.cat([b[:, :2] - b[:, 2:] / 2, b[:, :2] + b[:, 2:] / 2], 1)


def giou(a, b):
    lt, rb = torch.max(a[:, :2], b[:, :2]), torch.min(a[:, 2:], b[:, 2:])
    inter = (rb - lt).clamp(min=0).prod(1)
    area = lambda t: (t[:, 2:] - t[:, :2]).prod(1)
    union = area(a) + area(b) - inter
    iou = inter / (union + 1e-6)
    hull = (torch.max(a[:, 2:], b[:, 2:]) - torch.min(a[:, :2], b[:, :2])).clamp(min=0).prod(1)
    return iou - (hull - union) / (hull + 1e-6), iou


class Locator(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(1, 12, 3, 2, 1), nn.ReLU(), nn.Conv2d(12, 24, 3, 2, 1), nn.ReLU(), nn.Flatten(),
                                  nn.Linear(24 * 36, 64), nn.ReLU(), nn.Linear(64, 4))

    def forward(self, x):
        return self.body(x).sigmoid()


def criterion(pred, box):
    if MENDED:
        pred, box = cxcywh_to_xyxy(pred), cxcywh_to_xyxy(box)
    return (1 - giou(pred, box)[0]).mean()


imgs, boxes = scenes(1500)
vi, vb = scenes(300)
net = Locator()
opt = torch.optim.AdamW(net.parameters(), lr=1e-3)
for step in range(1, 401):
    j = torch.randint(0, len(imgs), (32,))
    loss = criterion(net(imgs[j]), boxes[j])
    opt.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(net.parameters(), 1.0)
    opt.step()
    if step % 50 == 0:
        with torch.no_grad():
            miou = giou(cxcywh_to_xyxy(net(vi)), cxcywh_to_xyxy(vb))[1].mean().item()
        print(f"step {step} giou loss {loss.item():.4f} val mean IoU {miou:.4f}")
print("metric val_miou", round(miou, 4))
