"""Find the one object in a picture: regress its box with an IoU loss."""
import os
import torch
import torch.nn as nn
import torch.nn.functional as F

MENDED = os.environ.get("MENDED") == "1"
torch.manual_seed(1)
S = 32


def make_data(n):
    w = torch.randint(6, 15, (n,))
    h = torch.randint(6, 15, (n,))
    x1 = (torch.rand(n) * (S - w)).long()
    y1 = (torch.rand(n) * (S - h)).long()
    imgs = 0.3 * torch.randn(n, 1, S, S)
    for i in range(n):
        imgs[i, 0, y1[i]:y1[i] + h[i], x1[i]:x1[i] + w[i]] += 1.0
    cx, cy = x1 + w / 2.0, y1 + h / 2.0
    boxes = torch.stack([cx, cy, w.float(), h.float()], 1) / S
    return imgs, boxes


def cxcywh_to_xyxy(b):
    cx, cy, w, h = b.unbind(-1)
    return torch.stack([cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2], -1)


def box_iou(a, b, eps=1e-6):
    """IoU of matching boxes, rows are (x1, y1, x2, y2)."""
    lt = torch.max(a[:, :2], b[:, :2])
    rb = torch.min(a[:, 2:], b[:, 2:])
    wh = (rb - lt).clamp(min=0)
    inter = wh[:, 0] * wh[:, 1]
    area_a = (a[:, 2] - a[:, 0]).clamp(min=0) * (a[:, 3] - a[:, 1]).clamp(min=0)
    area_b = (b[:, 2] - b[:, 0]).clamp(min=0) * (b[:, 3] - b[:, 1]).clamp(min=0)
    return inter / (area_a + area_b - inter + eps)


class Localizer(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 12, 3, stride=2, padding=1), nn.BatchNorm2d(12), nn.ReLU(),
            nn.Conv2d(12, 24, 3, stride=2, padding=1), nn.BatchNorm2d(24), nn.ReLU(),
            nn.Conv2d(24, 24, 3, padding=1), nn.BatchNorm2d(24), nn.ReLU(),
        )
        self.head = nn.Sequential(nn.Flatten(), nn.Linear(24 * 8 * 8, 64), nn.ReLU(), nn.Linear(64, 4))

    def forward(self, x):
        return torch.sigmoid(self.head(self.features(x)))


def iou_loss(pred, target):
    if MENDED:
        pred, target = cxcywh_to_xyxy(pred), cxcywh_to_xyxy(target)
    return (1 - box_iou(pred, target)).mean()


train_x, train_b = make_data(2500)
val_x, val_b = make_data(400)
model = Localizer()
opt = torch.optim.Adam(model.parameters(), lr=1e-3)
EPOCHS, BS = 10, 50


def validate():
    model.eval()
    with torch.no_grad():
        iou = box_iou(cxcywh_to_xyxy(model(val_x)), cxcywh_to_xyxy(val_b))
    model.train()
    return iou.mean().item(), (iou > 0.5).float().mean().item()


for epoch in range(EPOCHS):
    perm = torch.randperm(len(train_x))
    total = 0.0
    for i in range(0, len(perm), BS):
        idx = perm[i:i + BS]
        pred = model(train_x[idx])
        loss = iou_loss(pred, train_b[idx])
        opt.zero_grad()
        loss.backward()
        opt.step()
        total += loss.item() * len(idx)
    miou, ap50 = validate()
    print(f"epoch {epoch} loss {total / len(train_x):.4f} val iou {miou:.3f} hit@0.5 {ap50:.3f}")

print(f"metric val_iou {validate()[0]:.4f}")
